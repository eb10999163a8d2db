import { Anchor, Button, Center, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** Shown while a page is loading. */
export function Loading() {
  return (
    <Center mih={240} role="status" aria-label="Loading">
      <Loader />
    </Center>
  );
}

/** Shown for a URL without a page. */
export function NotFound() {
  return (
    <Message title="Page not found">
      <Text>There is no page at this address.</Text>
      <Anchor renderRoot={(props) => <Link {...props} to="/" />}>Go to the home page</Anchor>
    </Message>
  );
}

/** Shown when a page fails. Reloading also fetches the files of a version that was deployed in the meantime. */
export function Failure({ error }: ErrorComponentProps) {
  return (
    <Message title="This page could not be displayed">
      <Text>{error instanceof Error ? error.message : String(error)}</Text>
      <Group>
        <Button onClick={() => window.location.reload()}>Try again</Button>
        <Anchor renderRoot={(props) => <Link {...props} to="/" />}>Go to the home page</Anchor>
      </Group>
    </Message>
  );
}

function Message({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack role="alert" align="flex-start" py="xl">
      <Title order={1}>{title}</Title>
      {children}
    </Stack>
  );
}
