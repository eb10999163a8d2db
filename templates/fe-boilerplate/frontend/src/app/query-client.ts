import { QueryClient } from "@tanstack/react-query";
import { ProblemError } from "../core/api/problem";

const MAX_RETRIES = 2;

/** Caches data for ten seconds; older data is refetched when the window regains focus. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => failures < MAX_RETRIES && isTransient(error),
    },
    mutations: { retry: false },
  },
});

/** Whether a retry may succeed: not for errors that the client caused (4xx). */
function isTransient(error: Error): boolean {
  return !(error instanceof ProblemError && error.status >= 400 && error.status < 500);
}
