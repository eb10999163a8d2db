"""Tasks and sub-tasks as records that are sent between processes.

`TaskInput` is the one record of what a caller or a plan asks for. `TaskSpec` holds it and adds what preparation found:
the agent, the sub-tasks and the digests.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from runner.records.message_pipe import CompactPickle
from runner.records.status import TaskStatus

StrPath = str | os.PathLike[str]

SETUP_PRIORITY = 10  # of the one sub-task of a boilerplate task
TABLE_PRIORITY = 5  # of a sub-task that works on one table
DEFAULT_PRIORITY = 5
TASK_CONCURRENCY = 5  # tasks at once
SUBTASK_CONCURRENCY = 5  # sub-tasks of one task at once, over all its shards
SETUP_PIECE = "setup"  # in the place of the table in the id of a boilerplate task's sub-task


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    """Which agent kind a description means, and how that was decided.

    `confidence` is from 0 to 1; `keywords` are the words that matched.
    """

    kind: str
    method: Literal["keywords", "llm", "explicit"]
    confidence: float
    keywords: tuple[str, ...] = ()
    reasoning: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """Limits in seconds. `grace` is the time for an agent to stop by itself before its process is ended."""

    task: float = 600.0
    subtask: float = 300.0
    grace: float = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Retries:
    """Number of attempts in all, and the wait before the second one in seconds (doubled for each later one)."""

    attempts: int = 2
    backoff: float = 1.0


ConflictPolicy = Literal["markers", "reject", "keep", "theirs"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Merging:
    """How files that were edited by hand are merged.

    `conflict` is what happens to a file where edits and generated changes contradict each other: `reject` writes the
    new text to `FILE.rej` beside it, `markers` puts both into the file, `keep` leaves it alone, and `theirs` takes what
    is generated there and saves the edited file as `FILE.orig`. With `git`, the text before the edits is read from git,
    instead of the base store.
    """

    conflict: ConflictPolicy = "reject"
    git: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TableGlobs:
    """Which tables a task works on: shell globs over names, which include the schema only outside the default one."""

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskInput:
    """A task as a caller of the library or a plan gives it. Only the first two fields are required.

    Paths may be given as text or as any `os.PathLike`; they are kept as `Path`. The URL of a database stays text.
    """

    description: str
    workspace_path: StrPath  # the folder to generate into
    ddl_path: StrPath | tuple[StrPath, ...] | None = None  # SQL files, in this order, or a live database
    dialect: str | None = None  # a module of runner/ddl/dialects; None is PostgreSQL
    priority: int = DEFAULT_PRIORITY  # from 1 (last) to 10 (first)
    agent: str | None = None  # a kind's slug or title, or `module:Class`; None: the description decides
    tables: TableGlobs | None = None  # None: all tables
    options: Mapping[str, Any] = field(default_factory=dict)  # passed to the agent unchanged
    id: str | None = None  # unique in its run; None: made from the description
    needs: tuple[str, ...] = ()  # ids of tasks that must be done before this one starts
    timeouts: Timeouts = Timeouts()
    retries: Retries = Retries()
    templates: StrPath | None = None  # a folder of the user's own, searched before the built-in templates

    def __post_init__(self) -> None:
        for name in ("workspace_path", "ddl_path", "templates"):
            given = getattr(self, name)
            if isinstance(given, str | os.PathLike):
                object.__setattr__(self, name, _as_path(given))
            elif given is not None:
                object.__setattr__(self, name, tuple(map(_as_path, given)))


def _as_path(given: StrPath) -> Path | str:
    return given if isinstance(given, str) and "://" in given else Path(given)


@dataclass(frozen=True, kw_only=True, slots=True)
class SubTaskSpec:
    """The unit of attempts, time limits and retries: one table of a task, or its set-up piece (`table` is None)."""

    id: str  # unique in its run: "<task id>/<table or 'setup'>"
    title: str
    table: str | None
    priority: int = TABLE_PRIORITY


def subtasks_of(task_id: str, title: str, tables: Iterable[str] | None) -> tuple[SubTaskSpec, ...]:
    """Return the sub-tasks of a task: one for each table, or the set-up piece where `tables` is None."""
    if tables is None:
        piece = SubTaskSpec(
            id=f"{task_id}/{SETUP_PIECE}",
            title=f"{title}: Project setup",
            table=None,
            priority=SETUP_PRIORITY,
        )
        return (piece,)
    return tuple(
        SubTaskSpec(id=f"{task_id}/{table}", title=f"{title}: {table}", table=table, priority=TABLE_PRIORITY)
        for table in tables
    )


def inputs_digest(*parts: str) -> str:
    """Return a digest, in hexadecimal, of what files are generated from: equal inputs give equal files."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSpec:
    """A task that is ready to be scheduled: `input` as it was given, and what preparation found for it.

    `inputs_digest` is of everything that the files are generated from. `generator_digest` is of the same without the
    schema, where the agent reads no more of that than the part of its table; elsewhere it is None.
    """

    id: str
    input: TaskInput
    title: str
    classification: Classification
    subtasks: tuple[SubTaskSpec, ...]
    import_path: Path | None  # the plan's folder, from which an agent of the user's own is imported
    schema_digest: str | None
    inputs_digest: str
    generator_digest: str | None = None

    @property
    def agent(self) -> str:
        """A kind's slug, or `module:Class` for an agent of the user's own."""
        return self.classification.kind

    @property
    def workspace(self) -> Path:
        """The folder to generate into."""
        return Path(self.input.workspace_path)

    @property
    def templates(self) -> Path | None:
        """The folder of the user's own templates, if there is one."""
        return None if self.input.templates is None else Path(self.input.templates)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskResult:
    """How a task ended. `success` is True where every sub-task is done; `error` is the first failure."""

    success: bool
    task_id: str
    sub_task_count: int
    status: TaskStatus
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileCounts(CompactPickle):
    """Numbers of a sub-task's files, by what was done with them."""

    created: int = 0
    updated: int = 0
    identical: int = 0
    kept: int = 0
    merged: int = 0
    conflicts: int = 0

    @property
    def total(self) -> int:
        """The number of all files."""
        return sum(number for number, _ in self.named)

    @property
    def named(self) -> list[tuple[int, str]]:
        """Each number with its word."""
        return [
            (self.created, "created"), (self.updated, "updated"), (self.identical, "identical"),
            (self.merged, "merged"), (self.kept, "kept"), (self.conflicts, "in conflict"),
        ]  # fmt: skip

    def __add__(self, other: FileCounts) -> FileCounts:
        return FileCounts(
            created=self.created + other.created,
            updated=self.updated + other.updated,
            identical=self.identical + other.identical,
            kept=self.kept + other.kept,
            merged=self.merged + other.merged,
            conflicts=self.conflicts + other.conflicts,
        )
