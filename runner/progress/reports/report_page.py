"""The report for `--report FILE`: a page that shows a run and requests nothing from anywhere. Pure.

It holds no script, so it can be attached to a mail or kept as an artifact of a CI job.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.progress.reports.text_layout import count, duration, listed, printable
from runner.progress.reports.timeline import COLOURS, timeline, tone_of
from runner.records.status import SubTaskStatus, TaskStatus
from runner.records.task import FileCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from runner.progress.reports.run_account import Attempt, RunAccount, SubTaskAccount, TaskAccount
    from runner.records.events import Logged

_OUTCOMES = (
    "done", "up-to-date", "failed", "cancelled", "skipped", "running", "pending", "interrupted", "paused",
)  # fmt: skip
_SLOWEST = 15  # sub-tasks that are listed
_FAILURES = 100  # failures that are shown with their output
_PATHS = 500  # of the files with the same change
_LOG_LINES = 200  # of a failure and of the run; the last ones


def report_html(account: RunAccount) -> str:
    """Return the page of a run."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - slow to import

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report_page.html.j2")
    return page.render(page=_page(account), outcomes=_OUTCOMES, colours=COLOURS) + "\n"


def _page(account: RunAccount) -> dict[str, Any]:
    failed = _failures(account)
    subtasks = account.subtasks
    is_bad = account.verdict != account.status.value
    return {
        "id": account.id,
        "plan": _text(account.plan),
        "status": account.verdict,
        "tone": "failed" if is_bad else account.status.value,
        "error": _text(account.error or ""),
        "host": _text(account.host),
        "when": f"{account.started_at:%Y-%m-%d %H:%M:%S} UTC" if account.started_at else "not begun",
        "took": _took(account.started_at, account.ended_at),
        "tiles": _tiles(account),
        "failures": failed[:_FAILURES],
        "failures_left": max(0, len(failed) - _FAILURES),
        "chart": timeline(account),
        "tasks": [_task_row(task) for task in account.tasks.values()],
        "slowest": [_row(subtask, _longest_step(subtask)) for subtask in _slowest(subtasks)],
        "retried": [_row(each, _text(each.attempts[0].error or "")) for each in subtasks if len(each.attempts) > 1],
        "changes": _changes(account),
        "log": _log(account.log),
    }


def _tiles(account: RunAccount) -> list[dict[str, Any]]:
    subtasks = account.subtasks
    outcomes = Counter(
        task.outcome_of(subtask) for task in account.tasks.values() for subtask in task.subtasks.values()
    )
    files = sum((subtask.files for subtask in subtasks), FileCounts())
    tiles = [{"number": f"{len(account.tasks):,}", "text": "tasks", "tone": ""}]
    tiles += [
        {"number": f"{number:,}", "text": f"sub-tasks {outcome}", "tone": tone_of(outcome)}
        for outcome, number in outcomes.most_common()
    ]
    changed = listed([(number, word) for number, word in files.named if word != "identical"])
    tiles.append({"number": f"{files.total:,}", "text": f"files: {changed or 'none changed'}", "tone": ""})
    return tiles


def _failures(account: RunAccount) -> list[dict[str, Any]]:
    """Return what failed, first the sub-tasks; a task that ended otherwise is there once, with its own reason.

    Sub-tasks with conflicts are among it, since the run fails for them.
    """
    shown = []
    for task in account.tasks.values():
        failed = [subtask for subtask in task.subtasks.values() if subtask.status is SubTaskStatus.FAILED]
        for subtask in failed:
            log = [*subtask.log, *task.log]
            shown.append(_failure(subtask.id, "failed", subtask.error, len(subtask.attempts), log))
        if not failed and task.status not in {TaskStatus.DONE, TaskStatus.PENDING, TaskStatus.RUNNING}:
            shown.append(_failure(task.id, task.status.value, task.error, 0, task.log))
    for each in account.in_conflict:
        text = account.tasks[each.task_id].conflict_text(each)
        shown.append(_failure(each.id, "in conflict", text, len(each.attempts), each.log, tone="failed"))
    return shown


def _failure(
    name: str, outcome: str, error: str | None, attempts: int, log: Sequence[Logged], tone: str | None = None
) -> dict[str, Any]:
    return {
        "name": name,
        "outcome": outcome,
        "tone": tone or tone_of(outcome),
        "attempts": attempts,
        "error": _text(error or "no reason was given"),
        "output": _log(log),
        "output_lines": count(len(log), "line"),
    }


def _task_row(task: TaskAccount) -> dict[str, Any]:
    subtasks = task.subtasks.values()
    files = sum((subtask.files for subtask in subtasks), FileCounts())
    done = sum(subtask.status is SubTaskStatus.DONE for subtask in subtasks)
    return {
        "id": task.id,
        "title": _text(task.title),
        "status": task.status.value,
        "amount": f"{done:,} of {len(subtasks):,}",
        "took": _took(task.started_at, task.ended_at),
        "files": listed(files.named),
    }


def _slowest(subtasks: Iterable[SubTaskAccount]) -> list[SubTaskAccount]:
    worked = [subtask for subtask in subtasks if subtask.attempts and not subtask.up_to_date]
    return sorted(worked, key=lambda subtask: -subtask.seconds)[:_SLOWEST]


def _row(subtask: SubTaskAccount, note: str) -> dict[str, Any]:
    return {
        "id": subtask.id,
        "outcome": subtask.outcome,
        "tone": tone_of(subtask.outcome),
        "attempts": len(subtask.attempts),
        "took": duration(subtask.seconds),
        "note": note,
    }


def _longest_step(subtask: SubTaskAccount) -> str:
    steps = [
        ((until - began).total_seconds(), name)
        for attempt in subtask.attempts
        for (began, name), until in zip(attempt.steps, _step_ends(attempt), strict=False)
    ]
    if not steps:
        return ""
    seconds, name = max(steps)
    return f"{_text(name)}, {duration(seconds)}"


def _step_ends(attempt: Attempt) -> list[datetime]:
    ends = [at for at, _ in attempt.steps[1:]]
    return ends if attempt.ended_at is None else [*ends, attempt.ended_at]


def _changes(account: RunAccount) -> list[dict[str, Any]]:
    paths = {"prune": set(account.leftovers)} if account.leftovers else {}
    would = "" if account.diffs is None else "would "
    for subtask in account.subtasks:
        for verb, path in subtask.changes:
            paths.setdefault(verb, set()).add(path)
    return [
        {
            "text": f"{would}{verb}: {count(len(found), 'file')}",
            "opened": verb not in {"create", "update"},
            "paths": [_text(path) for path in sorted(found)[:_PATHS]],
            "left": f"{max(0, len(found) - _PATHS):,}" if len(found) > _PATHS else "",
        }
        for verb, found in sorted(paths.items())
    ]


def _took(began: datetime | None, ended: datetime | None) -> str:
    return duration((ended - began).total_seconds()) if began and ended else ""


def _log(log: Sequence[Logged]) -> str:
    lines = [f"{each.at:%H:%M:%S} {'' if each.level == 'info' else f'{each.level}: '}{each.message}" for each in log]
    left = len(lines) - _LOG_LINES
    return _text("\n".join([f"({left:,} earlier lines left out)", *lines[-_LOG_LINES:]] if left > 0 else lines))


def _text(text: str) -> str:
    """Return text that UTF-8 can hold, without control characters."""
    return printable(text).encode("utf-8", "replace").decode()
