import { QueryClient } from "@tanstack/react-query";
import { ProblemError } from "../core/api/problem";

const MAX_RETRIES = 2;
const MAX_WAIT = 30; // seconds; if the server suggests a longer wait, the user decides
const JITTER = 0.2; // of the wait, so that waiting clients do not all return at once

/** Caches data for ten seconds; older data is refetched when the window regains focus. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => failures < MAX_RETRIES && isTransient(error),
      retryDelay,
    },
    mutations: { retry: false }, // a change may have been made although its response was lost
  },
});

/**
 * Whether a retry may soon succeed: not for errors that the client caused (4xx), nor for requests that took too long, which
 * would only add to the load. The backend suggests no wait for those.
 */
function isTransient(error: Error): boolean {
  if (!(error instanceof ProblemError)) return true;
  const { status, retryAfter } = error;
  const isRejected = status >= 400 && status < 500;
  const isTooSlow = status === 504 || (status === 503 && retryAfter === undefined);
  return !isRejected && !isTooSlow && (retryAfter ?? 0) <= MAX_WAIT;
}

/** Return the milliseconds until a retry: what the server suggests, else one second, then two. */
export function retryDelay(failures: number, error: Error): number {
  const suggested = error instanceof ProblemError ? error.retryAfter : undefined;
  if (suggested === undefined) return 1000 * 2 ** failures;
  return 1000 * suggested * (1 + JITTER * Math.random());
}
