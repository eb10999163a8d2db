/** The tables that have pages: found by their files, so that a new one is there without a list to edit. */

import type { AnyPage, Nav } from "./page";

export interface NavEntry extends Nav {
  readonly isLink: boolean;
  readonly group: string;
  /** The place among all entries. */
  readonly order: number;
}

const MAIN = "Main";
const LINKS = "Links";
const PARTITIONS = "Partitions";

const entries = import.meta.glob<Nav>("../../pages/*/nav.ts", { eager: true, import: "nav" });
const pages = import.meta.glob<AnyPage>("../../pages/*/page.tsx", { import: "default" });

/** All tables as the navigation shows them. */
export const navigation: readonly NavEntry[] = arrange(Object.values(entries));

/**
 * Put tables in groups, and in order: the main group first, within each by label.
 *
 * Tables that link others stand apart, and so do partitions; families of two and more are a group of their own.
 */
export function arrange(tables: readonly Nav[]): readonly NavEntry[] {
  const plain = tables.filter(({ isLink, isPartition }) => !isLink && !isPartition);
  const isGroup = (family: string) => plain.filter((nav) => nav.family === family).length > 1;
  const groupOf = ({ family, isLink, isPartition }: Nav) => {
    if (isPartition) return PARTITIONS;
    if (isLink) return LINKS;
    return isGroup(family) ? family : MAIN;
  };
  return tables
    .map((nav) => ({ ...nav, isLink: nav.isLink ?? false, group: groupOf(nav) }))
    .sort(compare)
    .map((nav, order) => ({ ...nav, order }));
}

const byName = new Map(navigation.map((entry) => [entry.name, entry]));

/** Return a table's entry in the navigation. */
export function navOf(name: string): NavEntry | undefined {
  return byName.get(name);
}

/** Load the pages of a table; undefined where there is no such table. */
export async function loadPage(name: string): Promise<AnyPage | undefined> {
  return pages[`../../pages/${name}/page.tsx`]?.();
}

type Grouped = Pick<NavEntry, "group" | "label">;

function compare(one: Grouped, other: Grouped): number {
  return (
    rank(one.group) - rank(other.group) ||
    one.group.localeCompare(other.group, "en") ||
    one.label.localeCompare(other.label, "en")
  );
}

function rank(group: string): number {
  const place = [MAIN, LINKS, PARTITIONS].indexOf(group);
  return [0, 2, 3][place] ?? 1; // families stand between
}
