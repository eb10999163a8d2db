/** The entries of a form: single fields, and composite references that are selected as one. */

import { isFieldAllowed } from "../api/session-state";
import type { Reference } from "../api/table";
import { t } from "../language/messages";
import type { AnyPage, FieldInfo } from "./page";

export interface FormEntry {
  /** The field of the input. For a composite reference it is the first field without an entry of its own. */
  readonly field: FieldInfo;
  readonly reference?: Reference;
  /** Fields of the reference that have their own entries. Their values limit the options. */
  readonly shared: readonly string[];
}

/** Return the entries of a form in the table's order; for an existing row, only fields that can be changed. */
export function formEntries(page: AnyPage, isNew: boolean): readonly FormEntry[] {
  const entered = page.fields.filter((field) => field.schema && isEntered(page, field, isNew));
  const names = new Set(entered.map(({ name }) => name));
  const composite = page.table.references.filter(
    ({ fields }) => fields.length > 1 && fields.every((field) => names.has(field)),
  );
  const taken = new Map<string, Reference>();
  for (const reference of composite) {
    for (const name of reference.fields) {
      if (!page.byName.get(name)?.reference && !taken.has(name)) taken.set(name, reference);
    }
  }
  const seen = new Set<Reference>();
  return entered.flatMap((field): FormEntry[] => {
    const reference = taken.get(field.name);
    if (!reference) {
      const entry = isNew || !field.isSecret ? field : kept(field);
      return [{ field: entry, reference: field.reference, shared: [] }];
    }
    if (seen.has(reference)) return [];
    seen.add(reference);
    const shared = reference.fields.filter((name) => taken.get(name) !== reference);
    return [{ field, reference, shared }];
  });
}

/** Return a secret of an existing row, which stays as it is if nothing is entered. */
function kept(field: FieldInfo): FieldInfo {
  const help = [field.help, t("form.keepSecret")].filter(Boolean).join(" ");
  return { ...field, help, optional: true };
}

function isEntered(page: AnyPage, field: FieldInfo, isNew: boolean): boolean {
  return isNew ? isFieldAllowed("create", page.table.path, field.name) : field.changeable;
}

/** Return all fields whose values the entries of a form set. */
export function enteredFields(page: AnyPage, entries: readonly FormEntry[]): readonly FieldInfo[] {
  const names = entries.flatMap(({ field, reference }) => reference?.fields ?? [field.name]);
  return [...new Set(names)].flatMap((name) => page.byName.get(name) ?? []);
}
