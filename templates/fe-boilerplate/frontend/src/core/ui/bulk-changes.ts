/** The same changes to several rows: which fields can be changed, the values to send, and the rows that were rejected. */

import { isUnique } from "../api/linked";
import { ProblemError } from "../api/problem";
import { t } from "../language/messages";
import { type FormEntry, formEntries } from "./form-entries";
import { type Drafts, readDraft, type Values } from "./form-values";
import { readKey } from "./keys";
import type { AnyPage } from "./page";
import { labelRows } from "./row-labels";
import { type Messages, messageOf } from "./several";

/** Return the entries of fields that several rows can have the same value in. */
export function editedEntries(page: AnyPage): readonly FormEntry[] {
  return formEntries(page, false).filter(
    ({ field, reference }) => !isUnique(page.table, reference?.fields ?? [field.name]),
  );
}

/** Return the values of the chosen entries, and the messages of those that are invalid in every row. */
export function changedValues(
  page: AnyPage,
  chosen: readonly FormEntry[],
  drafts: Drafts,
): { readonly values: Values; readonly messages: Messages } {
  const values: Values = {};
  const messages: Record<string, string> = {};
  const names = chosen.flatMap(({ field, reference }) => reference?.fields ?? [field.name]);
  for (const name of new Set(names)) {
    const field = page.byName.get(name);
    if (!field) continue;
    try {
      const value = readDraft(field, drafts[name] ?? "");
      const result = field.schema?.safeParse(value);
      if (value === undefined) messages[name] = t("field.required");
      else if (result?.success === false) messages[name] = result.error.issues[0]?.message ?? "";
      else values[name] = value;
    } catch {
      messages[name] = t("field.json");
    }
  }
  return { values, messages };
}

/** A row that the server rejected. */
export interface Rejected {
  readonly id: string;
  readonly label: string;
  readonly text: string;
}

/** Return the rows that a bulk request was rejected for, with their labels. */
export async function rejectedRows(
  page: AnyPage,
  problem: ProblemError,
  ids: readonly string[],
): Promise<readonly Rejected[]> {
  const found = [...problem.byRow()].map(async ([index, errors]) => {
    const id = ids[index];
    if (id === undefined) return [];
    const texts = errors.map(({ field, message }) => messageOf(page, field, message));
    return [{ id, label: await labelOf(page, id), text: [...new Set(texts)].join("; ") }];
  });
  return (await Promise.all(found)).flat();
}

async function labelOf(page: AnyPage, id: string): Promise<string> {
  try {
    const { row } = await page.table.get(readKey(id));
    return (await labelRows(page.table, [row]))[0] ?? id;
  } catch (error) {
    if (error instanceof ProblemError) return id; // the row was deleted meanwhile
    throw error;
  }
}
