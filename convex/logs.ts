/** Queries on the log, which has a line for every event. */
import { paginationOptsValidator } from "convex/server";
import { v } from "convex/values";
import { readArgs, requireRead } from "./access";
import { query } from "./_generated/server";

/** Returns the lines of a task and its sub-tasks, oldest first; paged. */
export const listByTask = query({
  args: { ...readArgs, taskId: v.id("tasks"), paginationOpts: paginationOptsValidator },
  handler: async (ctx, { token, taskId, paginationOpts }) => {
    requireRead(token);
    return await ctx.db
      .query("logs")
      .withIndex("by_task", (q) => q.eq("taskId", taskId))
      .paginate(paginationOpts);
  },
});

/** Returns the lines of one sub-task, oldest first; paged. */
export const listBySubTask = query({
  args: { ...readArgs, subtaskId: v.id("subtasks"), paginationOpts: paginationOptsValidator },
  handler: async (ctx, { token, subtaskId, paginationOpts }) => {
    requireRead(token);
    return await ctx.db
      .query("logs")
      .withIndex("by_subtask", (q) => q.eq("subtaskId", subtaskId))
      .paginate(paginationOpts);
  },
});

/** Returns the lines of a whole run, oldest first; paged. */
export const listByRun = query({
  args: { ...readArgs, runId: v.id("runs"), paginationOpts: paginationOptsValidator },
  handler: async (ctx, { token, runId, paginationOpts }) => {
    requireRead(token);
    return await ctx.db
      .query("logs")
      .withIndex("by_run", (q) => q.eq("runId", runId))
      .paginate(paginationOpts);
  },
});
