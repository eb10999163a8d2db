"""What a plan becomes: its tasks as the records that every task has, and its own settings.

Built in the supervisor's main thread by `loading`. Nothing here changes after that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runner.plan.format import ConcurrencyEntry, ConvexEntry, LLMEntry, WorkersEntry
from runner.plan.yaml_nodes import Node, problem_at
from runner.records.task import TaskInput

if TYPE_CHECKING:
    from runner.records.errors import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A valid plan in which every default is filled in and every path is absolute.

    `path` is the plan file, `file` its path as the user gave it. Each task has an `id`, unique in the plan.
    """

    name: str
    path: Path
    file: str
    workspace: Path
    concurrency: ConcurrencyEntry
    workers: WorkersEntry
    convex: ConvexEntry
    llm: LLMEntry
    tasks: tuple[TaskInput, ...]
    root: Node = field(repr=False, compare=False)  # the values of the file, with their places

    @property
    def folder(self) -> Path:
        """The plan file's folder: relative paths start there, and agents of the user's own are imported from there."""
        return self.path.parent

    def problem(self, task: TaskInput | None, key: str, message: str, expected: str = "") -> Problem:
        """Return a problem placed at `key` (such as `agent` or `tables.include.0`) of a task, or of the plan.

        A key that the task leaves to the plan is placed there; one that is written nowhere is placed at the task.
        """
        parts = [int(part) if part.isdecimal() else part for part in key.split(".")]
        top = self.root if task is None else self.root.values["tasks"].items[self.tasks.index(task)]
        owner = self.root if parts[0] not in top.values and parts[0] in self.root.values else top
        return problem_at(self.file, owner.find(parts), message, expected)
