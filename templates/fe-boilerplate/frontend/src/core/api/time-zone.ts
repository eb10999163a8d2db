/** The time zone in which the backend knows the current day. Its responses name it. */

const HEADER = "X-Time-Zone";
const STORED = "time-zone"; // in the session storage, for pages that are opened before the first response

/** Record the time zone that a response names. */
export function recordTimeZone(headers: Headers): void {
  const name = headers.get(HEADER);
  if (name) globalThis.sessionStorage?.setItem(STORED, name);
}

/** Return the current date and time there, `2024-01-31` and `08:00`; in UTC until a response has named it. */
export function currentMoment(): readonly [date: string, time: string] {
  const timeZone = globalThis.sessionStorage?.getItem(STORED) ?? "UTC";
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone,
    dateStyle: "short",
    timeStyle: "short",
  });
  const [date = "", time = ""] = format.format(new Date()).split(" "); // Sweden writes ISO 8601
  return [date, time];
}
