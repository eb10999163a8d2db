/** Sub-tasks: created and changed by any client with the shared secret; their task's state and counts follow. */
import { paginationOptsValidator } from "convex/server";
import { v } from "convex/values";
import { readArgs, refuse, requireRead, requireWrite, writeArgs } from "./access";
import { hasEnded } from "./aggregate";
import { MAX_SUBTASKS, addSubTasks, moveSubTask, now, save, touch } from "./documents";
import type { Doc, Id } from "./_generated/dataModel";
import { mutation, query, type MutationCtx } from "./_generated/server";
import { fileCounts, subTaskSpec, subTaskStatus } from "./validators";

/** Adds a pending sub-task to a task and returns its id; that of the existing one where there is one. */
export const create = mutation({
  args: { ...writeArgs, taskId: v.id("tasks"), subtask: subTaskSpec },
  handler: async (ctx, { token, taskId, subtask }): Promise<Id<"subtasks">> => {
    requireWrite(token);
    const [id] = await addAll(ctx, taskId, [subtask]);
    if (id === undefined) {
      throw new Error("one sub-task was added and none was returned");
    }
    return id;
  },
});

/** Adds pending sub-tasks to a task, all or none, and returns their ids in order; existing ones stay unchanged. */
export const createMany = mutation({
  args: { ...writeArgs, taskId: v.id("tasks"), subtasks: v.array(subTaskSpec) },
  handler: async (ctx, { token, taskId, subtasks }): Promise<Id<"subtasks">[]> => {
    requireWrite(token);
    if (subtasks.length > MAX_SUBTASKS) {
      throw refuse("invalid", `${subtasks.length} sub-tasks are too many for one call; send ${MAX_SUBTASKS}.`);
    }
    return await addAll(ctx, taskId, subtasks);
  },
});

/** Changes a sub-task, and its task accordingly. A final state stays: another one is a conflict. */
export const updateProgress = mutation({
  args: {
    ...writeArgs,
    subtaskId: v.id("subtasks"),
    status: v.optional(subTaskStatus),
    step: v.optional(v.number()),
    totalSteps: v.optional(v.number()),
    message: v.optional(v.string()),
    error: v.optional(v.string()),
    attempts: v.optional(v.number()),
    upToDate: v.optional(v.boolean()),
    files: v.optional(fileCounts),
  },
  handler: async (ctx, { token, subtaskId, status, ...changes }) => {
    requireWrite(token);
    const subtask = await ctx.db.get(subtaskId);
    const task = subtask === null ? null : await ctx.db.get(subtask.taskId);
    if (subtask === null || task === null) {
      throw refuse("not_found", `There is no sub-task ${subtaskId}.`);
    }
    checkMove(subtask, status ?? subtask.status);
    const at = now();
    Object.assign(subtask, changes); // arguments that are left out are not in `changes`
    if (status !== undefined) {
      subtask.startedAt ??= status === "running" ? at : null;
      subtask.endedAt ??= hasEnded(status) ? at : null;
      moveSubTask(task, subtask, status);
    }
    touch(subtask, at);
    touch(task, at);
    task.startedAt ??= subtask.startedAt;
    task.message = changes.message ?? task.message;
    await save(ctx, subtask);
    await save(ctx, task);
    return null;
  },
});

/** Returns one sub-task, or null. */
export const get = query({
  args: { ...readArgs, subtaskId: v.id("subtasks") },
  handler: async (ctx, { token, subtaskId }) => {
    requireRead(token);
    return await ctx.db.get(subtaskId);
  },
});

/** Returns the sub-tasks of a task in their order; paged. */
export const listByTask = query({
  args: { ...readArgs, taskId: v.id("tasks"), paginationOpts: paginationOptsValidator },
  handler: async (ctx, { token, taskId, paginationOpts }) => {
    requireRead(token);
    return await ctx.db
      .query("subtasks")
      .withIndex("by_task", (q) => q.eq("taskId", taskId))
      .paginate(paginationOpts);
  },
});

async function addAll(
  ctx: MutationCtx,
  taskId: Id<"tasks">,
  specs: Parameters<typeof addSubTasks>[2],
): Promise<Id<"subtasks">[]> {
  const task = await ctx.db.get(taskId);
  if (task === null) {
    throw refuse("not_found", `There is no task ${taskId}.`);
  }
  if (task.endedAt !== null) {
    throw refuse("conflict", `Task ${task.externalId} is ${task.status}; nothing can be added to it.`);
  }
  const subtasks = await addSubTasks(ctx, task, specs, now());
  await save(ctx, task);
  return subtasks.map(({ _id }) => _id);
}

function checkMove(subtask: Doc<"subtasks">, status: Doc<"subtasks">["status"]): void {
  const back = subtask.status === "running" && status === "pending";
  if (back || (hasEnded(subtask.status) && status !== subtask.status)) {
    throw refuse(
      "conflict",
      `Sub-task ${subtask.externalId} is ${subtask.status}; it cannot become ${status}.`,
    );
  }
}
