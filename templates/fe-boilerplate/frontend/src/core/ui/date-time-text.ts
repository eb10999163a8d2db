/** Dates and times as typed in the format of a locale, by default the browser's. Pure functions. */

import { formatLocale } from "../language/language";

type Part = "year" | "month" | "day";
type Locale = string | undefined;

const PLAIN = { calendar: "gregory", numberingSystem: "latn", timeZone: "UTC" } as const;
const DAY = { ...PLAIN, year: "numeric", month: "2-digit", day: "2-digit" } as const;
const WIDTH: Readonly<Record<Part, number>> = { year: 4, month: 2, day: 2 };
const SAMPLE = new Date(0);
const ISO_DATE = /^\d{4}-\d\d-\d\d$/;
const TIME = /[\s,T]+(\d{1,2})[:.](\d\d)(?:[:.](\d\d)(\.\d+)?)?(?:\s*([ap])\.?\s?m\.?)?$/i;

/** Format a date, `2024-01-31`, for an input: `31/01/2024`. */
export function formatInputDate(day: string, locale: Locale = formatLocale): string {
  const [year = "", month = "", date = ""] = day.split("-");
  return layOut({ year, month, day: date }, locale);
}

/** Parse a typed date; undefined if it is invalid. ISO 8601 dates are accepted in every locale. */
export function parseInputDate(text: string, locale: Locale = formatLocale): string | undefined {
  const numbers = text.match(/\d+/g) ?? [];
  const isIso = ISO_DATE.test(text.trim());
  const order: readonly Part[] = isIso ? ["year", "month", "day"] : orderOf(locale);
  const values = numbers.length === 1 ? split(numbers[0], order) : numbers;
  if (values.length !== 3) return undefined;
  const parts = Object.fromEntries(order.map((part, index) => [part, values[index] ?? ""]));
  const { year = "", month = "", day = "" } = parts;
  const date = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  return ISO_DATE.test(date) && exists(date) ? date : undefined;
}

/** Format a date and time, `2024-01-31T08:00`, for an input: `31/01/2024 08:00`. */
export function formatInputDateTime(value: string, locale: Locale = formatLocale): string {
  const [date = "", time = ""] = value.split("T");
  return `${formatInputDate(date, locale)} ${formatTime(time, locale)}`;
}

/** Parse a typed date and time; undefined if it is invalid. */
export function parseInputDateTime(
  text: string,
  locale: Locale = formatLocale,
): string | undefined {
  const match = TIME.exec(text.trim());
  const date = match && parseInputDate(text.trim().slice(0, match.index), locale);
  if (!date) return undefined;
  const [, hours = "", minute = "", second, fraction = "", period] = match;
  const hour = period ? to24Hours(Number(hours), period) : Number(hours);
  if (!(hour >= 0 && hour < 24) || Number(minute) > 59 || Number(second ?? 0) > 59) {
    return undefined;
  }
  const seconds = second === undefined ? "" : `:${second}${fraction}`;
  return `${date}T${String(hour).padStart(2, "0")}:${minute}${seconds}`;
}

/** Return the format of dates: `DD/MM/YYYY`. */
export function datePattern(locale: Locale = formatLocale): string {
  return layOut({ year: "YYYY", month: "MM", day: "DD" }, locale);
}

/** Return the format of dates and times: `DD/MM/YYYY HH:MM`. */
export function dateTimePattern(locale: Locale = formatLocale): string {
  return `${datePattern(locale)} ${hasDayPeriod(locale) ? "H:MM AM" : "HH:MM"}`;
}

function layOut(values: Readonly<Record<Part, string>>, locale: Locale): string {
  return partsOf(locale)
    .map(({ type, value }) => (isPart(type) ? values[type] : value))
    .join("");
}

function orderOf(locale: Locale): readonly Part[] {
  return partsOf(locale).flatMap(({ type }) => (isPart(type) ? type : []));
}

function partsOf(locale: Locale): readonly Intl.DateTimeFormatPart[] {
  return new Intl.DateTimeFormat(locale, DAY).formatToParts(SAMPLE);
}

function isPart(type: string): type is Part {
  return type in WIDTH;
}

/** Split eight digits without separators into year, month and day. */
function split(digits: string, order: readonly Part[]): readonly string[] {
  if (digits.length !== 8) return [];
  let end = 0;
  return order.map((part) => {
    end += WIDTH[part];
    return digits.slice(end - WIDTH[part], end);
  });
}

/** Whether a date exists in the calendar. */
function exists(isoDate: string): boolean {
  const date = new Date(`${isoDate}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(isoDate);
}

function formatTime(time: string, locale: Locale): string {
  if (!hasDayPeriod(locale)) return time;
  const [hour = "", ...rest] = time.split(":");
  const clock = [String(Number(hour) % 12 || 12), ...rest].join(":");
  return `${clock} ${Number(hour) < 12 ? "AM" : "PM"}`;
}

function to24Hours(hour: number, period: string): number {
  if (hour < 1 || hour > 12) return Number.NaN;
  return (hour % 12) + (period.toLowerCase() === "p" ? 12 : 0);
}

function hasDayPeriod(locale: Locale): boolean {
  return new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions().hour12 ?? false;
}
