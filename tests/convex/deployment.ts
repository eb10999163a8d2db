/** A deployment in memory with the project's functions, and events to send to it. */
import { convexTest, type TestConvex } from "convex-test";
import { ConvexError } from "convex/values";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { api } from "../../convex/_generated/api";
import schema from "../../convex/schema";
import type { RunnerEvent, SubTaskSpec } from "../../convex/validators";

export const TOKEN = "write-secret";
export const READ_TOKEN = "read-secret";
export const RUN = "5d1c8a52-0c0f-4f5c-9c3b-5a1b1a3c2d10";
const modules = import.meta.glob("../../convex/**/*.{ts,js}");

export type Deployment = TestConvex<typeof schema>;

/** Returns a new deployment that enforces Convex's limits on calls. */
export function deploy(): Deployment {
  return convexTest({ schema, modules, transactionLimits: true });
}

/** Sets the environment of a configured deployment for each test. */
export function useEnvironment(): void {
  beforeEach(() => {
    vi.stubEnv("RUNNER_CONVEX_TOKEN", TOKEN);
    vi.stubEnv("RUNNER_CONVEX_READ_TOKEN", READ_TOKEN);
    vi.stubEnv("RUNNER_CONVEX_OPEN_READS", "");
    vi.stubEnv("RUNNER_CONVEX_KEEP_LOGS_DAYS", "");
    vi.stubEnv("RUNNER_CONVEX_KEEP_RUNS_DAYS", "");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.useRealTimers();
  });
}

/** Expects a call to be refused with a code. */
export async function expectRefusal(call: Promise<unknown>, code: string): Promise<Record<string, unknown>> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConvexError);
  const data = (error as ConvexError<Record<string, string>>).data;
  expect(data).toMatchObject({ code });
  return data;
}

export function at(seq: number): string {
  return `2025-05-06T07:08:${String(seq % 60).padStart(2, "0")}.000000Z`;
}

/** An event without the fields that all events have. */
export type Fact = RunnerEvent extends infer E ? (E extends RunnerEvent ? Omit<E, "seq" | "at"> : never) : never;

/** Numbers facts from `first` on. */
export function numbered(facts: readonly Fact[], first = 1): RunnerEvent[] {
  return facts.map((fact, index) => ({ ...fact, seq: first + index, at: at(first + index) }) as RunnerEvent);
}

export async function send(t: Deployment, events: readonly RunnerEvent[], firstSeq = events[0]?.seq ?? 1) {
  return await t.mutation(api.progress.ingest, {
    token: TOKEN,
    producer: RUN,
    firstSeq,
    lastSeq: events.at(-1)?.seq ?? firstSeq,
    events: [...events],
  });
}

export function specs(taskId: string, tables: readonly string[], first = 0): SubTaskSpec[] {
  return tables.map((table, index) => ({
    id: `${taskId}/${table}`,
    title: `Titles: ${table}`,
    table,
    priority: 5,
    position: first + index,
  }));
}

export const started: Fact = {
  type: "RunStarted",
  plan: "school",
  planPath: "/plans/school.yaml",
  pid: 42,
  host: "build-1",
  concurrency: 5,
};

export function added(taskId: string, tables: readonly string[], priority: 1 | 5 | 7 | 10 = 7): Fact {
  return {
    type: "TaskAdded",
    taskId,
    title: "BE CRUD APIs",
    description: "BE CRUD APIs for school management",
    agent: "be-crud",
    classification: { kind: "be-crud", method: "keywords", confidence: 0.9, keywords: ["crud"], reasoning: "words" },
    priority,
    needs: [],
    workspace: "/build/school",
    subtasks: specs(taskId, tables),
  };
}

export function began(taskId: string, table: string, attempt = 1): Fact {
  return { type: "SubTaskStarted", taskId, subtaskId: `${taskId}/${table}`, attempt, totalSteps: 5, pid: 43 };
}

export function step(taskId: string, table: string, number: number): Fact {
  return { type: "SubTaskStep", taskId, subtaskId: `${taskId}/${table}`, step: number, message: `step ${number}` };
}

export function ended(
  taskId: string,
  table: string,
  status: "done" | "failed" | "cancelled" = "done",
  error: string | null = null,
): Fact {
  return {
    type: "SubTaskEnded",
    taskId,
    subtaskId: `${taskId}/${table}`,
    status,
    attempt: 1,
    error,
    upToDate: false,
    files: { created: 3, updated: 0, identical: 1, kept: 0, merged: 0, conflicts: 0 },
  };
}

/** A small complete run: one task with two tables, one of which fails at its first attempt. */
export const WHOLE_RUN: RunnerEvent[] = numbered([
  started,
  added("be", ["students", "classes"]),
  { type: "TaskStarted", taskId: "be" },
  began("be", "students"),
  step("be", "students", 1),
  step("be", "students", 2),
  began("be", "classes"),
  {
    type: "SubTaskRetrying",
    taskId: "be",
    subtaskId: "be/classes",
    attempt: 1,
    error: "disk",
    delay: 1.5,
    charged: true,
  },
  { type: "Logged", level: "warning", message: "slow", taskId: "be", subtaskId: "be/students" },
  { type: "Logged", level: "info", message: "of the run", taskId: null, subtaskId: null },
  ended("be", "students"),
  began("be", "classes", 2),
  step("be", "classes", 1),
  ended("be", "classes", "failed", "disk"),
  { type: "RunPaused" },
  { type: "RunResumed" },
  { type: "TaskEnded", taskId: "be", status: "failed", error: "classes: disk" },
  { type: "RunEnded", status: "failed", exitCode: 1, error: null },
]);

/** All documents of a deployment, with the runner's ids instead of Convex's. */
export async function contents(t: Deployment) {
  return await t.run(async (ctx) => {
    const tables = {
      runs: await ctx.db.query("runs").collect(),
      tasks: await ctx.db.query("tasks").collect(),
      subtasks: await ctx.db.query("subtasks").collect(),
      logs: await ctx.db.query("logs").collect(),
      producers: await ctx.db.query("producers").collect(),
    };
    const names = new Map<string, string>();
    for (const document of [...tables.runs, ...tables.tasks, ...tables.subtasks]) {
      names.set(document._id, document.externalId);
    }
    const plain = <T extends { _id: string; _creationTime: number }>(documents: T[]) =>
      named(documents, names);
    return {
      runs: plain(tables.runs),
      tasks: plain(tables.tasks),
      subtasks: plain(tables.subtasks),
      logs: plain(tables.logs),
      producers: tables.producers.map(({ producer, cursor }) => ({ producer, cursor })),
    };
  });
}

function named<T extends { _id: string; _creationTime: number }>(
  documents: readonly T[],
  names: ReadonlyMap<string, string>,
): Omit<T, "_id" | "_creationTime">[] {
  return documents.map(({ _id, _creationTime, ...fields }) =>
    JSON.parse(JSON.stringify(fields), (_key, value: unknown) =>
      typeof value === "string" ? (names.get(value) ?? value) : value,
    ),
  );
}
