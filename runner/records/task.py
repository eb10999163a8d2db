"""What is to be done: tasks and sub-tasks as records that cross process borders.

`TaskInput` is what a caller gives, `TaskSpec` what it became once its agent, schema and tables are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from runner.records.message_pipe import Told
from runner.records.status import TaskStatus

SETUP_PRIORITY = 10  # of the one sub-task of a boilerplate task
TABLE_PRIORITY = 5  # of a sub-task that works on one table; the two never meet in one queue
DEFAULT_PRIORITY = 5
SUBTASK_CONCURRENCY = 5  # sub-tasks of one task at once, over all its shards
SETUP_PIECE = "setup"  # what stands for the table in the id of a boilerplate task's sub-task


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    """Which agent kind a description means, and how that was told.

    `confidence` runs from 0 to 1; `keywords` are the words that matched.
    """

    kind: str
    method: Literal["keywords", "llm", "explicit"]
    confidence: float
    keywords: tuple[str, ...] = ()
    reasoning: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """Limits in seconds; `grace` is what an agent gets to stop by itself before its process is ended."""

    task: float = 600.0
    subtask: float = 300.0
    grace: float = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Retries:
    """How often a sub-task is tried in all, and the wait before the second try in seconds (doubled each time)."""

    attempts: int = 2
    backoff: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class TableGlobs:
    """Which tables a task works on: shell globs over the names as a person says them."""

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskInput:
    """A task as a caller of the library gives it; everything but the first two has a default."""

    description: str
    workspace_path: Path
    ddl_path: Path | tuple[Path, ...] | None = None
    dialect: str | None = None  # a module of runner/ddl/dialects; None is PostgreSQL
    priority: int = DEFAULT_PRIORITY
    agent: str | None = None
    tables: TableGlobs | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None
    needs: tuple[str, ...] = ()
    timeouts: Timeouts = Timeouts()
    retries: Retries = Retries()
    templates: Path | None = None  # the user's own, searched before the built-in ones


@dataclass(frozen=True, kw_only=True, slots=True)
class SubTaskSpec:
    """The unit that is tried, timed and retried: one table of a task, or its one set-up piece (`table` None)."""

    id: str  # unique in its run: "<task id>/<table or 'setup'>"
    title: str
    table: str | None
    priority: int = TABLE_PRIORITY


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSpec:
    """A task that is ready to be scheduled: its agent is known, its tables are chosen, its inputs are digested."""

    id: str
    title: str
    description: str
    agent: str  # a kind's slug, or the text of `module:Class`
    classification: Classification
    priority: int
    needs: tuple[str, ...]
    workspace: Path
    subtasks: tuple[SubTaskSpec, ...]
    timeouts: Timeouts
    retries: Retries
    options: Mapping[str, Any]
    templates: Path | None
    import_path: Path | None  # the plan's folder, from where an agent of the user's own is imported
    schema_digest: str | None
    inputs_digest: str  # of all that its files are made from


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskResult:
    """How a task ended. `success` is True only when every sub-task is done."""

    success: bool
    task_id: str
    sub_task_count: int
    status: TaskStatus
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileCounts(Told):
    """Files of a sub-task by what was done with them."""

    created: int = 0
    updated: int = 0
    identical: int = 0
    kept: int = 0

    def __add__(self, other: FileCounts) -> FileCounts:
        return FileCounts(
            created=self.created + other.created,
            updated=self.updated + other.updated,
            identical=self.identical + other.identical,
            kept=self.kept + other.kept,
        )
