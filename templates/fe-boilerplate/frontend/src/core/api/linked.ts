/** How tables are linked: which references rows are added by, and which rows a parent is already linked with. */

import { referrersOf } from "./references";
import type { AnyTable, Reference, Referrer } from "./table";
import { loadTable } from "./tables";

/** Whether at most one row can have the same values in these fields. */
export function isUnique(table: AnyTable, fields: readonly string[]): boolean {
  return [table.key, ...table.unique].some(
    (set) => set.length > 0 && set.every((name) => fields.includes(name)),
  );
}

/** A table that links two others: each of its rows refers to a row of the one and to a row of the other. */
export interface Link {
  readonly table: AnyTable;
  /** The reference to the parent. */
  readonly parent: Referrer;
  /** The reference to the rows that the parent is linked with. */
  readonly other: Reference;
}

/**
 * Return the table that links the parent of a child with the rows that the child refers to by `reference`.
 *
 * Attendance refers to a class and to a student: classes and students are linked by enrollments.
 */
export async function findLink(
  child: AnyTable,
  referrer: Referrer,
  reference: Reference,
): Promise<Link | undefined> {
  const parent = child.references.find(({ name }) => name === referrer.reference)?.table ?? "";
  const referrers = referrersOf(parent).filter(({ table }) => table !== child.name);
  const links = await Promise.all(
    referrers.map(async (own): Promise<Link[]> => {
      const table = await loadTable(own.table);
      const others = table?.references.filter((other) => leadsAlike(other, reference)) ?? [];
      if (!table) return [];
      const found = others.filter(({ fields }) => isUnique(table, [...own.fields, ...fields]));
      return found.map((other) => ({ table, parent: own, other }));
    }),
  );
  const found = links.flat();
  return found.length === 1 ? found[0] : undefined;
}

/** Whether two references lead to the same row if their field has the same value. */
function leadsAlike(one: Reference, other: Reference): boolean {
  return (
    one.table === other.table &&
    one.fields.length === 1 &&
    other.fields.length === 1 &&
    one.targetFields[0] === other.targetFields[0]
  );
}
