/** Error messages of fields as sentences. */

import { t } from "../language/messages";
import type { AnyPage, FieldInfo } from "./page";

/** Return an error message with the label of its field, or with those of the fields that it names. */
export function problemText(page: AnyPage, field: FieldInfo, message: string): string {
  if (message.includes("`")) return sentence(page, message);
  if (!/^\p{Ll}/u.test(message)) return message;
  return t("field.message", { field: field.label, message });
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
