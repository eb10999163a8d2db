import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  Popover,
  ScrollArea,
  SegmentedControl,
  Stack,
  TextInput,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { t } from "../language/messages";
import { DateTimeInput, isComplete } from "./date-time-input";
import { isDateTime } from "./fields";
import {
  canBeNull,
  type FilterDraft,
  type FilterForm,
  type Filters,
  filterForm,
  isFiltered,
  readFilter,
  withoutField,
  writeFilter,
} from "./filter-values";
import { FilterIcon } from "./icons";
import type { AnyPage, FieldInfo } from "./page";
import { ReferenceSelect } from "./reference-select";

interface Props {
  readonly page: AnyPage;
  readonly field: FieldInfo;
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
}

/** The filter button in the header of a column, and the form that it opens. */
export function ColumnFilter({ page, field, filters, onChange }: Props) {
  const [isOpen, setOpen] = useState(false);
  const form = filterForm(page, field);
  if (!form) return null;
  const isActive = isFiltered(field, filters);
  const apply = (changed: Filters) => {
    onChange(changed);
    setOpen(false);
  };
  return (
    <Popover
      opened={isOpen}
      onChange={setOpen}
      position="bottom-end"
      shadow="md"
      trapFocus
      withinPortal
    >
      <Popover.Target>
        <ActionIcon
          variant={isActive ? "light" : "subtle"}
          color={isActive ? undefined : "gray"}
          size="sm"
          aria-label={t(isActive ? "filter.openActive" : "filter.open", { field: field.label })}
          onClick={() => setOpen((wasOpen) => !wasOpen)}
        >
          <FilterIcon size={15} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <FilterFields
          page={page}
          field={field}
          form={form}
          initial={readFilter(field, filters)}
          onApply={(draft) => apply(writeFilter(form, field, draft, filters))}
          onClear={() => apply(withoutField(field, filters))}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

interface FieldsProps {
  readonly page: AnyPage;
  readonly field: FieldInfo;
  readonly form: FilterForm;
  readonly initial: FilterDraft;
  readonly onApply: (draft: FilterDraft) => void;
  readonly onClear: () => void;
}

function FilterFields({ page, field, form, initial, onApply, onClear }: FieldsProps) {
  const [draft, setDraft] = useState(initial);
  const change = (part: Partial<FilterDraft>) => setDraft((last) => ({ ...last, ...part }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    if ([draft.from, draft.to].every((bound) => isBound(field, bound))) onApply(draft);
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" w={260}>
        {draft.isNull !== "true" && (
          <Values field={field} form={form} draft={draft} onChange={change} />
        )}
        {canBeNull(page, field) && (
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label={t("filter.emptiness", { field: field.label })}
            value={draft.isNull}
            onChange={(isNull) => change({ isNull: isNull as FilterDraft["isNull"] })}
            data={[
              { value: "", label: t("filter.any") },
              { value: "false", label: t("filter.notEmpty") },
              { value: "true", label: t("empty") },
            ]}
          />
        )}
        <Group justify="flex-end" gap="xs">
          <Button size="xs" variant="default" onClick={onClear}>
            {t("clear")}
          </Button>
          <Button size="xs" type="submit">
            {t("filter.apply")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface ValuesProps {
  readonly field: FieldInfo;
  readonly form: FilterForm;
  readonly draft: FilterDraft;
  readonly onChange: (part: Partial<FilterDraft>) => void;
}

function Values({ field, form, draft, onChange }: ValuesProps) {
  if (form === "range") return <Range field={field} draft={draft} onChange={onChange} />;
  if (form === "choices") {
    return (
      <Checkbox.Group
        label={t("filter.labelIs", { field: field.label })}
        value={[...draft.among]}
        onChange={(among) => onChange({ among })}
      >
        <ScrollArea.Autosize mah={240} type="auto">
          <Stack gap={8} pt={4}>
            {(field.choices ?? []).map(({ value, label }) => (
              <Checkbox key={value} size="sm" value={value} label={label} />
            ))}
          </Stack>
        </ScrollArea.Autosize>
      </Checkbox.Group>
    );
  }
  if (form === "boolean") {
    return (
      <SegmentedControl
        fullWidth
        aria-label={field.label}
        value={draft.value}
        onChange={(value) => onChange({ value })}
        data={[
          { value: "", label: t("filter.any") },
          { value: "true", label: t("yes") },
          { value: "false", label: t("no") },
        ]}
      />
    );
  }
  if (form === "reference" && field.reference) {
    return (
      <>
        <TextInput
          label={t("filter.labelContains", { field: field.label })}
          value={draft.words}
          onChange={(event) => onChange({ words: event.currentTarget.value, value: "" })}
          data-autofocus
        />
        <ReferenceSelect
          label={t("filter.labelIs", { field: field.label })}
          reference={field.reference}
          values={draft.value ? [draft.value] : undefined}
          onChange={(values) => onChange({ value: values?.[0] ?? "", words: "" })}
          clearable
          isInPopover
        />
      </>
    );
  }
  if (form === "null") return null;
  return (
    <TextInput
      label={
        form === "text"
          ? t("filter.labelContains", { field: field.label })
          : t("filter.labelIs", { field: field.label })
      }
      value={draft.value}
      onChange={(event) => onChange({ value: event.currentTarget.value })}
      data-autofocus
    />
  );
}

function Range({ field, draft, onChange }: Omit<ValuesProps, "form">) {
  return (
    <>
      <Bound
        field={field}
        label={t("filter.labelFrom", { field: field.label })}
        value={draft.from}
        onChange={(from) => onChange({ from })}
        data-autofocus
      />
      <Bound
        field={field}
        label={t("filter.labelTo", { field: field.label })}
        value={draft.to}
        onChange={(to) => onChange({ to })}
      />
    </>
  );
}

interface BoundProps {
  readonly field: FieldInfo;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly "data-autofocus"?: boolean;
}

function Bound({ field, onChange, ...props }: BoundProps) {
  if (isDateTime(field.kind)) {
    const error =
      !isBound(field, props.value) &&
      t(field.kind === "date" ? "filter.noDate" : "filter.noTimestamp");
    return (
      <DateTimeInput
        {...props}
        kind={field.kind}
        noun={props.label}
        error={error}
        onChange={onChange}
        clearable
        isInPopover
      />
    );
  }
  return (
    <TextInput
      {...props}
      inputMode="decimal"
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** Whether a bound can be sent to the server, which rejects incomplete dates. */
function isBound(field: FieldInfo, value: string): boolean {
  return value === "" || !isDateTime(field.kind) || isComplete(field.kind, value);
}
