"""Messages between the supervisor and a worker, beside the events.

To the worker: a `Shard` as the argument of a call, `Cancel` and `Answered` over the control connection. To the
supervisor, over the worker's own connection: events and the other messages. None of these are stored or shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from runner.records.events import utc_now
from runner.records.message_pipe import CompactPickle
from runner.records.task import Merging, SubTaskSpec, TaskSpec

FileChange = tuple[str, str]  # verb (see `workspace.writer.Verb`) and path relative to the workspace


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """Some sub-tasks of one task, assigned to one worker. `task` is sent without its list of sub-tasks.

    `work` has pairs of a sub-task and the number of the attempt; `threads` is how many run at once. With `check`,
    files are compared and not written, with `diff` line by line; with `force`, files that were edited by hand are
    overwritten, without it they are merged as `merging` says. With `remote`, the worker does not have the workspace,
    and asks the supervisor.
    """

    run_id: str
    task: TaskSpec
    work: tuple[tuple[SubTaskSpec, int], ...]
    threads: int
    force: bool = False
    check: bool = False
    diff: bool = False
    merging: Merging = Merging()
    remote: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits of a worker process: bytes of address space, and sub-tasks after which it is replaced."""

    memory: int | None = None
    max_subtasks: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerReady(CompactPickle):
    """A worker has started and waits for shards."""

    pid: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardBegun(CompactPickle):
    """The shard has arrived. If the worker dies from here on, the shard may have caused it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptFailed(CompactPickle):
    """An attempt at a sub-task failed. `retryable` says whether another attempt could succeed.

    `cancelled` is True where it stopped because it was asked to. `at` is when it ended, not when that is read here.
    """

    task_id: str
    subtask_id: str
    attempt: int
    error: str
    retryable: bool
    cancelled: bool = False
    at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, kw_only=True, slots=True)
class FilesChanged(CompactPickle):
    """The files of a sub-task that are not identical to before, with what was done with each; see `WriteReport`."""

    task_id: str
    subtask_id: str
    changes: tuple[FileChange, ...]
    diffs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardEnded(CompactPickle):
    """The shard has ended and the worker is free. `error` is set where it could not begin."""

    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancel(CompactPickle):
    """An attempt at a sub-task is to stop at its next check, whether it has begun or not."""

    subtask_id: str
    attempt: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Workpiece(CompactPickle):
    """An attempt at a sub-task."""

    subtask: SubTaskSpec
    attempt: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Examine(CompactPickle):
    """What has the workspace of the sub-tasks? The answer has the values of `workspace_access.Examined` for each.

    `part_digests` are the digests of the parts of their tables.
    """

    part_digests: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListFolder(CompactPickle):
    """Which text files are in this folder? The answer is a dictionary of names and texts."""

    folder: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SentFile(CompactPickle):
    """A generated file, as `runner.generation.agent.GeneratedFile`."""

    path: str
    text: str
    mode: Literal["generated", "once"]
    executable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteFiles(CompactPickle):
    """Write these files of the sub-task. The answer has the values of `workspace.writer.WriteReport`."""

    files: tuple[SentFile, ...]
    part_digest: str
    memory: Any
    former: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked(CompactPickle):
    """A request about the workspace. Its worker numbers its requests. Only `Examine` is about several attempts."""

    number: int
    works: tuple[Workpiece, ...]
    request: Examine | ListFolder | WriteFiles


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered(CompactPickle):
    """The answer to the request of this number: its values, or an error.

    That is the name of a class of `records.errors`, its text, and whether another attempt could succeed.
    """

    number: int
    value: tuple[Any, ...] = ()
    error: tuple[str, str, bool] | None = None
