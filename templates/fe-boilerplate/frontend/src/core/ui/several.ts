/** Adding several children of a row at once: which fields are chosen, which are entered, and the rows to send. */

import { isUnique } from "../api/linked";
import type { ProblemError } from "../api/problem";
import type { AnyRow, Reference, Referrer } from "../api/table";
import { enteredFields, type FormEntry, formEntries } from "./form-entries";
import { type Drafts, draftOf, formSchema, initialDraft, type Values } from "./form-values";
import type { AnyPage, FieldInfo } from "./page";
import { problemText } from "./problem-text";
import type { Option } from "./reference-options";

/** What is entered once for all new rows, beside the reference to the parent and the chosen one. */
export interface SharedEntries {
  readonly required: readonly FormEntry[];
  readonly optional: readonly FormEntry[];
}

/**
 * Return the references by which several children of a row can be chosen.
 *
 * None if each child needs a value of its own beside them, such as the number of an invoice.
 */
export function chosenReferences(page: AnyPage, referrer: Referrer): readonly Reference[] {
  const isEntered = (name: string) => page.byName.get(name)?.schema !== undefined;
  if (!page.table.writable || isUnique(page.table, referrer.fields)) return [];
  const others = page.table.references.filter(
    ({ name, fields }) =>
      name !== referrer.reference &&
      fields.every(isEntered) &&
      fields.some((field) => isRequired(page, field) && !referrer.fields.includes(field)),
  );
  return others.filter((reference) =>
    sharedEntries(page, referrer, reference).required.every(
      ({ field }) => !isUnique(page.table, [...referrer.fields, field.name]),
    ),
  );
}

/** Whether several children of a row can be added by choosing them, with nothing else to enter. */
export function isChoiceEnough(page: AnyPage, referrer: Referrer): boolean {
  const [first] = chosenReferences(page, referrer);
  return first !== undefined && sharedEntries(page, referrer, first).required.length === 0;
}

/** Return the entries of the fields that all new rows share. Those that must differ are left out. */
export function sharedEntries(
  page: AnyPage,
  referrer: Referrer,
  reference: Reference,
): SharedEntries {
  const taken = new Set([...referrer.fields, ...reference.fields]);
  const entries = formEntries(page, true).filter(({ field, reference: own }) =>
    (own?.fields ?? [field.name]).every((name) => !taken.has(name)),
  );
  const required = entries.filter(({ field }) => isRequired(page, field.name));
  const optional = entries.filter(
    (entry) =>
      !required.includes(entry) && !isUnique(page.table, [...referrer.fields, entry.field.name]),
  );
  return { required, optional };
}

function isRequired(page: AnyPage, name: string): boolean {
  const field = page.byName.get(name);
  return field?.schema !== undefined && !field.nullable && !field.optional;
}

/** Return the initial drafts of a new child of a row. */
export function childDrafts(
  page: AnyPage,
  referrer: Referrer,
  row: AnyRow,
): { readonly fields: readonly FieldInfo[]; readonly drafts: Drafts } {
  const fields = enteredFields(page, formEntries(page, true));
  const drafts = Object.fromEntries(
    fields.map((field) => [field.name, initialDraft(field, undefined)]),
  );
  for (const [at, name] of referrer.fields.entries()) {
    const field = page.byName.get(name);
    if (field) drafts[name] = draftOf(field, row[referrer.targetFields[at] ?? ""]);
  }
  return { fields, drafts };
}

export type Messages = Readonly<Record<string, string>>;

/** The rows to send, or the messages of the fields that are invalid, by option. */
export type Checked =
  | { readonly rows: readonly Values[] }
  | { readonly rows?: undefined; readonly shared: Messages; readonly byOption: Messages };

/** Check the rows of all chosen options. `shared` are the drafts of the fields that they share. */
export function checkRows(
  page: AnyPage,
  child: ReturnType<typeof childDrafts>,
  reference: Reference,
  chosen: readonly Option[],
  shared: Drafts,
): Checked {
  const rows: Values[] = [];
  const common: Record<string, string> = {};
  const byOption: Record<string, string> = {};
  const schema = formSchema(page, child.fields, child.drafts);
  for (const option of chosen) {
    const own = reference.fields.map((name, at) => [name, option.values[at] ?? ""] as const);
    const result = schema.safeParse({ ...child.drafts, ...shared, ...Object.fromEntries(own) });
    if (result.success) rows.push(result.data);
    for (const { path, message } of result.error?.issues ?? []) {
      const name = String(path[0]);
      if (name in shared) common[name] = message;
      else byOption[option.value] = messageOf(page, name, message);
    }
  }
  return rows.length === chosen.length ? { rows } : { shared: common, byOption };
}

/** Return the messages of a rejected bulk request by option. */
export function optionMessages(
  page: AnyPage,
  problem: ProblemError,
  chosen: readonly Option[],
): Messages {
  return Object.fromEntries(
    [...problem.byRow()].flatMap(([index, errors]) => {
      const option = chosen[index];
      const texts = errors.map(({ field, message }) => messageOf(page, field, message));
      return option ? [[option.value, [...new Set(texts)].join("; ")]] : [];
    }),
  );
}

/** Return an error message as a sentence about its field, or about the row. */
export function messageOf(page: AnyPage, name: string, message: string): string {
  const field = page.byName.get(name.split(".")[0] ?? "");
  return field ? problemText(page, field, message) : `${name} ${message}`.trim();
}
