import { Button, Group, Select, SimpleGrid, Stack, Switch, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { FormProvider, useForm } from "react-hook-form";
import { tableHooks } from "../api/hooks";
import { ProblemError } from "../api/problem";
import type { AnyRow, Reference, Referrer } from "../api/table";
import { t } from "../language/messages";
import { ChoiceList, type Chosen, type SearchFocus } from "./choice-list";
import { FOCUS_AT_CLICK } from "./focus-at-click";
import { enteredFields, type FormEntry } from "./form-entries";
import { FormInput, SERVER } from "./form-input";
import type { Drafts } from "./form-values";
import { countedRows, lowerFirst } from "./formats";
import { findLinked, sharedWhere } from "./linked-options";
import { type Narrowing, useNarrowing } from "./narrowing";
import type { AnyPage } from "./page";
import { navOf } from "./registry";
import { notifySuccess } from "./removal";
import classes from "./row-form.module.css";
import { checkRows, childDrafts, type Messages, optionMessages, sharedEntries } from "./several";
import { errorText, ProblemAlert } from "./states";

export interface Place {
  readonly page: AnyPage;
  readonly referrer: Referrer;
  /** The row to which the new rows refer. */
  readonly row: AnyRow;
}

export interface SeveralProps extends Place {
  readonly references: readonly Reference[];
  readonly focus: SearchFocus;
  /** Called when rows were added. */
  readonly onDone: () => void;
  /** Closes the dialog, if it is in one. */
  readonly onCancel?: () => void;
}

/** The form of one of the references by which rows can be chosen. */
export function Several({ references, ...props }: SeveralProps) {
  const [name, setName] = useState<string | null>(null);
  const reference = references.find((one) => one.name === name) ?? references[0];
  if (!reference) return null;
  return (
    <>
      {references.length > 1 && (
        <Select
          mb="sm"
          label={t("several.choose")}
          data={references.map((one) => ({ value: one.name, label: labelOf(one) }))}
          value={reference.name}
          onChange={setName}
          allowDeselect={false}
        />
      )}
      <SeveralForm key={reference.name} {...props} reference={reference} />
    </>
  );
}

function labelOf({ table }: Reference): string {
  return navOf(table)?.label ?? table;
}

interface FormProps extends Omit<SeveralProps, "references"> {
  readonly reference: Reference;
}

function SeveralForm({ page, referrer, row, reference, focus, onDone, onCancel }: FormProps) {
  const entries = useMemo(
    () => sharedEntries(page, referrer, reference),
    [page, referrer, reference],
  );
  const child = useMemo(() => childDrafts(page, referrer, row), [page, referrer, row]);
  const form = useForm<Drafts>({ defaultValues: sharedDrafts(page, entries, child.drafts) });
  const [chosen, setChosen] = useState<Chosen>(new Map());
  const [messages, setMessages] = useState<Messages>({});
  const [problem, setProblem] = useState<Error>();
  const narrowing = useNarrowing(page.table, referrer, reference, row);
  const [isNarrowed, setNarrowed] = useState(true);
  const create = tableHooks(page.table).useCreateMany();
  const options = [...chosen.values()];
  const isUnused = chosen.size === 0 && !onCancel; // then nothing of the page is covered

  const save = async () => {
    setProblem(undefined);
    setMessages({});
    const shared = form.getValues();
    const checked = checkRows(page, child, reference, options, shared);
    if (!checked.rows) {
      setMessages(checked.byOption);
      for (const [field, message] of Object.entries(checked.shared))
        form.setError(field, { type: SERVER, message }, { shouldFocus: true });
      return;
    }
    try {
      const added = await create.mutateAsync(checked.rows);
      notifySuccess(t("several.added", { rows: countedRows(page.nav, added.length) }));
      onDone();
    } catch (error) {
      if (error instanceof ProblemError) setMessages(optionMessages(page, error, options));
      setProblem(error instanceof Error ? error : new Error(String(error)));
    }
  };

  return (
    <FormProvider {...form}>
      <form
        noValidate
        aria-label={t("several.title", { nouns: lowerFirst(page.nav.label) })}
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Stack gap="md">
          {narrowing !== undefined && (
            <ChoiceList
              reference={reference}
              label={labelOf(reference)}
              where={{
                ...sharedWhere(referrer, reference, row),
                ...(isNarrowed && narrowing?.where),
              }}
              chosen={chosen}
              onChange={setChosen}
              findLinked={(offered, signal) =>
                findLinked(page, referrer, reference, row, offered, signal)
              }
              messages={messages}
              focus={focus}
            >
              {narrowing && (
                <NarrowSwitch narrowing={narrowing} checked={isNarrowed} onChange={setNarrowed} />
              )}
            </ChoiceList>
          )}
          <Shared page={page} entries={entries.required} />
          <More page={page} entries={entries.optional} />
          <Stack
            gap="sm"
            className={classes.actions}
            style={{ position: isUnused ? "static" : undefined }}
          >
            {problem && <Rejected problem={problem} isAtRows={Object.keys(messages).length > 0} />}
            <Group justify="space-between">
              <Text size="sm" role="status" c="dimmed">
                {t("several.chosen", { count: chosen.size })}
              </Text>
              <Group {...FOCUS_AT_CLICK} gap="sm">
                {onCancel && (
                  <Button variant="default" onClick={onCancel}>
                    {t("cancel")}
                  </Button>
                )}
                <Button type="submit" disabled={chosen.size === 0} loading={create.isPending}>
                  {t("several.add", { count: chosen.size })}
                </Button>
              </Group>
            </Group>
          </Stack>
        </Stack>
      </form>
    </FormProvider>
  );
}

interface NarrowProps {
  readonly narrowing: Narrowing;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

/** Narrows options to the rows that the parent is linked with. */
export function NarrowSwitch({ narrowing, checked, onChange }: NarrowProps) {
  return (
    <Switch
      size="sm"
      label={t("several.onlyThose", { nouns: lowerFirst(narrowing.by) })}
      checked={checked}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}

function Shared({ page, entries }: { page: AnyPage; entries: readonly FormEntry[] }) {
  if (entries.length === 0) return null;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} style={{ alignItems: "start" }}>
      {entries.map((entry) => (
        <FormInput key={entry.field.name} page={page} entry={entry} />
      ))}
    </SimpleGrid>
  );
}

function More({ page, entries }: { page: AnyPage; entries: readonly FormEntry[] }) {
  const [isOpen, { toggle }] = useDisclosure();
  if (entries.length === 0) return null;
  return (
    <Stack gap="sm">
      <Button
        size="compact-sm"
        variant="subtle"
        aria-expanded={isOpen}
        onClick={toggle}
        style={{ alignSelf: "flex-start" }}
      >
        {t(isOpen ? "several.fewer" : "several.more")}
      </Button>
      {isOpen && <Shared page={page} entries={entries} />}
    </Stack>
  );
}

/** Shows that nothing was added; messages about single rows are shown at these. */
function Rejected({ problem, isAtRows }: { problem: Error; isAtRows: boolean }) {
  return (
    <ProblemAlert title={t("several.nothing")}>
      <Text size="sm">{isAtRows ? t("several.marked") : errorText(problem)}</Text>
    </ProblemAlert>
  );
}

function sharedDrafts(
  page: AnyPage,
  { required, optional }: { required: readonly FormEntry[]; optional: readonly FormEntry[] },
  drafts: Drafts,
): Drafts {
  const fields = enteredFields(page, [...required, ...optional]);
  return Object.fromEntries(fields.map(({ name }) => [name, drafts[name] ?? ""]));
}
