/** Creates documents, and keeps the counts of a task consistent with its sub-tasks. */
import type { WithoutSystemFields } from "convex/server";
import { NO_COUNTS, aggregate, progressOf } from "./aggregate";
import type { Doc, Id } from "./_generated/dataModel";
import type { MutationCtx } from "./_generated/server";
import type { FileCounts, SubTaskSpec, SubTaskStatus, taskFacts } from "./validators";

/** Sub-tasks listed in a task's own document, which is written whenever one of them changes, and must stay small. */
export const IDS_KEPT = 1000;

/** Sub-tasks in one call: each needs an index lookup, of which a call may make 4,096. */
export const MAX_SUBTASKS = 1000;

const NO_FILES: FileCounts = { created: 0, updated: 0, identical: 0, kept: 0, merged: 0, conflicts: 0 };

/** Returns the current time as ISO 8601 UTC with six fractional digits. */
export function now(): string {
  return new Date().toISOString().replace("Z", "000Z");
}

type NewTask = Pick<
  Doc<"tasks">,
  "externalId" | "runId" | "position" | "classification" | "workspacePath" | keyof typeof taskFacts
>;

/** Inserts a pending task without sub-tasks, and returns it. */
export async function insertTask(ctx: MutationCtx, task: NewTask, at: string): Promise<Doc<"tasks">> {
  const fields: WithoutSystemFields<Doc<"tasks">> = {
    ...task,
    status: "pending",
    error: null,
    message: null,
    counts: NO_COUNTS,
    progress: progressOf(NO_COUNTS),
    subTaskIds: [],
    createdAt: at,
    updatedAt: at,
    startedAt: null,
    endedAt: null,
  };
  const id = await ctx.db.insert("tasks", fields);
  return { ...fields, _id: id, _creationTime: 0 };
}

/**
 * Inserts those of `specs` that the task does not have yet, and counts them in `task`, which the caller writes. Returns
 * the documents of all `specs`, in their order.
 */
export async function addSubTasks(
  ctx: MutationCtx,
  task: Doc<"tasks">,
  specs: readonly SubTaskSpec[],
  at: string,
): Promise<Doc<"subtasks">[]> {
  const known = await Promise.all(specs.map((spec) => findSubTask(ctx, task._id, spec.id)));
  const subtasks: Doc<"subtasks">[] = [];
  const made = new Map<string, Doc<"subtasks">>(); // an id that is repeated in a call is one sub-task
  for (const [index, spec] of specs.entries()) {
    let subtask = known[index] ?? made.get(spec.id);
    if (subtask === undefined) {
      const fields = newSubTask(task, spec, at);
      subtask = { ...fields, _id: await ctx.db.insert("subtasks", fields), _creationTime: 0 };
      made.set(spec.id, subtask);
    }
    subtasks.push(subtask);
  }
  if (made.size > 0) {
    const free = Math.max(0, IDS_KEPT - task.subTaskIds.length);
    task.subTaskIds = [...task.subTaskIds, ...[...made.values()].slice(0, free).map(({ _id }) => _id)];
    count(task, { ...task.counts, pending: task.counts.pending + made.size });
    touch(task, at);
  }
  return subtasks;
}

function newSubTask(
  task: Doc<"tasks">,
  spec: SubTaskSpec,
  at: string,
): WithoutSystemFields<Doc<"subtasks">> {
  return {
    externalId: spec.id,
    runId: task.runId,
    taskId: task._id,
    position: spec.position,
    title: spec.title,
    table: spec.table,
    priority: spec.priority,
    status: "pending",
    step: 0,
    totalSteps: 0,
    message: null,
    attempts: 0,
    error: null,
    upToDate: false,
    pid: null,
    files: NO_FILES,
    createdAt: at,
    updatedAt: at,
    startedAt: null,
    endedAt: null,
  };
}

/** Sets a sub-task's state, and its task's counts, progress and state accordingly; writes neither document. */
export function moveSubTask(task: Doc<"tasks">, subtask: Doc<"subtasks">, status: SubTaskStatus): void {
  if (subtask.status === status) {
    return;
  }
  const counts = { ...task.counts };
  counts[subtask.status] -= 1;
  counts[status] += 1;
  subtask.status = status;
  count(task, counts);
}

function count(task: Doc<"tasks">, counts: Doc<"tasks">["counts"]): void {
  task.counts = counts;
  task.progress = progressOf(counts);
  if (task.endedAt === null) {
    task.status = aggregate(counts);
  }
}

/** Sets the time of a document's last change; it never goes back. */
export function touch(document: { updatedAt: string }, at: string): void {
  if (at > document.updatedAt) {
    document.updatedAt = at;
  }
}

export async function findRun(ctx: Pick<MutationCtx, "db">, externalId: string): Promise<Doc<"runs"> | null> {
  return await ctx.db
    .query("runs")
    .withIndex("by_external_id", (q) => q.eq("externalId", externalId))
    .unique();
}

export async function findTask(
  ctx: Pick<MutationCtx, "db">,
  runId: Id<"runs"> | null,
  externalId: string,
): Promise<Doc<"tasks"> | null> {
  return await ctx.db
    .query("tasks")
    .withIndex("by_external_id", (q) => q.eq("runId", runId).eq("externalId", externalId))
    .unique();
}

export async function findSubTask(
  ctx: Pick<MutationCtx, "db">,
  taskId: Id<"tasks">,
  externalId: string,
): Promise<Doc<"subtasks"> | null> {
  return await ctx.db
    .query("subtasks")
    .withIndex("by_external_id", (q) => q.eq("taskId", taskId).eq("externalId", externalId))
    .unique();
}

/** Writes the current fields of a document. */
export async function save(ctx: MutationCtx, document: Doc<"runs" | "tasks" | "subtasks">): Promise<void> {
  const { _id, _creationTime, ...fields } = document;
  void _creationTime;
  await ctx.db.patch(_id, fields);
}
