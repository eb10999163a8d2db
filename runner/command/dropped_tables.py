"""What was generated for tables that a plan no longer has: named at the end of a run, taken away by `--prune`.

Runs in the supervisor's main thread, once a run has gone well. Not done unasked: another plan may have tasks of the
same names in this workspace.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.generation.workspace.file_locks import FileLockManager
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.writer import WorkspaceWriter
from runner.records.events import Logged
from runner.records.task import SETUP_PIECE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.records.task import TaskSpec

_NAMED = 5  # tables in a notice


@dataclass(frozen=True, kw_only=True, slots=True)
class GoneTable:
    """A table that a task once generated for and now has no sub-task for."""

    workspace: Path
    task_id: str
    table: str

    @property
    def subtask_id(self) -> str:
        """The sub-task that the table had."""
        return f"{self.task_id}/{self.table}"


def find(tasks: Iterable[TaskSpec]) -> tuple[GoneTable, ...]:
    """Return the tables that records of these tasks name and the tasks do not; every task with all its sub-tasks."""
    return tuple(
        GoneTable(workspace=task.workspace, task_id=task.id, table=piece)
        for task in tasks
        for piece in Manifest(task.workspace).pieces(
            task.id, [subtask.table or SETUP_PIECE for subtask in task.subtasks]
        )
    )


def notice(gone: Sequence[GoneTable]) -> str:
    """Return what to tell of tables that are left as they are."""
    names = ", ".join(table.subtask_id for table in gone[:_NAMED])
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    return f"no longer in the plan, their files still there: {names}{more}; --prune removes them"


def prune(gone: GoneTable, run_id: str) -> Iterator[Logged]:
    """Remove a table's files that nobody edited, and say of each file what was done (see `retire`)."""
    root = gone.workspace
    writer = WorkspaceWriter(root, FileLockManager(root), Manifest(root), run_id)
    for verb, path in writer.retire(gone.subtask_id).changes:
        if verb == "remove":
            yield Logged(level="info", message=f"removed {path}", task_id=gone.task_id)
        else:
            yield Logged(level="warning", message=f"left {path}: it was edited by hand", task_id=gone.task_id)
