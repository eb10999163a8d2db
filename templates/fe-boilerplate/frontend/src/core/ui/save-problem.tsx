import { Alert, Button, Group, List, Stack, Text } from "@mantine/core";
import { ProblemError } from "../api/problem";
import type { FieldInfo } from "./page";
import { ALERT_STYLES, errorText } from "./states";

interface Props {
  readonly problem: Error;
  readonly fields: readonly FieldInfo[];
  readonly onReload?: () => Promise<void>;
  readonly onOverwrite?: () => Promise<void>;
}

/** Says why a row was not saved, and what can be done; what stands at the fields is only summed up. */
export function SaveProblem({ problem, fields, onReload, onOverwrite }: Props) {
  if (problem instanceof ProblemError && problem.status === 412 && onReload) {
    return <Outdated onReload={onReload} onOverwrite={onOverwrite} />;
  }
  const errors = problem instanceof ProblemError ? problem.errors : [];
  const labels = fields.filter((field) => isTold(problem, field)).map(({ label }) => label);
  const others = errors.filter(({ field }) => !fields.some((one) => isAt(field, one)));
  return (
    <Alert color="red" variant="outline" styles={ALERT_STYLES} role="alert" title="Not saved">
      <Stack gap={4}>
        {labels.length > 0 && <Text size="sm">Please look at {labels.join(", ")}.</Text>}
        {others.length > 0 && (
          <List size="sm">
            {others.map(({ field, message }) => (
              <List.Item key={`${field} ${message}`}>{`${field} ${message}`.trim()}</List.Item>
            ))}
          </List>
        )}
        {labels.length === 0 && others.length === 0 && <Text size="sm">{errorText(problem)}</Text>}
      </Stack>
    </Alert>
  );
}

function Outdated({ onReload, onOverwrite }: Pick<Props, "onReload" | "onOverwrite">) {
  return (
    <Alert
      color="orange"
      variant="outline"
      styles={ALERT_STYLES}
      role="alert"
      title="Changed by somebody else"
    >
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          Since you opened this form, somebody else has changed the row. You can load it as it is
          now, which gives up your changes, or save your changes over it.
        </Text>
        <Group gap="sm">
          <Button size="xs" onClick={onReload}>
            Load it again
          </Button>
          <Button size="xs" variant="default" onClick={onOverwrite}>
            Save mine anyway
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}

function isTold(problem: Error, { name }: FieldInfo): boolean {
  return problem instanceof ProblemError && problem.messagesOf(name).length > 0;
}

function isAt(place: string, { name }: FieldInfo): boolean {
  return place === name || place.startsWith(`${name}.`);
}
