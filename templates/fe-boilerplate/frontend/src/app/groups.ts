import { isAllowed } from "../core/api/session-state";
import { groupName, type navigation } from "../core/ui/registry";

export type Entry = (typeof navigation)[number];

export interface Group {
  name: string;
  entries: readonly Entry[];
}

/** Group the tables that may be read, preserving their order. `search` limits them to labels that contain it, ignoring case. */
export function grouped(tables: readonly Entry[], search = ""): readonly Group[] {
  const part = search.trim().toLowerCase();
  const groups = new Map<string, Entry[]>();
  for (const entry of tables) {
    if (!entry.label.toLowerCase().includes(part) || !isAllowed("read", entry.path)) continue;
    groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  }
  return [...groups].map(([name, entries]) => ({ name: groupName(name), entries }));
}
