/** The tables with pages. They are found by their files, so there is no list to maintain. */

import { language } from "../language/language";
import { t } from "../language/messages";
import { textIn } from "../language/texts";
import type { AnyPage, DeclaredNav, Nav } from "./page";

export interface NavEntry extends Nav {
  readonly isLink: boolean;
  readonly group: string;
  /** The position among all entries. */
  readonly order: number;
}

// The groups that are no families, by the keys of their names.
const MAIN = "nav.main";
const LINKS = "nav.links";
const PARTITIONS = "nav.partitions";

const entries = import.meta.glob<DeclaredNav>("../../pages/*/nav.ts", {
  eager: true,
  import: "nav",
});
const pages = import.meta.glob<AnyPage>("../../pages/*/page.tsx", { import: "default" });

/** The entries of the navigation, in order. */
export const navigation: readonly NavEntry[] = arrange(Object.values(entries).map(readNav));

/** Return a declared entry in the language of the interface. */
export function readNav({ label, labelSingular, family, ...nav }: DeclaredNav): Nav {
  return {
    ...nav,
    label: textIn(label),
    labelSingular: textIn(labelSingular),
    family: textIn(family),
  };
}

/**
 * Group and sort tables: the main group first, and by label within each group.
 *
 * Families of two or more tables form a group each. Link tables and partitions have separate groups at the end.
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

/** Return the name of a group of the navigation. */
export function groupName(group: string): string {
  return group === MAIN || group === LINKS || group === PARTITIONS ? t(group) : group;
}

/** Return the navigation entry of a table. */
export function navOf(name: string): NavEntry | undefined {
  return byName.get(name);
}

/** Load the pages of a table; undefined if the table does not exist. */
export async function loadPage(name: string): Promise<AnyPage | undefined> {
  return pages[`../../pages/${name}/page.tsx`]?.();
}

type Grouped = Pick<NavEntry, "group" | "label">;

function compare(one: Grouped, other: Grouped): number {
  return (
    rank(one.group) - rank(other.group) ||
    one.group.localeCompare(other.group, language) ||
    one.label.localeCompare(other.label, language)
  );
}

function rank(group: string): number {
  const index = [MAIN, LINKS, PARTITIONS].indexOf(group);
  return [0, 2, 3][index] ?? 1; // families are between the main group and the links
}
