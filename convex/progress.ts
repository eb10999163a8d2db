/**
 * Takes the events of the runner and applies each exactly once and in order, however often and from wherever it is sent.
 *
 * A producer numbers its events from 1. Its document has the number up to which all have arrived; it is read and written
 * in the transaction that applies the events, so of two concurrent calls one is run again and then skips its events.
 */
import { v } from "convex/values";
import { refuse, requireWrite, writeArgs } from "./access";
import { MAX_SUBTASKS, addSubTasks, findRun, findTask, now, save } from "./documents";
import { describe, levelOf } from "./lines";
import { RunState } from "./projection";
import type { Doc } from "./_generated/dataModel";
import { mutation, type MutationCtx } from "./_generated/server";
import { event as eventValidator, pick, runFacts, subTaskSpec, type RunnerEvent } from "./validators";

/** Events in one call; the runner sends up to 500. */
export const MAX_EVENTS = 1000;

/**
 * Applies the events `firstSeq` to `lastSeq` of a producer, whose name is the id of its run.
 *
 * Superseded events may be left out, except the last one, so that the newest log line of a producer has its position.
 * Events that are stored already are skipped. A gap is refused with the number of the last stored event (`cursor`), so
 * that the producer can continue from there.
 */
export const ingest = mutation({
  args: {
    ...writeArgs,
    producer: v.string(),
    firstSeq: v.number(),
    lastSeq: v.number(),
    events: v.array(eventValidator),
  },
  handler: async (ctx, { token, producer, firstSeq, lastSeq, events }) => {
    requireWrite(token);
    checkBatch(firstSeq, lastSeq, events);
    const known = await findProducer(ctx, producer);
    const cursor = known?.cursor ?? (await highestSeq(ctx, producer));
    if (firstSeq > cursor + 1) {
      throw refuse("gap", `Events ${cursor + 1} to ${firstSeq - 1} of ${producer} are missing.`, { cursor });
    }
    if (lastSeq <= cursor) {
      return { cursor, applied: 0 };
    }
    const fresh = events.filter((event) => event.seq > cursor);
    await apply(ctx, producer, fresh);
    if (known === null) {
      await ctx.db.insert("producers", { producer, cursor: lastSeq, updatedAt: now() });
    } else {
      await ctx.db.patch(known._id, { cursor: lastSeq, updatedAt: now() });
    }
    return { cursor: lastSeq, applied: fresh.length };
  },
});

/**
 * Adds further sub-tasks to a task that has too many for its `TaskAdded`. Sent before any later event. Sub-tasks that
 * exist are left unchanged.
 */
export const announce = mutation({
  args: { ...writeArgs, producer: v.string(), taskId: v.string(), at: v.string(), subtasks: v.array(subTaskSpec) },
  handler: async (ctx, { token, producer, taskId, at, subtasks }) => {
    requireWrite(token);
    if (subtasks.length > MAX_SUBTASKS) {
      throw refuse("invalid", `${subtasks.length} sub-tasks are too many for one call; send ${MAX_SUBTASKS}.`);
    }
    const run = await findRun(ctx, producer);
    const task = run === null ? null : await findTask(ctx, run._id, taskId);
    if (task === null) {
      throw refuse("not_found", `Run ${producer} has no task ${taskId}.`);
    }
    const before = task.progress.total;
    await addSubTasks(ctx, task, subtasks, at);
    await save(ctx, task);
    return { added: task.progress.total - before };
  },
});

function checkBatch(firstSeq: number, lastSeq: number, events: readonly RunnerEvent[]): void {
  if (!Number.isSafeInteger(firstSeq) || !Number.isSafeInteger(lastSeq) || firstSeq < 1 || lastSeq < firstSeq) {
    throw refuse("invalid", `${firstSeq} to ${lastSeq} is not a range of events; they are numbered from 1.`);
  }
  if (events.length > MAX_EVENTS) {
    throw refuse("invalid", `${events.length} events are too many for one call; send ${MAX_EVENTS}.`);
  }
  let previous = firstSeq - 1;
  for (const { seq } of events) {
    if (!Number.isSafeInteger(seq) || seq <= previous || seq > lastSeq) {
      throw refuse("invalid", `Event ${seq} is out of order in ${firstSeq} to ${lastSeq}.`);
    }
    previous = seq;
  }
  if (previous !== lastSeq) {
    throw refuse("invalid", `The last event of ${firstSeq} to ${lastSeq} is missing.`);
  }
}

async function findProducer(ctx: MutationCtx, producer: string): Promise<Doc<"producers"> | null> {
  return await ctx.db
    .query("producers")
    .withIndex("by_producer", (q) => q.eq("producer", producer))
    .unique();
}

/** Returns the position of a producer whose document was deleted, from its newest log line or from its run. */
async function highestSeq(ctx: MutationCtx, producer: string): Promise<number> {
  const newest = await ctx.db
    .query("logs")
    .withIndex("by_producer", (q) => q.eq("producer", producer))
    .order("desc")
    .first();
  const run = await findRun(ctx, producer);
  return Math.max(newest?.seq ?? 0, run?.lastSeq ?? 0);
}

async function apply(ctx: MutationCtx, producer: string, events: readonly RunnerEvent[]): Promise<void> {
  const run = (await findRun(ctx, producer)) ?? (await startRun(ctx, producer, events[0]));
  const state = await RunState.load(ctx, run, events);
  for (const event of events) {
    await state.apply(event);
    await ctx.db.insert("logs", {
      producer,
      seq: event.seq,
      at: event.at,
      type: event.type,
      level: levelOf(event),
      message: describe(event),
      runId: run._id,
      ...state.place(event),
    });
  }
  await state.save();
}

async function startRun(
  ctx: MutationCtx,
  producer: string,
  event: RunnerEvent | undefined,
): Promise<Doc<"runs">> {
  if (event?.type !== "RunStarted") {
    throw refuse("invalid", `Run ${producer} has no start; its first event must be RunStarted.`);
  }
  const id = await ctx.db.insert("runs", {
    ...pick(event, runFacts),
    externalId: producer,
    status: "running",
    exitCode: null,
    error: null,
    lastSeq: 0,
    taskCount: 0,
    createdAt: event.at,
    updatedAt: event.at,
    startedAt: event.at,
    endedAt: null,
  });
  const run = await ctx.db.get(id);
  if (run === null) {
    throw new Error("a document that was just inserted is missing");
  }
  return run;
}
