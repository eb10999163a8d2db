"""The closed set of facts that a run reports, from a worker's first word to the run's last.

An event is immutable and picklable. Workers make those of sub-tasks, the supervisor all others; the supervisor puts
them in line, the reporter numbers and keeps them (`seq` runs from 1 without a hole in each run). Attempts are facts
of their own: `SubTaskStarted` carries the number of the try, `SubTaskRetrying` what the try ended with.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Literal

from runner.records.message_pipe import Told
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import Classification, FileCounts, SubTaskSpec

LogLevel = Literal["debug", "info", "warning", "error"]


def utc_now() -> datetime:
    """Return the time of a record: aware, UTC, microseconds."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """Return ISO 8601 UTC with six fractional digits: sorts as text, and reads the same everywhere."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{utc.isoformat(timespec='microseconds')[:-6]}Z"


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
    """Return an event as JSON values: its fields, and `event` with its type's name."""
    return {"event": type(event).__name__, **_plain(event)}


def from_json(data: dict[str, Any]) -> Event:
    """Return the event that `to_json` was given. Raises KeyError or ValueError for what is none."""
    values = dict(data)
    event: Event = _build(EVENT_TYPES[values.pop("event")], values)
    return event


@cache
def _field_names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


_AS_IT_IS = frozenset({str, int, float, bool, type(None)})


def _plain(value: Any) -> Any:
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        cls: type = type(value)
        return {name: _plain(getattr(value, name)) for name in _field_names(cls)}
    return value


@cache
def _field_types(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _build(kind: Any, value: Any) -> Any:
    """Return `value` as the annotated type `kind`: records, tuples, times and enums come back as what they were."""
    if typing.get_origin(kind) is types.UnionType:
        (kind,) = (arg for arg in typing.get_args(kind) if arg is not type(None))
    if value is None:
        return None
    if typing.get_origin(kind) is tuple:
        return tuple(_build(typing.get_args(kind)[0], item) for item in value)
    if not isinstance(kind, type):
        return value
    if dataclasses.is_dataclass(kind):
        hints = _field_types(kind)
        return kind(**{name: _build(hints[name], item) for name, item in value.items()})
    if kind is datetime:
        return datetime.fromisoformat(value)
    return kind(value) if issubclass(kind, StrEnum) else value
