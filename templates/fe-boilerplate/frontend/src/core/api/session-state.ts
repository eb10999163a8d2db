/** Who is logged in and what they may do, for backends with a login. */

/** What may be done with a table; a list names the only fields for which it may be done. */
export interface TableRights {
  readonly read: boolean | readonly string[];
  readonly create: boolean | readonly string[];
  readonly update: boolean | readonly string[];
  readonly delete: boolean;
  readonly export: boolean;
}

export interface Session {
  readonly login: string;
  readonly role: string;
  readonly has_history: boolean;
  /** By the path of a table, without the slash that it begins with. */
  readonly rights: Readonly<Record<string, TableRights>>;
}

export interface SessionState {
  readonly session?: Session;
  /** Whether the backend rejects requests until somebody logs in. */
  readonly isLoginRequired: boolean;
  /** The name of the identity provider to log in with, where the backend does not ask for a password itself. */
  readonly provider?: string | undefined;
}

const UNAUTHENTICATED = "to the path of the session";
const PROVIDER = /^Log in with (.+) first: /;
const ALL: TableRights = { read: true, create: true, update: true, delete: true, export: true };

const listeners = new Set<() => void>();
let state: SessionState = { isLoginRequired: false };

/** The state as an external store for `useSyncExternalStore`. */
export const sessionState = {
  get: (): SessionState => state,
  subscribe: (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/** Change the state. */
export function setSessionState(next: SessionState): void {
  state = next;
  for (const listener of listeners) listener();
}

/** Record an error response: a login is required if it is a 401 that asks for one. */
export function recordUnauthenticated(status: number, detail: string): void {
  if (status !== 401 || !detail.includes(UNAUTHENTICATED) || state.isLoginRequired) return;
  setSessionState({ ...state, isLoginRequired: true, provider: PROVIDER.exec(detail)?.[1] });
}

type Action = keyof TableRights;

/** Whether an action is allowed with a table, given its path, for at least some fields. */
export function isAllowed(action: Action, path: string): boolean {
  return rightsTo(path)[action] !== false;
}

/** Whether an action is allowed with a field of a table. */
export function isFieldAllowed(
  action: "read" | "create" | "update",
  path: string,
  field: string,
): boolean {
  const fields = rightsTo(path)[action];
  return typeof fields === "boolean" ? fields : fields.includes(field);
}

function rightsTo(path: string): TableRights {
  return state.session ? (state.session.rights[path.slice(1)] ?? ALL) : ALL;
}
