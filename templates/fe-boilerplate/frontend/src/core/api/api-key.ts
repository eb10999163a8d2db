/** The key that the backend asks for, where it has one: kept as long as the tab is open. */

const NAME = "api-key";
const HEADER = "X-API-Key";
const listeners = new Set<() => void>();
let isWanted = false;

/** Return the headers that show the key. */
export function keyHeaders(): Record<string, string> {
  const key = globalThis.sessionStorage?.getItem(NAME);
  return key ? { [HEADER]: key } : {};
}

/** Keep the key that somebody has entered. */
export function giveKey(key: string): void {
  globalThis.sessionStorage?.setItem(NAME, key);
  setWanted(false);
}

/** Note that the backend let nobody in; without the header's name in what it says, it is not about a key. */
export function noteRefusal(status: number, detail: string): void {
  if (status === 401 && detail.includes(HEADER)) setWanted(true);
}

/** Whether a key is to be asked for, to be subscribed to. */
export const keyWanted = {
  get: (): boolean => isWanted,
  subscribe: (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

function setWanted(wanted: boolean): void {
  isWanted = wanted;
  for (const listener of listeners) listener();
}
