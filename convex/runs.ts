/** Queries on runs, which only the runner's events create: a list, one run, or its board. */
import { paginationOptsValidator } from "convex/server";
import { v } from "convex/values";
import { readArgs, refuse, requireRead } from "./access";
import type { Doc } from "./_generated/dataModel";
import { query, type QueryCtx } from "./_generated/server";
import { runStatus, type TaskStatus } from "./validators";

/** Tasks on one board; a plan usually has a few. */
export const MAX_CARDS = 500;

/** Running sub-tasks on one card: a task usually runs five at once. */
export const MAX_STEPS = 25;

/** The length of the shortest prefix that may stand for an id, as on the runner's command line. */
const SHORTEST_PREFIX = 4;

type Column = "pending" | "running" | "done" | "failed";

/** The column of a task on the board: whatever did not succeed is in one column. */
const COLUMN: Record<TaskStatus, Column> = {
  pending: "pending",
  running: "running",
  done: "done",
  failed: "failed",
  cancelled: "failed",
  skipped: "failed",
};

/** Returns runs, the newest first, or those of one state; paged. */
export const list = query({
  args: { ...readArgs, status: v.optional(runStatus), paginationOpts: paginationOptsValidator },
  handler: async (ctx, { token, status, paginationOpts }) => {
    requireRead(token);
    const runs = ctx.db.query("runs");
    const ordered =
      status === undefined
        ? runs.withIndex("by_started")
        : runs.withIndex("by_status", (q) => q.eq("status", status));
    return await ordered.order("desc").paginate(paginationOpts);
  },
});

/** Returns one run by its id or a prefix of it, or null. */
export const get = query({
  args: { ...readArgs, run: v.string() },
  handler: async (ctx, { token, run }) => {
    requireRead(token);
    return await find(ctx, run);
  },
});

/**
 * Returns what a Kanban board of a run needs: the run, its tasks in four columns, the number of tasks in each state, and
 * the steps of running sub-tasks. Without `run` it is the newest run. Null where there is none.
 */
export const board = query({
  args: { ...readArgs, run: v.optional(v.string()) },
  handler: async (ctx, { token, run: reference }) => {
    requireRead(token);
    const run =
      reference === undefined
        ? await ctx.db.query("runs").withIndex("by_started").order("desc").first()
        : await find(ctx, reference);
    if (run === null) {
      return null;
    }
    const tasks = await ctx.db
      .query("tasks")
      .withIndex("by_run", (q) => q.eq("runId", run._id))
      .take(MAX_CARDS);
    const columns: Record<Column, Awaited<ReturnType<typeof card>>[]> = {
      pending: [],
      running: [],
      done: [],
      failed: [],
    };
    const counts: Record<TaskStatus, number> = {
      pending: 0,
      running: 0,
      done: 0,
      failed: 0,
      cancelled: 0,
      skipped: 0,
    };
    for (const task of tasks) {
      counts[task.status] += 1;
      columns[COLUMN[task.status]].push(await card(ctx, task));
    }
    columns.pending.sort((one, other) => other.priority - one.priority || one.position - other.position);
    return { run, columns, counts, complete: run.taskCount <= tasks.length };
  },
});

/** Returns a task for the board: its sub-tasks as counts, except the running ones. */
async function card(ctx: QueryCtx, task: Doc<"tasks">) {
  const running =
    task.counts.running === 0
      ? []
      : await ctx.db
          .query("subtasks")
          .withIndex("by_task_status", (q) => q.eq("taskId", task._id).eq("status", "running"))
          .take(MAX_STEPS);
  const { _id, externalId, title, description, agent, priority, position, status } = task;
  return {
    _id,
    externalId,
    title,
    description,
    agent,
    priority,
    position,
    status,
    error: task.error,
    message: task.message,
    progress: task.progress,
    startedAt: task.startedAt,
    endedAt: task.endedAt,
    running: running.map((subtask) => ({
      _id: subtask._id,
      externalId: subtask.externalId,
      title: subtask.title,
      table: subtask.table,
      step: subtask.step,
      totalSteps: subtask.totalSteps,
      message: subtask.message,
      attempts: subtask.attempts,
    })),
  };
}

async function find(ctx: QueryCtx, reference: string): Promise<Doc<"runs"> | null> {
  const found = await ctx.db
    .query("runs")
    .withIndex("by_external_id", (q) => q.gte("externalId", reference).lt("externalId", `${reference}\uffff`))
    .take(2);
  const exact = found.find((run) => run.externalId === reference);
  if (exact !== undefined) {
    return exact;
  }
  if (found.length > 1) {
    throw refuse("invalid", `${reference} could be any of several runs; give more of its id.`);
  }
  return reference.length < SHORTEST_PREFIX ? null : (found[0] ?? null);
}
