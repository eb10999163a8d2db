/** What follows the `?` of a URL, as plain texts: what is seen there is what is meant, numbers too. */
export type Search = Readonly<Record<string, string>>;

/** Read `?status=active&sort=-name`. Of a name that comes twice the last counts. */
export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Write it; what has no value is left out. */
export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}
