/** Deletions of single rows that are confirmed and not sent yet, so that they can be undone. */

import type { Key } from "./table-service";

interface Deletion {
  /** Sends the request; `keepalive` lets it outlive the page. */
  readonly send: (keepalive: boolean) => Promise<void>;
  /** Closes the message that offers to undo it. */
  readonly close: () => void;
}

interface Held extends Deletion {
  sent?: Promise<void>;
}

const held = new Map<string, Held>();

/** Hold the deletion of a row. The row is hidden until it is sent or dropped. */
export function holdDeletion(table: string, key: Key, deletion: Deletion): void {
  window.addEventListener("pagehide", sendOnLeaving); // once, however often it is added
  held.set(nameOf(table, key), { ...deletion });
}

/** Whether the deletion of a row is held. */
export function isHeld(table: string, key: Key): boolean {
  return held.size > 0 && held.has(nameOf(table, key));
}

/** Send a deletion that is held, once. Throws `ProblemError` if the server rejects it. */
export async function sendDeletion(table: string, key: Key): Promise<void> {
  const name = nameOf(table, key);
  const deletion = held.get(name);
  if (!deletion) return;
  deletion.sent ??= deletion.send(false).finally(() => held.delete(name));
  await deletion.sent;
}

/** Send all deletions that are held and wait for them: a row that is still there could prevent the next change. */
export async function settleDeletions(): Promise<void> {
  const deletions = [...held.values()];
  for (const deletion of deletions) deletion.close();
  await Promise.allSettled(deletions.map((deletion) => deletion.sent));
}

/** Drop a deletion that is held. */
export function dropDeletion(table: string, key: Key): void {
  held.delete(nameOf(table, key));
}

/** Send all deletions that are held: the page is left, or the session ends. */
export async function sendAllDeletions(keepalive = false): Promise<void> {
  const deletions = [...held.values()];
  held.clear();
  await Promise.allSettled(deletions.map(({ sent, send }) => sent ?? send(keepalive)));
}

function nameOf(table: string, key: Key): string {
  return JSON.stringify([table, ...key.map(String)]);
}

function sendOnLeaving(): void {
  void sendAllDeletions(true);
}
