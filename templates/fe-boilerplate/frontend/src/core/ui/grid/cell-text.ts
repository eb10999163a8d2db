/** Values of cells as they are typed, pasted and shown. Pure functions. */

import {
  formatInputDate,
  formatInputDateTime,
  parseInputDate,
  parseInputDateTime,
} from "../date-time-text";
import { isNumber } from "../fields";
import { formatInputNumber, parseInputNumber } from "../number-text";
import type { Draft, FieldInfo } from "../page";

/** Return the text of a draft; that of a choice is its value. */
export function cellText(field: FieldInfo, draft: Draft): string {
  if (draft === null || Array.isArray(draft)) return "";
  if (typeof draft === "boolean") return draft ? "true" : "false";
  const text = String(draft);
  if (field.kind === "date") return ISO_DATE.test(text) ? formatInputDate(text) : text;
  return isDateTime(field) && ISO_DATE_TIME.test(text) ? formatInputDateTime(text) : text;
}

const ISO_DATE = /^\d{4}-\d\d-\d\d$/;
const ISO_DATE_TIME = /^\d{4}-\d\d-\d\dT/;

/** Return the draft of a typed or pasted text. Text that is not understood stays, so that it can be corrected. */
export function readCell(field: FieldInfo, text: string): Draft {
  const plain = text.trim();
  if (field.choices) return readChoice(field, plain);
  if (field.kind === "boolean") return plain === "" ? emptyBoolean(field) : readBoolean(plain);
  if (field.kind === "date") return parseInputDate(plain) ?? plain;
  if (isDateTime(field)) return parseInputDateTime(plain) ?? plain;
  if (field.kind === "time") return readTime(plain);
  if (isNumber(field.kind)) return formatInputNumber(parseInputNumber(plain));
  return plain;
}

function isDateTime({ kind }: FieldInfo): boolean {
  return kind === "timestamp" || kind === "local_timestamp";
}

/** Return the value of a choice whose value or label is the text, in any case. */
function readChoice({ choices = [] }: FieldInfo, text: string): string {
  const isSame = (other: string) => other.toLowerCase() === text.toLowerCase();
  const found = choices.find(({ value, label }) => isSame(value) || isSame(label));
  return found?.value ?? text;
}

const YES = /^(true|yes|y|1|x|ya)$/i;
const NO = /^(false|no|n|0|-|tidak)$/i;

function readBoolean(text: string): Draft {
  if (YES.test(text)) return true;
  return NO.test(text) ? false : text;
}

function emptyBoolean(field: FieldInfo): Draft {
  return field.nullable ? null : false;
}

/** Return a time with two digits for the hour: `7.05` becomes `07:05`. */
function readTime(text: string): string {
  const [, hour = "", rest] = /^(\d{1,2})[:.](\d\d(?:[:.]\d\d)?)$/.exec(text) ?? [];
  return rest === undefined ? text : `${hour.padStart(2, "0")}:${rest.replace(".", ":")}`;
}

/** Return the cells of a text as a spreadsheet copies it: tabs between cells, quotes around those with line breaks. */
export function readTable(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = "", end] of text.matchAll(CELL)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "") break;
    if (end !== "\t") rows.push([]);
  }
  return rows.filter((row) => row.some((cell) => cell !== ""));
}

const CELL = /(?:"((?:[^"]|"")*)"|([^\t\r\n]*))(\t|\r\n|\n|\r|$)/g;
