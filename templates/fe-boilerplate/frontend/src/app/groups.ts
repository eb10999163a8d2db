import type { navigation } from "../core/ui/registry";

export type Entry = (typeof navigation)[number];

export interface Group {
  name: string;
  entries: readonly Entry[];
}

/** Put tables into their groups, in the order that they come in; `wanted` is a part of a label. */
export function grouped(tables: readonly Entry[], wanted = ""): readonly Group[] {
  const part = wanted.trim().toLowerCase();
  const found = new Map<string, Entry[]>();
  for (const entry of tables) {
    if (!entry.label.toLowerCase().includes(part)) continue;
    found.set(entry.group, [...(found.get(entry.group) ?? []), entry]);
  }
  return [...found].map(([name, entries]) => ({ name, entries }));
}
