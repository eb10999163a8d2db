import { expect, test, vi } from "vitest";
import { api } from "../../convex/_generated/api";
import { sameSecret } from "../../convex/access";
import { READ_TOKEN, TOKEN, WHOLE_RUN, RUN, deploy, expectRefusal, send, useEnvironment } from "./deployment";
import type { Deployment } from "./deployment";

useEnvironment();

const page = { numItems: 10, cursor: null };

/** Every public write, with valid arguments except the token. */
async function writes(t: Deployment): Promise<((token: string) => Promise<unknown>)[]> {
  const [task, subtask] = await t.run(async (ctx) => [
    await ctx.db.query("tasks").first(),
    await ctx.db.query("subtasks").first(),
  ]);
  if (!task || !subtask) {
    throw new Error("the run is not there");
  }
  const spec = { id: "be/x", title: "x", table: "x", priority: 5 as const, position: 9 };
  const ingest = { producer: RUN, firstSeq: 1, lastSeq: 1, events: WHOLE_RUN.slice(0, 1) };
  const told = { kind: "be-crud", method: "llm" as const, confidence: 1, keywords: [], reasoning: "" };
  return [
    (token) => t.mutation(api.progress.ingest, { token, ...ingest }),
    (token) => t.mutation(api.progress.announce, { token, producer: RUN, taskId: "be", at: "", subtasks: [] }),
    (token) => t.mutation(api.tasks.create, { token, externalId: "a", description: "a", workspacePath: "/a" }),
    (token) => t.mutation(api.tasks.updateStatus, { token, taskId: task._id, status: "failed" }),
    (token) => t.mutation(api.tasks.updateClassification, { token, taskId: task._id, classification: told }),
    (token) => t.mutation(api.subtasks.updateProgress, { token, subtaskId: subtask._id, message: "m" }),
    (token) => t.mutation(api.subtasks.create, { token, taskId: task._id, subtask: spec }),
    (token) => t.mutation(api.subtasks.createMany, { token, taskId: task._id, subtasks: [spec] }),
  ];
}

/** Every public read. */
async function reads(t: Deployment): Promise<((token?: string) => Promise<unknown>)[]> {
  const [run, task, subtask] = await t.run(async (ctx) => [
    await ctx.db.query("runs").first(),
    await ctx.db.query("tasks").first(),
    await ctx.db.query("subtasks").first(),
  ]);
  if (!run || !task || !subtask) {
    throw new Error("the run is not there");
  }
  const told = (token: string | undefined) => (token === undefined ? {} : { token });
  const paged = (token: string | undefined) => ({ ...told(token), paginationOpts: page });
  return [
    (token) => t.query(api.tasks.get, { ...told(token), taskId: task._id }),
    (token) => t.query(api.tasks.list, paged(token)),
    (token) => t.query(api.tasks.listByStatus, { ...paged(token), status: "failed" }),
    (token) => t.query(api.subtasks.get, { ...told(token), subtaskId: subtask._id }),
    (token) => t.query(api.subtasks.listByTask, { ...paged(token), taskId: task._id }),
    (token) => t.query(api.runs.list, paged(token)),
    (token) => t.query(api.runs.get, { ...told(token), run: RUN }),
    (token) => t.query(api.runs.board, told(token)),
    (token) => t.query(api.logs.listByTask, { ...paged(token), taskId: task._id }),
    (token) => t.query(api.logs.listBySubTask, { ...paged(token), subtaskId: subtask._id }),
    (token) => t.query(api.logs.listByRun, { ...paged(token), runId: run._id }),
    (token) => t.query(api.feed.changes, { ...told(token), runId: run._id, after: 0 }),
    (token) => t.query(api.feed.newestLines, { ...told(token), runId: run._id, upTo: 9 }),
  ];
}

test("every public function is in one of the two lists", async () => {
  const t = deploy();
  await send(t, WHOLE_RUN);
  const modules = import.meta.glob<Record<string, { isPublic?: boolean }>>("../../convex/*.ts", { eager: true });
  const open = Object.values(modules).flatMap((module) => Object.values(module).filter((each) => each?.isPublic));
  expect(open).toHaveLength((await writes(t)).length + (await reads(t)).length);
});

test("a write without the shared secret is refused and changes nothing", async () => {
  const t = deploy();
  await send(t, WHOLE_RUN);
  const before = await t.run(async (ctx) => await ctx.db.query("tasks").collect());
  for (const write of await writes(t)) {
    for (const token of ["", "wrong", READ_TOKEN, TOKEN.slice(0, -1), `${TOKEN}x`, TOKEN + TOKEN]) {
      await expectRefusal(write(token), "unauthorized");
    }
  }
  expect(await t.run(async (ctx) => await ctx.db.query("tasks").collect())).toEqual(before);
});

test("writes are closed while the deployment has no secret", async () => {
  const t = deploy();
  await send(t, WHOLE_RUN);
  vi.stubEnv("RUNNER_CONVEX_TOKEN", "");
  for (const write of await writes(t)) {
    await expectRefusal(write(""), "closed");
    await expectRefusal(write("undefined"), "closed");
  }
});

test("a read takes either secret and no other", async () => {
  const t = deploy();
  await send(t, WHOLE_RUN);
  for (const read of await reads(t)) {
    await expect(read(TOKEN)).resolves.toBeTruthy();
    await expect(read(READ_TOKEN)).resolves.toBeTruthy();
    await expectRefusal(read("wrong"), "unauthorized");
    await expectRefusal(read(""), "unauthorized");
    await expectRefusal(read(), "unauthorized");
  }
});

test("reads are closed without any secret and open by setting", async () => {
  const t = deploy();
  await send(t, WHOLE_RUN);
  vi.stubEnv("RUNNER_CONVEX_TOKEN", "");
  vi.stubEnv("RUNNER_CONVEX_READ_TOKEN", "");
  for (const read of await reads(t)) {
    await expectRefusal(read(""), "unauthorized");
    vi.stubEnv("RUNNER_CONVEX_OPEN_READS", "true");
    await expect(read()).resolves.toBeTruthy();
    vi.stubEnv("RUNNER_CONVEX_OPEN_READS", "yes"); // only one value opens reads
    await expectRefusal(read(), "unauthorized");
    vi.stubEnv("RUNNER_CONVEX_OPEN_READS", "");
  }
});

test.each([
  ["secret", "secret", true],
  ["secres", "secret", false],
  ["secre", "secret", false],
  ["secretsecret", "secret", false],
  ["", "secret", false],
  ["", "", false],
  ["x", "", false],
])("%j against %j is %j", (given, secret, same) => {
  expect(sameSecret(given, secret)).toBe(same);
});

test("a comparison always compares every character", () => {
  const secret = "s".repeat(64);
  const looked: number[] = [];
  for (const guess of ["x".repeat(64), secret, `${"s".repeat(63)}x`]) {
    let count = 0;
    const spy = {
      length: guess.length,
      charCodeAt: (index: number) => {
        count += 1;
        return guess.charCodeAt(index);
      },
    } as string;
    sameSecret(spy, secret);
    looked.push(count);
  }
  expect(looked).toEqual([64, 64, 64]);
});
