import { Button, Group, List, Stack, Text } from "@mantine/core";
import { ProblemError } from "../api/problem";
import { t } from "../language/messages";
import type { FieldInfo } from "./page";
import { errorText, ProblemAlert } from "./states";

interface Props {
  readonly problem: Error;
  readonly fields: readonly FieldInfo[];
  readonly onReload?: () => Promise<void>;
  readonly onOverwrite?: () => Promise<void>;
}

/** Shows why a row was not saved, and what to do. Errors that are shown at their fields are only summarized. */
export function SaveProblem({ problem, fields, onReload, onOverwrite }: Props) {
  if (problem instanceof ProblemError && problem.status === 412 && onReload) {
    return <Outdated onReload={onReload} onOverwrite={onOverwrite} />;
  }
  const errors = problem instanceof ProblemError ? problem.errors : [];
  const labels = fields.filter((field) => hasErrors(problem, field)).map(({ label }) => label);
  const others = errors.filter(({ field }) => !fields.some((info) => belongsTo(field, info)));
  return (
    <ProblemAlert title={t("save.failed")}>
      <Stack gap={4}>
        {labels.length > 0 && (
          <Text size="sm">{t("save.checkFields", { fields: labels.join(", ") })}</Text>
        )}
        {others.length > 0 && (
          <List size="sm">
            {others.map(({ field, message }) => (
              <List.Item key={`${field} ${message}`}>{`${field} ${message}`.trim()}</List.Item>
            ))}
          </List>
        )}
        {labels.length === 0 && others.length === 0 && <Text size="sm">{errorText(problem)}</Text>}
        {isTransient(problem) && <Text size="sm">{t("save.kept")}</Text>}
      </Stack>
    </ProblemAlert>
  );
}

function Outdated({ onReload, onOverwrite }: Pick<Props, "onReload" | "onOverwrite">) {
  return (
    <ProblemAlert color="orange" title={t("save.outdated")}>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{t("save.outdatedHint")}</Text>
        <Group gap="sm">
          <Button size="xs" onClick={onReload}>
            {t("save.load")}
          </Button>
          <Button size="xs" variant="default" onClick={onOverwrite}>
            {t("save.overwrite")}
          </Button>
        </Group>
      </Stack>
    </ProblemAlert>
  );
}

/** Whether saving again may succeed without a change. */
function isTransient(problem: Error): boolean {
  return problem instanceof ProblemError && (problem.status === 0 || problem.status >= 500);
}

function hasErrors(problem: Error, { name }: FieldInfo): boolean {
  return problem instanceof ProblemError && problem.messagesOf(name).length > 0;
}

function belongsTo(path: string, { name }: FieldInfo): boolean {
  return path === name || path.startsWith(`${name}.`);
}
