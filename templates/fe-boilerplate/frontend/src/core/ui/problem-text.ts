/** Error messages of fields as sentences. */

import { t } from "../language/messages";
import type { AnyPage, FieldInfo } from "./page";

const SYMBOLS: Readonly<Record<string, string>> = { "<=": "≤", ">=": "≥", "<>": "≠", "!=": "≠" };

/** Return an error message with the label of its field, or with those of the fields that it names. */
export function problemText(page: AnyPage, field: FieldInfo, message: string): string {
  if (message.includes("`")) return sentence(page, message);
  const rule = /^must satisfy (.*)$/s.exec(message)?.[1];
  const text = rule ? t("field.rule", { rule: ruleText(page, rule) }) : message;
  return /^\p{Ll}/u.test(text) ? t("field.message", { field: field.label, message: text }) : text;
}

/** Return a message with labels in place of the fields in backticks and of their choices in quotes. */
function sentence(page: AnyPage, message: string): string {
  const named = [...message.matchAll(/`([^`]+)`/g)].flatMap(
    ([, name = ""]) => page.byName.get(name) ?? [],
  );
  const choices = named.flatMap((field) => field.choices ?? []);
  const text = message
    .replace(
      /'((?:[^']|'')*)'/g,
      (quoted, value) => choices.find((choice) => choice.value === value)?.label ?? quoted,
    )
    .replace(/`([^`]+)`/g, (_, name) => page.byName.get(name)?.label ?? name);
  return text.charAt(0).toUpperCase() + text.slice(1);
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
