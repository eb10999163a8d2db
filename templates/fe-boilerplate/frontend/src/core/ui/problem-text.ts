/** Error messages of fields as sentences. */

import type { AnyPage, FieldInfo } from "./page";

const SYMBOLS: Readonly<Record<string, string>> = { "<=": "≤", ">=": "≥", "<>": "≠", "!=": "≠" };

/** Return an error message with the label of its field. In rules, field names are replaced by their labels. */
export function problemText(page: AnyPage, field: FieldInfo, message: string): string {
  const rule = /^must satisfy (.*)$/s.exec(message)?.[1];
  const text = rule ? `must satisfy: ${ruleText(page, rule)}` : message;
  return /^[a-z]/.test(text) ? `${field.label} ${text}` : text;
}

/** Return the text of a rule. Quoted literals are left unchanged. */
function ruleText(page: AnyPage, rule: string): string {
  return rule
    .split(/('(?:[^']|'')*')/)
    .map((part) => (part.startsWith("'") ? part : withLabels(page, part)))
    .join("");
}

function withLabels(page: AnyPage, text: string): string {
  return text
    .replace(/[a-z_][a-z0-9_]*/gi, (word) => page.byName.get(word)?.label ?? word)
    .replace(/<=|>=|<>|!=/g, (operator) => SYMBOLS[operator] ?? operator);
}
