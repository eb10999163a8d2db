import { zodResolver } from "@hookform/resolvers/zod";
import { Button, Group, SimpleGrid, Stack } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { FormProvider, type UseFormReturn, useForm } from "react-hook-form";
import { tableHooks } from "../api/hooks";
import { ProblemError } from "../api/problem";
import type { AnyRow, Versioned } from "../api/table";
import { t } from "../language/messages";
import { FOCUS_AT_CLICK } from "./focus-at-click";
import { enteredFields, formEntries } from "./form-entries";
import { FormInput, SERVER } from "./form-input";
import { type Drafts, draftOf, formSchema, initialDraft, type Values } from "./form-values";
import { lowerFirst } from "./formats";
import { keyText } from "./keys";
import { lastPlace } from "./list-memory";
import type { AnyPage, FieldInfo } from "./page";
import { notifySuccess } from "./removal";
import { useLeave } from "./returning";
import classes from "./row-form.module.css";
import { SaveProblem } from "./save-problem";
import { UnsavedGuard } from "./unsaved-guard";

const PADDING = { base: "xs", xs: "md" }; // of the buttons: all are in one row on a phone too

interface Props {
  readonly page: AnyPage;
  /** The row to edit, as loaded when the form was opened; undefined for a new row. */
  readonly base?: Versioned<AnyRow>;
  /** Initial values of a new row, by field. */
  readonly presets?: Readonly<Record<string, unknown>>;
  /** Resets the form for another new row. */
  readonly onAnother?: () => void;
  /** Resets the form to the current version of the row. */
  readonly onReload?: () => Promise<void>;
  /** Returns the `ETag` of the current version of the row. */
  readonly currentEtag?: () => Promise<string | undefined>;
}

/** The form of a row. Errors from the server are shown at their fields. */
export function RowForm({ page, base, presets = {}, onAnother, onReload, currentEtag }: Props) {
  const entries = useMemo(() => formEntries(page, !base), [page, base]);
  const fields = useMemo(() => enteredFields(page, entries), [page, entries]);
  const [initial] = useState(() => initialDrafts(fields, base, presets));
  const schema = useMemo(
    () => formSchema(page, fields, initial, base?.row),
    [page, fields, initial, base],
  );
  const form = useForm<Drafts, unknown, Values>({
    resolver: zodResolver(schema),
    defaultValues: initial,
    mode: "onChange",
    shouldFocusError: true,
  });
  const { isDirty, isSubmitting } = form.formState;
  const [problem, setProblem] = useState<Error>();
  const isSaved = useRef(false);
  const save = useSave(page, base);
  const finish = useFinish(page, isSaved, onAnother);

  const submit = (another: boolean, etag = base?.etag) =>
    form.handleSubmit(
      async (values) => {
        setProblem(undefined);
        try {
          finish(await save(values, etag), another);
        } catch (error) {
          setProblem(asError(error));
          showFieldErrors(form, fields, error);
        }
      },
      (errors) => setProblem(hiddenFieldError(Object.keys(errors), fields)),
    )();
  const noun = lowerFirst(page.nav.labelSingular);
  const overwrite = async () => submit(false, await currentEtag?.());

  return (
    <FormProvider {...form}>
      <form
        noValidate
        aria-label={base ? t("form.edit", { title: noun }) : t("form.new", { noun })}
        onSubmit={(event) => {
          event.preventDefault();
          void submit(false);
        }}
      >
        <Stack gap="lg">
          <SimpleGrid cols={{ base: 1, sm: 2 }} className={classes.grid}>
            {entries.map((entry) => (
              <FormInput key={entry.field.name} page={page} entry={entry} />
            ))}
          </SimpleGrid>
          <Stack gap="sm" className={classes.actions}>
            {problem && (
              <SaveProblem
                problem={problem}
                fields={fields}
                onReload={onReload}
                onOverwrite={currentEtag && overwrite}
              />
            )}
            <Group
              {...FOCUS_AT_CLICK}
              gap="xs"
              wrap="nowrap"
              align="stretch"
              className={classes.buttons}
            >
              <Button type="submit" px={PADDING} loading={isSubmitting}>
                {t("save")}
              </Button>
              {onAnother && (
                <Button
                  variant="default"
                  classNames={{ root: classes.another, label: classes.wrapped }}
                  px={PADDING}
                  disabled={isSubmitting}
                  onClick={() => submit(true)}
                >
                  {t("form.saveAnother")}
                </Button>
              )}
              <Cancel page={page} base={base} />
            </Group>
          </Stack>
        </Stack>
      </form>
      <UnsavedGuard isUnsaved={() => isDirty && !isSaved.current} />
    </FormProvider>
  );
}

function initialDrafts(
  fields: readonly FieldInfo[],
  base: Versioned<AnyRow> | undefined,
  presets: Readonly<Record<string, unknown>>,
): Drafts {
  return Object.fromEntries(
    fields.map((field) => [
      field.name,
      base ? draftOf(field, base.row[field.name]) : initialDraft(field, presets[field.name]),
    ]),
  );
}

/** Return a function that creates the row, or updates an existing one if anything was changed. */
function useSave(page: AnyPage, base: Versioned<AnyRow> | undefined) {
  const hooks = tableHooks(page.table);
  const create = hooks.useCreate();
  const update = hooks.useUpdate();
  return async (values: Values, etag: string | undefined): Promise<AnyRow> => {
    if (!base) return create.mutateAsync(values);
    if (Object.keys(values).length === 0) return base.row;
    return update.mutateAsync({ key: page.table.keyOf(base.row), values, etag });
  };
}

function useFinish(page: AnyPage, isSaved: { current: boolean }, onAnother?: () => void) {
  const navigate = useNavigate();
  const leave = useLeave();
  return (row: AnyRow, another: boolean) => {
    isSaved.current = true;
    notifySuccess(t("form.saved", { noun: page.nav.labelSingular }));
    if (another) onAnother?.();
    else {
      const params = { table: page.nav.name, key: keyText(page.table.keyOf(row)) };
      leave(() => void navigate({ to: "/$table/$key", params, replace: true }));
    }
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Show the server's messages at their fields, and focus the first of them. */
function showFieldErrors(
  form: UseFormReturn<Drafts, unknown, Values>,
  fields: readonly FieldInfo[],
  error: unknown,
): void {
  if (!(error instanceof ProblemError)) return;
  const invalid = fields.filter(({ name }) => error.messagesOf(name).length > 0);
  for (const [index, { name }] of invalid.entries()) {
    const message = error.messagesOf(name).join("; ");
    form.setError(name, { type: SERVER, message }, { shouldFocus: index === 0 });
  }
}

/** Return an error for invalid fields without an input, which would otherwise not be reported. */
function hiddenFieldError(
  names: readonly string[],
  fields: readonly FieldInfo[],
): Error | undefined {
  const missing = names.filter((name) => !fields.some((field) => field.name === name));
  return missing.length > 0
    ? new Error(t("form.notShown", { fields: missing.join(", ") }))
    : undefined;
}

function Cancel({ page, base }: Pick<Props, "page" | "base">) {
  const table = page.nav.name;
  return (
    <Button
      variant="subtle"
      px={PADDING}
      renderRoot={(props) =>
        base ? (
          <Link
            {...props}
            to="/$table/$key"
            params={{ table, key: keyText(page.table.keyOf(base.row)) }}
          />
        ) : (
          <Link {...props} to="/$table" params={{ table }} search={lastPlace(table)} />
        )
      }
    >
      {t("cancel")}
    </Button>
  );
}
