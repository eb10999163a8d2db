/** Labels of rows: their label fields, in which references are replaced by the labels of the referenced rows. */

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

/** Return the labels of rows of one table, in the order of the rows. */
export async function labelRows(
  table: AnyTable,
  rows: readonly AnyRow[],
  signal?: AbortSignal,
  depth = MAX_DEPTH,
): Promise<readonly string[]> {
  const fields = await labelledFields(table);
  const references = depth > 0 ? labelReferences(table) : [];
  const labels = await labelReferred(references, rows, signal, {}, depth - 1);
  return rows.map((row) => {
    const parts = table.labelFields.map((name) => {
      const reference = references.find(({ fields: [first] }) => first === name);
      const label = reference && labels.get(reference.name)?.get(valuesKey(row, [name]) ?? "");
      if (label) return label.text;
      const field = fields.get(name);
      return field ? formatText(field, row[name]) : "";
    });
    const shown = parts.filter((part) => part && part !== NOTHING);
    const isFullName = table.labelFields.length === 2 && references.length === 0; // first and last
    return shown.join(isFullName ? " " : " · ") || table.keyOf(row).join(", ");
  });
}

/** Return the fields of a table by name. The labels of choices are those of its page. */
async function labelledFields(table: AnyTable): Promise<ReadonlyMap<string, FieldInfo>> {
  const fields = new Map(describeFields(table, {}, {}).map((field) => [field.name, field]));
  const hasChoices = table.labelFields.some((name) => fields.get(name)?.choices);
  return (hasChoices && (await loadPage(table.name))?.byName) || fields;
}

/** Return the references among the label fields of a table. */
function labelReferences(table: AnyTable): readonly Reference[] {
  return table.references.filter(
    ({ fields }) => fields.length === 1 && table.labelFields.includes(fields[0] ?? ""),
  );
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
  depth = MAX_DEPTH,
): Promise<Labels> {
  const found = references.map(async (reference) => {
    const target = await loadTable(reference.table);
    if (!target) return [reference.name, new Map<string, RowLabel>()] as const;
    const referred =
      known[reference.name] ?? (await fetchReferred(target, reference, rows, signal));
    const texts = await labelRows(target, referred, signal, depth);
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
