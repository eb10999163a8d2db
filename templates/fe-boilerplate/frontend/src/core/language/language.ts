/** The language of the interface, and the locale of dates and numbers. They stay as they are until the page is reloaded. */

import { defaultLanguage } from "./default-language";

const STORED = "language"; // in the local storage, once it was chosen

/** The languages with a catalogue, as BCP 47 tags, the default one first. */
export const languages: readonly string[] = Object.keys(import.meta.glob("./catalogues/*.ts"))
  .map((path) => path.replace(/^.*\/|\.ts$/g, ""))
  .sort((one, other) => rank(one) - rank(other) || one.localeCompare(other));

const preferred = globalThis.navigator?.languages ?? [];
const chosen = languages.find((one) => one === globalThis.localStorage?.getItem(STORED));

/** The language of the interface: the chosen one, or else the first that the browser prefers. */
export const language = chosen ?? preferredOf(languages, preferred) ?? defaultLanguage;

/** The locale of dates and numbers; undefined for that of the browser. */
export const formatLocale = localeOf(language, preferred, chosen !== undefined);

/** Return the first language that is preferred, as it is or in another region. */
export function preferredOf(
  offered: readonly string[],
  tags: readonly string[],
): string | undefined {
  const found = tags.flatMap(
    (tag) =>
      offered.find((one) => one.toLowerCase() === tag.toLowerCase()) ??
      offered.find((one) => baseOf(one) === baseOf(tag)) ??
      [],
  );
  return found[0];
}

/** Return the locale for a language: the region that the browser prefers, or else the language if it was chosen. */
export function localeOf(
  name: string,
  tags: readonly string[],
  isChosen: boolean,
): string | undefined {
  return tags.find((tag) => baseOf(tag) === baseOf(name)) ?? (isChosen ? name : undefined);
}

/** Choose a language, and load the page again in it. */
export function chooseLanguage(name: string): void {
  localStorage.setItem(STORED, name);
  window.location.reload();
}

/** Return the name of a language in that language. */
export function nameOf(name: string): string {
  return NAMES[name] ?? new Intl.DisplayNames(name, { type: "language" }).of(name) ?? name;
}

const NAMES: Readonly<Record<string, string>> = { id: "Bahasa Indonesia" }; // browsers call it "Indonesia"

function baseOf(tag: string): string {
  return tag.toLowerCase().split("-")[0] ?? tag;
}

function rank(name: string): number {
  return name === defaultLanguage ? 0 : 1;
}
