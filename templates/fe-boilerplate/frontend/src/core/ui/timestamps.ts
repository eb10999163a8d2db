/** Conversion of timestamps between UTC and the local time of the browser, which inputs use. */

import { parseInputDateTime } from "./date-time-text";

/** Return a timestamp as local time, `2024-01-31T08:00`, with seconds if they are not zero; empty if it is invalid. */
export function toLocalInput(timestamp: string): string {
  const date = new Date(timestamp);
  if (!timestamp || Number.isNaN(date.getTime())) return "";
  const pad = (part: number, width = 2) => String(part).padStart(width, "0");
  const day = `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const seconds = date.getSeconds() ? `:${pad(date.getSeconds())}` : "";
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}${seconds}`;
}

/** Return a local date and time as a timestamp in UTC; other text is returned unchanged. */
export function parseTimestamp(input: string): string {
  if (parseInputDateTime(input) !== input) return input;
  return new Date(input).toISOString().replace(/\.000Z$/, "Z");
}
