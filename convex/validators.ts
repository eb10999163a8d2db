/**
 * The validators of stored and received values: states, priorities, and one validator for each event of the runner's
 * closed set (`runner/records/events.py`, its field names in camel case, and `seq`).
 *
 * Times are text, ISO 8601 UTC with six fractional digits, so that they sort as text and equal the runner's own.
 */
import { v, type Infer } from "convex/values";

export const subTaskStatus = v.union(
  v.literal("pending"),
  v.literal("running"),
  v.literal("done"),
  v.literal("failed"),
  v.literal("cancelled"),
);
export type SubTaskStatus = Infer<typeof subTaskStatus>;

/** Those of a sub-task, and `skipped` where a task that it needs is not done. */
export const taskStatus = v.union(
  v.literal("pending"),
  v.literal("running"),
  v.literal("done"),
  v.literal("failed"),
  v.literal("cancelled"),
  v.literal("skipped"),
);
export type TaskStatus = Infer<typeof taskStatus>;

/** `interrupted`: its process died before the run ended. */
export const runStatus = v.union(
  v.literal("running"),
  v.literal("paused"),
  v.literal("done"),
  v.literal("failed"),
  v.literal("cancelled"),
  v.literal("interrupted"),
);
export type RunStatus = Infer<typeof runStatus>;

/** 10 is the most urgent. */
export const priority = v.union(
  v.literal(1),
  v.literal(2),
  v.literal(3),
  v.literal(4),
  v.literal(5),
  v.literal(6),
  v.literal(7),
  v.literal(8),
  v.literal(9),
  v.literal(10),
);
export type Priority = Infer<typeof priority>;

export const logLevel = v.union(v.literal("debug"), v.literal("info"), v.literal("warning"), v.literal("error"));
export type LogLevel = Infer<typeof logLevel>;

const text = v.string();
export const nullableText = v.union(v.string(), v.null());
export const nullableNumber = v.union(v.number(), v.null());

/** Which agent kind a description means, and how that was decided; `confidence` is from 0 to 1. */
export const classification = v.object({
  kind: v.string(),
  method: v.union(v.literal("keywords"), v.literal("llm"), v.literal("explicit")),
  confidence: v.number(),
  keywords: v.array(v.string()),
  reasoning: v.string(),
});

/** Numbers of a sub-task's files, by what was done with them. */
export const fileCounts = v.object({
  created: v.number(),
  updated: v.number(),
  identical: v.number(),
  kept: v.number(),
  merged: v.optional(v.number()), // runners before merges do not send these two
  conflicts: v.optional(v.number()),
});
export type FileCounts = Infer<typeof fileCounts>;

/** Numbers of a task's sub-tasks: `failed` counts what failed or was cancelled. */
export const progress = v.object({ completed: v.number(), failed: v.number(), total: v.number() });

/** Numbers of a task's sub-tasks by state, from which its own state and its progress follow. */
export const counts = v.object({
  pending: v.number(),
  running: v.number(),
  done: v.number(),
  failed: v.number(),
  cancelled: v.number(),
});
export type Counts = Infer<typeof counts>;

/** A sub-task as it is announced. `position` counts from 0 in its task; `table` is null for a set-up piece. */
export const subTaskSpec = v.object({
  id: v.string(),
  title: v.string(),
  table: nullableText,
  priority,
  position: v.number(),
});
export type SubTaskSpec = Infer<typeof subTaskSpec>;

/*
 * What an event and the document that it creates or changes have in common, written once for both. A field that is
 * added later must be optional: events of an older runner and documents that are stored already do not have it.
 */

/** From the start of a run. */
export const runFacts = {
  plan: text,
  planPath: text,
  pid: v.number(),
  host: text,
  concurrency: v.number(), // tasks at once
};

/** From the announcement of a task. */
export const taskFacts = {
  title: text,
  description: text,
  agent: text,
  priority,
  needs: v.array(v.string()), // ids of tasks of the same run
};

/** From the end of a sub-task. */
export const subTaskResult = { error: nullableText, upToDate: v.boolean(), files: fileCounts };

/** Returns the values of `source` that have one of these names; those that are missing are left out. */
export function pick<T extends object, K extends keyof T>(source: T, names: Record<K, unknown>): Pick<T, K> {
  const picked: Partial<Pick<T, K>> = {};
  for (const name of Object.keys(names) as K[]) {
    if (source[name] !== undefined) {
      picked[name] = source[name];
    }
  }
  return picked as Pick<T, K>;
}

const header = { seq: v.number(), at: v.string() };
const ofTask = { ...header, taskId: v.string() };
const ofSubTask = { ...ofTask, subtaskId: v.string() };

export const event = v.union(
  v.object({
    ...header,
    ...runFacts,
    type: v.literal("RunStarted"),
  }),
  v.object({
    ...ofTask,
    ...taskFacts,
    type: v.literal("TaskAdded"),
    classification,
    workspace: text,
    subtasks: v.array(subTaskSpec),
  }),
  v.object({ ...ofTask, type: v.literal("TaskStarted") }),
  v.object({ ...ofTask, type: v.literal("TaskEnded"), status: taskStatus, error: nullableText }),
  v.object({
    ...ofSubTask,
    type: v.literal("SubTaskStarted"),
    attempt: v.number(),
    totalSteps: v.number(),
    pid: v.number(),
    host: v.optional(v.string()), // of its Dask worker, on a cluster
  }),
  v.object({ ...ofSubTask, type: v.literal("SubTaskStep"), step: v.number(), message: text }),
  v.object({
    ...ofSubTask,
    type: v.literal("SubTaskRetrying"),
    attempt: v.number(),
    error: text,
    delay: v.number(),
    charged: v.boolean(),
  }),
  v.object({
    ...ofSubTask,
    ...subTaskResult,
    type: v.literal("SubTaskEnded"),
    status: subTaskStatus,
    attempt: v.number(),
  }),
  v.object({
    ...header,
    type: v.literal("Logged"),
    level: logLevel,
    message: text,
    taskId: nullableText,
    subtaskId: nullableText,
  }),
  v.object({ ...header, type: v.literal("RunPaused") }),
  v.object({ ...header, type: v.literal("RunResumed") }),
  v.object({
    ...header,
    type: v.literal("RunEnded"),
    status: runStatus,
    exitCode: v.number(),
    error: nullableText,
  }),
);
export type RunnerEvent = Infer<typeof event>;
export type EventType = RunnerEvent["type"];

export const eventType = v.union(
  v.literal("RunStarted"),
  v.literal("TaskAdded"),
  v.literal("TaskStarted"),
  v.literal("TaskEnded"),
  v.literal("SubTaskStarted"),
  v.literal("SubTaskStep"),
  v.literal("SubTaskRetrying"),
  v.literal("SubTaskEnded"),
  v.literal("Logged"),
  v.literal("RunPaused"),
  v.literal("RunResumed"),
  v.literal("RunEnded"),
);
