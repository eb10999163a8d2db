import { Loader, Select, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Reference } from "../api/table";
import { t } from "../language/messages";
import { findOptions, maxOptions, type Option, type Values } from "./reference-options";
import classes from "./reference-select.module.css";
import { valuesKey } from "./row-labels";
import { errorText, retryText } from "./states";
import { labelText, useRowLabels } from "./use-labels";

interface Props
  extends Pick<
    SelectProps,
    | "label"
    | "aria-label"
    | "description"
    | "error"
    | "required"
    | "onBlur"
    | "name"
    | "placeholder"
    | "size"
    | "variant"
  > {
  readonly reference: Reference;
  /** The current values of the reference's fields; undefined if it is empty. */
  readonly values: Values | undefined;
  readonly onChange: (values: Values | undefined, option: Option | undefined) => void;
  readonly clearable?: boolean;
  readonly inputClassName?: string | undefined;
  /** Whether it is inside a popover, which closes on a click outside of it. */
  readonly isInPopover?: boolean;
  /** Filters for the options, by `field__operator`. */
  readonly where?: Readonly<Record<string, string>>;
}

const SEARCH_DELAY = 150; // milliseconds after the last key press; further key presses abort the request

/** Selects the row of a reference by its label. The server searches while the user types. */
export function ReferenceSelect({
  reference,
  values,
  onChange,
  where = {},
  isInPopover = false,
  inputClassName,
  ...props
}: Props) {
  const [search, setSearch] = useState("");
  const [isOpen, setOpen] = useState(false);
  const chosen = useChosen(reference, values);
  const isUntouched = chosen !== undefined && search === chosen.label;
  const [debounced] = useDebouncedValue(isUntouched ? "" : search.trim(), SEARCH_DELAY);
  const {
    data: offered = [],
    isFetching,
    error,
    failureReason,
  } = useQuery({
    queryKey: ["tables", reference.table, "options", reference.targetFields, debounced, where],
    queryFn: ({ signal }) => findOptions(reference, debounced, where, signal),
    enabled: isOpen,
    placeholderData: (last) => last,
  });
  const isOffered = offered.some(({ value }) => value === chosen?.value);
  const options = chosen && !isOffered ? [chosen, ...offered] : offered;
  const more =
    offered.length === maxOptions(debounced)
      ? [{ value: "", label: t("search.more"), disabled: true }]
      : [];
  return (
    <Select
      {...props}
      data={[...options.map(({ value, label }) => ({ value, label })), ...more]}
      value={chosen?.value ?? null}
      onChange={(value) => {
        const option = options.find((one) => one.value === value);
        onChange(option?.values, option);
      }}
      searchable
      openOnFocus={false}
      searchValue={search}
      onSearchChange={setSearch}
      onDropdownOpen={() => setOpen(true)}
      onDropdownClose={() => setOpen(false)}
      filter={({ options: all }) => all}
      nothingFoundMessage={nothingMessage(isFetching, error ?? failureReason)}
      rightSection={isFetching && isOpen ? <Loader size="xs" /> : undefined}
      classNames={{ option: classes.option, ...(inputClassName && { input: inputClassName }) }}
      maxDropdownHeight={280}
      comboboxProps={{ withinPortal: !isInPopover }}
      clearButtonProps={{ "aria-label": t("clear") }}
      allowDeselect={false}
    />
  );
}

function nothingMessage(isFetching: boolean, error: Error | null): string {
  if (isFetching) return error ? retryText(error) : t("search.searching");
  return error ? errorText(error) : t("search.nothing");
}

/** Return the selected row as an option. Its label is "…" while it is loading. */
function useChosen(reference: Reference, values: Values | undefined): Option | undefined {
  const row =
    values && Object.fromEntries(reference.fields.map((field, at) => [field, values[at]]));
  const labels = useRowLabels([reference], row);
  if (!values || !row) return undefined;
  const label = labelText(labels, reference, row, values.join(", "));
  return { value: valuesKey(row, reference.fields) ?? "", label, values };
}
