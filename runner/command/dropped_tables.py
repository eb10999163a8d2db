"""Files of tables that a plan no longer has: reported by a run and a check, removed with `--prune`.

Used in the supervisor's main thread after a successful run. The files stay by default: another plan may have tasks of
the same names in this workspace.
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

_LISTED = 5  # tables in a notice


@dataclass(frozen=True, kw_only=True, slots=True)
class DroppedTable:
    """A table that a task generated files for, and has no sub-task for any more."""

    workspace: Path
    task_id: str
    table: str

    @property
    def subtask_id(self) -> str:
        """The id of the sub-task that the table had."""
        return f"{self.task_id}/{self.table}"


def find(tasks: Iterable[TaskSpec]) -> tuple[DroppedTable, ...]:
    """Return the tables in the manifest of these tasks that have no sub-task. The tasks have all their sub-tasks."""
    return tuple(
        DroppedTable(workspace=task.workspace, task_id=task.id, table=piece)
        for task in tasks
        for piece in Manifest(task.workspace).pieces(
            task.id, [subtask.table or SETUP_PIECE for subtask in task.subtasks]
        )
    )


def notice(tables: Sequence[DroppedTable], run_id: str) -> str:
    """Return the message about tables whose files are left in place, with the files that were edited by hand."""
    names = ", ".join(table.subtask_id for table in tables[:_LISTED])
    more = f" and {len(tables) - _LISTED} more" if len(tables) > _LISTED else ""
    text = f"no longer in the plan, their files still there: {names}{more}; --prune removes them"
    edited = [path for table in tables for path in _writer(table, run_id, check=True).edited(table.subtask_id)]
    if not edited:
        return text
    others = f" and {len(edited) - _LISTED} more" if len(edited) > _LISTED else ""
    return f"{text}, except what was edited by hand: {', '.join(edited[:_LISTED])}{others}"


def prune(table: DroppedTable, run_id: str) -> Iterator[Logged]:
    """Remove a table's files, except edited ones, and yield a message for each file (see `WorkspaceWriter.retire`)."""
    for verb, path in _writer(table, run_id, check=False).retire(table.subtask_id).changes:
        if verb == "remove":
            yield Logged(level="info", message=f"removed {path}", task_id=table.task_id)
        else:
            yield Logged(level="warning", message=f"left {path}: it was edited by hand", task_id=table.task_id)


def files_to_prune(tables: Iterable[DroppedTable], run_id: str) -> Iterator[str]:
    """Yield the paths of the files that `prune` would remove. Changes nothing."""
    for table in tables:
        yield from (path for _, path in _writer(table, run_id, check=True).retire(table.subtask_id).changes)


def _writer(table: DroppedTable, run_id: str, *, check: bool) -> WorkspaceWriter:
    root = table.workspace
    return WorkspaceWriter(root, FileLockManager(root), Manifest(root), run_id, check=check)
