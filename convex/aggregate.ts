/**
 * How a task's state follows from the states of its sub-tasks: the rule of `runner/records/status.py`, held to it by the
 * vectors in `tests/vectors/aggregate.json`. Pure.
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

/** Counts sub-tasks by outcome: `failed` is what failed or was cancelled. */
export function progressOf(counts: Counts): { completed: number; failed: number; total: number } {
  const bad = counts.failed + counts.cancelled;
  return { completed: counts.done, failed: bad, total: counts.pending + counts.running + counts.done + bad };
}

/** Whether nothing more will happen to a task or sub-task of this state. */
export function hasEnded(status: TaskStatus | SubTaskStatus): boolean {
  return status !== "pending" && status !== "running";
}
