import { QueryClient } from "@tanstack/react-query";
import { ProblemError } from "../core/api/problem";

const MOST_TRIES = 2;

/** What was read is kept for a while and read anew when the window comes back into view. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failed, error) => failed < MOST_TRIES && isPassing(error),
    },
    mutations: { retry: false },
  },
});

/** Whether another try may go better: not where the backend said that the request is at fault. */
function isPassing(error: Error): boolean {
  return !(error instanceof ProblemError && error.status >= 400 && error.status < 500);
}
