/** Options of a reference, narrowed to the rows that a parent is linked with. */

import { useQuery } from "@tanstack/react-query";
import { findLink } from "../api/linked";
import type { AnyRow, AnyTable, Reference, Referrer } from "../api/table";
import { navOf } from "./registry";

const MAX_VALUES = 200; // part of a URL

export interface Narrowing {
  /** The label of the table that links both, such as "Enrollments". */
  readonly by: string;
  /** Filters for the options. */
  readonly where: Readonly<Record<string, string>>;
  readonly count: number;
}

/** Return the filters by which options are the rows that `row`, the parent, is linked with; null if there are none. */
export async function findNarrowing(
  child: AnyTable,
  referrer: Referrer,
  reference: Reference,
  row: AnyRow,
  signal?: AbortSignal,
): Promise<Narrowing | null> {
  const link = await findLink(child, referrer, reference);
  const [field = ""] = link?.other.fields ?? [];
  if (!link) return null;
  const { items, next } = await link.table.list(
    { limit: MAX_VALUES, count: "none", filters: parentFilters(link.parent, row) },
    signal,
  );
  const values = [...new Set(items.map((linked) => String(linked[field])))];
  if (next || values.length === 0 || values.some((value) => value.includes(","))) return null;
  const where = { [`${reference.targetFields[0]}__in`]: values.join(",") };
  return { by: navOf(link.table.name)?.label ?? link.table.name, where, count: values.length };
}

/** Return the filters for the rows that refer to a row. */
export function parentFilters(referrer: Referrer, row: AnyRow): Readonly<Record<string, string>> {
  return Object.fromEntries(
    referrer.fields.map((field, at) => [
      `${field}__eq`,
      String(row[referrer.targetFields[at] ?? ""]),
    ]),
  );
}

/** Return how the options of a reference can be narrowed; undefined while this is not known, null if they cannot. */
export function useNarrowing(
  child: AnyTable,
  referrer: Referrer,
  reference: Reference | undefined,
  row: AnyRow,
): Narrowing | null | undefined {
  const { data } = useQuery({
    queryKey: [
      "tables",
      child.name,
      "narrowing",
      referrer,
      reference,
      parentFilters(referrer, row),
    ],
    queryFn: ({ signal }) =>
      reference ? findNarrowing(child, referrer, reference, row, signal) : null,
  });
  return data;
}
