import { Alert, Button, Center, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { ProblemError } from "../api/problem";
import { detailOf } from "../api/problem-messages";
import { t } from "../language/messages";

/** Return the message of an error for users. */
export function errorText(error: Error): string {
  if (!(error instanceof ProblemError)) return error.message;
  const message = detailOf(error.status, error.message);
  if (error.retryAfter !== undefined) return `${message} ${adviceOf(error.retryAfter)}`;
  if (error.status === 0 || isUnexplained(error)) {
    return t("problem.unreachable");
  }
  return message;
}

/** Return the message for users while a request is repeated after an error. */
export function retryText(error: Error): string {
  const isBusy = error instanceof ProblemError && error.status === 503;
  return t(isBusy ? "problem.busyRetry" : "problem.silentRetry");
}

function adviceOf(seconds: number): string {
  if (seconds > 90) return t("problem.inMinutes", { count: Math.ceil(seconds / 60) });
  return seconds > 1 ? t("problem.inSeconds", { count: Math.ceil(seconds) }) : t("problem.again");
}

/** Whether an error comes from a proxy rather than from the backend, which always gives details. */
function isUnexplained({ status, title, detail }: ProblemError): boolean {
  return status >= 500 && detail === title;
}

/** The title of an alert in the color of text: the color of its border would have too little contrast. */
export const ALERT_STYLES = { title: { color: "var(--mantine-color-text)" } };

interface ProblemAlertProps {
  readonly title: string;
  readonly color?: "red" | "orange";
  readonly children: ReactNode;
}

/** Shows a problem, which assistive technology reads at once. */
export function ProblemAlert({ title, color = "red", children }: ProblemAlertProps) {
  return (
    <Alert color={color} variant="outline" styles={ALERT_STYLES} title={title} role="alert">
      {children}
    </Alert>
  );
}

interface FailedProps {
  readonly error: Error;
  readonly onRetry: () => void;
  /** Replaces the retry button if the server rejects the request as invalid. */
  readonly other?: ReactNode;
}

/** Shows why data could not be loaded, with a button to retry. */
export function Failed({ error, onRetry, other }: FailedProps) {
  const isInvalid = error instanceof ProblemError && error.status === 422;
  return (
    <ProblemAlert title={t("load.failed")}>
      <Group justify="space-between">
        <Text size="sm">{errorText(error)}</Text>
        {isInvalid && other ? (
          other
        ) : (
          <Button size="xs" variant="default" onClick={onRetry}>
            {t("tryAgain")}
          </Button>
        )}
      </Group>
    </ProblemAlert>
  );
}

/** Shown while a request is repeated; `reason` is the error of the last attempt, if there was any. */
export function Retrying({ reason }: { reason: Error | null }) {
  if (!reason) return null;
  return (
    <Alert color="orange" variant="outline" py="xs" role="alert">
      <Text size="sm">{retryText(reason)}</Text>
    </Alert>
  );
}

/** Shown instead of an empty list; `children` are possible actions. */
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

interface LoadingRowProps {
  readonly lines?: number;
  /** The error of the last attempt, if there was any. */
  readonly reason?: Error | null;
}

/** Placeholder for the fields of a row while they are loading. */
export function LoadingRow({ lines = 8, reason = null }: LoadingRowProps) {
  return (
    <Stack gap="lg">
      <Retrying reason={reason} />
      <Stack gap="lg" role="status" aria-label={t("loading")}>
        {[...Array(lines).keys()].map((line) => (
          <Skeleton key={line} height={36} />
        ))}
      </Stack>
    </Stack>
  );
}

/** Whether an error means that a row does not exist. A 422 means that its key is malformed. */
export function isMissing(error: Error | null): boolean {
  return error instanceof ProblemError && (error.status === 404 || error.status === 422);
}

/** Shown for a row that does not exist. */
export function MissingRow({ noun, children }: { noun: string; children: ReactNode }) {
  return (
    <Stack align="flex-start" py="xl" role="alert">
      <Title order={1} size="h2">
        {t("detail.notFound", { noun })}
      </Title>
      <Text>{t("detail.maybeDeleted")}</Text>
      {children}
    </Stack>
  );
}
