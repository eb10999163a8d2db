"""The closed set of facts that a run reports, from a worker's first word to the run's last.

An event is immutable and picklable. Workers make those of sub-tasks, the supervisor all others; the supervisor puts
them in line, the reporter numbers and keeps them (`seq` runs from 1 without a hole in each run). Attempts are facts
of their own: `SubTaskStarted` carries the number of the try, `SubTaskRetrying` what the try ended with.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from runner.records.json_values import from_json_value, to_json_value
from runner.records.message_pipe import Told
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import Classification, FileCounts, SubTaskSpec

LogLevel = Literal["debug", "info", "warning", "error"]


def utc_now() -> datetime:
    """Return the time of a record: aware, UTC, microseconds."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStarted(Told):
    """A process began to execute a plan."""

    plan: str
    plan_path: str
    pid: int
    host: str
    concurrency: int
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskAdded(Told):
    """A task, with all its sub-tasks, is part of the run and waits."""

    task_id: str
    title: str
    description: str
    agent: str
    classification: Classification
    priority: int
    needs: tuple[str, ...]
    workspace: str
    subtasks: tuple[SubTaskSpec, ...]
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskStarted(Told):
    """A worker was given the task's first sub-tasks."""

    task_id: str
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskEnded(Told):
    """Nothing more will happen to the task. `error` is its first failure, or why it was skipped."""

    task_id: str
    status: TaskStatus
    error: str | None = None
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class SubTaskStarted(Told):
    """A try at a sub-task began; `attempt` counts from 1."""

    task_id: str
    subtask_id: str
    attempt: int
    total_steps: int
    pid: int
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class SubTaskStep(Told):
    """A sub-task began step `step` of its `total_steps`, counted from 1."""

    task_id: str
    subtask_id: str
    step: int
    message: str
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class SubTaskRetrying(Told):
    """A try ended badly and another follows in `delay` seconds.

    `charged` is False for a try that ended with its worker though another sub-task may be to blame.
    """

    task_id: str
    subtask_id: str
    attempt: int
    error: str
    delay: float
    charged: bool = True
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class SubTaskEnded(Told):
    """Nothing more will happen to the sub-task."""

    task_id: str
    subtask_id: str
    status: SubTaskStatus
    attempt: int
    error: str | None = None
    up_to_date: bool = False
    files: FileCounts = FileCounts()
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class Logged(Told):
    """A line worth keeping. `task_id` and `subtask_id` are None where it concerns the run."""

    level: LogLevel
    message: str
    task_id: str | None = None
    subtask_id: str | None = None
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPaused(Told):
    """No new task is started until `RunResumed`."""

    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResumed(Told):
    """Tasks are started again."""

    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnded(Told):
    """The last event of a run."""

    status: RunStatus
    exit_code: int
    error: str | None = None
    at: datetime = field(default_factory=utc_now)


Event = (
    RunStarted
    | TaskAdded
    | TaskStarted
    | TaskEnded
    | SubTaskStarted
    | SubTaskStep
    | SubTaskRetrying
    | SubTaskEnded
    | Logged
    | RunPaused
    | RunResumed
    | RunEnded
)
EVENT_TYPES: dict[str, type[Event]] = {cls.__name__: cls for cls in typing.get_args(Event)}


def to_json(event: Event) -> dict[str, Any]:
    """Return an event as JSON values: its fields, and `event` with the name of its type."""
    return {"event": type(event).__name__, **to_json_value(event)}


def from_json(data: dict[str, Any]) -> Event:
    """Return the event that `to_json` was given.

    Fields that an older runner did not write get their defaults; unknown ones, of a newer runner, are ignored. Raises
    KeyError, TypeError or ValueError for what is not an event.
    """
    event: Event = from_json_value(EVENT_TYPES[data["event"]], data, ignore_unknown=True)
    return event
