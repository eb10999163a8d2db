/** The options of a reference: rows found by a search for their labels or keys. */

import type { AnyRow, AnyTable, Reference } from "../api/table";
import { loadTable } from "../api/tables";
import { describeFields } from "./fields";
import { readDraft } from "./form-values";
import { labelRows, valuesKey } from "./row-labels";

export type Values = readonly string[];
type Where = Readonly<Record<string, string>>;

export interface Option {
  readonly value: string;
  readonly label: string;
  readonly values: Values;
}

const MAX_OPTIONS = 20;
const MAX_SCANNED = 500; // rows whose labels are compared with the search text
const MAX_DEPTH = 2; // references followed to a label

/** Return the rows of the referenced table that match a search text; `where` are additional filters. */
export async function findOptions(
  reference: Reference,
  search: string,
  where: Where,
  signal: AbortSignal,
): Promise<readonly Option[]> {
  const table = await loadTable(reference.table);
  if (!table) return [];
  const rows = await findRows(table, search, where, signal, MAX_DEPTH);
  const labels = await labelRows(table, rows);
  const options = rows.map((row, at) => ({
    value: valuesKey(row, reference.targetFields) ?? "",
    label: labels[at] ?? "",
    values: reference.targetFields.map((field) => String(row[field])),
  }));
  const distinct = new Map(options.map((option) => [option.value, option]));
  distinct.delete("");
  return withDistinctLabels([...distinct.values()].slice(0, search ? MAX_OPTIONS : MAX_SCANNED));
}

/** Find rows by a value of their key, by the labels of the rows that they refer to, and by their texts. */
async function findRows(
  table: AnyTable,
  search: string,
  where: Where,
  signal: AbortSignal,
  depth: number,
): Promise<readonly AnyRow[]> {
  const find = async (filters: Where, limit: number, q = "") =>
    (
      await table.list(
        { q, limit, count: "none", sort: order(table), filters: { ...filters, ...where } },
        signal,
      )
    ).items;
  const exact = search ? equalities(table, search) : [];
  const found = await Promise.all([
    ...exact.map((filters) => find(filters, MAX_OPTIONS)),
    search && depth > 0 ? findByReferences(table, search, find, signal, depth) : [],
    findByText(table, search, find),
  ]);
  return found.flat();
}

type Find = (filters: Where, limit: number, q?: string) => Promise<readonly AnyRow[]>;

/** Find rows by text on the server. For a table without text fields, the labels of the first rows are compared. */
async function findByText(table: AnyTable, search: string, find: Find) {
  const isSearched = Object.values(table.filters).some((known) => known.includes("ilike"));
  if (!isSearched) return withMatchingLabels(table, await find({}, MAX_SCANNED), search);
  const found = await find({}, MAX_OPTIONS, search);
  const words = wordsOf(search);
  if (found.length > 0 || words.length < 2) return found;
  const longest = words.reduce((one, other) => (other.length > one.length ? other : one));
  return withMatchingLabels(table, await find({}, MAX_SCANNED, longest), search); // a first and last name are two texts
}

/** Find rows whose label consists of other rows' labels, such as a lesson of a class and a subject. */
async function findByReferences(
  table: AnyTable,
  search: string,
  find: Find,
  signal: AbortSignal,
  depth: number,
): Promise<readonly AnyRow[]> {
  const [first = search] = search.split(" · ");
  const found = table.references.map(async ({ fields, targetFields, table: name }) => {
    const [field = ""] = fields;
    const [targetField = ""] = targetFields;
    if (fields.length > 1 || !table.labelFields.includes(field)) return [];
    const target = await loadTable(name);
    const rows = target ? await findRows(target, first, {}, signal, depth - 1) : [];
    const values = rows.map((row) => String(row[targetField])).filter(isListed);
    if (values.length === 0) return [];
    return find({ [`${field}__in`]: values.slice(0, MAX_SCANNED).join(",") }, MAX_SCANNED);
  });
  return withMatchingLabels(table, (await Promise.all(found)).flat(), search);
}

/** Return filters for rows with a key value equal to the search text, except text fields, which are searched anyway. */
function equalities(table: AnyTable, search: string): readonly Where[] {
  const keys = describeFields(table, {}, {}).filter(
    ({ isKey, name, kind }) => isKey && kind !== "boolean" && isCompared(table, name),
  );
  return keys.flatMap((field) => {
    const value = readDraft(field, search);
    const isValid = table.schemas.read.shape[field.name]?.safeParse(value).success;
    return isValid ? [{ [`${field.name}__eq`]: String(value) }] : [];
  });
}

function isCompared(table: AnyTable, name: string): boolean {
  const operators = table.filters[name] ?? [];
  return operators.includes("eq") && !operators.includes("ilike");
}

async function withMatchingLabels(table: AnyTable, rows: readonly AnyRow[], search: string) {
  const words = wordsOf(search);
  if (words.length === 0) return rows;
  const labels = (await labelRows(table, rows)).map((label) => label.toLowerCase());
  return rows.filter((_, at) => words.every((word) => labels[at]?.includes(word)));
}

function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[\s·]+/)
    .filter(Boolean);
}

/** Options are sorted by label, as far as it consists of the row's own fields. */
function order(table: AnyTable): readonly string[] {
  const referring = new Set(table.references.flatMap(({ fields }) => fields));
  return table.labelFields.filter(
    (field) => table.filters[field]?.includes("eq") && !referring.has(field),
  );
}

/** Whether a value can be part of a comma-separated list. */
function isListed(value: string): boolean {
  return !value.includes(",");
}

/** Append the referenced values to labels that occur more than once. */
function withDistinctLabels(options: readonly Option[]): readonly Option[] {
  const seen = new Map<string, number>();
  for (const { label } of options) seen.set(label, (seen.get(label) ?? 0) + 1);
  return options.map((option) =>
    (seen.get(option.label) ?? 0) > 1
      ? { ...option, label: `${option.label} (${option.values.join(", ")})` }
      : option,
  );
}
