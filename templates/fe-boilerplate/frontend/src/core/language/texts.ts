/** Texts that the application is generated with, such as labels. */

import { defaultLanguage } from "./default-language";
import { language } from "./language";

/** A text for all languages, or one by language. */
export type Text = string | Readonly<Record<string, string>>;

/** Return a text in the language of the interface, or else in the default language or in English. */
export function textIn(text: Text): string {
  if (typeof text === "string") return text;
  return text[language] ?? text[defaultLanguage] ?? text.en ?? "";
}

/** Return a text in every language that it has, that of the interface first. */
export function textsIn(text: Text): readonly string[] {
  return typeof text === "string" ? [text] : [...new Set([textIn(text), ...Object.values(text)])];
}
