/**
 * The state of a task, which follows from the states of its sub-tasks, by the rule of `runner/records/status.py`. Both are
 * tested with the vectors in `tests/vectors/aggregate.json`. Pure.
 */
import type { Counts, SubTaskStatus, TaskStatus } from "./validators";

export const NO_COUNTS: Counts = { pending: 0, running: 0, done: 0, failed: 0, cancelled: 0 };

/**
 * Any running, or some ended and some not: running. All ended: failed if any failed, else cancelled if any was
 * cancelled, else done. None started: pending.
 */
export function aggregate(counts: Counts): TaskStatus {
  const ended = counts.done + counts.failed + counts.cancelled;
  if (counts.running === 0 && ended === 0) {
    return "pending";
  }
  if (counts.running > 0 || counts.pending > 0) {
    return "running";
  }
  if (counts.failed > 0) {
    return "failed";
  }
  return counts.cancelled > 0 ? "cancelled" : "done";
}

/** Returns a task's progress: `failed` counts what failed or was cancelled. */
export function progressOf(counts: Counts): { completed: number; failed: number; total: number } {
  const bad = counts.failed + counts.cancelled;
  return { completed: counts.done, failed: bad, total: counts.pending + counts.running + counts.done + bad };
}

/** Returns whether a state is final. */
export function hasEnded(status: TaskStatus | SubTaskStatus): boolean {
  return status !== "pending" && status !== "running";
}
