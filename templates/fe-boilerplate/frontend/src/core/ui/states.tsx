import { Alert, Button, Center, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { ProblemError } from "../api/problem";

/** Return what an error says to people. */
export function errorText(error: Error): string {
  if (error instanceof ProblemError && (error.status === 0 || isUnexplained(error))) {
    return "The server cannot be reached. Check the connection and try again.";
  }
  return error.message;
}

/** What stands in front of the backend answers so while that is away. */
function isUnexplained({ status, title, detail }: ProblemError): boolean {
  return status >= 500 && detail === title;
}

/** The colour of an alert is that of its frame: as text it would be too pale. */
export const ALERT_STYLES = { title: { color: "var(--mantine-color-text)" } };

interface FailedProps {
  readonly error: Error;
  readonly onRetry: () => void;
  /** What is offered instead where the server refuses the request as it is. */
  readonly other?: ReactNode;
}

/** Something could not be read: says why, and lets it be tried again. */
export function Failed({ error, onRetry, other }: FailedProps) {
  const isRefused = error instanceof ProblemError && error.status === 422;
  return (
    <Alert
      color="red"
      variant="outline"
      styles={ALERT_STYLES}
      title="This could not be loaded"
      role="alert"
    >
      <Group justify="space-between">
        <Text size="sm">{errorText(error)}</Text>
        {isRefused && other ? (
          other
        ) : (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Group>
    </Alert>
  );
}

/** There is nothing to show; `children` are what can be done about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Center py={48} px="md">
      <Stack align="center" gap="sm">
        <Text fw={600}>{title}</Text>
        {children}
      </Stack>
    </Center>
  );
}

/** Stands where a row's fields will be. */
export function Waiting({ lines = 8 }: { lines?: number }) {
  return (
    <Stack gap="lg" role="status" aria-label="Loading">
      {[...Array(lines).keys()].map((line) => (
        <Skeleton key={line} height={36} />
      ))}
    </Stack>
  );
}

/** Whether a row is not there (any more). */
export function isMissing(error: Error | null): boolean {
  return error instanceof ProblemError && (error.status === 404 || error.status === 422);
}

/** A row is not there: it was deleted, or the address is wrong. */
export function MissingRow({ noun, children }: { noun: string; children: ReactNode }) {
  return (
    <Stack align="flex-start" py="xl" role="alert">
      <Title order={1} size="h2">
        {noun} not found
      </Title>
      <Text>It may have been deleted, or the address is wrong.</Text>
      {children}
    </Stack>
  );
}
