"""The events of a run: a closed set of immutable, picklable records.

Workers create those of sub-tasks, the supervisor all others. The supervisor puts them in order, the reporter numbers
and stores them (`seq` counts from 1 without gaps in each run). Each attempt at a sub-task has events of its own:
`SubTaskStarted` has its number, `SubTaskRetrying` its error.

Stored events are read by later versions: a field that is added needs a default.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from runner.records.json_values import from_json_value, to_json_value
from runner.records.message_pipe import CompactPickle
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import Classification, FileCounts, SubTaskSpec

LogLevel = Literal["debug", "info", "warning", "error"]


def utc_now() -> datetime:
    """Return the current time as records have it: aware, in UTC, with microseconds."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStarted(CompactPickle):
    """A process began to execute a plan."""

    plan: str  # its name
    plan_path: str  # absolute; empty for a run of the library
    pid: int
    host: str
    concurrency: int  # tasks at once
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskAdded(CompactPickle):
    """A task was added to the run, with all its sub-tasks, and waits."""

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
class TaskStarted(CompactPickle):
    """The first sub-tasks of the task were assigned to a worker."""

    task_id: str
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskEnded(CompactPickle):
    """The task has ended. `error` is its first failure, or the reason why it was skipped or cancelled."""

    task_id: str
    status: TaskStatus
    error: str | None = None
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class SubTaskStarted(CompactPickle):
    """An attempt at a sub-task began; `attempt` counts from 1."""

    task_id: str
    subtask_id: str
    attempt: int
    total_steps: int
    pid: int  # of the worker
    host: str | None = None  # the address of its Dask worker, on a cluster
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class SubTaskStep(CompactPickle):
    """A sub-task began step `step` of its `total_steps`, counted from 1."""

    task_id: str
    subtask_id: str
    step: int
    message: str
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class SubTaskRetrying(CompactPickle):
    """An attempt failed and another follows in `delay` seconds.

    `charged` is False where the worker died and another sub-task may have caused it: the attempt does not count.
    """

    task_id: str
    subtask_id: str
    attempt: int
    error: str
    delay: float
    charged: bool = True
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class SubTaskEnded(CompactPickle):
    """The sub-task has ended. `up_to_date` is True where nothing had to be generated."""

    task_id: str
    subtask_id: str
    status: SubTaskStatus
    attempt: int
    error: str | None = None
    up_to_date: bool = False
    files: FileCounts = FileCounts()
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class Logged(CompactPickle):
    """A line of the run's log. `task_id` and `subtask_id` are None where it is about the whole run."""

    level: LogLevel
    message: str
    task_id: str | None = None
    subtask_id: str | None = None
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPaused(CompactPickle):
    """No task is started until `RunResumed`."""

    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResumed(CompactPickle):
    """Tasks are started again."""

    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnded(CompactPickle):
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
