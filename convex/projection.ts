/**
 * Projects events onto the documents of a run, its tasks and its sub-tasks, by the rules of
 * `runner/progress/stores/projection.py`, so that the documents equal the records of the runner's state file. No state
 * ever goes backwards: a late event, from a worker that was given up, is logged and changes no document.
 */
import { hasEnded } from "./aggregate";
import { addSubTasks, findSubTask, findTask, insertTask, moveSubTask, save, touch } from "./documents";
import type { Doc, Id } from "./_generated/dataModel";
import type { MutationCtx } from "./_generated/server";
import { pick, subTaskResult, taskFacts, type RunnerEvent } from "./validators";

/** Exit code of a run whose process died before the run ended. */
const UNKNOWN_EXIT = -1;

type Of<T extends RunnerEvent["type"]> = Extract<RunnerEvent, { type: T }>;

/** The documents that a batch of events changes, in memory until `save` writes them. */
export class RunState {
  private readonly tasks = new Map<string, Doc<"tasks">>();
  private readonly subtasks = new Map<string, Doc<"subtasks">>();
  private readonly changed = new Set<Doc<"runs" | "tasks" | "subtasks">>();

  private constructor(
    private readonly ctx: MutationCtx,
    private readonly run: Doc<"runs">,
  ) {}

  /** Reads the documents that `events` may change. */
  static async load(ctx: MutationCtx, run: Doc<"runs">, events: readonly RunnerEvent[]): Promise<RunState> {
    const state = new RunState(ctx, run);
    const owners = new Map<string, string | null>(); // of sub-tasks
    const taskIds = new Set<string>();
    for (const event of events) {
      if ("taskId" in event && event.taskId !== null) {
        taskIds.add(event.taskId);
        if ("subtaskId" in event && event.subtaskId !== null) {
          owners.set(event.subtaskId, event.taskId);
        }
      }
    }
    await Promise.all([...taskIds].map((id) => state.loadTask(id)));
    await Promise.all([...owners].map(([id, owner]) => state.loadSubTask(id, owner)));
    return state;
  }

  private async loadTask(externalId: string): Promise<void> {
    const task = await findTask(this.ctx, this.run._id, externalId);
    if (task !== null) {
      this.tasks.set(externalId, task);
    }
  }

  private async loadSubTask(externalId: string, owner: string | null): Promise<void> {
    const task = owner === null ? undefined : this.tasks.get(owner);
    const subtask = task === undefined ? null : await findSubTask(this.ctx, task._id, externalId);
    if (subtask !== null) {
      this.subtasks.set(externalId, subtask);
    }
  }

  /** Returns the ids of the documents that an event is about, for its log line. */
  place(event: RunnerEvent): { taskId: Id<"tasks"> | null; subtaskId: Id<"subtasks"> | null } {
    const task = "taskId" in event && event.taskId !== null ? this.tasks.get(event.taskId) : undefined;
    const subtask =
      "subtaskId" in event && event.subtaskId !== null ? this.subtasks.get(event.subtaskId) : undefined;
    return { taskId: task?._id ?? null, subtaskId: subtask?._id ?? null };
  }

  /** Applies one event. Events are applied in the order of their `seq`. */
  async apply(event: RunnerEvent): Promise<void> {
    this.run.lastSeq = Math.max(this.run.lastSeq, event.seq);
    touch(this.run, event.at);
    this.changed.add(this.run);
    switch (event.type) {
      case "TaskAdded":
        return await this.addTask(event);
      case "TaskStarted":
        return this.startTask(event);
      case "TaskEnded":
        return this.endTask(event);
      case "SubTaskStarted":
      case "SubTaskStep":
      case "SubTaskRetrying":
      case "SubTaskEnded":
        return this.changeSubTask(event);
      case "RunPaused":
      case "RunResumed":
      case "RunEnded":
        return this.changeRun(event);
      case "RunStarted": // the run's document was created before
      case "Logged":
        return;
    }
  }

  /** Writes all changed documents. */
  async save(): Promise<void> {
    for (const document of this.changed) {
      await save(this.ctx, document);
    }
  }

  private async addTask(event: Of<"TaskAdded">): Promise<void> {
    if (this.tasks.has(event.taskId)) {
      return;
    }
    const task = await insertTask(
      this.ctx,
      {
        ...pick(event, taskFacts),
        externalId: event.taskId,
        runId: this.run._id,
        position: this.run.taskCount,
        classification: event.classification,
        workspacePath: event.workspace,
      },
      event.at,
    );
    this.run.taskCount += 1;
    this.tasks.set(event.taskId, task);
    for (const subtask of await addSubTasks(this.ctx, task, event.subtasks, event.at)) {
      this.subtasks.set(subtask.externalId, subtask);
    }
    this.changed.add(task);
  }

  private startTask(event: Of<"TaskStarted">): void {
    const task = this.tasks.get(event.taskId);
    if (task !== undefined && task.startedAt === null) {
      task.startedAt = event.at;
      this.note(task, event.at);
    }
  }

  private endTask(event: Of<"TaskEnded">): void {
    const task = this.tasks.get(event.taskId);
    if (task !== undefined && task.endedAt === null) {
      task.status = event.status;
      task.error = event.error;
      task.endedAt = event.at;
      this.note(task, event.at);
    }
  }

  private changeSubTask(event: Of<"SubTaskStarted" | "SubTaskStep" | "SubTaskRetrying" | "SubTaskEnded">): void {
    const task = this.tasks.get(event.taskId);
    const subtask = this.subtasks.get(event.subtaskId);
    if (task === undefined || subtask === undefined || hasEnded(subtask.status)) {
      return;
    }
    switch (event.type) {
      case "SubTaskStarted":
        subtask.attempts = Math.max(subtask.attempts, event.attempt);
        subtask.step = 0;
        subtask.totalSteps = event.totalSteps;
        subtask.message = null;
        subtask.pid = event.pid;
        if (event.host) {
          subtask.host = event.host;
        } else {
          delete subtask.host;
        }
        subtask.startedAt ??= event.at;
        moveSubTask(task, subtask, "running");
        break;
      case "SubTaskStep":
        subtask.step = event.step;
        subtask.message = event.message;
        task.message = event.message;
        break;
      case "SubTaskRetrying":
        subtask.error = event.error;
        break;
      case "SubTaskEnded":
        Object.assign(subtask, pick(event, subTaskResult));
        subtask.attempts = Math.max(subtask.attempts, event.attempt);
        subtask.endedAt = event.at;
        moveSubTask(task, subtask, event.status);
        break;
    }
    this.note(subtask, event.at);
    this.note(task, event.at);
  }

  private changeRun(event: Of<"RunPaused" | "RunResumed" | "RunEnded">): void {
    const run = this.run;
    if (run.endedAt !== null) {
      return;
    }
    if (event.type === "RunEnded") {
      run.status = event.status;
      run.exitCode = event.exitCode === UNKNOWN_EXIT ? null : event.exitCode;
      run.error = event.error;
      run.endedAt = event.at;
    } else {
      run.status = event.type === "RunPaused" ? "paused" : "running";
    }
  }

  private note(document: Doc<"tasks" | "subtasks">, at: string): void {
    touch(document, at);
    this.changed.add(document);
  }
}
