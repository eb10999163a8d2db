import { Button, Group, List, Modal, MultiSelect, Stack, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { FormProvider, useForm } from "react-hook-form";
import { tableHooks } from "../api/hooks";
import { ProblemError } from "../api/problem";
import { t } from "../language/messages";
import { changedValues, editedEntries, type Rejected, rejectedRows } from "./bulk-changes";
import { FOCUS_AT_CLICK } from "./focus-at-click";
import { enteredFields } from "./form-entries";
import { FormInput, SERVER } from "./form-input";
import { type Drafts, draftOf } from "./form-values";
import { countedRows } from "./formats";
import { PencilIcon } from "./icons";
import { readKey } from "./keys";
import type { AnyPage } from "./page";
import { notifySuccess } from "./removal";
import { errorText, ProblemAlert } from "./states";

interface Props {
  readonly page: AnyPage;
  /** The keys of the rows to change. */
  readonly ids: readonly string[];
  readonly onDone: () => void;
}

/** A button that opens a form for fields that are given the same value in all selected rows. */
export function BulkEdit(props: Props) {
  const { page, ids } = props;
  const [isOpen, setOpen] = useState(false);
  if (!page.table.changeable) return null;
  const title = t("change.title", { rows: countedRows(page.nav, ids.length) });
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<PencilIcon size={14} />}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        {t("change.open")}
      </Button>
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        size="lg"
        closeOnClickOutside={false}
        title={title}
        closeButtonProps={{ "aria-label": t("close") }}
      >
        <ChangeForm {...props} title={title} onCancel={() => setOpen(false)} />
      </Modal>
    </>
  );
}

function ChangeForm({
  page,
  ids,
  title,
  onDone,
  onCancel,
}: Props & { readonly title: string; readonly onCancel: () => void }) {
  const entries = useMemo(() => editedEntries(page), [page]);
  const [names, setNames] = useState<readonly string[]>([]);
  const form = useForm<Drafts>({ defaultValues: emptyDrafts(page) });
  const [problem, setProblem] = useState<Error>();
  const [rejected, setRejected] = useState<readonly Rejected[]>([]);
  const update = tableHooks(page.table).useUpdateMany();
  const chosen = entries.filter(({ field }) => names.includes(field.name));

  const save = async () => {
    setProblem(undefined);
    setRejected([]);
    const { values, messages } = changedValues(page, chosen, form.getValues());
    for (const [name, message] of Object.entries(messages))
      form.setError(name, { type: SERVER, message }, { shouldFocus: true });
    if (Object.keys(messages).length > 0) return;
    try {
      await update.mutateAsync(ids.map((id) => ({ key: readKey(id), changes: values })));
      notifySuccess(t("change.done", { count: ids.length }));
      onDone();
    } catch (error) {
      setProblem(error instanceof Error ? error : new Error(String(error)));
      if (error instanceof ProblemError) setRejected(await rejectedRows(page, error, ids));
    }
  };

  return (
    <FormProvider {...form}>
      <form
        noValidate
        aria-label={title}
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Stack gap="md">
          <MultiSelect
            label={t("change.fields")}
            description={t("change.hint")}
            inputWrapperOrder={["label", "input", "description"]}
            data={entries.map(({ field }) => ({ value: field.name, label: field.label }))}
            value={[...names]}
            onChange={setNames}
            searchable
            clearable
            clearButtonProps={{ "aria-label": t("change.clear") }}
            maxDropdownHeight={260}
            data-autofocus
          />
          {chosen.map((entry) => (
            <FormInput key={entry.field.name} page={page} entry={entry} />
          ))}
          {problem && <NotSaved problem={problem} rejected={rejected} />}
          <Group {...FOCUS_AT_CLICK} justify="flex-end" gap="sm">
            <Button variant="default" onClick={onCancel}>
              {t("cancel")}
            </Button>
            <Button type="submit" disabled={chosen.length === 0} loading={update.isPending}>
              {t("change.submit", { count: ids.length })}
            </Button>
          </Group>
        </Stack>
      </form>
    </FormProvider>
  );
}

function emptyDrafts(page: AnyPage): Drafts {
  const fields = enteredFields(page, editedEntries(page));
  return Object.fromEntries(fields.map((field) => [field.name, draftOf(field, undefined)]));
}

function NotSaved({ problem, rejected }: { problem: Error; rejected: readonly Rejected[] }) {
  return (
    <ProblemAlert title={t("change.nothing")}>
      {rejected.length === 0 ? (
        <Text size="sm">{errorText(problem)}</Text>
      ) : (
        <List size="sm">
          {rejected.map(({ id, label, text }) => (
            <List.Item key={id}>
              {label}: {text}
            </List.Item>
          ))}
        </List>
      )}
    </ProblemAlert>
  );
}
