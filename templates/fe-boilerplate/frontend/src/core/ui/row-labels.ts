/**
 * Labels of rows: their label fields, then in parentheses what tells rows with the same ones apart. References are
 * replaced by the labels of the referenced rows.
 */

import type { AnyRow, AnyTable, Reference } from "../api/table";
import { loadTable } from "../api/tables";
import { describeFields } from "./fields";
import { formatText, NOTHING } from "./formats";
import type { FieldInfo } from "./page";
import { loadPage } from "./registry";

const MAX_DEPTH = 3; // references followed for a label
const MAX_BATCH = 200; // values per request, which are part of the URL

/** The label of a referenced row, and its key for links. */
export interface RowLabel {
  readonly text: string;
  /** The key of the row; undefined for a table without a key. */
  readonly key?: readonly (string | number | boolean)[];
}

/** Labels of referenced rows, by the name of the reference and by `valuesKey` of its values. */
export type Labels = ReadonlyMap<string, ReadonlyMap<string, RowLabel>>;

/** Return the values of a reference as a map key; undefined if one of them is null. */
export function valuesKey(row: AnyRow, fields: readonly string[]): string | undefined {
  const values = fields.map((field) => row[field]);
  if (values.some((value) => value === null || value === undefined)) return undefined;
  return JSON.stringify(values.map(String));
}

/** How labels are made: how many references they follow, and whether they have their qualifiers. */
interface Form {
  readonly depth: number;
  readonly isQualified: boolean;
}

const WHOLE: Form = { depth: MAX_DEPTH, isQualified: true };

/** Return the labels of rows of one table, in the order of the rows. */
export async function labelRows(
  table: AnyTable,
  rows: readonly AnyRow[],
  signal?: AbortSignal,
  { depth, isQualified }: Form = WHOLE,
): Promise<readonly string[]> {
  const isFollowed = depth > 0;
  const qualifiers = isQualified ? table.labelQualifiers : [];
  const fields = await labelledFields(table, [...table.labelFields, ...qualifiers]);
  const named = isFollowed ? referencesAmong(table, table.labelFields) : [];
  const qualifying = isFollowed ? referencesAmong(table, qualifiers) : [];
  const labels = new Map([
    ...(await labelReferred(named, rows, signal, {}, { depth: depth - 1, isQualified })),
    ...(await labelReferred(
      qualifying,
      rows,
      signal,
      {},
      { depth: depth - 1, isQualified: false },
    )),
  ]);
  const partsOf = (names: readonly string[], row: AnyRow) => {
    const parts = names.map((name) => {
      const label = labels.get(name)?.get(valuesKey(row, [name]) ?? "");
      if (label) return label.text;
      const field = fields.get(name);
      return field ? formatText(field, row[name]) : "";
    });
    return parts.filter((part) => part && part !== NOTHING);
  };
  const isFullName = table.labelFields.length === 2 && named.length === 0; // first and last
  return rows.map((row) => {
    const label = partsOf(table.labelFields, row).join(isFullName ? " " : " · ");
    if (!label) return table.keyOf(row).join(", ");
    const more = partsOf(qualifiers, row).join(", ");
    return more ? `${label} (${more})` : label;
  });
}

/** Return the fields of a table by name. The labels of choices are those of its page. */
async function labelledFields(
  table: AnyTable,
  names: readonly string[],
): Promise<ReadonlyMap<string, FieldInfo>> {
  const fields = new Map(describeFields(table, {}, {}).map((field) => [field.name, field]));
  const hasChoices = names.some((name) => fields.get(name)?.choices);
  return (hasChoices && (await loadPage(table.name))?.byName) || fields;
}

/** Return the references of a table that consist of one of these fields. */
function referencesAmong(table: AnyTable, names: readonly string[]): readonly Reference[] {
  return table.references.filter(({ fields: [field = "", ...others] }) => {
    return others.length === 0 && names.includes(field);
  });
}

/**
 * Return the labels of the rows to which references of these rows refer.
 *
 * `known` are referenced rows that are already loaded, by reference. The others are requested in batches per reference.
 */
export async function labelReferred(
  references: readonly Reference[],
  rows: readonly AnyRow[],
  signal?: AbortSignal,
  known: Readonly<Record<string, readonly AnyRow[]>> = {},
  form: Form = WHOLE,
): Promise<Labels> {
  const found = references.map(async (reference) => {
    const target = await loadTable(reference.table);
    if (!target) return [reference.name, new Map<string, RowLabel>()] as const;
    const referred =
      known[reference.name] ?? (await fetchReferred(target, reference, rows, signal));
    const texts = await labelRows(target, referred, signal, form);
    const labels = new Map<string, RowLabel>();
    for (const [place, row] of referred.entries()) {
      const key = target.key.length > 0 ? target.keyOf(row) : undefined;
      labels.set(valuesKey(row, reference.targetFields) ?? "", { text: texts[place] ?? "", key });
    }
    return [reference.name, labels] as const;
  });
  return new Map(await Promise.all(found));
}

async function fetchReferred(
  target: AnyTable,
  reference: Reference,
  rows: readonly AnyRow[],
  signal?: AbortSignal,
): Promise<readonly AnyRow[]> {
  const referring = new Map(rows.map((row) => [valuesKey(row, reference.fields), row]));
  referring.delete(undefined);
  const queries = lookups(reference, [...referring.values()]);
  const pages = queries.map((filters) =>
    target.list({ limit: MAX_BATCH, count: "none", filters }, signal),
  );
  return (await Promise.all(pages)).flatMap((page) => page.items);
}

/** Return the filters that find the referenced rows: one per batch if possible, else one per row. */
function lookups(
  { fields, targetFields }: Reference,
  rows: readonly AnyRow[],
): readonly Readonly<Record<string, string>>[] {
  const values = rows.map((row) => fields.map((field) => String(row[field])));
  const [target, ...others] = targetFields;
  if (!target || others.length > 0 || values.some(([value]) => value?.includes(","))) {
    return values.map((parts) =>
      Object.fromEntries(targetFields.map((field, at) => [`${field}__eq`, parts[at] ?? ""])),
    );
  }
  const batches = Math.ceil(values.length / MAX_BATCH);
  return Array.from({ length: batches }, (_, at) => {
    const batch = values.slice(at * MAX_BATCH, (at + 1) * MAX_BATCH);
    return { [`${target}__in`]: batch.join(",") };
  });
}
