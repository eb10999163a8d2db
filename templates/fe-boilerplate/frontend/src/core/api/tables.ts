import type { AnyTable } from "./table";

const loaders = import.meta.glob<AnyTable>("../../tables/*/index.ts", { import: "table" });
const byName = new Map(
  Object.entries(loaders).map(([path, load]) => [path.split("/").at(-2) ?? path, load]),
);

/** The names of all tables, in order. */
export const tableNames: readonly string[] = [...byName.keys()].sort();

/** Load a table's service; undefined where there is no such table. */
export async function loadTable(name: string): Promise<AnyTable | undefined> {
  return byName.get(name)?.();
}
