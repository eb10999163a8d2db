/** The log lines of events. Pure. */
import type { LogLevel, RunStatus, RunnerEvent, TaskStatus } from "./validators";

const LEVELS: Record<TaskStatus | RunStatus, LogLevel> = {
  pending: "info",
  running: "info",
  paused: "info",
  done: "info",
  skipped: "warning",
  cancelled: "warning",
  failed: "error",
  interrupted: "error",
};

/** Returns the log level of an event. */
export function levelOf(event: RunnerEvent): LogLevel {
  switch (event.type) {
    case "Logged":
      return event.level;
    case "SubTaskStep":
      return "debug";
    case "SubTaskRetrying":
      return "warning";
    case "TaskEnded":
    case "SubTaskEnded":
    case "RunEnded":
      return LEVELS[event.status];
    default:
      return "info";
  }
}

/** Returns the text of an event's line, without what the line's other fields contain. */
export function describe(event: RunnerEvent): string {
  switch (event.type) {
    case "RunStarted":
      return `${event.plan} started, process ${event.pid} on ${event.host}`;
    case "TaskAdded":
      return `added: ${event.title}`;
    case "TaskStarted":
      return "started";
    case "SubTaskStarted":
      return `attempt ${event.attempt} started, process ${event.pid}${event.host ? ` on ${event.host}` : ""}`;
    case "SubTaskStep":
      return `step ${event.step}: ${event.message}`;
    case "SubTaskRetrying":
      return `attempt ${event.attempt} failed: ${event.error}`;
    case "SubTaskEnded":
      return ended(event.upToDate ? "up to date" : event.status, event.error);
    case "TaskEnded":
    case "RunEnded":
      return ended(event.status, event.error);
    case "RunPaused":
      return "paused";
    case "RunResumed":
      return "resumed";
    case "Logged":
      return event.message;
  }
}

function ended(status: string, error: string | null): string {
  return error === null ? status : `${status}: ${error}`;
}
