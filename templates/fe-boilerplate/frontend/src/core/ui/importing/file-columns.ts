/** Which columns of a file are which fields, and how its cells are read. */

import type { FileColumns, Reading } from "../../api/imports";
import { formatLocale } from "../../language/language";
import { datePattern } from "../date-time-text";
import { formatInputNumber } from "../number-text";
import type { AnyPage, FieldInfo } from "../page";

/** The field of each column of a file; undefined for columns that are not imported. */
export type Mapping = readonly (FieldInfo | undefined)[];

/** Return the fields that can be imported. */
export function importedFields(page: AnyPage, file: FileColumns): readonly FieldInfo[] {
  return file.fields.flatMap((name) => page.byName.get(name) ?? []);
}

/**
 * Return the field of each column whose title is the label or the name of a field, each once.
 *
 * A label in another language than that of the interface counts where no column has the field otherwise.
 */
export function matchColumns(page: AnyPage, file: FileColumns): Mapping {
  const left = new Set(importedFields(page, file));
  const take = (field: FieldInfo | undefined) => {
    if (field) left.delete(field);
    return field;
  };
  const matched = file.columns.map(({ title, field: named }) =>
    take(
      [...left].find(({ label }) => plain(label) === plain(title)) ??
        [...left].find(({ name }) => name === named),
    ),
  );
  return matched.map((field, at) => {
    const title = plain(file.columns[at]?.title ?? "");
    if (field || !title) return field;
    const found = [...left].filter(({ labels }) => labels.some((label) => plain(label) === title));
    return found.length === 1 ? take(found[0]) : undefined;
  });
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
}

/** Return the fields that a new row needs and no column has. */
export function missingFields(
  page: AnyPage,
  file: FileColumns,
  mapping: Mapping,
): readonly FieldInfo[] {
  return importedFields(page, file).filter(
    (field) => file.required.includes(field.name) && !mapping.includes(field),
  );
}

/** Return how the cells are read: as people write them in the language of the interface. */
export function readingOf(mapping: Mapping, locale = formatLocale): Reading {
  const order = (datePattern(locale).match(/[DMY]+/g) ?? [])
    .map(([letter = ""]) => letter)
    .join("");
  const dates = order === "DMY" ? "dmy" : order === "MDY" ? "mdy" : "ymd";
  return {
    columns: mapping.map((field) => field?.name ?? ""),
    decimal: formatInputNumber("0.5", locale).includes(",") ? "," : ".",
    dates,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    choices: Object.fromEntries(mapping.flatMap((field) => (field ? labelled(field) : []))),
  };
}

/** Return the labels of a field's choices, in every language, that the server cannot tell from the values. */
function labelled({ name, choices = [] }: FieldInfo): [string, Record<string, string>][] {
  const known = new Set(choices.map(({ value }) => plain(value)));
  const found: Record<string, string> = {};
  const add = (value: string, label: string) => {
    if (known.has(plain(label))) return;
    known.add(plain(label));
    found[label] = value;
  };
  for (const { value, label } of choices) add(value, label);
  for (const { value, labels } of choices) for (const label of labels) add(value, label);
  return Object.keys(found).length > 0 ? [[name, found]] : [];
}
