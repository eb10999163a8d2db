import type { AnyTable } from "./table";

const loaders = import.meta.glob<AnyTable>("../../tables/*/index.ts", { import: "table" });
const byName = new Map(
  Object.entries(loaders).map(([path, load]) => [path.split("/").at(-2) ?? path, load]),
);

/** The names of all tables, sorted. */
export const tableNames: readonly string[] = [...byName.keys()].sort();

/** Load the service of a table; undefined if the table does not exist. */
export async function loadTable(name: string): Promise<AnyTable | undefined> {
  return byName.get(name)?.();
}
