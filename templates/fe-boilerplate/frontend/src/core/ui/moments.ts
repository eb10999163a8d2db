/** Moments between the server's form and that of an input, which knows no zone: it means the browser's. */

import { readDayTime } from "./typed-moments";

/** Return a moment as an input holds it: `2024-01-31T08:00`, with seconds where there are some. */
export function localInput(moment: string): string {
  const date = new Date(moment);
  if (!moment || Number.isNaN(date.getTime())) return "";
  const pad = (part: number, width = 2) => String(part).padStart(width, "0");
  const day = `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const seconds = date.getSeconds() ? `:${pad(date.getSeconds())}` : "";
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}${seconds}`;
}

/** Return the moment that an input holds, in UTC; what is no moment stays as it is. */
export function readMoment(input: string): string {
  if (readDayTime(input) !== input) return input;
  return new Date(input).toISOString().replace(/\.000Z$/, "Z");
}
