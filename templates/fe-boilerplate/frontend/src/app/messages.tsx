import { Anchor, Button, Center, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { t } from "../core/language/messages";

/** Shown while a page is loading. */
export function Loading() {
  return (
    <Center mih={240} role="status" aria-label={t("loading")}>
      <Loader />
    </Center>
  );
}

/** Shown for a URL without a page. */
export function NotFound() {
  return (
    <Message title={t("page.notFound")}>
      <Text>{t("page.noAddress")}</Text>
      <HomeLink />
    </Message>
  );
}

/** Shown when a page fails. Reloading also fetches the files of a version that was deployed in the meantime. */
export function Failure({ error }: ErrorComponentProps) {
  return (
    <Message title={t("page.failed")}>
      <Text>{error instanceof Error ? error.message : String(error)}</Text>
      <Group>
        <Button onClick={() => window.location.reload()}>{t("tryAgain")}</Button>
        <HomeLink />
      </Group>
    </Message>
  );
}

function HomeLink() {
  return <Anchor renderRoot={(props) => <Link {...props} to="/" />}>{t("page.goHome")}</Anchor>;
}

function Message({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack role="alert" align="flex-start" py="xl">
      <Title order={1}>{title}</Title>
      {children}
    </Stack>
  );
}
