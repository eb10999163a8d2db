import { Anchor, Button, Center, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

/** Shown while a page is on its way. */
export function Loading() {
  return (
    <Center mih={240} role="status" aria-label="Loading">
      <Loader />
    </Center>
  );
}

/** There is nothing at this address. */
export function NotFound() {
  return (
    <Message title="Page not found">
      <Text>There is nothing at this address.</Text>
      <Anchor renderRoot={(props) => <Link {...props} to="/" />}>To the first page</Anchor>
    </Message>
  );
}

/** A page failed: says why. Loading anew also brings the files of a version that was put up meanwhile. */
export function Failure({ error }: ErrorComponentProps) {
  return (
    <Message title="This page could not be shown">
      <Text>{error instanceof Error ? error.message : String(error)}</Text>
      <Group>
        <Button onClick={() => window.location.reload()}>Try again</Button>
        <Anchor renderRoot={(props) => <Link {...props} to="/" />}>To the first page</Anchor>
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
