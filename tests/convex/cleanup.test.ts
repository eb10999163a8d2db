import { expect, test, vi } from "vitest";
import { api, internal } from "../../convex/_generated/api";
import { sweep } from "../../convex/cleanup";
import crons from "../../convex/crons";
import { TOKEN, WHOLE_RUN, deploy, numbered, send, specs, started, useEnvironment, type Deployment } from "./deployment";

useEnvironment();

const DAY = 24 * 60 * 60 * 1000;
const THEN = Date.parse("2025-05-06T07:08:00Z"); // about when `WHOLE_RUN` was

async function count(t: Deployment): Promise<Record<string, number>> {
  return await t.run(async (ctx) => {
    const found: Record<string, number> = {};
    for (const table of ["runs", "tasks", "subtasks", "logs", "producers"] as const) {
      found[table] = (await ctx.db.query(table).collect()).length;
    }
    return found;
  });
}

/** A deployment that received a whole run at `THEN`, with the clock `days` later. */
async function after(days: number): Promise<Deployment> {
  vi.useFakeTimers();
  vi.setSystemTime(THEN);
  const t = deploy();
  await send(t, WHOLE_RUN);
  vi.setSystemTime(THEN + days * DAY + 60_000);
  return t;
}

const everything = { runs: 1, tasks: 1, subtasks: 2, logs: 18, producers: 1 };
const nothing = { runs: 0, tasks: 0, subtasks: 0, logs: 0, producers: 0 };

test.each([
  [29, everything],
  [30, { ...everything, logs: 0 }],
  [89, { ...everything, logs: 0 }],
  [90, nothing],
])("after %i days this is left", async (days, left) => {
  const t = await after(days);
  await t.mutation(internal.cleanup.sweep, {});
  expect(await count(t)).toEqual(left);
});

test("the number of days is a setting", async () => {
  const t = await after(3);
  vi.stubEnv("RUNNER_CONVEX_KEEP_LOGS_DAYS", "2");
  await t.mutation(internal.cleanup.sweep, {});
  expect(await count(t)).toEqual({ ...everything, logs: 0 });
  vi.stubEnv("RUNNER_CONVEX_KEEP_RUNS_DAYS", "2.5");
  await t.mutation(internal.cleanup.sweep, {});
  expect(await count(t)).toEqual(nothing);
});

test("with a setting that is not a number nothing is deleted", async () => {
  const t = await after(1000);
  vi.stubEnv("RUNNER_CONVEX_KEEP_RUNS_DAYS", "for ever");
  await expect(t.mutation(internal.cleanup.sweep, {})).rejects.toThrow("RUNNER_CONVEX_KEEP_RUNS_DAYS");
  expect(await count(t)).toEqual(everything);
});

test.each([1, 2, 3, 7, 23, 24, 500])("batches of %i delete no more at a time, and everything in the end", async (batch) => {
  const t = await after(100);
  const total = 23;
  const first = await t.mutation(internal.cleanup.sweep, { batch });
  expect(first.deleted).toBeLessThanOrEqual(Math.max(batch, 2));
  const left = Object.values(await count(t)).reduce((sum, each) => sum + each, 0);
  expect(left).toBeGreaterThanOrEqual(total - Math.max(batch, 2));
  await t.finishAllScheduledFunctions(vi.runAllTimers);
  expect(await count(t)).toEqual(nothing);
});

test("recent runs stay, and a deleted run can be sent again", async () => {
  const t = await after(100);
  const fresh = numbered([started]).map((event) => ({ ...event, at: new Date().toISOString() }));
  const call = { token: TOKEN, producer: "fresh", firstSeq: 1, lastSeq: 1, events: fresh };
  await t.mutation(api.progress.ingest, call);
  await t.mutation(internal.cleanup.sweep, {});
  expect(await count(t)).toEqual({ ...nothing, runs: 1, logs: 1, producers: 1 });
  expect(await send(t, WHOLE_RUN)).toEqual({ cursor: 18, applied: 18 });
});

test("tasks that no run created are deleted, too, with their sub-tasks", async () => {
  vi.useFakeTimers();
  vi.setSystemTime(THEN);
  const t = deploy();
  const token = TOKEN;
  const taskId = await t.mutation(api.tasks.create, { token, externalId: "a", description: "a", workspacePath: "a" });
  await t.mutation(api.subtasks.createMany, { token, taskId, subtasks: specs("a", ["x", "y", "z"]) });
  await t.mutation(internal.cleanup.sweep, {});
  expect(await count(t)).toEqual({ ...nothing, tasks: 1, subtasks: 3 });
  vi.setSystemTime(THEN + 91 * DAY);
  await t.mutation(internal.cleanup.sweep, { batch: 2 });
  await t.finishAllScheduledFunctions(vi.runAllTimers);
  expect(await count(t)).toEqual(nothing);
});

test("the sweep is internal, and the cron job calls it", () => {
  expect(sweep).toHaveProperty("isInternal", true);
  expect(sweep).not.toHaveProperty("isPublic");
  const [cron] = Object.values(crons.crons);
  expect(cron).toMatchObject({ name: "cleanup:sweep", schedule: { type: "daily", hourUTC: 3, minuteUTC: 30 } });
});
