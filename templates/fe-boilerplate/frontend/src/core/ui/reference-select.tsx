import { Loader, Select, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Reference } from "../api/table";
import { findOptions, type Option, type Values } from "./reference-options";
import { valuesKey } from "./row-labels";
import { labelOf, useRowLabels } from "./use-labels";

interface Props
  extends Pick<
    SelectProps,
    "label" | "description" | "error" | "required" | "onBlur" | "name" | "placeholder"
  > {
  readonly reference: Reference;
  /** The current values of the reference's fields; undefined if it is empty. */
  readonly values: Values | undefined;
  readonly onChange: (values: Values | undefined) => void;
  readonly clearable?: boolean;
  /** Whether it is inside a popover, which closes on a click outside of it. */
  readonly isInPopover?: boolean;
  /** Filters for the options, by `field__operator`. */
  readonly where?: Readonly<Record<string, string>>;
}

const SEARCH_DELAY = 250; // milliseconds after the last key press

/** Selects the row of a reference by its label. The server searches while the user types. */
export function ReferenceSelect({
  reference,
  values,
  onChange,
  where = {},
  isInPopover = false,
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
    isError,
  } = useQuery({
    queryKey: ["tables", reference.table, "options", reference.targetFields, debounced, where],
    queryFn: ({ signal }) => findOptions(reference, debounced, where, signal),
    enabled: isOpen,
    placeholderData: (last) => last,
  });
  const isOffered = offered.some(({ value }) => value === chosen?.value);
  const options = chosen && !isOffered ? [chosen, ...offered] : offered;
  return (
    <Select
      {...props}
      data={options.map(({ value, label }) => ({ value, label }))}
      value={chosen?.value ?? null}
      onChange={(value) => onChange(options.find((option) => option.value === value)?.values)}
      searchable
      openOnFocus={false}
      searchValue={search}
      onSearchChange={setSearch}
      onDropdownOpen={() => setOpen(true)}
      onDropdownClose={() => setOpen(false)}
      filter={({ options: all }) => all}
      nothingFoundMessage={nothingMessage(isFetching, isError)}
      rightSection={isFetching && isOpen ? <Loader size="xs" /> : undefined}
      maxDropdownHeight={280}
      comboboxProps={{ withinPortal: !isInPopover }}
      clearButtonProps={{ "aria-label": "Clear" }}
      allowDeselect={false}
    />
  );
}

function nothingMessage(isFetching: boolean, isError: boolean): string {
  if (isFetching) return "Searching…";
  return isError ? "The server cannot be reached" : "Nothing found";
}

/** Return the selected row as an option. Its label is "…" while it is loading. */
function useChosen(reference: Reference, values: Values | undefined): Option | undefined {
  const row =
    values && Object.fromEntries(reference.fields.map((field, at) => [field, values[at]]));
  const labels = useRowLabels([reference], row);
  if (!values || !row) return undefined;
  const isWaiting = !labels.has(reference.name);
  const label = labelOf(labels, reference, row)?.text ?? (isWaiting ? "…" : values.join(", "));
  return { value: valuesKey(row, reference.fields) ?? "", label, values };
}
