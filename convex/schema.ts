/**
 * The tables of a deployment: runs, their tasks, the tasks' sub-tasks, a log line for every event, and the position of
 * each producer of events (one for each run).
 *
 * `externalId` is the runner's own id: a UUID for a run, unique in its run for a task and a sub-task.
 */
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import {
  classification,
  counts,
  eventType,
  logLevel,
  nullableNumber,
  nullableText,
  priority,
  progress,
  runFacts,
  runStatus,
  subTaskResult,
  subTaskStatus,
  taskFacts,
  taskStatus,
} from "./validators";

const times = {
  createdAt: v.string(),
  updatedAt: v.string(),
  startedAt: nullableText,
  endedAt: nullableText,
};

export default defineSchema({
  runs: defineTable({
    ...times,
    ...runFacts,
    externalId: v.string(),
    status: runStatus,
    exitCode: nullableNumber, // null while it runs, and for a run whose process died
    error: nullableText,
    lastSeq: v.number(), // of its newest stored event
    taskCount: v.number(),
  })
    .index("by_external_id", ["externalId"])
    .index("by_status", ["status", "startedAt"])
    .index("by_started", ["startedAt"])
    .index("by_updated", ["updatedAt"]),

  tasks: defineTable({
    ...times,
    ...taskFacts,
    externalId: v.string(),
    runId: v.union(v.id("runs"), v.null()), // null for a task that was not created by a run
    position: v.number(), // in its run's plan, from 0
    classification: v.union(classification, v.null()),
    workspacePath: v.string(),
    status: taskStatus,
    error: nullableText,
    message: nullableText, // of the newest step of any of its sub-tasks
    counts,
    progress,
    subTaskIds: v.array(v.id("subtasks")), // the first 1,000; `subtasks.listByTask` returns all
  })
    .index("by_external_id", ["runId", "externalId"])
    .index("by_run", ["runId", "position"])
    .index("by_status", ["status", "createdAt"])
    .index("by_priority", ["priority", "createdAt"])
    .index("by_run_updated", ["runId", "updatedAt"]),

  subtasks: defineTable({
    ...times,
    ...subTaskResult,
    externalId: v.string(),
    runId: v.union(v.id("runs"), v.null()),
    taskId: v.id("tasks"),
    position: v.number(), // in its task, from 0
    title: v.string(),
    table: nullableText,
    priority,
    status: subTaskStatus,
    step: v.number(), // counts from 1, 0 before the first
    totalSteps: v.number(),
    message: nullableText,
    attempts: v.number(), // including the first
    pid: nullableNumber, // of the newest attempt's worker
    host: v.optional(v.string()), // of the newest attempt, on a cluster: the address of its Dask worker
  })
    .index("by_external_id", ["taskId", "externalId"])
    .index("by_task", ["taskId", "position"])
    .index("by_task_status", ["taskId", "status"])
    .index("by_run", ["runId", "externalId"])
    .index("by_status", ["status", "updatedAt"])
    .index("by_priority", ["priority", "createdAt"]),

  logs: defineTable({
    producer: v.string(),
    seq: v.number(),
    at: v.string(),
    type: eventType,
    level: logLevel,
    message: v.string(),
    runId: v.id("runs"),
    taskId: v.union(v.id("tasks"), v.null()), // null where it is about the run
    subtaskId: v.union(v.id("subtasks"), v.null()),
  })
    .index("by_producer", ["producer", "seq"])
    .index("by_run", ["runId", "seq"])
    .index("by_task", ["taskId", "seq"])
    .index("by_subtask", ["subtaskId", "seq"]),

  producers: defineTable({
    producer: v.string(),
    cursor: v.number(), // all events up to this `seq` are stored
    updatedAt: v.string(),
  }).index("by_producer", ["producer"]),
});
