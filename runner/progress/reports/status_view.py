"""The text of `runner status`: a table of runs, or one run with its tasks and their current steps. Pure."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from runner.progress.reports.summary import SHORT_ID, TEXT_WIDTH, failure_lines
from runner.progress.reports.tally import Failure
from runner.progress.reports.text_layout import (
    count,
    duration,
    indented,
    listed,
    one_line,
    shortened,
    shown_path,
    table,
    wrapped,
)
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.records.task import SETUP_PIECE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.progress.stores.run_records import RunRecord, SubTaskRecord, TaskRecord

_WIDEST_NAME = 40  # columns of a plan's or a task's name in a table
_STEPS_SHOWN = 5  # running sub-tasks of one task: as many as run at once by default


def runs_text(
    runs: Sequence[tuple[RunRecord, Sequence[TaskRecord]]],
    *,
    now: datetime,
    zone: tzinfo | None = None,
    width: int | None = None,
) -> str:
    """Return a table with a line for each run. Times are shown in `zone`, local by default.

    `width` is that of the terminal in columns; a table that is wider becomes some lines for each run.
    """
    if not runs:
        return "no run was recorded yet; `runner PLAN` starts one"
    head = ("RUN", "PLAN", "STATUS", "TASKS", "SUB-TASKS", "STARTED", "TOOK")
    lines = [head]
    for run, tasks in runs:
        done = sum(task.status is TaskStatus.DONE for task in tasks)
        pieces_done = sum(task.progress.completed for task in tasks)
        pieces = sum(task.progress.total for task in tasks)
        lines.append(
            (
                run.id[:SHORT_ID],
                shortened(one_line(run.plan), _WIDEST_NAME),
                run.outcome,
                f"{done}/{len(tasks)}",
                f"{pieces_done}/{pieces}",
                _moment(run.started_at, zone),
                _took(run.started_at, run.ended_at, None if _is_over(run) else now),
            )
        )
    shown = table(lines, right=frozenset({3, 4, 6}))
    if _is_wider(shown, width):
        shown = [each for row in lines[1:] for each in _run_block(row)]
    return "\n".join(shown)


def _run_block(row: Sequence[str]) -> list[str]:
    run, plan, status, tasks, pieces, started, took = row
    lines = [f"{run}  {status}  {plan}", f"  {tasks} tasks, {pieces} sub-tasks", f"  {started}  {took}"]
    return [line.rstrip() for line in lines]


def run_text(
    run: RunRecord,
    tasks: Sequence[TaskRecord],
    subtasks: Sequence[SubTaskRecord],
    *,
    now: datetime,
    zone: tzinfo | None = None,
    folder: Path = Path(),
    width: int | None = None,
) -> str:
    """Return one run: its state, its tasks with the steps of running sub-tasks, every failure and conflict.

    Paths are named from `folder`. `width` is as that of `runs_text`.
    """
    lines = [*_head(run, tasks, now, zone), ""]
    steps: dict[str, list[str]] = {}
    for subtask in subtasks:
        if subtask.status is SubTaskStatus.RUNNING:
            steps.setdefault(subtask.task_id, []).append(_step(subtask))
    rows: list[tuple[str, ...]] = [("TASK", "STATUS", "DONE", "FAILED", "TOOK", "NOW")]
    for task in tasks:
        rows += _task_rows(task, steps.get(task.id, []), None if _is_over(run) else now)
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    shown = table([(shortened(row[0], _WIDEST_NAME), *row[1:]) for row in rows], right=frozenset({2, 3, 4}))
    lines += [each for row in rows[1:] for each in _task_block(row)] if _is_wider(shown, width) else shown
    failures = [line.text for line in failure_lines(_failures(tasks, subtasks))]
    failures += _conflicts(tasks, subtasks, folder)
    return "\n".join([*lines, "", *failures] if failures else lines)


def _head(run: RunRecord, tasks: Sequence[TaskRecord], now: datetime, zone: tzinfo | None) -> list[str]:
    total = sum(task.progress.total for task in tasks)
    others = [(sum(getattr(task, word) for task in tasks), word) for word in ("failed", "cancelled", "running")]
    took = _took(run.started_at, run.ended_at, None if _is_over(run) else now)
    first = f"{one_line(run.plan)}: {run.status.value}"
    if took:
        first += f" {'for' if run.ended_at is None else 'in'} {took}"
    first += f": {sum(task.done for task in tasks):,} of {count(total, 'sub-task')} done"
    if other_counts := listed(others):
        first += f", {other_counts}"
    if run.outcome != run.status.value:
        first += f", {run.outcome}"
    lines = [first]
    if run.status is RunStatus.INTERRUPTED and run.ended_at is None:
        lines.append(f"its process {run.pid} on {run.host} died; run the plan again to continue")
    elif run.error:
        lines += indented(run.error, "")
    ended = f", ended {_moment(run.ended_at, zone)}" if run.ended_at else ""
    code = f", exit code {run.exit_code}" if run.exit_code is not None else ""
    lines.append(f"run {run.id}")
    lines.append(f"started {_moment(run.started_at, zone)}{ended}{code}")
    if run.plan_path:
        lines.append(f"plan {one_line(run.plan_path)}")
    if not run.status.ended:
        lines.append(f"process {run.pid} on {run.host}")
    return lines


def _task_block(row: Sequence[str]) -> list[str]:
    """Return the lines for a row of the table of tasks: only the first one of a task has its name."""
    name, status, done, failed, took, *now = row
    lines = []
    if name:
        parts = filter(None, (f"{done} done", f"{failed} failed" if failed else "", took))
        lines = [f"{name}  {status}", f"  {', '.join(parts)}"]
    return [*lines, *(f"  {step}" for step in now if step)]


def _is_wider(lines: Sequence[str], width: int | None) -> bool:
    return width is not None and max(map(len, lines), default=0) > width


def _task_rows(task: TaskRecord, steps: list[str], now: datetime | None) -> list[tuple[str, ...]]:
    progress = task.progress
    failed = str(progress.failed) if progress.failed else ""
    took = _took(task.started_at, task.ended_at, now)
    shown = steps[:_STEPS_SHOWN]
    if len(steps) > _STEPS_SHOWN:
        shown.append(f"and {len(steps) - _STEPS_SHOWN} more")
    first = (task.id, task.status.value, f"{progress.completed}/{progress.total}", failed, took)
    return [
        (*first, shown[0] if shown else ""),
        *(("", "", "", "", "", step) for step in shown[1:]),
    ]


def _step(subtask: SubTaskRecord) -> str:
    piece = subtask.table or SETUP_PIECE
    tried = f" (attempt {subtask.attempts})" if subtask.attempts > 1 else ""
    where = f" on {subtask.host}" if subtask.host else ""
    if not subtask.step:
        return f"{piece}: starts{tried}{where}"
    return f"{piece}: {subtask.step}/{subtask.total_steps} {one_line(subtask.message or '')}{tried}{where}"


def _failures(tasks: Sequence[TaskRecord], subtasks: Sequence[SubTaskRecord]) -> list[Failure]:
    """Return the failures in the order of the plan; those of tasks only where no sub-task of theirs has failed."""
    by_task: dict[str, list[Failure]] = {}
    for subtask in subtasks:
        if subtask.status is SubTaskStatus.FAILED:
            piece = subtask.table or SETUP_PIECE
            by_task.setdefault(subtask.task_id, []).append(
                Failure(subtask.task_id, piece, subtask.error or "", "failed", subtask.attempts)
            )
    found = []
    for task in tasks:
        if task.id in by_task:
            found += by_task[task.id]
        elif task.status in {TaskStatus.FAILED, TaskStatus.SKIPPED, TaskStatus.CANCELLED}:
            found.append(Failure(task.id, None, task.error or "", task.status.value))
    return found


def _conflicts(tasks: Sequence[TaskRecord], subtasks: Sequence[SubTaskRecord], folder: Path) -> list[str]:
    """Return which sub-tasks had files in conflict, task by task, and the commands that show and settle them."""
    found: dict[str, list[SubTaskRecord]] = {}
    for subtask in subtasks:
        if subtask.files.conflicts:
            found.setdefault(subtask.task_id, []).append(subtask)
    lines: list[str] = []
    for task_id, parts in found.items():
        files = count(sum(subtask.files.conflicts for subtask in parts), "file")
        lines += wrapped(
            f"in conflict: {task_id} {', '.join(part.table or SETUP_PIECE for part in parts)} ({files})", TEXT_WIDTH
        )
    workspaces = dict.fromkeys(task.workspace for task in tasks if task.id in found)
    return [*lines, *(f"  runner resolve {shlex.quote(shown_path(Path(each), folder))}" for each in workspaces)]


def _is_over(run: RunRecord) -> bool:
    return run.status.ended


def _moment(at: str | None, zone: tzinfo | None) -> str:
    return "" if at is None else f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _took(started_at: str | None, ended_at: str | None, now: datetime | None) -> str:
    """Return how long something took, or has taken so far; nothing where that is not known."""
    if started_at is None or (ended_at is None and now is None):
        return ""
    end = datetime.fromisoformat(ended_at) if ended_at is not None else now or datetime.now(UTC)
    return duration((end - datetime.fromisoformat(started_at)).total_seconds())
