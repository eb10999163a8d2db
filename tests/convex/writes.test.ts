import { expect, test } from "vitest";
import { api } from "../../convex/_generated/api";
import type { Id } from "../../convex/_generated/dataModel";
import type { SubTaskStatus, TaskStatus } from "../../convex/validators";
import vectors from "../vectors/aggregate.json";
import { RUN, TOKEN, added, deploy, expectRefusal, numbered, send, specs, started, useEnvironment } from "./deployment";
import type { Deployment } from "./deployment";

useEnvironment();

const token = TOKEN;
const page = { numItems: 100, cursor: null };
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

async function task(t: Deployment, externalId = "by-hand"): Promise<Id<"tasks">> {
  return await t.mutation(api.tasks.create, { token, externalId, description: "BE setup", workspacePath: "/w" });
}

async function status(t: Deployment, taskId: Id<"tasks">): Promise<TaskStatus | undefined> {
  return (await t.query(api.tasks.get, { token, taskId }))?.status;
}

test("a task is created once, with all its fields", async () => {
  const t = deploy();
  const taskId = await task(t);
  expect(await task(t)).toBe(taskId);
  const made = await t.query(api.tasks.get, { token, taskId });
  expect(made).toMatchObject({
    runId: null,
    title: "BE setup",
    description: "BE setup",
    workspacePath: "/w",
    priority: 5,
    status: "pending",
    classification: null,
    progress: { completed: 0, failed: 0, total: 0 },
    subTaskIds: [],
    startedAt: null,
    endedAt: null,
  });
  expect(made?.createdAt).toMatch(ISO);
  expect(made?.updatedAt).toBe(made?.createdAt);
});

test("a task may be added to an existing run", async () => {
  const t = deploy();
  await send(t, numbered([started, added("be", ["a"])]));
  const runId = (await t.query(api.runs.get, { token, run: RUN }))?._id as Id<"runs">;
  const create = (externalId: string) =>
    t.mutation(api.tasks.create, { token, runId, externalId, description: "d", workspacePath: "/w", priority: 9 });
  const own = await t.query(api.tasks.get, { token, taskId: await create("mine") });
  expect(own).toMatchObject({ runId, position: 1, priority: 9 });
  const known = await t.query(api.tasks.get, { token, taskId: await create("be") });
  expect(known).toMatchObject({ title: "BE CRUD APIs" });
  await t.run(async (ctx) => await ctx.db.delete(runId));
  await expectRefusal(create("orphan"), "not_found");
});

test.each([
  ["pending", "running", true],
  ["pending", "skipped", true],
  ["running", "done", true],
  ["running", "pending", false],
  ["done", "done", true],
  ["done", "running", false],
  ["failed", "done", false],
  ["skipped", "pending", false],
] as [TaskStatus, TaskStatus, boolean][])("a task that is %s may become %s: %j", async (from, to, allowed) => {
  const t = deploy();
  const taskId = await task(t);
  if (from !== "pending") {
    await t.mutation(api.tasks.updateStatus, { token, taskId, status: from });
  }
  const move = t.mutation(api.tasks.updateStatus, { token, taskId, status: to, error: "why", message: "now" });
  if (allowed) {
    await move;
    expect(await t.query(api.tasks.get, { token, taskId })).toMatchObject({ status: to, error: "why", message: "now" });
  } else {
    await expectRefusal(move, "conflict");
    expect(await status(t, taskId)).toBe(from);
  }
});

test("the times of a task's states are stored and never changed", async () => {
  const t = deploy();
  const taskId = await task(t);
  await t.mutation(api.tasks.updateStatus, { token, taskId, status: "running" });
  const running = await t.query(api.tasks.get, { token, taskId });
  expect(running?.startedAt).toMatch(ISO);
  await t.mutation(api.tasks.updateStatus, { token, taskId, status: "failed" });
  await t.mutation(api.tasks.updateStatus, { token, taskId, status: "failed" });
  const failed = await t.query(api.tasks.get, { token, taskId });
  expect(failed?.startedAt).toBe(running?.startedAt);
  expect(failed?.endedAt).toMatch(ISO);
});

test("a classification is stored, and the agent follows from it", async () => {
  const t = deploy();
  const taskId = await task(t);
  const told = { kind: "be-boilerplate", method: "llm" as const, confidence: 0.7, keywords: ["be"], reasoning: "r" };
  await t.mutation(api.tasks.updateClassification, { token, taskId, classification: told });
  expect(await t.query(api.tasks.get, { token, taskId })).toMatchObject({ agent: "be-boilerplate", classification: told });
  await t.run(async (ctx) => await ctx.db.delete(taskId));
  await expectRefusal(t.mutation(api.tasks.updateClassification, { token, taskId, classification: told }), "not_found");
  await expectRefusal(t.mutation(api.tasks.updateStatus, { token, taskId, status: "done" }), "not_found");
});

test("sub-tasks are created once, one by one or many together, in order", async () => {
  const t = deploy();
  const taskId = await task(t);
  const [one, ...rest] = specs("by-hand", ["a", "b", "c"]);
  const first = await t.mutation(api.subtasks.create, { token, taskId, subtask: one! });
  const all = await t.mutation(api.subtasks.createMany, { token, taskId, subtasks: [one!, ...rest, one!] });
  expect(all).toHaveLength(4);
  expect(all[0]).toBe(first);
  expect(all[3]).toBe(first);
  const listed = await t.query(api.subtasks.listByTask, { token, taskId, paginationOpts: page });
  expect(listed.page.map(({ table }) => table)).toEqual(["a", "b", "c"]);
  expect(await t.query(api.tasks.get, { token, taskId })).toMatchObject({
    subTaskIds: all.slice(0, 3),
    counts: { pending: 3 },
    progress: { total: 3 },
  });
});

test("of many sub-tasks all are created or none", async () => {
  const t = deploy();
  const taskId = await task(t);
  const many = specs("by-hand", ["a", "b"]);
  const broken = [...many, { ...many[0]!, id: "by-hand/c", priority: 11 as 10 }];
  await expect(t.mutation(api.subtasks.createMany, { token, taskId, subtasks: broken })).rejects.toThrow(/Validator/);
  const thousand = specs("by-hand", Array.from({ length: 1001 }, (_, index) => `t${index}`));
  await expectRefusal(t.mutation(api.subtasks.createMany, { token, taskId, subtasks: thousand }), "invalid");
  expect(await t.query(api.tasks.get, { token, taskId })).toMatchObject({ progress: { total: 0 } });
});

test("nothing is added to a task that has ended or was deleted", async () => {
  const t = deploy();
  const taskId = await task(t);
  await t.mutation(api.tasks.updateStatus, { token, taskId, status: "done" });
  const subtasks = specs("by-hand", ["a"]);
  await expectRefusal(t.mutation(api.subtasks.createMany, { token, taskId, subtasks }), "conflict");
  await t.run(async (ctx) => await ctx.db.delete(taskId));
  await expectRefusal(t.mutation(api.subtasks.createMany, { token, taskId, subtasks }), "not_found");
});

test.each(vectors.filter(({ subtasks }) => subtasks.length > 0 && subtasks.length <= 3))(
  "a task whose sub-tasks became $subtasks is $status",
  async ({ subtasks: states, status: expected, completed, failed, total }) => {
    const t = deploy();
    const taskId = await task(t);
    const subtasks = specs("by-hand", states.map((_, index) => `t${index}`));
    const ids = await t.mutation(api.subtasks.createMany, { token, taskId, subtasks });
    for (const [index, state] of (states as SubTaskStatus[]).entries()) {
      const subtaskId = ids[index]!;
      await t.mutation(api.subtasks.updateProgress, { token, subtaskId, status: state });
    }
    expect(await t.query(api.tasks.get, { token, taskId })).toMatchObject({
      status: expected,
      progress: { completed, failed, total },
    });
  },
);

test("an update of a sub-task changes the given fields only", async () => {
  const t = deploy();
  const taskId = await task(t);
  const [subtaskId] = await t.mutation(api.subtasks.createMany, { token, taskId, subtasks: specs("by-hand", ["a"]) });
  const update = (changes: object) =>
    t.mutation(api.subtasks.updateProgress, { token, subtaskId: subtaskId!, ...changes });
  await update({ status: "running", attempts: 1, totalSteps: 5 });
  await update({ step: 2, message: "variables" });
  expect(await t.query(api.subtasks.get, { token, subtaskId: subtaskId! })).toMatchObject({
    status: "running",
    attempts: 1,
    step: 2,
    totalSteps: 5,
    message: "variables",
    error: null,
  });
  expect(await t.query(api.tasks.get, { token, taskId })).toMatchObject({ message: "variables", status: "running" });
  await expectRefusal(update({ status: "pending" }), "conflict");
  await update({ status: "failed", error: "no" });
  await expectRefusal(update({ status: "running" }), "conflict");
  await expectRefusal(update({ status: "done" }), "conflict");
  expect(await t.query(api.subtasks.get, { token, subtaskId: subtaskId! })).toMatchObject({ error: "no", step: 2 });
  await t.run(async (ctx) => await ctx.db.delete(subtaskId!));
  await expectRefusal(update({ step: 1 }), "not_found");
});

test("arguments that do not match the validators are refused before a function runs", async () => {
  const t = deploy();
  const taskId = await task(t);
  const wrong: [string, Promise<unknown>][] = [
    ["status", t.mutation(api.tasks.updateStatus, { token, taskId, status: "finished" as "done" })],
    ["priority", t.mutation(api.tasks.create, { token, externalId: "a", description: "a", workspacePath: "a", priority: 11 as 10 })],
    ["extra", t.mutation(api.tasks.create, { token, externalId: "a", description: "a", workspacePath: "a", more: 1 } as never)],
    ["missing", t.mutation(api.tasks.create, { token, externalId: "a" } as never)],
    ["id", t.query(api.tasks.get, { token, taskId: "1234subtasks" as Id<"tasks"> })],
    ["event", t.mutation(api.progress.ingest, { token, producer: RUN, firstSeq: 1, lastSeq: 1, events: [{ type: "Unknown", seq: 1, at: "" } as never] })],
  ];
  for (const [, call] of wrong) {
    await expect(call).rejects.toThrow(/Validator error|Expected ID/);
  }
});
