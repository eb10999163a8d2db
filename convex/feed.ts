/** Queries for a client that keeps a copy of a run, such as `runner board --convex`: what changed after an event. */
import { v } from "convex/values";
import { readArgs, requireRead } from "./access";
import type { Doc, Id } from "./_generated/dataModel";
import { query } from "./_generated/server";

/** Log lines, and so documents, in one answer. */
export const MAX_LINES = 500;

/** Characters of the log lines that one call reads: a line may have 128 KiB, and a call may read 16 MiB. */
const MAX_TEXT = 2 ** 20;

/** Log lines that are read for the newest ones that are worth showing; most lines are steps. */
const MAX_READ = 4000;

/**
 * Returns what changed after event `after`: the run, the documents that later events are about as they are now, their
 * lines that are worth showing, the newest of these events, and whether there are no more.
 */
export const changes = query({
  args: { ...readArgs, runId: v.id("runs"), after: v.number() },
  handler: async (ctx, { token, runId, after }) => {
    requireRead(token);
    const run = await ctx.db.get(runId);
    const found = ctx.db.query("logs").withIndex("by_run", (q) => q.eq("runId", runId).gt("seq", after));
    const { lines, complete } = await bounded(found, MAX_LINES);
    const taskIds = new Set<Id<"tasks">>();
    const subtaskIds = new Set<Id<"subtasks">>();
    for (const { taskId, subtaskId } of lines) {
      if (taskId !== null) {
        taskIds.add(taskId);
      }
      if (subtaskId !== null) {
        subtaskIds.add(subtaskId);
      }
    }
    const tasks = await Promise.all([...taskIds].map((id) => ctx.db.get(id)));
    const subtasks = await Promise.all([...subtaskIds].map((id) => ctx.db.get(id)));
    return {
      run,
      seq: lines.at(-1)?.seq ?? after,
      lines: lines.filter(isShown),
      tasks: tasks.filter((task) => task !== null),
      subtasks: subtasks.filter((subtask) => subtask !== null),
      complete,
    };
  },
});

/** Returns the newest lines up to event `upTo` that are worth showing, oldest first. */
export const newestLines = query({
  args: { ...readArgs, runId: v.id("runs"), upTo: v.number() },
  handler: async (ctx, { token, runId, upTo }): Promise<Doc<"logs">[]> => {
    requireRead(token);
    const found = ctx.db.query("logs").withIndex("by_run", (q) => q.eq("runId", runId).lte("seq", upTo));
    const { lines } = await bounded(found.order("desc"), MAX_READ);
    return lines.filter(isShown).slice(0, MAX_LINES).reverse();
  },
});

/** Reads lines until there are `most`, or they are long in all. */
async function bounded(found: AsyncIterable<Doc<"logs">>, most: number) {
  const lines: Doc<"logs">[] = [];
  let length = 0;
  for await (const line of found) {
    if (lines.length === most || length > MAX_TEXT) {
      return { lines, complete: false };
    }
    lines.push(line);
    length += line.message.length;
  }
  return { lines, complete: true };
}

/** The events whose lines `runner board` shows: no steps, and of sub-tasks no successes. */
const SHOWN = new Set(["Logged", "SubTaskRetrying", "SubTaskEnded", "TaskStarted", "TaskEnded"]);

function isShown({ type, level }: Doc<"logs">): boolean {
  return SHOWN.has(type) && (type !== "SubTaskEnded" || level !== "info");
}
