import { useQuery } from "@tanstack/react-query";
import type { AnyRow, AnyTable, Page, Reference } from "../api/table";
import { type Labels, labelReferred, labelRows, type RowLabel, valuesKey } from "./row-labels";

const LOADING: Labels = new Map();
const SCOPE = "labels";

/** Return the labels of the rows to which a page of a list refers; without the references while they are loading. */
export function usePageLabels(
  references: readonly Reference[],
  page: Page<AnyRow> | undefined,
  stamp: number,
): Labels {
  const names = references.map((reference) => reference.name);
  const { data, isError } = useQuery({
    queryKey: [SCOPE, "page", names, page && numberOf(page), stamp],
    queryFn: ({ signal }) => labelReferred(references, page?.items ?? [], signal, page?.expanded),
    enabled: page !== undefined && references.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return data ?? (isError ? unlabelled(references) : LOADING);
}

const numbers = new WeakMap<object, number>();
let last = 0;

/** Return the number of a page in query keys, where its rows would take long to compare. */
function numberOf(page: object): number {
  const known = numbers.get(page);
  if (known !== undefined) return known;
  last += 1;
  numbers.set(page, last);
  return last;
}

/** Return the labels of the rows to which one row refers; without the references while they are loading. */
export function useRowLabels(references: readonly Reference[], row: AnyRow | undefined): Labels {
  const values = references.map(({ fields }) => row && valuesKey(row, fields));
  const { data, isError } = useQuery({
    queryKey: [SCOPE, "row", references, values],
    queryFn: ({ signal }) => labelReferred(references, row ? [row] : [], signal),
    enabled: row !== undefined && references.length > 0,
  });
  return data ?? (isError ? unlabelled(references) : LOADING);
}

/** Return no labels for these references, as those that cannot be loaded. */
function unlabelled(references: readonly Reference[]): Labels {
  return new Map(references.map(({ name }) => [name, new Map()]));
}

/** Return the label of a row; undefined while it is loading. */
export function useRowTitle(table: AnyTable, row: AnyRow | undefined): string | undefined {
  const { data } = useQuery({
    queryKey: [SCOPE, "title", table.name, row],
    queryFn: async ({ signal }) => (await labelRows(table, row ? [row] : [], signal))[0] ?? "",
    enabled: row !== undefined,
    gcTime: 0,
  });
  return data;
}

/** Return the label of the row to which a reference of this row refers; undefined if it is not loaded. */
export function labelOf(labels: Labels, reference: Reference, row: AnyRow): RowLabel | undefined {
  return labels.get(reference.name)?.get(valuesKey(row, reference.fields) ?? "");
}

/** Return the text of that label; without one "…" while labels are loading, otherwise `key`. */
export function labelText(labels: Labels, reference: Reference, row: AnyRow, key: string): string {
  const known = labels.has(reference.name) ? key : "…";
  return labelOf(labels, reference, row)?.text ?? known;
}
