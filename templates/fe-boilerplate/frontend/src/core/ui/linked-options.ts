/** Which options of a reference the children of a row can, and already do, refer to. */

import { isUnique } from "../api/linked";
import type { AnyRow, Reference, Referrer } from "../api/table";
import { parentFilters } from "./narrowing";
import type { AnyPage } from "./page";
import type { Option } from "./reference-options";
import { valuesKey } from "./row-labels";

const MAX_LINKED = 500; // rows of a parent that are compared with the options of a composite reference

/** Return filters for the fields that a composite reference shares with the reference to the parent. */
export function sharedWhere(referrer: Referrer, reference: Reference, row: AnyRow) {
  return Object.fromEntries(
    reference.fields.flatMap((field, at) => {
      const shared = referrer.fields.indexOf(field);
      if (shared < 0) return [];
      const value = String(row[referrer.targetFields[shared] ?? ""]);
      return [[`${reference.targetFields[at]}__eq`, value]];
    }),
  );
}

/** Return which options a child of the row refers to already, if it cannot refer to them twice. */
export async function findLinked(
  page: AnyPage,
  referrer: Referrer,
  reference: Reference,
  row: AnyRow,
  offered: readonly Option[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const isOnce = isUnique(page.table, [...referrer.fields, ...reference.fields]);
  if (!isOnce || offered.length === 0) return new Set();
  const values = offered.map((option) => option.values.join(","));
  const [field = ""] = reference.fields;
  const isListed = reference.fields.length === 1 && !values.some((value) => value.includes(","));
  const among = isListed ? { [`${field}__in`]: values.join(",") } : {};
  const filters = { ...parentFilters(referrer, row), ...among };
  const { items } = await page.table.list({ limit: MAX_LINKED, count: "none", filters }, signal);
  return new Set(items.flatMap((child) => valuesKey(child, reference.fields) ?? []));
}
