/** The API key of the backend. It is stored in the session storage until the tab is closed. */

const STORAGE_KEY = "api-key";
const HEADER = "X-API-Key";
const listeners = new Set<() => void>();
let isRequired = false;

/** Return the request headers with the stored key, if there is one. */
export function keyHeaders(): Record<string, string> {
  const key = globalThis.sessionStorage?.getItem(STORAGE_KEY);
  return key ? { [HEADER]: key } : {};
}

/** Store the key that the user entered. */
export function setKey(key: string): void {
  globalThis.sessionStorage?.setItem(STORAGE_KEY, key);
  setRequired(false);
}

/** Record an error response. The key is required if it is a 401 whose detail names the key's header. */
export function recordError(status: number, detail: string): void {
  if (status === 401 && detail.includes(HEADER)) setRequired(true);
}

/** Whether the user has to enter a key, as an external store for `useSyncExternalStore`. */
export const keyRequired = {
  get: (): boolean => isRequired,
  subscribe: (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

function setRequired(required: boolean): void {
  isRequired = required;
  for (const listener of listeners) listener();
}
