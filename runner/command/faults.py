"""What a run found wrong, at the lines of the DDL and the plan that it follows from: for annotations in CI."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from runner.ddl.sql_files import expand_ddl_paths
from runner.progress.reports.text_layout import count
from runner.records.errors import DDLError, Problem
from runner.records.status import SubTaskStatus, TaskStatus
from runner.scheduling.explanation import NOT_RECORDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runner.ddl.model import Table
    from runner.plan.plan_model import Plan
    from runner.progress.reports.run_account import RunAccount, SubTaskAccount, TaskAccount
    from runner.records.task import TaskInput
    from runner.scheduling.explanation import Reason
    from runner.scheduling.job import Job

_WORD = re.compile(r"\w+")
_MOST_SUSPECTS = 3
_MOST_COMMANDS = 3  # that settle conflicts, in one message
_KEPT = "keep"  # of a file that was edited by hand: no drift


class Faults:
    """Finds the faults of the runs of one plan. `reasons` are those of its sub-tasks, where they are known."""

    def __init__(self, plan: Plan, jobs: Iterable[Job], reasons: Mapping[str, tuple[Reason, ...]]) -> None:
        self._plan = plan
        self._tasks = {task.id: task for task in plan.tasks}
        self._jobs = {job.spec.id: job for job in jobs}
        self._labels = {subtask.id: subtask.table for job in self._jobs.values() for subtask in job.spec.subtasks}
        self._reasons = reasons
        self._diffs: Mapping[str, str] = {}  # by path

    def failed(self, account: RunAccount) -> list[Problem]:
        """Return what failed in a run, at the tasks in the plan, and the tables whose files have conflicts."""
        failed = [problem for task in account.tasks.values() for problem in self._failures(task)]
        if not failed and (why := account.own_failure) is not None:
            failed.append(self._plan.problem(None, "tasks", why, "Run the plan again: what was done is kept"))
        return [*failed, *(self._conflict(account.tasks[each.task_id], each) for each in account.in_conflict)]

    def stale(self, account: RunAccount, leftovers: Sequence[str]) -> list[Problem]:
        """Return what a check found stale: at the table or column in the DDL where there is one, else in the plan.

        `leftovers` are the paths of dropped tables' files.
        """
        self._diffs = account.diffs or {}
        stale = self._stale(account.subtasks)
        if leftovers:
            text = f"{count(len(leftovers), 'file')} of dropped tables {_are(len(leftovers))} still there"
            stale.append(self._plan.problem(None, "tasks", text, f"Run `runner {self._plan.file} --prune`"))
        return stale

    def _failures(self, task: TaskAccount) -> list[Problem]:
        """Return a problem for each reason for which sub-tasks of a task failed, at the task in the plan."""
        pieces: dict[str, list[str]] = {}
        for subtask in task.subtasks.values():
            if subtask.status is SubTaskStatus.FAILED:
                pieces.setdefault(subtask.error or "no reason was given", []).append(subtask.piece)
        if not pieces and task.status is TaskStatus.FAILED:
            pieces[task.error or "no reason was given"] = []
        return [
            self._at_task(task.id, f"{' '.join(filter(None, (task.id, ', '.join(names))))} failed: {error}", "")
            for error, names in pieces.items()
        ]

    def _conflict(self, task: TaskAccount, subtask: SubTaskAccount) -> Problem:
        head, *commands = task.conflict_text(subtask).splitlines()
        each = "; ".join(f"`{command.strip()}`" for command in commands[:_MOST_COMMANDS])
        more = f"; {len(commands) - _MOST_COMMANDS:,} more" if len(commands) > _MOST_COMMANDS else ""
        expected = f"Run {each}{more}"
        return self._in_schema([subtask], f"{subtask.piece}: {head}", expected)

    def _stale(self, subtasks: Iterable[SubTaskAccount]) -> list[Problem]:
        """Return a problem for each table with stale files, at its place in the DDL, and for each set-up task."""
        found: dict[tuple[str, str], list[SubTaskAccount]] = {}  # by what is stale: a table, or a set-up task
        for subtask in subtasks:
            if any(verb != _KEPT for verb, _ in subtask.changes):
                is_table = self._table(subtask) is not None
                found.setdefault(("table", subtask.piece) if is_table else ("task", subtask.task_id), []).append(
                    subtask
                )
        return [self._stale_problem(name, parts) for (_, name), parts in found.items()]

    def _stale_problem(self, name: str, subtasks: Sequence[SubTaskAccount]) -> Problem:
        amounts = {each.task_id: sum(verb != _KEPT for verb, _ in each.changes) for each in subtasks}
        listed = ", ".join(f"{number:,} of {task_id}" for task_id, number in amounts.items())
        total = sum(amounts.values())
        known = (one.text for each in subtasks for one in self._reasons.get(each.id, ()))
        reason = "; ".join(dict.fromkeys(text for text in known if text != NOT_RECORDED))
        why = f" ({reason})" if reason else ""
        files = f"{count(total, 'generated file')} {_are(total)} stale"
        text = f"{name}: {files}{f': {listed}' if len(amounts) > 1 else ''}{why}"
        settle = ", settle what is in conflict (`runner resolve`)" if any(each.conflicts for each in subtasks) else ""
        return self._in_schema(subtasks, text, f"Run `runner {self._plan.file}`{settle} and commit what it writes")

    def _in_schema(self, subtasks: Sequence[SubTaskAccount], text: str, expected: str) -> Problem:
        """Return a problem of a table's sub-tasks at its place in the DDL, or at their task."""
        place = self._in_ddl(subtasks)
        if place is None:
            return self._at_task(subtasks[0].task_id, text, expected)
        file, line = place
        return Problem(file=file, line=line, message=text, expected=expected)

    def _at_task(self, task_id: str, message: str, expected: str) -> Problem:
        task: TaskInput | None = self._tasks.get(task_id)
        return self._plan.problem(task, "description", message, expected)

    def _table(self, subtask: SubTaskAccount) -> Table | None:
        """Return the table that a sub-task works on, None for a set-up."""
        label = self._labels.get(subtask.id)
        return None if label is None else self._jobs[subtask.task_id].schema.tables_by_label.get(label)

    def _in_ddl(self, subtasks: Sequence[SubTaskAccount]) -> tuple[str, int] | None:
        """Return file and line of the column of the sub-tasks' table that changed, or of the table."""
        table = self._table(subtasks[0])
        if table is None or not table.line:
            return None
        recorded = {
            column
            for subtask in subtasks
            for reason in self._reasons.get(subtask.id, ())
            if reason.table == subtask.piece
            for column in reason.columns
        }
        changed = recorded or self._suspects(table, subtasks)
        lines = (column.line for column in table.columns if column.name in changed)
        line = next(filter(None, lines), table.line)
        file = _file_with(self._files(subtasks[0].task_id), line, {table.name.name, *changed})
        return None if file is None else (str(file), line)

    def _suspects(self, table: Table, subtasks: Iterable[SubTaskAccount]) -> set[str]:
        """Return the few columns that the changed lines of most files name: in a new clone no inputs are recorded.

        None where they name many alike: then the changes have another cause.
        """
        files: Counter[str] = Counter()
        for diff in {self._diffs.get(path, "") for subtask in subtasks for _, path in subtask.changes}:
            changed = (line for line in diff.splitlines() if line[:1] in {"+", "-"} and line[:3] not in {"+++", "---"})
            words = {word for line in changed for word in _WORD.findall(line)}
            files.update(column.name for column in table.columns if column.name in words)
        most = max(files.values(), default=0)
        found = {name for name, number in files.items() if number == most}
        return found if len(found) <= _MOST_SUSPECTS else set()

    def _files(self, task_id: str) -> list[Path]:
        given = self._jobs[task_id].spec.input.ddl_path
        sources = given if isinstance(given, tuple) else (given,)
        try:
            return expand_ddl_paths(Path(source) for source in sources if source is not None)
        except DDLError:
            return []  # a database


def near(problem: Problem, folder: Path) -> Problem:
    """Return a problem whose file is named from `folder`, where it lies below it; links to the folder are followed."""
    path = Path(problem.file).absolute()
    for base in (folder, folder.resolve()):
        if path.is_relative_to(base):
            return replace(problem, file=path.relative_to(base).as_posix())
    return problem


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _file_with(files: Sequence[Path], line: int, names: Iterable[str]) -> Path | None:
    """Return the first file that has one of these names at a line, or the only one."""
    if len(files) == 1:
        return files[0]
    folded = [name.casefold() for name in names]
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        text = lines[line - 1].casefold() if line <= len(lines) else ""
        if any(name in text for name in folded):
            return file
    return None
