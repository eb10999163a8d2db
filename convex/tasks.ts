/** Tasks: created and changed by any client with the shared secret, read by any that may read. */
import { paginationOptsValidator } from "convex/server";
import { v } from "convex/values";
import { readArgs, refuse, requireRead, requireWrite, writeArgs } from "./access";
import { hasEnded } from "./aggregate";
import { findTask, insertTask, now } from "./documents";
import type { Doc, Id } from "./_generated/dataModel";
import { mutation, query, type MutationCtx } from "./_generated/server";
import { classification, priority, taskStatus } from "./validators";

/** Creates a pending task, in a run or without one, and returns its id; that of the existing one where there is one. */
export const create = mutation({
  args: {
    ...writeArgs,
    externalId: v.string(),
    description: v.string(),
    workspacePath: v.string(),
    priority: v.optional(priority),
    runId: v.optional(v.id("runs")),
    title: v.optional(v.string()),
    agent: v.optional(v.string()),
    classification: v.optional(classification),
    needs: v.optional(v.array(v.string())),
  },
  handler: async (ctx, args): Promise<Id<"tasks">> => {
    requireWrite(args.token);
    const runId = args.runId ?? null;
    const known = await findTask(ctx, runId, args.externalId);
    if (known !== null) {
      return known._id;
    }
    const task = await insertTask(
      ctx,
      {
        externalId: args.externalId,
        runId,
        position: await nextPosition(ctx, runId),
        title: args.title ?? args.description,
        description: args.description,
        agent: args.agent ?? args.classification?.kind ?? "",
        classification: args.classification ?? null,
        priority: args.priority ?? 5,
        needs: args.needs ?? [],
        workspacePath: args.workspacePath,
      },
      now(),
    );
    return task._id;
  },
});

/** Changes the state of a task. A final state stays: another one is a conflict. */
export const updateStatus = mutation({
  args: {
    ...writeArgs,
    taskId: v.id("tasks"),
    status: taskStatus,
    error: v.optional(v.string()),
    message: v.optional(v.string()),
  },
  handler: async (ctx, { token, taskId, status, error, message }) => {
    requireWrite(token);
    const task = await existing(ctx, taskId);
    if (hasEnded(task.status) && task.status !== status) {
      throw refuse("conflict", `Task ${task.externalId} is ${task.status}; it cannot become ${status}.`);
    }
    if (task.status === "running" && status === "pending") {
      throw refuse("conflict", `Task ${task.externalId} is running; it cannot become pending.`);
    }
    const at = now();
    await ctx.db.patch(taskId, {
      status,
      updatedAt: at,
      startedAt: task.startedAt ?? (status === "running" ? at : null),
      endedAt: task.endedAt ?? (hasEnded(status) ? at : null),
      ...(error === undefined ? {} : { error }),
      ...(message === undefined ? {} : { message }),
    });
    return null;
  },
});

/** Stores the classification of a task, and its agent accordingly. */
export const updateClassification = mutation({
  args: { ...writeArgs, taskId: v.id("tasks"), classification },
  handler: async (ctx, { token, taskId, classification }) => {
    requireWrite(token);
    await existing(ctx, taskId);
    await ctx.db.patch(taskId, { classification, agent: classification.kind, updatedAt: now() });
    return null;
  },
});

/** Returns one task, or null. */
export const get = query({
  args: { ...readArgs, taskId: v.id("tasks") },
  handler: async (ctx, { token, taskId }) => {
    requireRead(token);
    return await ctx.db.get(taskId);
  },
});

/** Returns the tasks of a run in the order of its plan, or all tasks by priority, the most urgent first; paged. */
export const list = query({
  args: { ...readArgs, runId: v.optional(v.id("runs")), paginationOpts: paginationOptsValidator },
  handler: async (ctx, { token, runId, paginationOpts }) => {
    requireRead(token);
    const tasks = ctx.db.query("tasks");
    const ordered =
      runId === undefined
        ? tasks.withIndex("by_priority").order("desc")
        : tasks.withIndex("by_run", (q) => q.eq("runId", runId));
    return await ordered.paginate(paginationOpts);
  },
});

/** Returns the tasks of all runs with a given state, the newest first; paged. */
export const listByStatus = query({
  args: { ...readArgs, status: taskStatus, paginationOpts: paginationOptsValidator },
  handler: async (ctx, { token, status, paginationOpts }) => {
    requireRead(token);
    return await ctx.db
      .query("tasks")
      .withIndex("by_status", (q) => q.eq("status", status))
      .order("desc")
      .paginate(paginationOpts);
  },
});

async function existing(ctx: MutationCtx, taskId: Id<"tasks">): Promise<Doc<"tasks">> {
  const task = await ctx.db.get(taskId);
  if (task === null) {
    throw refuse("not_found", `There is no task ${taskId}.`);
  }
  return task;
}

async function nextPosition(ctx: MutationCtx, runId: Id<"runs"> | null): Promise<number> {
  if (runId === null) {
    return 0;
  }
  const run = await ctx.db.get(runId);
  if (run === null) {
    throw refuse("not_found", `There is no run ${runId}.`);
  }
  await ctx.db.patch(runId, { taskCount: run.taskCount + 1 });
  return run.taskCount;
}
