import { useQuery } from "@tanstack/react-query";
import type { AnyPage } from "./page";
import { loadPage } from "./registry";

export type Pages = ReadonlyMap<string, AnyPage>;

/** Return the pages of tables by name; empty while they are loading. */
export function usePages(tables: readonly string[]): Pages {
  const { data } = useQuery({
    queryKey: ["pages", ...tables],
    queryFn: async () => new Map((await Promise.all(tables.map(namedPage))).flat()),
    enabled: tables.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? NONE;
}

const NONE: Pages = new Map();

async function namedPage(table: string): Promise<readonly (readonly [string, AnyPage])[]> {
  const page = await loadPage(table);
  return page ? [[table, page]] : [];
}

/** Return the label of a field of a table for use within a sentence; it follows from the name until the page is loaded. */
export function fieldLabel(pages: Pages, table: string, field: string): string {
  const label = pages.get(table)?.byName.get(field)?.label;
  return label ?? field.replace(/_id$/, "").replaceAll("_", " ");
}
