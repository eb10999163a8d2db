/** The query of a URL as plain strings, numbers included, so that no digit is lost. */
export type Search = Readonly<Record<string, string>>;

/** Parse a query such as `?status=active&sort=-name`. The last value of a repeated name is used. */
export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Serialize a query; undefined and empty values are omitted. */
export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
  const parameters = entries.map(([name, value]) => [name, String(value)]);
  const text = new URLSearchParams(parameters).toString();
  return text && `?${text}`;
}
