/** Errors of the cells of a file, as sentences and as a CSV file. */

import type { CellError } from "../../api/imports";
import { messageOf } from "../../api/problem-messages";
import { t } from "../../language/messages";
import { readDraft } from "../form-values";
import { readCell } from "../grid/cell-text";
import type { AnyPage, FieldInfo } from "../page";
import { problemText } from "../problem-text";

/** Return what is wrong with a cell as a sentence. */
export function errorSentence(page: AnyPage, error: CellError): string {
  const field = page.byName.get(error.field.split(".")[0] ?? "");
  if (!field) return `${error.field} ${error.message}`.trim();
  const { code, message, constraint } = error;
  const text = knownMessage(field, error) ?? messageOf(code, message, constraint ?? undefined);
  return problemText(page, field, text);
}

/** Return the message of an error in the language of the interface, where its cause is known here. */
function knownMessage(field: FieldInfo, { code, message, value }: CellError): string | undefined {
  if (code === "missing") return t("field.required");
  if (code === "not_found") return t("field.notFound");
  if (code === "ambiguous") return t("field.ambiguous");
  if (code === "repeated") return t("field.sameAsRow", { row: /\d+$/.exec(message)?.[0] ?? "" });
  return PUT_HERE.has(code) ? undefined : checked(field, value);
}

const PUT_HERE = new Set(["cell", "check", "foreign_key", "unique"]); // by the server alone

/** Return the message that the field's own check has for a text. */
function checked(field: FieldInfo, text: string): string | undefined {
  try {
    return field.schema?.safeParse(readDraft(field, readCell(field, text))).error?.issues[0]
      ?.message;
  } catch (error) {
    if (error instanceof SyntaxError) return t("field.json");
    throw error;
  }
}

/** Return the errors as a CSV file. */
export function errorsCsv(page: AnyPage, errors: readonly CellError[]): Blob {
  const titles = [t("import.row"), t("import.column"), t("import.value"), t("import.error")];
  const rows = errors.map((error) => [
    String(error.row),
    error.column,
    error.value,
    errorSentence(page, error),
  ]);
  const lines = [titles, ...rows].map((cells) => cells.map(csvCell).join(","));
  return new Blob([`\ufeff${lines.join("\r\n")}\r\n`], { type: "text/csv" });
}

/** Return a cell of a CSV file; a text that a spreadsheet would take for a formula gets an apostrophe. */
function csvCell(text: string): string {
  const isFormula = /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+([.,]\d+)?$/.test(text);
  return `"${(isFormula ? `'${text}` : text).replaceAll('"', '""')}"`;
}
