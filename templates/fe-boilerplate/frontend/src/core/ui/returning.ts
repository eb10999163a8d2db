/** Returning from a form to the page that it was opened from, so that one step back from there leads to the list. */

import { useRouter } from "@tanstack/react-router";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** Whether the page before this one in the history is that of the row. */
    returns?: boolean;
  }
}

/** The state of links to a form from the page of its row. */
export const RETURNS = { returns: true } as const;

/** Return a function that leaves a form after a save: by a step back to the page of the row, or else by `open`. */
export function useLeave(): (open: () => void) => void {
  const router = useRouter();
  return (open) => {
    if (router.state.location.state.returns) router.history.back();
    else open();
  };
}
