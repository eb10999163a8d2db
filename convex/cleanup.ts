/**
 * Deletes old runs and old logs, in a bounded batch per call; the next call follows at once until nothing old is left.
 *
 * Environment of the deployment: RUNNER_CONVEX_KEEP_LOGS_DAYS (30) and RUNNER_CONVEX_KEEP_RUNS_DAYS (90).
 */
import { v } from "convex/values";
import { setting } from "./access";
import { internal } from "./_generated/api";
import type { Doc, Id } from "./_generated/dataModel";
import { internalMutation, type MutationCtx } from "./_generated/server";

/** Documents that one call deletes at most. */
export const BATCH = 500;

/** A run's own document is deleted together with its producer's. */
const SMALLEST_BATCH = 2;

const KEEP_LOGS_DAYS = 30;
const KEEP_RUNS_DAYS = 90;
const DAY = 24 * 60 * 60 * 1000; // milliseconds

/** Deletes one batch of what is too old, and schedules itself again while there is more. */
export const sweep = internalMutation({
  args: { batch: v.optional(v.number()) },
  handler: async (ctx, { batch = BATCH }): Promise<{ deleted: number; done: boolean }> => {
    const size = Math.max(batch, SMALLEST_BATCH);
    let left = size;
    left -= await deleteLogs(ctx, before("RUNNER_CONVEX_KEEP_LOGS_DAYS", KEEP_LOGS_DAYS), left);
    left -= await deleteRuns(ctx, before("RUNNER_CONVEX_KEEP_RUNS_DAYS", KEEP_RUNS_DAYS), left);
    left -= await deleteLooseTasks(ctx, before("RUNNER_CONVEX_KEEP_RUNS_DAYS", KEEP_RUNS_DAYS), left);
    const done = left > 0;
    if (!done) {
      await ctx.scheduler.runAfter(0, internal.cleanup.sweep, { batch });
    }
    return { deleted: size - left, done };
  },
});

/** Returns the time before which documents are too old, in milliseconds. Throws for a setting that is no number. */
function before(name: string, otherwise: number): number {
  const days = Number(setting(name) ?? otherwise);
  if (!(days >= 0)) {
    throw new Error(`${name} is not a number of days`);
  }
  return Date.now() - days * DAY;
}

async function deleteLogs(ctx: MutationCtx, cutoff: number, limit: number): Promise<number> {
  const old = await ctx.db
    .query("logs")
    .withIndex("by_creation_time", (q) => q.lt("_creationTime", cutoff))
    .take(limit);
  return await deleteAll(ctx, old);
}

/** A run is deleted from its leaves up, its own document last, so that the next call finds what is left of it. */
async function deleteRuns(ctx: MutationCtx, cutoff: number, limit: number): Promise<number> {
  let deleted = 0;
  while (deleted < limit) {
    const run = await ctx.db
      .query("runs")
      .withIndex("by_updated", (q) => q.lt("updatedAt", new Date(cutoff).toISOString()))
      .first();
    if (run === null) {
      break;
    }
    deleted += await deleteRun(ctx, run, limit - deleted);
  }
  return deleted;
}

async function deleteRun(ctx: MutationCtx, run: Doc<"runs">, limit: number): Promise<number> {
  let deleted = 0;
  const more = () => limit - deleted;
  deleted += await deleteAll(
    ctx,
    await ctx.db
      .query("logs")
      .withIndex("by_run", (q) => q.eq("runId", run._id))
      .take(more()),
  );
  if (more() > 0) {
    deleted += await deleteAll(
      ctx,
      await ctx.db
        .query("subtasks")
        .withIndex("by_run", (q) => q.eq("runId", run._id))
        .take(more()),
    );
  }
  if (more() > 0) {
    deleted += await deleteAll(
      ctx,
      await ctx.db
        .query("tasks")
        .withIndex("by_run", (q) => q.eq("runId", run._id))
        .take(more()),
    );
  }
  if (more() >= SMALLEST_BATCH) {
    const producers = await ctx.db
      .query("producers")
      .withIndex("by_producer", (q) => q.eq("producer", run.externalId))
      .take(1);
    deleted += await deleteAll(ctx, [...producers, run]);
    return deleted;
  }
  return limit; // the batch is full: the last two are deleted with the next one
}

/** Deletes tasks that were not created by a run, with their sub-tasks. */
async function deleteLooseTasks(ctx: MutationCtx, cutoff: number, limit: number): Promise<number> {
  let deleted = 0;
  const old = await ctx.db
    .query("tasks")
    .withIndex("by_run_updated", (q) => q.eq("runId", null).lt("updatedAt", new Date(cutoff).toISOString()))
    .take(limit);
  for (const task of old) {
    const subtasks = await ctx.db
      .query("subtasks")
      .withIndex("by_task", (q) => q.eq("taskId", task._id))
      .take(Math.max(0, limit - deleted));
    deleted += await deleteAll(ctx, subtasks);
    if (deleted >= limit) {
      break;
    }
    deleted += await deleteAll(ctx, [task]);
  }
  return deleted;
}

async function deleteAll(
  ctx: MutationCtx,
  documents: readonly { _id: Id<"logs" | "subtasks" | "tasks" | "producers" | "runs"> }[],
): Promise<number> {
  for (const { _id } of documents) {
    await ctx.db.delete(_id);
  }
  return documents.length;
}
