/** Orders by the labels of referenced rows: the paths to the fields that make these labels up. */

import { useQuery } from "@tanstack/react-query";
import { isAllowed, isFieldAllowed } from "../api/session-state";
import type { AnyTable, Reference } from "../api/table";
import { loadTable } from "../api/tables";
import type { AnyPage } from "./page";

const MAX_DEPTH = 3; // references that the server follows
const MAX_PATHS = 3;

/** The paths that order a list by a column, by the name of its field. */
export type LabelOrders = Readonly<Record<string, readonly string[]>>;

const NONE: LabelOrders = {};

/** Return the orders of the columns that show labels of referenced rows; none while they are loading. */
export function useLabelOrders(page: AnyPage): LabelOrders {
  const { data } = useQuery({
    queryKey: ["label-orders", page.table.name],
    queryFn: () => labelOrders(page),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? NONE;
}

async function labelOrders(page: AnyPage): Promise<LabelOrders> {
  const found = page.fields.map(async ({ name, leadsTo }) => {
    const paths = leadsTo ? await labelPaths(leadsTo) : [];
    return [name, paths.slice(0, MAX_PATHS)] as const;
  });
  return Object.fromEntries((await Promise.all(found)).filter(([, paths]) => paths.length > 0));
}

/** Return the paths to the fields of a reference's label that can be read and have an order. */
export async function labelPaths(
  reference: Reference,
  depth = MAX_DEPTH,
): Promise<readonly string[]> {
  const target = await loadTable(reference.table);
  if (!target || !isAllowed("read", target.path)) return [];
  const parts = [...target.labelFields, ...target.labelQualifiers].map(async (name) => {
    const further = target.references.find(({ fields }) => fields.join() === name);
    if (further) return depth > 1 ? labelPaths(further, depth - 1) : [];
    return isOrdered(target, name) ? [name] : [];
  });
  return (await Promise.all(parts)).flat().map((path) => `${reference.path}__${path}`);
}

function isOrdered(table: AnyTable, name: string): boolean {
  const hasOrder = table.filters[name]?.includes("eq") ?? false;
  return hasOrder && isFieldAllowed("read", table.path, name) === true;
}

/** Return what a list is sorted by as columns: those whose labels it is sorted by, then all that it names. */
export function sortedColumns(sort: readonly string[], orders: LabelOrders): readonly string[] {
  const labelled = Object.entries(orders).flatMap(([name, paths]) =>
    ["", "-"]
      .filter((sign) => paths.every((path) => sort.includes(sign + path)))
      .map((sign) => sign + name),
  );
  return [...labelled, ...sort];
}
