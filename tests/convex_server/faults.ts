/** What goes wrong on demand. Each number counts down with the calls that it has spoilt. */
export const NO_FAULTS = {
  /** Calls to commit and then to drop the connection of, without an answer. */
  dropAfterCommit: 0,
  /** Calls to drop the connection of before anything has happened. */
  dropBefore: 0,
  /** Calls to answer with 503, as the backend does when it is overloaded. */
  unavailable: 0,
  /** Calls to refuse with the status `refuseWith`. */
  refuse: 0,
  refuseWith: 500,
  /** Calls never to answer; -1 for all. */
  hang: 0,
  /** Calls to answer with what is no answer of a deployment. */
  garbage: 0,
  /** Milliseconds that every call takes. */
  delay: 0,
} as const;

export type Faults = { -readonly [Name in keyof typeof NO_FAULTS]: number };

/** What goes wrong now. */
export const faults: Faults = { ...NO_FAULTS };

/** Whether this call is one that `name` says to spoil. */
export function strikes(name: keyof Faults): boolean {
  if (faults[name] === 0) {
    return false;
  }
  faults[name] -= faults[name] > 0 ? 1 : 0;
  return true;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
