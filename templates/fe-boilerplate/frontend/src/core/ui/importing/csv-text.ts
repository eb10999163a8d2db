/** CSV files (RFC 4180) as spreadsheets write them. Pure functions. */

import { t } from "../../language/messages";

export interface CsvTable {
  /** The titles of the columns, each of them different. */
  readonly header: readonly string[];
  /** The rows that are not empty, each with the number of its line in a spreadsheet. */
  readonly rows: readonly CsvRow[];
  readonly separator: Separator;
}

export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

const SEPARATORS = [",", ";", "\t"] as const;
export type Separator = (typeof SEPARATORS)[number];

/** Return the text of a file: UTF-8, or else the code page of Windows in Western Europe and the Americas. */
export function decodeText(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return new TextDecoder("windows-1252").decode(bytes);
    throw error;
  }
}

/** Parse a CSV file. Its separator is that which occurs most often in its first line. */
export function readCsv(text: string): CsvTable {
  const plain = text.replace(/^\ufeff/, "");
  const separator = separatorOf(plain);
  const [header = [], ...rows] = parse(plain, separator);
  return {
    header: distinct(header.map((title) => title.trim())),
    rows: rows
      .map((cells, index) => ({ line: index + 2, cells }))
      .filter(({ cells }) => cells.some((cell) => cell.trim() !== "")),
    separator,
  };
}

/** Return titles of which those that are empty or occur again have a number. */
function distinct(titles: readonly string[]): readonly string[] {
  return titles.map((title, index) => {
    if (title === "") return t("import.columnNumber", { number: String(index + 1) });
    return titles.indexOf(title) === index ? title : `${title} (${index + 1})`;
  });
}

function separatorOf(text: string): Separator {
  const [first = ""] = text.split(/\r?\n/, 1);
  const counts = SEPARATORS.map((separator) => first.split(separator).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))] ?? ",";
}

function parse(text: string, separator: Separator): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  const cell = new RegExp(
    `(?:"((?:[^"]|"")*)"|([^${separator}\\r\\n]*))(${separator}|\\r\\n|\\n|\\r|$)`,
    "gy",
  );
  for (let match = cell.exec(text); match; match = cell.exec(text)) {
    const [, quoted, plain = "", end] = match;
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "") break;
    if (end !== separator) rows.push([]);
  }
  return rows;
}
