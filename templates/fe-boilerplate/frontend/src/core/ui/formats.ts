/** Values as people read them, in the language and zone of the browser. Pure functions. */

import { writeJson } from "../api/json";
import { choiceLabel } from "./fields";
import type { FieldInfo, Kind } from "./page";

/** Stands where there is no value. */
export const NOTHING = "–";
export const HIDDEN = "••••••••";

type Shown = Pick<FieldInfo, "kind" | "item" | "choices" | "format" | "places">;

/** Return a value as one line of text. */
export function formatText(field: Shown, value: unknown): string {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (field.format === "secret") return HIDDEN;
  if (Array.isArray(value)) {
    const item: Shown = { ...field, kind: field.item ?? "text" };
    return value.map((one) => formatText(item, one)).join(", ") || NOTHING;
  }
  if (field.choices) return choiceLabel(String(value));
  return (BY_KIND[field.kind] ?? String)(value, field);
}

type Format = (value: unknown, field: Shown) => string;

const BY_KIND: { readonly [K in Kind]?: Format } = {
  boolean: (value) => (value ? "Yes" : "No"),
  date: (value) => formatDate(String(value)),
  time: (value) => String(value).replace(/^(\d\d:\d\d)(:00)?(\.0+)?$/, "$1"),
  timestamp: (value) => moment(new Date(String(value)), String(value)),
  local_timestamp: (value) => moment(new Date(String(value)), String(value)),
  decimal: (value, { places }) => formatDecimal(String(value), places),
  json: (value) => writeJson(value),
  bytes: (value) => formatSize(sizeOf(String(value))),
};

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function formatDate(value: string): string {
  const [year, month, day] = value.split("-").map(Number);
  if (!year || !month || !day) return value;
  const date = new Date(2000, month - 1, day);
  date.setFullYear(year); // also where the year is below 100
  return DATE.format(date);
}

function moment(date: Date, text: string): string {
  return Number.isNaN(date.getTime()) ? text : MOMENT.format(date);
}

function formatDecimal(value: string, places?: number): string {
  if (!/^-?\d+(\.\d+)?$/.test(value)) return value;
  const least = Math.min(places ?? 0, 20);
  const style = { minimumFractionDigits: least, maximumFractionDigits: 20 };
  return new Intl.NumberFormat(undefined, style).format(value as `${number}`);
}

/** The zone that moments are shown in, as `Asia/Jakarta`. */
export function zoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** How many bytes a base64 text holds. */
export function sizeOf(base64: string): number {
  return Math.floor((base64.replace(/=+$/, "").length * 3) / 4);
}

export function formatSize(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const style = { style: "unit", unit: units[step], maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(undefined, style).format(bytes / 1000 ** step);
}

export function formatCount(count: number): string {
  return new Intl.NumberFormat(undefined).format(count);
}

/** Return a label as said within a sentence: "P5 project" and "SMS" keep their capitals. */
export function lowerFirst(label: string): string {
  return /^[A-Z][A-Z0-9]/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1);
}
