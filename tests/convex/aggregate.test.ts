import { expect, test } from "vitest";
import { NO_COUNTS, aggregate, progressOf } from "../../convex/aggregate";
import type { SubTaskStatus } from "../../convex/validators";
import vectors from "../vectors/aggregate.json";

test.each(vectors)("$subtasks are $status", ({ subtasks, status, completed, failed, total }) => {
  const counts = { ...NO_COUNTS };
  for (const each of subtasks as SubTaskStatus[]) {
    counts[each] += 1;
  }
  expect(aggregate(counts)).toBe(status);
  expect(progressOf(counts)).toEqual({ completed, failed, total });
});
