/** Faults on demand. Each number counts down with every call that it affects. */
export const NO_FAULTS = {
  /** Calls that are committed and whose connection is then dropped without an answer. */
  dropAfterCommit: 0,
  /** Calls whose connection is dropped before anything happens. */
  dropBefore: 0,
  /** Calls that are answered with 503, as by an overloaded backend. */
  unavailable: 0,
  /** Calls that are refused with the status `refuseWith`. */
  refuse: 0,
  refuseWith: 500,
  /** Calls that are never answered; -1 for all. */
  hang: 0,
  /** Calls that are answered with something that is not a deployment's answer. */
  garbage: 0,
  /** Milliseconds that every call takes. */
  delay: 0,
} as const;

export type Faults = { -readonly [Name in keyof typeof NO_FAULTS]: number };

/** The current faults. */
export const faults: Faults = { ...NO_FAULTS };

/** Returns whether the fault `name` affects this call. */
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
