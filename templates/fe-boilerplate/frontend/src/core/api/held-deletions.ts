/** Deletions of single rows that are confirmed and not sent yet, so that they can be undone. */

import type { Key } from "./table-service";

/** Sends a deletion; `keepalive` lets the request outlive the page. */
type Send = (keepalive: boolean) => Promise<void>;

const held = new Map<string, Send>();

/** Hold the deletion of a row. The row is hidden until it is sent or dropped. */
export function holdDeletion(table: string, key: Key, send: Send): void {
  window.addEventListener("pagehide", sendOnLeaving); // once, however often it is added
  held.set(nameOf(table, key), send);
}

/** Whether the deletion of a row is held. */
export function isHeld(table: string, key: Key): boolean {
  return held.size > 0 && held.has(nameOf(table, key));
}

/** Send a deletion that is held. Throws `ProblemError` if the server rejects it. */
export async function sendDeletion(table: string, key: Key): Promise<void> {
  const send = held.get(nameOf(table, key));
  try {
    await send?.(false);
  } finally {
    held.delete(nameOf(table, key));
  }
}

/** Drop a deletion that is held. */
export function dropDeletion(table: string, key: Key): void {
  held.delete(nameOf(table, key));
}

/** Send all deletions that are held: the page is left, or the session ends. */
export async function sendAllDeletions(keepalive = false): Promise<void> {
  const sends = [...held.values()];
  held.clear();
  await Promise.allSettled(sends.map((send) => send(keepalive)));
}

function nameOf(table: string, key: Key): string {
  return JSON.stringify([table, ...key.map(String)]);
}

function sendOnLeaving(): void {
  void sendAllDeletions(true);
}
