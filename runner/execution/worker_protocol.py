"""What the supervisor and a worker say to each other, beside the events of progress.

Down, as an argument of a call: a `Shard`, part of a task with the threads to use. Up, over the worker's own
connection: events, and the messages below. Nothing here is kept or shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from runner.records.message_pipe import CompactPickle
from runner.records.task import SubTaskSpec, TaskSpec

Change = tuple[str, str]  # verb (see `workspace.writer.Verb`), path relative to the workspace


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """Some sub-tasks of one task for one worker. `task` comes without its list of sub-tasks.

    `work` pairs each sub-task with the number of this try. `check` renders and compares but writes nothing;
    `force` overwrites what was edited by hand.
    """

    run_id: str
    task: TaskSpec
    work: tuple[tuple[SubTaskSpec, int], ...]
    threads: int
    force: bool = False
    check: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a worker process may use: bytes of address space, and sub-tasks before another takes its place."""

    memory: int | None = None
    max_subtasks: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerReady(CompactPickle):
    """A worker has started and waits for work."""

    pid: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardBegun(CompactPickle):
    """The shard has arrived: from here on, a death of the worker may be its doing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptFailed(CompactPickle):
    """One try at a sub-task failed. `retryable` says whether another try could pass.

    `cancelled` is True when it stopped because it was told to.
    """

    task_id: str
    subtask_id: str
    attempt: int
    error: str
    retryable: bool
    cancelled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FilesChanged(CompactPickle):
    """Files of a sub-task that were not simply the same as before: by verb."""

    task_id: str
    subtask_id: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardEnded(CompactPickle):
    """Every sub-task of the shard was tried once; the worker is free. `error`: the shard could not even begin."""

    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancel(CompactPickle):
    """Down the control connection: a try at a sub-task is to stop at its next look, whether it has begun or not."""

    subtask_id: str
    attempt: int
