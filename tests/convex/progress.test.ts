import { expect, test } from "vitest";
import { api } from "../../convex/_generated/api";
import type { RunnerEvent } from "../../convex/validators";
import {
  RUN,
  TOKEN,
  WHOLE_RUN,
  added,
  at,
  began,
  contents,
  deploy,
  ended,
  expectRefusal,
  numbered,
  send,
  specs,
  started,
  step,
  useEnvironment,
  type Deployment,
} from "./deployment";

useEnvironment();

/** Seeded numbers from 0 to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

async function only<T>(documents: T[]): Promise<T> {
  expect(documents).toHaveLength(1);
  return documents[0] as T;
}

async function sent(events: readonly RunnerEvent[] = WHOLE_RUN): Promise<Deployment> {
  const t = deploy();
  await send(t, events);
  return t;
}

test("a run's events become its documents", async () => {
  const t = deploy();
  expect(await send(t, WHOLE_RUN)).toEqual({ cursor: 18, applied: 18 });
  const { runs, tasks, subtasks, logs, producers } = await contents(t);
  expect(await only(runs)).toMatchObject({
    externalId: RUN,
    plan: "school",
    planPath: "/plans/school.yaml",
    status: "failed",
    pid: 42,
    host: "build-1",
    concurrency: 5,
    exitCode: 1,
    startedAt: at(1),
    endedAt: at(18),
    createdAt: at(1),
    updatedAt: at(18),
    lastSeq: 18,
    taskCount: 1,
  });
  expect(await only(tasks)).toMatchObject({
    externalId: "be",
    status: "failed",
    error: "classes: disk",
    message: "step 1",
    priority: 7,
    workspacePath: "/build/school",
    classification: { kind: "be-crud", method: "keywords" },
    counts: { pending: 0, running: 0, done: 1, failed: 1, cancelled: 0 },
    progress: { completed: 1, failed: 1, total: 2 },
    subTaskIds: ["be/students", "be/classes"],
    createdAt: at(2),
    startedAt: at(3),
    endedAt: at(17),
    updatedAt: at(17),
  });
  expect(subtasks).toMatchObject([
    { externalId: "be/students", status: "done", step: 2, totalSteps: 5, attempts: 1, error: null },
    { externalId: "be/classes", status: "failed", step: 1, attempts: 2, error: "disk", startedAt: at(7) },
  ]);
  expect(logs.map(({ seq }) => seq)).toEqual(WHOLE_RUN.map(({ seq }) => seq));
  expect(logs[8]).toMatchObject({ type: "Logged", level: "warning", message: "slow", subtaskId: "be/students" });
  expect(logs[9]).toMatchObject({ type: "Logged", level: "info", taskId: null, subtaskId: null });
  expect(producers).toEqual([{ producer: RUN, cursor: 18 }]);
});

test.each(Array.from({ length: 20 }, (_, seed) => seed))(
  "however events are cut, overlapped, repeated and raced, the end is the same (seed %i)",
  async (seed) => {
    const expected = await contents(await sent());
    const t = deploy();
    const next = random(seed + 1);
    const last = WHOLE_RUN.length;
    let acknowledged = 0;
    while (acknowledged < last) {
      const batch = () => {
        const first = Math.max(1, acknowledged + 1 - Math.floor(next() * 5));
        const end = Math.min(last, acknowledged + 1 + Math.floor(next() * 6));
        return send(t, WHOLE_RUN.slice(first - 1, end));
      };
      const answers = await Promise.all(next() < 0.4 ? [batch(), batch(), batch()] : [batch()]);
      acknowledged = Math.max(...answers.map(({ cursor }) => cursor));
      if (next() < 0.3) {
        await t.run(async (ctx) => {
          for (const producer of await ctx.db.query("producers").collect()) {
            await ctx.db.delete(producer._id);
          }
        });
      }
    }
    await send(t, WHOLE_RUN); // a late copy of everything
    const found = await contents(t);
    expect({ ...found, producers: [] }).toEqual({ ...expected, producers: [] });
    expect(new Set(found.logs.map(({ seq }) => seq)).size).toBe(last);
  },
);

test("a gap is refused with the current position, and nothing of the batch is stored", async () => {
  const t = deploy();
  await send(t, WHOLE_RUN.slice(0, 4));
  const before = await contents(t);
  expect(await expectRefusal(send(t, WHOLE_RUN.slice(6)), "gap")).toMatchObject({ cursor: 4 });
  expect(await expectRefusal(send(deploy(), WHOLE_RUN.slice(3)), "gap")).toMatchObject({ cursor: 0 });
  expect(await contents(t)).toEqual(before);
});

test("superseded events that are left out are not gaps", async () => {
  const t = deploy();
  const cut = WHOLE_RUN.filter(({ seq }) => seq !== 5);
  expect(await send(t, cut.slice(0, 10), 1)).toEqual({ cursor: 11, applied: 10 });
  expect(await send(t, cut.slice(10), 12)).toEqual({ cursor: 18, applied: 7 });
  const whole = await contents(await sent());
  const found = await contents(t);
  expect(found.logs).toEqual(whole.logs.filter(({ seq }) => seq !== 5));
  expect({ ...found, logs: [] }).toEqual({ ...whole, logs: [] });
});

test("a batch may begin with a superseded event that is left out", async () => {
  const t = deploy();
  await send(t, WHOLE_RUN.slice(0, 4));
  expect(await send(t, WHOLE_RUN.slice(5, 8), 5)).toEqual({ cursor: 8, applied: 3 });
});

test("a deleted producer is rebuilt from the newest log line", async () => {
  const t = deploy();
  await send(t, WHOLE_RUN.slice(0, 10));
  await t.run(async (ctx) => {
    await ctx.db.delete((await only(await ctx.db.query("producers").collect()))._id);
    // The position must not come from the run itself.
    await ctx.db.patch((await only(await ctx.db.query("runs").collect()))._id, { lastSeq: 0 });
  });
  expect(await expectRefusal(send(t, WHOLE_RUN.slice(12)), "gap")).toMatchObject({ cursor: 10 });
  expect(await send(t, WHOLE_RUN.slice(5))).toEqual({ cursor: 18, applied: 8 });
  expect((await contents(t)).logs).toHaveLength(18);
});

test("a deleted producer whose logs are deleted, too, is rebuilt from its run", async () => {
  const t = await sent();
  await t.run(async (ctx) => {
    for (const table of ["producers", "logs"] as const) {
      for (const { _id } of await ctx.db.query(table).collect()) {
        await ctx.db.delete(_id);
      }
    }
  });
  expect(await send(t, WHOLE_RUN)).toEqual({ cursor: 18, applied: 0 });
});

test("an error inside a batch rolls all of it back", async () => {
  const t = deploy();
  await send(t, WHOLE_RUN.slice(0, 3));
  const before = await contents(t);
  const broken = { ...WHOLE_RUN[5], status: "unheard of" } as unknown as RunnerEvent;
  await expect(send(t, [...WHOLE_RUN.slice(3, 5), broken])).rejects.toThrow(/Validator error/);
  // It passes the validators and fails in the function: two runs with one id.
  await t.run(async (ctx) => {
    const { _id, _creationTime, ...run } = await only(await ctx.db.query("runs").collect());
    await ctx.db.insert("runs", run);
  });
  await expect(send(t, WHOLE_RUN.slice(3))).rejects.toThrow(/unique/);
  expect((await contents(t)).logs).toEqual(before.logs);
  expect((await contents(t)).producers).toEqual(before.producers);
});

test("an invalid batch is refused", async () => {
  const t = deploy();
  const call = (firstSeq: number, lastSeq: number, events: readonly RunnerEvent[]) =>
    t.mutation(api.progress.ingest, { token: TOKEN, producer: RUN, firstSeq, lastSeq, events: [...events] });
  for (const [first, last, events] of [
    [0, 2, WHOLE_RUN.slice(0, 2)],
    [1.5, 2, WHOLE_RUN.slice(0, 2)],
    [3, 2, []],
    [1, 2, []],
    [1, 3, WHOLE_RUN.slice(0, 2)], // its last event is missing
    [1, 2, WHOLE_RUN.slice(0, 3)],
    [2, 3, WHOLE_RUN.slice(0, 3)],
    [1, 2, [WHOLE_RUN[1], WHOLE_RUN[0]] as RunnerEvent[]],
    [1, 2, [WHOLE_RUN[1], WHOLE_RUN[1]] as RunnerEvent[]],
    [1, 1001, Array.from({ length: 1001 }, (_, index) => numbered([{ type: "RunPaused" }], index + 1)).flat()],
  ] as [number, number, RunnerEvent[]][]) {
    await expectRefusal(call(first, last, events), "invalid");
  }
  expect((await contents(t)).logs).toEqual([]);
});

test("a run must begin with its start event", async () => {
  await expectRefusal(send(deploy(), numbered([added("be", ["a"])])), "invalid");
});

test("no state goes backwards: a late event is logged and changes nothing", async () => {
  const t = await sent();
  const before = await contents(t);
  const late = numbered(
    [
      began("be", "students", 9),
      step("be", "students", 4),
      ended("be", "students", "failed", "late"),
      { type: "TaskStarted", taskId: "be" },
      { type: "TaskEnded", taskId: "be", status: "done", error: null },
      { type: "RunPaused" },
      { type: "RunEnded", status: "done", exitCode: 0, error: null },
      added("be", ["students", "more"]),
      started,
      began("gone", "students"),
    ],
    19,
  );
  await send(t, late);
  const after = await contents(t);
  expect(after.tasks).toEqual(before.tasks);
  expect(after.subtasks).toEqual(before.subtasks);
  expect({ ...after.runs[0], lastSeq: 0, updatedAt: "" }).toEqual({ ...before.runs[0], lastSeq: 0, updatedAt: "" });
  expect(after.logs).toHaveLength(28);
});

test("a new attempt begins at step 0, without the message of the last one", async () => {
  const t = await sent(numbered([started, added("be", ["a"]), began("be", "a"), step("be", "a", 3)]));
  expect((await contents(t)).subtasks).toMatchObject([{ step: 3, message: "step 3", attempts: 1 }]);
  await send(t, numbered([began("be", "a", 2)], 5));
  expect((await contents(t)).subtasks).toMatchObject([{ step: 0, message: null, attempts: 2, startedAt: at(3) }]);
});

test("the exit code of a run whose process died is null", async () => {
  const t = await sent(numbered([started, { type: "RunEnded", status: "interrupted", exitCode: -1, error: "died" }]));
  expect((await contents(t)).runs).toMatchObject([{ status: "interrupted", exitCode: null, error: "died" }]);
});

test("a task that has too many sub-tasks for one event is announced in parts, once", async () => {
  const t = await sent(numbered([started, added("be", ["t0", "t1"])]));
  const names = Array.from({ length: 500 }, (_, index) => `t${index + 2}`);
  const announce = () =>
    t.mutation(api.progress.announce, {
      token: TOKEN,
      producer: RUN,
      taskId: "be",
      at: at(2),
      subtasks: specs("be", names, 2),
    });
  const answers = await Promise.all([announce(), announce()]);
  expect(answers.map(({ added }) => added).sort()).toEqual([0, 500]);
  await send(t, numbered([began("be", "t400")], 3));
  const { tasks, subtasks } = await contents(t);
  expect(subtasks).toHaveLength(502);
  expect(tasks).toMatchObject([{ status: "running", progress: { total: 502 } }]);
  expect(tasks[0]?.subTaskIds).toHaveLength(502);
});

test("the number of sub-task ids in a task's document is bounded", async () => {
  const t = await sent(numbered([started, added("be", [])]));
  for (const part of [0, 1]) {
    const names = Array.from({ length: 1000 }, (_, index) => `t${part * 1000 + index}`);
    const subtasks = specs("be", names, part * 1000);
    await t.mutation(api.progress.announce, { token: TOKEN, producer: RUN, taskId: "be", at: at(2), subtasks });
  }
  const { tasks } = await contents(t);
  expect(tasks[0]?.subTaskIds).toHaveLength(1000);
  expect(tasks[0]?.progress.total).toBe(2000);
});

test("an announcement for an unknown task, or of too many sub-tasks, is refused", async () => {
  const t = await sent(numbered([started, added("be", [])]));
  const announce = (producer: string, taskId: string, count: number) => {
    const subtasks = specs("be", Array.from({ length: count }, (_, index) => `t${index}`));
    return t.mutation(api.progress.announce, { token: TOKEN, producer, taskId, at: at(2), subtasks });
  };
  await expectRefusal(announce(RUN, "other", 1), "not_found");
  await expectRefusal(announce("other", "be", 1), "not_found");
  await expectRefusal(announce(RUN, "be", 1001), "invalid");
});

test("the largest batch stays within the limits of one call", async () => {
  const names = Array.from({ length: 1000 }, (_, index) => `t${index}`);
  const t = await sent(numbered([started, added("be", names)]));
  const events = numbered(names.map((name) => began("be", name)), 3);
  await send(t, events);
  expect((await contents(t)).tasks).toMatchObject([{ counts: { running: 1000 } }]);
});
