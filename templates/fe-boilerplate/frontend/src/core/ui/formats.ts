/** Formatting of values in the language and time zone of the browser. Pure functions. */

import { writeJson } from "../api/json";
import { formatLocale, language } from "../language/language";
import { t } from "../language/messages";
import { labelOfChoice } from "./fields";
import type { FieldInfo, Kind, Nav } from "./page";

/** Shown for an empty value. */
export const NOTHING = "–";
export const HIDDEN = "••••••••";

type Shown = Pick<FieldInfo, "kind" | "item" | "choices" | "format" | "places">;

/** Return a value as one line of text. */
export function formatText(field: Shown, value: unknown): string {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (field.format === "secret") return HIDDEN;
  if (Array.isArray(value)) {
    const item: Shown = { ...field, kind: field.item ?? "text" };
    return value.map((part) => formatText(item, part)).join(", ") || NOTHING;
  }
  if (field.choices) return labelOfChoice(field, String(value));
  return (BY_KIND[field.kind] ?? String)(value, field);
}

type Format = (value: unknown, field: Shown) => string;

const BY_KIND: { readonly [K in Kind]?: Format } = {
  boolean: (value) => t(value ? "yes" : "no"),
  date: (value) => formatDate(String(value)),
  time: (value) => String(value).replace(/^(\d\d:\d\d)(:00)?(\.0+)?$/, "$1"),
  timestamp: (value) => formatTimestamp(new Date(String(value)), String(value)),
  local_timestamp: (value) => formatTimestamp(new Date(String(value)), String(value)),
  decimal: (value, { places }) => formatDecimal(String(value), places),
  json: (value) => writeJson(value),
  bytes: (value) => formatSize(sizeOf(String(value))),
};

const DATE = new Intl.DateTimeFormat(formatLocale, { dateStyle: "medium" });
const TIMESTAMP = new Intl.DateTimeFormat(formatLocale, {
  dateStyle: "medium",
  timeStyle: "short",
});

function formatDate(value: string): string {
  const [year, month, day] = value.split("-").map(Number);
  if (!year || !month || !day) return value;
  const date = new Date(2000, month - 1, day);
  date.setFullYear(year); // the constructor maps the years 0 to 99 to 1900 to 1999
  return DATE.format(date);
}

function formatTimestamp(date: Date, text: string): string {
  return Number.isNaN(date.getTime()) ? text : TIMESTAMP.format(date);
}

function formatDecimal(value: string, places?: number): string {
  if (!/^-?\d+(\.\d+)?$/.test(value)) return value;
  const minimum = Math.min(places ?? 0, 20);
  const style = { minimumFractionDigits: minimum, maximumFractionDigits: 20 };
  return new Intl.NumberFormat(formatLocale, style).format(value as `${number}`);
}

/** Return the time zone in which timestamps are shown, such as `Asia/Jakarta`. */
export function timeZoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Return the size in bytes of base64-encoded content. */
export function sizeOf(base64: string): number {
  return Math.floor((base64.replace(/=+$/, "").length * 3) / 4);
}

export function formatSize(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const style = { style: "unit", unit: units[step], maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(formatLocale, style).format(bytes / 1000 ** step);
}

export function formatCount(count: number): string {
  return new Intl.NumberFormat(formatLocale).format(count);
}

/** Return a number of rows of a table with its noun: `3 students`. */
export function countedRows(nav: Pick<Nav, "label" | "labelSingular">, count: number): string {
  const noun = count === 1 ? nav.labelSingular : nav.label;
  return t("rows.counted", { count: formatCount(count), noun: lowerFirst(noun) });
}

/** Return parts in one sentence: `a, b and c`, or with `or`. */
export function formatList(
  parts: readonly string[],
  type: "conjunction" | "disjunction" = "conjunction",
): string {
  return new Intl.ListFormat(language, { type }).format(parts);
}

/** Return a label for use within a sentence. Acronyms such as "P5 project" and "SMS" keep their capitals. */
export function lowerFirst(label: string): string {
  return /^[A-Z][A-Z0-9]/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1);
}
