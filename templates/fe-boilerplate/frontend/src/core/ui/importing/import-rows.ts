/** The rows of a file as new rows of a table: which column is which field, what is invalid, and what to send. */

import type { ProblemError } from "../../api/problem";
import { formatLocale } from "../../language/language";
import { t } from "../../language/messages";
import { isNumber } from "../fields";
import { enteredFields, formEntries } from "../form-entries";
import { type Drafts, formSchema, initialDraft, isList, type Values } from "../form-values";
import { readCell } from "../grid/cell-text";
import { findByLabels } from "../grid/pasted-references";
import { formatInputNumber, parseInputNumber } from "../number-text";
import type { AnyPage, Draft, FieldInfo } from "../page";
import { messageOf } from "../several";
import type { CsvRow, CsvTable, Separator } from "./csv-text";

export const MAX_ROWS = 1000; // of a bulk request

/** The field of each column of a file; undefined for columns that are not imported. */
export type Mapping = readonly (FieldInfo | undefined)[];

/** A message about a cell, or about a row as a whole. */
export interface ImportError {
  readonly line: number;
  readonly column: string;
  readonly value: string;
  readonly message: string;
}

/** The rows to send, with their lines, and what is invalid. */
export interface CheckedImport {
  readonly bodies: readonly Values[];
  readonly lines: readonly CsvRow[];
  readonly errors: readonly ImportError[];
}

/** Return the fields that can be imported. */
export function importedFields(page: AnyPage): readonly FieldInfo[] {
  return enteredFields(page, formEntries(page, true)).filter(({ kind }) => kind !== "bytes");
}

/** Return the field of each column whose header is the name or the label of a field, each once. */
export function matchColumns(page: AnyPage, header: readonly string[]): Mapping {
  const left = new Set(importedFields(page));
  return header.map((title) => {
    const isSame = (text: string) => plain(text) === plain(title);
    const field = [...left].find(({ name, label }) => isSame(name) || isSame(label));
    if (field) left.delete(field);
    return field;
  });
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
}

/** Return the fields that a new row needs and no column has. */
export function missingFields(page: AnyPage, mapping: Mapping): readonly FieldInfo[] {
  return importedFields(page).filter(
    (field) =>
      !field.nullable && !field.optional && field.kind !== "boolean" && !mapping.includes(field),
  );
}

/** Check all rows of a file. Rows that a cell refers to are found by their label, or by their key. */
export async function checkImport(
  page: AnyPage,
  table: CsvTable,
  mapping: Mapping,
): Promise<CheckedImport> {
  const references = await resolve(table, mapping);
  const fields = importedFields(page);
  const initial: Drafts = Object.fromEntries(
    fields.map((field) => [field.name, initialDraft(field, undefined)]),
  );
  const schema = formSchema(page, fields, initial);
  const bodies: Values[] = [];
  const errors: ImportError[] = [];
  for (const row of table.rows) {
    const drafts: Drafts = { ...initial };
    const unknown = new Set<string>();
    for (const [index, field] of mapping.entries()) {
      const text = row.cells[index]?.trim() ?? "";
      if (!field || text === "") continue;
      const key = references.get(field)?.get(text);
      if (field.reference && key === undefined) unknown.add(field.name);
      drafts[field.name] = key ?? readText(field, text, table.separator);
    }
    const result = schema.safeParse(drafts);
    const issues = result.error?.issues.filter(({ path }) => !unknown.has(String(path[0]))) ?? [];
    for (const name of unknown) errors.push(errorAt(page, mapping, row, name, t("field.notFound")));
    for (const { path, message } of issues)
      errors.push(errorAt(page, mapping, row, String(path[0]), message));
    if (result.success) bodies.push(result.data);
  }
  return { bodies, lines: table.rows, errors: [...errors, ...repeated(page, table.rows, mapping)] };
}

/** Return the errors of a rejected bulk request by line. */
export function rejectedLines(
  page: AnyPage,
  problem: ProblemError,
  mapping: Mapping,
  lines: readonly CsvRow[],
): readonly ImportError[] {
  return [...problem.byRow()].flatMap(([index, errors]) => {
    const row = lines[index];
    if (!row) return [];
    return errors.map(({ field, message }) => errorAt(page, mapping, row, field, message));
  });
}

function errorAt(
  page: AnyPage,
  mapping: Mapping,
  row: CsvRow,
  name: string,
  message: string,
): ImportError {
  const [first = ""] = name.split(".");
  const index = mapping.findIndex((field) => field?.name === first);
  return {
    line: row.line,
    column: page.byName.get(first)?.label ?? "",
    value: row.cells[index] ?? "",
    message: messageOf(page, name, message),
  };
}

/** Return errors for rows that repeat values which only one row can have. */
function repeated(
  page: AnyPage,
  rows: readonly CsvRow[],
  mapping: Mapping,
): readonly ImportError[] {
  return [page.table.key, ...page.table.unique].flatMap((set) => {
    const columns = set.map((name) => mapping.findIndex((field) => field?.name === name));
    if (columns.length === 0 || columns.includes(-1)) return [];
    const lines = new Map<string, number>();
    return rows.flatMap((row) => {
      const cells = columns.map((index) => row.cells[index]?.trim() ?? "");
      if (cells.includes("")) return [];
      const first = lines.get(JSON.stringify(cells));
      if (first === undefined) lines.set(JSON.stringify(cells), row.line);
      if (first === undefined) return [];
      return [
        errorAt(
          page,
          mapping,
          row,
          set.at(-1) ?? "",
          t("field.sameAsLine", { line: String(first) }),
        ),
      ];
    });
  });
}

/** Return the draft of a text in a file. Numbers have a decimal comma where columns are not separated by commas. */
function readText(field: FieldInfo, text: string, separator: Separator): Draft {
  if (isList(field)) return readList(text);
  if (isNumber(field.kind)) {
    return formatInputNumber(parseInputNumber(text, separator === "," ? "en" : formatLocale));
  }
  return readCell(field, text);
}

function readList(text: string): Draft {
  if (text.startsWith("[")) {
    try {
      const items: unknown = JSON.parse(text);
      if (Array.isArray(items)) return items.map(String);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return text.split(/[;,]/).map((item) => item.trim());
}

/** Return the keys that the texts of each reference stand for. A text that can be a key is taken as one. */
async function resolve(
  table: CsvTable,
  mapping: Mapping,
): Promise<ReadonlyMap<FieldInfo, ReadonlyMap<string, string>>> {
  const found = mapping.map(async (field, index) => {
    if (!field?.reference) return [];
    const texts = table.rows.map(({ cells }) => cells[index]?.trim() ?? "");
    const isKey = (text: string) => isNumber(field.kind) && /^\d+$/.test(text);
    const options = await findByLabels(
      field.reference,
      texts.filter((text) => !isKey(text)),
      {},
    );
    const keys = texts.filter(isKey).map((text) => [text, text] as const);
    const named = [...options].map(([text, { values }]) => [text, values[0] ?? ""] as const);
    return [[field, new Map([...keys, ...named])] as const];
  });
  return new Map((await Promise.all(found)).flat());
}
