/** Dates and times as people of the browser's language type them. Pure functions. */

type Part = "year" | "month" | "day";
type Locale = string | undefined;

const PLAIN = { calendar: "gregory", numberingSystem: "latn", timeZone: "UTC" } as const;
const DAY = { ...PLAIN, year: "numeric", month: "2-digit", day: "2-digit" } as const;
const WIDTH: Readonly<Record<Part, number>> = { year: 4, month: 2, day: 2 };
const SAMPLE = new Date(0);
const ISO_DAY = /^\d{4}-\d\d-\d\d$/;
const CLOCK = /[\s,T]+(\d{1,2})[:.](\d\d)(?:[:.](\d\d)(\.\d+)?)?(?:\s*([ap])\.?\s?m\.?)?$/i;

/** Return a day, `2024-01-31`, the way it is written: `31/01/2024`. */
export function showDay(day: string, locale?: Locale): string {
  const [year = "", month = "", date = ""] = day.split("-");
  return layOut({ year, month, day: date }, locale);
}

/** Return the day that somebody has typed, or none. ISO's way of writing is understood too. */
export function readDay(text: string, locale?: Locale): string | undefined {
  const found = text.match(/\d+/g) ?? [];
  const isIso = ISO_DAY.test(text.trim());
  const order: readonly Part[] = isIso ? ["year", "month", "day"] : orderOf(locale);
  const values = found.length === 1 ? cut(found[0], order) : found;
  if (values.length !== 3) return undefined;
  const told = Object.fromEntries(order.map((part, at) => [part, values[at] ?? ""]));
  const { year = "", month = "", day = "" } = told;
  const written = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  return ISO_DAY.test(written) && isThere(written) ? written : undefined;
}

/** Return a date and time, `2024-01-31T08:00`, the way they are written: `31/01/2024 08:00`. */
export function showDayTime(moment: string, locale?: Locale): string {
  const [day = "", time = ""] = moment.split("T");
  return `${showDay(day, locale)} ${showClock(time, locale)}`;
}

/** Return the date and time that somebody has typed, or none. */
export function readDayTime(text: string, locale?: Locale): string | undefined {
  const found = CLOCK.exec(text.trim());
  const day = found && readDay(text.trim().slice(0, found.index), locale);
  if (!day) return undefined;
  const [, told = "", minute = "", second, fraction = "", half] = found;
  const hour = half ? hourOfHalf(Number(told), half) : Number(told);
  if (!(hour >= 0 && hour < 24) || Number(minute) > 59 || Number(second ?? 0) > 59) {
    return undefined;
  }
  const seconds = second === undefined ? "" : `:${second}${fraction}`;
  return `${day}T${String(hour).padStart(2, "0")}:${minute}${seconds}`;
}

/** Return how a day is typed: `DD/MM/YYYY`. */
export function dayForm(locale?: Locale): string {
  return layOut({ year: "YYYY", month: "MM", day: "DD" }, locale);
}

/** Return how a date and time are typed: `DD/MM/YYYY HH:MM`. */
export function dayTimeForm(locale?: Locale): string {
  return `${dayForm(locale)} ${isHalved(locale) ? "H:MM AM" : "HH:MM"}`;
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

/** Cut digits that were typed without anything between them. */
function cut(digits: string, order: readonly Part[]): readonly string[] {
  if (digits.length !== 8) return [];
  let at = 0;
  return order.map((part) => {
    at += WIDTH[part];
    return digits.slice(at - WIDTH[part], at);
  });
}

/** Whether the calendar has this day: no month has 32. */
function isThere(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

function showClock(time: string, locale: Locale): string {
  if (!isHalved(locale)) return time;
  const [hour = "", ...rest] = time.split(":");
  const clock = [String(Number(hour) % 12 || 12), ...rest].join(":");
  return `${clock} ${Number(hour) < 12 ? "AM" : "PM"}`;
}

function hourOfHalf(hour: number, half: string): number {
  if (hour < 1 || hour > 12) return Number.NaN;
  return (hour % 12) + (half.toLowerCase() === "p" ? 12 : 0);
}

function isHalved(locale: Locale): boolean {
  return new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions().hour12 ?? false;
}
