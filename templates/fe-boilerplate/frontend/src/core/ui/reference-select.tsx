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
  /** What it refers to now, a value for each of its fields; undefined: nothing. */
  readonly values: Values | undefined;
  readonly onChange: (values: Values | undefined) => void;
  readonly clearable?: boolean;
  /** Whether it stands in a box that closes at a click outside of it. */
  readonly isWithin?: boolean;
  /** What rows must have to be offered, by `field__operator`. */
  readonly where?: Readonly<Record<string, string>>;
}

const PAUSE = 250; // milliseconds after the last key, before the server is asked

/** Chooses the row that a reference leads to, by its name: the server searches while one types. */
export function ReferenceSelect({
  reference,
  values,
  onChange,
  where = {},
  isWithin = false,
  ...props
}: Props) {
  const [search, setSearch] = useState("");
  const [isOpen, setOpen] = useState(false);
  const chosen = useChosen(reference, values);
  const isUntouched = chosen !== undefined && search === chosen.label;
  const [wanted] = useDebouncedValue(isUntouched ? "" : search.trim(), PAUSE);
  const {
    data: offered = [],
    isFetching,
    isError,
  } = useQuery({
    queryKey: ["tables", reference.table, "options", reference.targetFields, wanted, where],
    queryFn: ({ signal }) => findOptions(reference, wanted, where, signal),
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
      comboboxProps={{ withinPortal: !isWithin }}
      clearButtonProps={{ "aria-label": "Clear" }}
      allowDeselect={false}
    />
  );
}

function nothingMessage(isFetching: boolean, isError: boolean): string {
  if (isFetching) return "Searching…";
  return isError ? "The server cannot be reached" : "Nothing found";
}

/** The chosen row as an option; its name may be on its way. */
function useChosen(reference: Reference, values: Values | undefined): Option | undefined {
  const row =
    values && Object.fromEntries(reference.fields.map((field, at) => [field, values[at]]));
  const labels = useRowLabels([reference], row);
  if (!values || !row) return undefined;
  const isWaiting = !labels.has(reference.name);
  const label = labelOf(labels, reference, row)?.text ?? (isWaiting ? "…" : values.join(", "));
  return { value: valuesKey(row, reference.fields) ?? "", label, values };
}
