/** The rows that a reference is offered, found by what somebody has typed of their names. */

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

const OFFERED = 20;
const MOST = 500; // rows that are looked through by their names
const DEEPEST = 2; // references that are followed to a name

/** Return the rows of the table referred to that `wanted` may mean; `where` limits them, as filters do. */
export async function findOptions(
  reference: Reference,
  wanted: string,
  where: Where,
  signal: AbortSignal,
): Promise<readonly Option[]> {
  const table = await loadTable(reference.table);
  if (!table) return [];
  const rows = await findRows(table, wanted, where, signal, DEEPEST);
  const labels = await labelRows(table, rows);
  const options = rows.map((row, at) => ({
    value: valuesKey(row, reference.targetFields) ?? "",
    label: labels[at] ?? "",
    values: reference.targetFields.map((field) => String(row[field])),
  }));
  const known = new Map(options.map((option) => [option.value, option]));
  known.delete("");
  return toldApart([...known.values()].slice(0, wanted ? OFFERED : MOST));
}

/** By what they refer to and are known by, by a value of their key, and by their texts. */
async function findRows(
  table: AnyTable,
  wanted: string,
  where: Where,
  signal: AbortSignal,
  depth: number,
): Promise<readonly AnyRow[]> {
  const find = async (filters: Where, limit: number, q = "") =>
    (await table.list({ q, limit, sort: order(table), filters: { ...filters, ...where } }, signal))
      .items;
  const exact = wanted ? equalities(table, wanted) : [];
  const found = await Promise.all([
    ...exact.map((filters) => find(filters, OFFERED)),
    wanted && depth > 0 ? findReferring(table, wanted, find, signal, depth) : [],
    findNamed(table, wanted, find),
  ]);
  return found.flat();
}

type Find = (filters: Where, limit: number, q?: string) => Promise<readonly AnyRow[]>;

/** The server searches texts; of a table without any, the first rows are looked through here. */
async function findNamed(table: AnyTable, wanted: string, find: Find) {
  const isSearched = Object.values(table.filters).some((known) => known.includes("ilike"));
  if (!isSearched) return called(table, await find({}, MOST), wanted);
  const found = await find({}, OFFERED, wanted);
  const words = wordsOf(wanted);
  if (found.length > 0 || words.length < 2) return found;
  const longest = words.reduce((one, other) => (other.length > one.length ? other : one));
  return called(table, await find({}, MOST, longest), wanted); // first and last name are two texts
}

/** A row that is known by others, as a lesson by its class and subject, is found by their names. */
async function findReferring(
  table: AnyTable,
  wanted: string,
  find: Find,
  signal: AbortSignal,
  depth: number,
): Promise<readonly AnyRow[]> {
  const [first = wanted] = wanted.split(" · ");
  const found = table.references.map(async ({ fields, targetFields, table: name }) => {
    const [field = ""] = fields;
    const [targetField = ""] = targetFields;
    if (fields.length > 1 || !table.labelFields.includes(field)) return [];
    const target = await loadTable(name);
    const rows = target ? await findRows(target, first, {}, signal, depth - 1) : [];
    const values = rows.map((row) => String(row[targetField])).filter(isListed);
    if (values.length === 0) return [];
    return find({ [`${field}__in`]: values.slice(0, MOST).join(",") }, MOST);
  });
  return called(table, (await Promise.all(found)).flat(), wanted);
}

/** Return the filters for rows of which a part of the key is what was typed; texts are searched anyway. */
function equalities(table: AnyTable, wanted: string): readonly Where[] {
  const keys = describeFields(table, {}, {}).filter(
    ({ isKey, name, kind }) => isKey && kind !== "boolean" && isCompared(table, name),
  );
  return keys.flatMap((field) => {
    const value = readDraft(field, wanted);
    const isOne = table.schemas.read.shape[field.name]?.safeParse(value).success;
    return isOne ? [{ [`${field.name}__eq`]: String(value) }] : [];
  });
}

function isCompared(table: AnyTable, name: string): boolean {
  const known = table.filters[name] ?? [];
  return known.includes("eq") && !known.includes("ilike");
}

async function called(table: AnyTable, rows: readonly AnyRow[], wanted: string) {
  const words = wordsOf(wanted);
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

/** Rows are offered by name, where that is a field of their own. */
function order(table: AnyTable): readonly string[] {
  const referring = new Set(table.references.flatMap(({ fields }) => fields));
  return table.labelFields.filter(
    (field) => table.filters[field]?.includes("eq") && !referring.has(field),
  );
}

/** Whether a value can stand in a list of values: what has a comma cannot. */
function isListed(value: string): boolean {
  return !value.includes(",");
}

/** Two rows of one name are told apart by what refers to them. */
function toldApart(options: readonly Option[]): readonly Option[] {
  const seen = new Map<string, number>();
  for (const { label } of options) seen.set(label, (seen.get(label) ?? 0) + 1);
  return options.map((option) =>
    (seen.get(option.label) ?? 0) > 1
      ? { ...option, label: `${option.label} (${option.values.join(", ")})` }
      : option,
  );
}
