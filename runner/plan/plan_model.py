"""What a plan becomes: frozen records in which every default is filled in and every path is absolute.

Made in the supervisor's main thread by `loading`; they own nothing. A task's record can be pickled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from runner.plan.yaml_nodes import Node, problem_at
from runner.records.task import Retries, TableGlobs, Timeouts

if TYPE_CHECKING:
    from runner.records.errors import Problem

HIGH_PRIORITY = 8  # and up
MEDIUM_PRIORITY = 4  # and up; what is lower is low

Level = Literal["high", "medium", "low"]
Switch = Literal["auto", True, False]


def level(priority: int) -> Level:
    """Return the word for a priority: high from 8, medium from 4, low below."""
    return "high" if priority >= HIGH_PRIORITY else "medium" if priority >= MEDIUM_PRIORITY else "low"


@dataclass(frozen=True, kw_only=True, slots=True)
class Concurrency:
    """How many tasks run at once, and how many sub-tasks inside each."""

    tasks: int = 5
    subtasks: int = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerLimits:
    """What a worker process may use: MiB of memory, and sub-tasks before a fresh process takes its place."""

    memory: int | None = None
    max_subtasks: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvexSettings:
    """Live progress. `auto`: on when the environment holds both the URL and the token."""

    url: str | None = None
    enabled: Switch = "auto"


@dataclass(frozen=True, kw_only=True, slots=True)
class LLMSettings:
    """Classification where keywords do not tell. `auto`: on when the environment holds the key."""

    enabled: Switch = "auto"
    model: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTask:
    """One task with the plan's defaults filled in. `place` is the `file:line:column` where it begins."""

    id: str
    description: str  # one line
    priority: int
    needs: tuple[str, ...]  # ids
    agent: str | None  # as written: a kind's slug or title, or `module:Class`
    ddl: tuple[Path, ...]  # files, globs and folders already expanded, in the order in which they are to be read
    dialect: str
    workspace: Path
    tables: TableGlobs
    timeouts: Timeouts
    retries: Retries
    templates: Path | None
    options: dict[str, Any]
    index: int  # in the plan, from 0
    place: str

    @property
    def level(self) -> Level:
        """Return the word for its priority."""
        return level(self.priority)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A valid plan. Paths are absolute; `path` is the plan file, `file` how the user named it."""

    name: str
    path: Path
    file: str
    workspace: Path
    concurrency: Concurrency
    workers: WorkerLimits
    timeouts: Timeouts
    retries: Retries
    templates: Path | None
    convex: ConvexSettings
    llm: LLMSettings
    tasks: tuple[PlanTask, ...]
    root: Node = field(repr=False, compare=False)

    @property
    def folder(self) -> Path:
        """Return the plan file's folder: paths start there, agents of the user's own are found there."""
        return self.path.parent

    def problem(self, task: PlanTask | None, key: str, message: str, expected: str = "") -> Problem:
        """Return a problem placed at `key` (such as `agent` or `tables.include.0`) of a task, or of the plan.

        A key that the task leaves to the plan is placed there, one that nobody wrote at the task itself.
        """
        parts = [int(part) if part.isdecimal() else part for part in key.split(".")]
        top = self.root if task is None else self.root.values["tasks"].items[task.index]
        owner = self.root if parts[0] not in top.values and parts[0] in self.root.values else top
        return problem_at(self.file, owner.find(parts), message, expected)
