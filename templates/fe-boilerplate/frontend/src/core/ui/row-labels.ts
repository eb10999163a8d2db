/** What a row is called: its name, or the rows that it refers to where those are what it is known by. */

import type { AnyRow, AnyTable, Reference } from "../api/table";
import { loadTable } from "../api/tables";
import { describeFields } from "./fields";
import { formatText, NOTHING } from "./formats";

const DEEPEST = 3; // references that a label is followed through
const MOST_AT_ONCE = 200; // values in a URL

/** What the cell or input of a reference shows, and where it leads. */
export interface RowLabel {
  readonly text: string;
  /** The row's key; undefined for a table without one. */
  readonly key?: readonly (string | number | boolean)[];
}

/** Labels of the rows that references lead to: by reference, then by the values that refer. */
export type Labels = ReadonlyMap<string, ReadonlyMap<string, RowLabel>>;

/** Return what a reference's values are looked up by; undefined where it refers to nothing. */
export function valuesKey(row: AnyRow, fields: readonly string[]): string | undefined {
  const values = fields.map((field) => row[field]);
  if (values.some((value) => value === null || value === undefined)) return undefined;
  return JSON.stringify(values.map(String));
}

/** Return the labels of rows of one table, in their order. */
export async function labelRows(
  table: AnyTable,
  rows: readonly AnyRow[],
  depth = DEEPEST,
): Promise<readonly string[]> {
  const fields = new Map(describeFields(table, {}, {}).map((field) => [field.name, field]));
  const named = depth > 0 ? labelReferences(table) : [];
  const labels = await labelReferred(named, rows, depth - 1);
  return rows.map((row) => {
    const parts = table.labelFields.map((name) => {
      const reference = named.find((one) => one.fields[0] === name);
      const found = reference && labels.get(reference.name)?.get(valuesKey(row, [name]) ?? "");
      if (found) return found.text;
      const field = fields.get(name);
      return field ? formatText(field, row[name]) : "";
    });
    const known = parts.filter((part) => part && part !== NOTHING);
    const isNamed = table.labelFields.length === 2 && named.length === 0; // first and last name
    return known.join(isNamed ? " " : " · ") || table.keyOf(row).join(", ");
  });
}

/** Return the references that a table's rows are known by. */
function labelReferences(table: AnyTable): readonly Reference[] {
  return table.references.filter(
    ({ fields }) => fields.length === 1 && table.labelFields.includes(fields[0] ?? ""),
  );
}

/**
 * Return the labels of the rows that some references of these rows lead to.
 *
 * `known` are such rows that came along already; the others are asked for, at once for each reference.
 */
export async function labelReferred(
  references: readonly Reference[],
  rows: readonly AnyRow[],
  depth = DEEPEST,
  known: Readonly<Record<string, readonly AnyRow[]>> = {},
): Promise<Labels> {
  const found = references.map(async (reference) => {
    const target = await loadTable(reference.table);
    if (!target) return [reference.name, new Map<string, RowLabel>()] as const;
    const referred = known[reference.name] ?? (await fetchReferred(target, reference, rows));
    const texts = await labelRows(target, referred, depth);
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
): Promise<readonly AnyRow[]> {
  const referring = new Map(rows.map((row) => [valuesKey(row, reference.fields), row]));
  referring.delete(undefined);
  const queries = lookups(reference, [...referring.values()]);
  const pages = queries.map((filters) => target.list({ limit: MOST_AT_ONCE, filters }));
  return (await Promise.all(pages)).flatMap((page) => page.items);
}

/** Return the filters that find what rows refer to: many at once where the key is one plain value. */
function lookups(
  { fields, targetFields }: Reference,
  rows: readonly AnyRow[],
): readonly Readonly<Record<string, string>>[] {
  const wanted = rows.map((row) => fields.map((field) => String(row[field])));
  const [target, ...others] = targetFields;
  if (!target || others.length > 0 || wanted.some(([value]) => value?.includes(","))) {
    return wanted.map((values) =>
      Object.fromEntries(targetFields.map((field, at) => [`${field}__eq`, values[at] ?? ""])),
    );
  }
  const batches = Math.ceil(wanted.length / MOST_AT_ONCE);
  return Array.from({ length: batches }, (_, at) => {
    const batch = wanted.slice(at * MOST_AT_ONCE, (at + 1) * MOST_AT_ONCE);
    return { [`${target}__in`]: batch.join(",") };
  });
}
