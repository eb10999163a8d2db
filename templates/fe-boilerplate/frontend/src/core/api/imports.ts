/** Files of rows that the server imports into a table. */

import { fetchFile, send } from "./client";
import type { AnyTable } from "./table";

type ImportedTable = Pick<AnyTable, "path">;

const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/** A column of a file: its letters in a spreadsheet, its title, a cell as an example, and the field of this name. */
export interface FileColumn {
  readonly letters: string;
  readonly title: string;
  readonly example: string;
  readonly field: string | null;
}

/** The columns of a file, and the fields that can be imported, of which those in `required` need a column. */
export interface FileColumns {
  readonly columns: readonly FileColumn[];
  readonly fields: readonly string[];
  readonly required: readonly string[];
}

/** An error of a row of the file, or of its cell in `column`. */
export interface CellError {
  readonly row: number;
  readonly column: string;
  readonly field: string;
  readonly code: string;
  readonly value: string;
  readonly message: string;
  readonly constraint?: string | null;
}

/** How many rows a file has, how many were stored, and what is wrong; `errors` holds the first of the errors. */
export interface ImportReport {
  readonly rows: number;
  readonly stored: number;
  readonly wrong_rows: number;
  readonly error_count: number;
  readonly errors: readonly CellError[];
}

/** How a file is read. */
export interface Reading {
  /** The field of each column; an empty text for a column that is not imported. */
  readonly columns: readonly string[];
  readonly decimal: "." | ",";
  readonly dates: "dmy" | "mdy" | "ymd";
  readonly timeZone: string;
  /** The values of choices by their labels, by field, where labels are not the values. */
  readonly choices: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Return the columns of a file. */
export async function readFileColumns(
  table: ImportedTable,
  file: Blob,
  signal?: AbortSignal,
): Promise<FileColumns> {
  const request = { method: "POST", file, signal } as const;
  return (await send(`${table.path}/import/columns`, request)).body as unknown as FileColumns;
}

/** Import all rows of a file, or none if one is wrong; of a dry run, none is stored. */
export async function importFile(
  table: ImportedTable,
  file: Blob,
  reading: Reading,
  isDryRun: boolean,
  signal?: AbortSignal,
): Promise<ImportReport> {
  const query = new URLSearchParams({
    columns: reading.columns.join(","),
    decimal: reading.decimal,
    dates: reading.dates,
    time_zone: reading.timeZone,
    dry_run: String(isDryRun),
  });
  if (Object.keys(reading.choices).length > 0)
    query.set("choices", JSON.stringify(reading.choices));
  const request = { method: "POST", query, file, signal } as const;
  return (await send(`${table.path}/import`, request)).body as unknown as ImportReport;
}

/** Return an empty file to fill in, with these titles of its columns by field. */
export function fetchTemplate(
  table: ImportedTable,
  titles: Readonly<Record<string, string>>,
): Promise<Blob> {
  return fetchFile(`${table.path}/import/template`, XLSX, { method: "POST", body: { titles } });
}
