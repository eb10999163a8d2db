import { expect, test } from "vitest";
import { api } from "../../convex/_generated/api";
import { MAX_LINES } from "../../convex/feed";
import type { TaskStatus } from "../../convex/validators";
import {
  RUN,
  TOKEN,
  WHOLE_RUN,
  added,
  at,
  began,
  deploy,
  ended,
  expectRefusal,
  numbered,
  send,
  started,
  step,
  useEnvironment,
  type Deployment,
  type Fact,
} from "./deployment";

useEnvironment();

const token = TOKEN;
const page = (numItems: number, cursor: string | null = null) => ({ numItems, cursor });

async function sendRun(t: Deployment, producer: string, facts: readonly Fact[], startedAt?: string) {
  const events = numbered(facts).map((event) =>
    startedAt !== undefined && event.seq === 1 ? { ...event, at: startedAt } : event,
  );
  await t.mutation(api.progress.ingest, { token, producer, firstSeq: 1, lastSeq: events.length, events });
}

function finished(taskId: string, status: TaskStatus): Fact {
  return { type: "TaskEnded", taskId, status, error: null };
}

test("the board has four columns, counts, and the running sub-tasks", async () => {
  const t = deploy();
  await send(
    t,
    numbered([
      started,
      added("setup", ["setup"], 10),
      added("be", ["students", "classes"], 7),
      added("late", ["a"], 1),
      added("soon", ["a"], 5),
      added("bad", ["a"]),
      added("skipped", ["a"]),
      added("stopped", ["a"]),
      began("setup", "setup"),
      ended("setup", "setup"),
      finished("setup", "done"),
      began("be", "students"),
      step("be", "students", 3),
      finished("bad", "failed"),
      finished("skipped", "skipped"),
      finished("stopped", "cancelled"),
    ]),
  );
  const board = await t.query(api.runs.board, { token });
  expect(board?.run).toMatchObject({ externalId: RUN, status: "running" });
  const ids = (column: "pending" | "running" | "done" | "failed") =>
    board?.columns[column].map(({ externalId }) => externalId);
  expect(ids("pending")).toEqual(["soon", "late"]); // the most urgent first
  expect(ids("running")).toEqual(["be"]);
  expect(ids("done")).toEqual(["setup"]);
  expect(ids("failed")).toEqual(["bad", "skipped", "stopped"]);
  expect(board?.counts).toEqual({ pending: 2, running: 1, done: 1, failed: 1, cancelled: 1, skipped: 1 });
  expect(board?.columns.running[0]).toMatchObject({
    progress: { completed: 0, failed: 0, total: 2 },
    running: [{ table: "students", step: 3, totalSteps: 5, message: "step 3", attempts: 1 }],
  });
  expect(board?.complete).toBe(true);
});

test("a board shows the newest run, or the named one", async () => {
  const t = deploy();
  expect(await t.query(api.runs.board, { token })).toBeNull();
  await sendRun(t, "aaaa-1", [started], at(30));
  await sendRun(t, "aaaa-2", [started], at(10));
  await sendRun(t, "aaaa", [started], at(20));
  const run = async (name?: string) =>
    (await t.query(api.runs.board, { token, ...(name === undefined ? {} : { run: name }) }))?.run.externalId;
  expect(await run()).toBe("aaaa-1");
  expect(await run("aaaa-2")).toBe("aaaa-2");
  expect(await run("aaaa")).toBe("aaaa"); // a complete id selects that run, even if other ids begin with it
  expect(await run("bbbb")).toBeUndefined();
  await expectRefusal(run("aaaa-"), "invalid");
  expect(await t.query(api.runs.get, { token, run: "aaaa-2" })).toMatchObject({ externalId: "aaaa-2" });
  await sendRun(t, "cccccc", [started], at(5));
  expect(await run("cccc")).toBe("cccccc");
  expect(await run("ccc")).toBeUndefined(); // too short to identify it
});

test("runs are listed newest first, optionally by state, in pages", async () => {
  const t = deploy();
  await sendRun(t, "one", [started], at(1));
  await sendRun(t, "two", [started, { type: "RunPaused" }], at(2));
  await sendRun(t, "three", [started], at(3));
  const first = await t.query(api.runs.list, { token, paginationOpts: page(2) });
  expect(first.page.map(({ externalId }) => externalId)).toEqual(["three", "two"]);
  const second = await t.query(api.runs.list, { token, paginationOpts: page(2, first.continueCursor) });
  expect(second.page.map(({ externalId }) => externalId)).toEqual(["one"]);
  expect(second.isDone).toBe(true);
  const paused = await t.query(api.runs.list, { token, status: "paused", paginationOpts: page(9) });
  expect(paused.page.map(({ externalId }) => externalId)).toEqual(["two"]);
});

test("tasks are listed in the plan's order, or by priority over all runs", async () => {
  const t = deploy();
  await send(t, numbered([started, added("low", ["a"], 1), added("high", ["a"], 10)]));
  const run = await t.query(api.runs.get, { token, run: RUN });
  const runId = run?._id;
  if (runId === undefined) {
    throw new Error("no run");
  }
  const inRun = await t.query(api.tasks.list, { token, runId, paginationOpts: page(9) });
  expect(inRun.page.map(({ externalId }) => externalId)).toEqual(["low", "high"]);
  const all = await t.query(api.tasks.list, { token, paginationOpts: page(1) });
  expect(all.page.map(({ externalId }) => externalId)).toEqual(["high"]);
  const next = await t.query(api.tasks.list, { token, paginationOpts: page(1, all.continueCursor) });
  expect(next.page.map(({ externalId }) => externalId)).toEqual(["low"]);
  const waiting = await t.query(api.tasks.listByStatus, { token, status: "pending", paginationOpts: page(9) });
  expect(waiting.page).toHaveLength(2);
  const failed = await t.query(api.tasks.listByStatus, { token, status: "failed", paginationOpts: page(9) });
  expect(failed.page).toEqual([]);
});

test("logs are read by task, by sub-task and by run, in the order of the events", async () => {
  const t = deploy();
  await send(t, WHOLE_RUN);
  const [run, task, subtask] = await t.run(async (ctx) => [
    await ctx.db.query("runs").first(),
    await ctx.db.query("tasks").first(),
    await ctx.db.query("subtasks").first(),
  ]);
  if (!run || !task || !subtask) {
    throw new Error("the run is not there");
  }
  const all = page(99);
  const lines = await t.query(api.logs.listByRun, { token, runId: run._id, paginationOpts: all });
  expect(lines.page.map(({ seq }) => seq)).toEqual(WHOLE_RUN.map(({ seq }) => seq));
  expect(lines.page.map(({ message }) => message)).toEqual([
    "school started, process 42 on build-1",
    "added: BE CRUD APIs",
    "started",
    "attempt 1 started, process 43",
    "step 1: step 1",
    "step 2: step 2",
    "attempt 1 started, process 43",
    "attempt 1 failed: disk",
    "slow",
    "of the run",
    "done",
    "attempt 2 started, process 43",
    "step 1: step 1",
    "failed: disk",
    "paused",
    "resumed",
    "failed: classes: disk",
    "failed",
  ]);
  const ofTask = await t.query(api.logs.listByTask, { token, taskId: task._id, paginationOpts: page(5) });
  expect(ofTask.page.map(({ seq }) => seq)).toEqual([2, 3, 4, 5, 6]);
  const more = await t.query(api.logs.listByTask, {
    token,
    taskId: task._id,
    paginationOpts: page(99, ofTask.continueCursor),
  });
  expect(more.page.map(({ seq }) => seq)).toEqual([7, 8, 9, 11, 12, 13, 14, 17]);
  const ofOne = await t.query(api.logs.listBySubTask, { token, subtaskId: subtask._id, paginationOpts: all });
  expect(ofOne.page.map(({ seq, level }) => [seq, level])).toEqual([
    [4, "info"],
    [5, "debug"],
    [6, "debug"],
    [9, "warning"],
    [11, "info"],
  ]);
});

test("no function scans a table: every query uses an index", () => {
  const sources = import.meta.glob<string>("../../convex/*.ts", { eager: true, query: "?raw", import: "default" });
  let queries = 0;
  for (const [path, source] of Object.entries(sources)) {
    for (const [, rest] of source.matchAll(/\.query\("\w+"\)([\s\S]{0,400}?);/g)) {
      queries += 1;
      const named = /^\s*\.withIndex\(/.test(rest ?? "");
      const later = /^$/.test(rest ?? "") && /const ordered =[\s\S]*\.withIndex[\s\S]*\.withIndex/.test(source);
      expect(named || later, `${path}: ${rest}`).toBe(true);
      expect(rest).not.toContain(".filter(");
    }
  }
  expect(queries).toBeGreaterThan(15);
});

test("a copy of a run is kept by what changed after an event", async () => {
  const t = deploy();
  await send(
    t,
    numbered([started, added("be", ["students", "classes"], 7), began("be", "students"), step("be", "students", 2)]),
  );
  const run = await t.query(api.runs.get, { token, run: RUN });
  if (run === null) throw new Error("there is no run");
  const first = await t.query(api.feed.changes, { token, runId: run._id, after: 2 });
  expect(first.seq).toBe(4);
  expect(first.tasks.map(({ externalId }) => externalId)).toEqual(["be"]);
  expect(first.subtasks).toMatchObject([{ table: "students", status: "running", step: 2 }]);
  expect(first.complete).toBe(true);
  const second = await t.query(api.feed.changes, { token, runId: run._id, after: 4 });
  expect(second).toMatchObject({ run: { lastSeq: 4 }, seq: 4, lines: [], tasks: [], subtasks: [], complete: true });
});

test("much that changed comes in parts", async () => {
  const t = deploy();
  const lines = Array.from({ length: MAX_LINES }, (_, index): Fact => ({
    type: "Logged", taskId: null, subtaskId: null, level: "info", message: `line ${index}`,
  }));
  await sendRun(t, RUN, [started, ...lines]);
  const run = await t.query(api.runs.get, { token, run: RUN });
  if (run === null) throw new Error("there is no run");
  const first = await t.query(api.feed.changes, { token, runId: run._id, after: 0 });
  expect([first.seq, first.complete]).toEqual([MAX_LINES, false]);
  const rest = await t.query(api.feed.changes, { token, runId: run._id, after: MAX_LINES });
  expect([rest.lines.length, rest.complete]).toEqual([1, true]);
});

test("the newest lines have no steps, and no attempts that began or succeeded", async () => {
  const t = deploy();
  await sendRun(t, RUN, [
    started,
    added("be", ["students", "classes"]),
    began("be", "students"),
    step("be", "students", 2),
    ended("be", "students"),
    { type: "Logged", taskId: "be", subtaskId: null, level: "warning", message: "look here" },
    finished("be", "done"),
  ]);
  const run = await t.query(api.runs.get, { token, run: RUN });
  if (run === null) throw new Error("there is no run");
  const lines = await t.query(api.feed.newestLines, { token, runId: run._id, upTo: 6 });
  expect(lines.map(({ type }) => type)).toEqual(["Logged"]);
  await expectRefusal(t.query(api.feed.newestLines, { runId: run._id, upTo: 6 }), "unauthorized");
});
