"""What a plan becomes: its tasks as the records that every task has, and its own settings.

Built in the supervisor's main thread by `validation`, or read from the cache. Nothing here changes after that.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runner.plan.plan_paths import at_home
from runner.plan.yaml_nodes import Node, problem_at
from runner.records.task import SUBTASK_CONCURRENCY, TASK_CONCURRENCY, TaskInput

if TYPE_CHECKING:
    from runner.records.errors import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Concurrency:
    """How many tasks run at once, and how many sub-tasks of each."""

    tasks: int = TASK_CONCURRENCY
    subtasks: int = SUBTASK_CONCURRENCY


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerLimits:
    """What a worker process may use: address space in MiB, and sub-tasks after which it is replaced."""

    memory: int | None = None
    max_subtasks: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutorSettings:
    """A Dask cluster for the workers. Files are relative to the plan's folder; `wait` is in seconds."""

    dask: str  # the address of the scheduler
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    listen: str | None = None
    wait: float = 60.0
    workspace: Literal["shared"] | None = None
    env: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvexSettings:
    """Live progress on a Convex deployment."""

    url: str | None = None
    enabled: bool | Literal["auto"] = "auto"


@dataclass(frozen=True, kw_only=True, slots=True)
class LLMSettings:
    """Classification of descriptions by a language model."""

    enabled: bool | Literal["auto"] = "auto"
    model: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A valid plan in which every default is filled in and every path is absolute.

    `path` is the plan file, `file` its path as the user gave it. Each task has an `id`, unique in the plan.
    """

    name: str
    path: Path
    file: str
    workspace: Path
    concurrency: Concurrency
    workers: WorkerLimits
    executor: ExecutorSettings | None  # None: workers of this machine
    merge: Literal["store", "git"]  # what edits by hand are merged from
    convex: ConvexSettings
    llm: LLMSettings
    tasks: tuple[TaskInput, ...]
    root: Node = field(repr=False, compare=False)  # the values of the file, with their places

    @property
    def folder(self) -> Path:
        """The plan file's folder: relative paths start there, and agents of the user's own are imported from there."""
        return self.path.parent

    def named(self, file: str) -> Plan:
        """Return the plan as it is when the user names its file so."""
        return replace(self, file=file)

    def problem(self, task: TaskInput | None, key: str, message: str, expected: str = "") -> Problem:
        """Return a problem placed at `key` (such as `agent` or `tables.include.0`) of a task, or of the plan.

        A key that the task leaves to the plan is placed there; one that is written nowhere is placed at the task. One
        of labels that are in a file of their own is placed in that file.
        """
        parts = [int(part) if part.isdecimal() else part for part in key.split(".")]
        top = self.root if task is None else self.root.values["tasks"].items[self.tasks.index(task)]
        owner = self.root if parts[0] not in top.values and parts[0] in self.root.values else top
        given = owner.values.get("labels") if parts[0] == "labels" else None
        if given is not None and isinstance(given.value, str):
            from runner.plan.yaml_reader import read_yaml  # noqa: PLC0415 - slow to import, for a message only

            labels, _ = read_yaml(given.value, (self.folder / at_home(given.value)).read_bytes())
            file = str(Path(self.file).parent / at_home(given.value))
            return problem_at(file, labels.find(parts[1:]), message, expected)
        return problem_at(self.file, owner.find(parts), message, expected)
