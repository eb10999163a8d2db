/** The options of a reference: rows found by a search for their labels or keys. */

import type { AnyRow, AnyTable, Reference } from "../api/table";
import { loadTable } from "../api/tables";
import { formatLocale } from "../language/language";
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

const MAX_UNSEARCHED = 100; // options before anything is typed
const MAX_OPTIONS = 20;
const MAX_SCANNED = 500; // rows whose labels are compared with the search text
const MAX_WORDS = 5; // that are each searched among referenced rows
const MAX_DEPTH = 2; // references followed to a label

/** Return the number of options from which on there may be more rows than options. */
export function maxOptions(search: string): number {
  return search ? MAX_OPTIONS : MAX_UNSEARCHED;
}

/**
 * Return the rows of the referenced table that match a search text; `where` are additional filters.
 *
 * Rows are neither counted nor sorted by the server, so that it can stop at the first that match. The options are sorted
 * here: a key that equals the search text, then labels that start with it, then the others.
 */
export async function findOptions(
  reference: Reference,
  search: string,
  where: Where,
  signal: AbortSignal,
): Promise<readonly Option[]> {
  const table = await loadTable(reference.table);
  if (!table) return [];
  const rows = await findRows(table, search, where, signal, MAX_DEPTH);
  const labels = await labelRows(table, rows, signal);
  const options = rows.map((row, at) => ({
    value: valuesKey(row, reference.targetFields) ?? "",
    label: labels[at] ?? "",
    values: reference.targetFields.map((field) => String(row[field])),
  }));
  const distinct = new Map(options.map((option) => [option.value, option]));
  distinct.delete("");
  const shown = [...distinct.values()].slice(0, maxOptions(search));
  return withDistinctLabels(shown.sort(byRelevance(table, search)));
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
    (await table.list({ q, limit, count: "none", filters: { ...filters, ...where } }, signal))
      .items;
  const exact = search ? equalities(table, search) : [];
  const found = await Promise.all([
    ...exact.map((filters) => find(filters, MAX_OPTIONS)),
    search && depth > 0 ? findByReferences(table, search, find, signal, depth) : [],
    search ? findByText(table, search, find, signal) : find({}, MAX_UNSEARCHED),
  ]);
  return found.flat();
}

type Find = (filters: Where, limit: number, q?: string) => Promise<readonly AnyRow[]>;

/**
 * Find rows by text on the server. For a table without text fields, the labels of the first rows are compared.
 *
 * The server searches other fields too. Where more rows match than are offered, those whose label starts with the text are
 * found as well.
 */
async function findByText(table: AnyTable, search: string, find: Find, signal: AbortSignal) {
  if (!isSearched(table))
    return withMatchingLabels(table, await find({}, MAX_SCANNED), search, signal);
  const found = await find({}, MAX_OPTIONS, search);
  const [label = ""] = table.labelFields;
  if (found.length < MAX_OPTIONS || !isText(table, label)) return found;
  const start = `${search.replace(/[\\%_]/g, "\\$&")}%`;
  return [...(await find({ [`${label}__ilike`]: start }, MAX_OPTIONS, search)), ...found];
}

/** Find rows whose label contains other rows' labels, such as a room of a building, by words of all parts. */
async function findByReferences(
  table: AnyTable,
  search: string,
  find: Find,
  signal: AbortSignal,
  depth: number,
): Promise<readonly AnyRow[]> {
  const words = wordsOf(search).slice(0, MAX_WORDS);
  const found = table.references.map(async ({ fields, targetFields, table: name }) => {
    const [field = ""] = fields;
    const [targetField = ""] = targetFields;
    const label = [...table.labelFields, ...table.labelQualifiers];
    if (fields.length > 1 || !label.includes(field)) return [];
    const target = await loadTable(name);
    if (!target) return [];
    const { rows, missing } = await findByMostWords(target, words, signal, depth - 1);
    const values = [...new Set(rows.map((row) => String(row[targetField])).filter(isListed))];
    if (values.length === 0) return [];
    const q = isSearched(table) ? missing.join(" ") : "";
    return find({ [`${field}__in`]: values.slice(0, MAX_SCANNED).join(",") }, MAX_SCANNED, q);
  });
  return withMatchingLabels(table, (await Promise.all(found)).flat(), search, signal);
}

/** Find the rows whose labels contain the most of some words, and the words that none of these labels contains. */
async function findByMostWords(
  table: AnyTable,
  words: readonly string[],
  signal: AbortSignal,
  depth: number,
): Promise<{ readonly rows: readonly AnyRow[]; readonly missing: readonly string[] }> {
  const found = await Promise.all(words.map((word) => findRows(table, word, {}, signal, depth)));
  const candidates = found.flat();
  const labels = (await labelRows(table, candidates, signal)).map((label) => label.toLowerCase());
  const counts = labels.map((label) => words.filter((word) => label.includes(word)).length);
  const most = Math.max(1, ...counts);
  const isBest = (_: unknown, at: number) => counts[at] === most;
  const contained = labels.filter(isBest);
  return {
    rows: candidates.filter(isBest),
    missing: words.filter((word) => !contained.some((label) => label.includes(word))),
  };
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
  return operators.includes("eq") && !isText(table, name);
}

function isSearched(table: AnyTable): boolean {
  return Object.keys(table.filters).some((name) => isText(table, name));
}

/** Whether a field is a text that the search covers. */
function isText(table: AnyTable, name: string): boolean {
  return table.filters[name]?.includes("ilike") ?? false;
}

async function withMatchingLabels(
  table: AnyTable,
  rows: readonly AnyRow[],
  search: string,
  signal: AbortSignal,
) {
  const words = wordsOf(search);
  if (words.length === 0) return rows;
  const labels = (await labelRows(table, rows, signal)).map((label) => label.toLowerCase());
  return rows.filter((_, at) => words.every((word) => labels[at]?.includes(word)));
}

function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[\s·(),]+/)
    .filter(Boolean);
}

/** Compare options; those of equal rank by label if it starts with a text, else they keep the order of their keys. */
function byRelevance(table: AnyTable, search: string): (one: Option, other: Option) => number {
  const start = search.toLowerCase();
  const rank = ({ label, values }: Option) => {
    if (values.includes(search)) return 0;
    return label.toLowerCase().startsWith(start) ? 1 : 2;
  };
  const isByLabel = isText(table, table.labelFields[0] ?? "");
  return (one, other) =>
    rank(one) - rank(other) || (isByLabel ? collator.compare(one.label, other.label) : 0);
}

const collator = new Intl.Collator(formatLocale, { numeric: true });

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
