/** What is wrong with a field, as a sentence. */

import type { AnyPage, FieldInfo } from "./page";

const SIGNS: Readonly<Record<string, string>> = { "<=": "≤", ">=": "≥", "<>": "≠", "!=": "≠" };

/** Say it of the field by its label; a rule of the database is told with the labels of its fields. */
export function tellProblem(page: AnyPage, field: FieldInfo, message: string): string {
  const rule = /^must satisfy (.*)$/s.exec(message)?.[1];
  const said = rule ? `must satisfy: ${tellRule(page, rule)}` : message;
  return /^[a-z]/.test(said) ? `${field.label} ${said}` : said;
}

/** Texts in quotes are values: they stay as they are. */
function tellRule(page: AnyPage, rule: string): string {
  return rule
    .split(/('(?:[^']|'')*')/)
    .map((part) => (part.startsWith("'") ? part : tellWords(page, part)))
    .join("");
}

function tellWords(page: AnyPage, text: string): string {
  return text
    .replace(/[a-z_][a-z0-9_]*/gi, (word) => page.byName.get(word)?.label ?? word)
    .replace(/<=|>=|<>|!=/g, (sign) => SIGNS[sign] ?? sign);
}
