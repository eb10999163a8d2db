"""The timeline of a run on its page: a group of rows for each worker, a bar for each attempt. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.progress.reports.text_layout import count, duration
from runner.records.status import SubTaskStatus

if TYPE_CHECKING:
    from datetime import datetime

    from runner.progress.reports.run_account import Attempt, RunAccount, SubTaskAccount

COLOURS = tuple(f"task-{number}" for number in range(1, 7))  # of what is done, by task
_ROW = 16  # pixels of a row, and of the name of a worker above its rows
_TOP = 30  # pixels above the first one
_BETWEEN = 8  # pixels between the rows of two workers
_TICKS = 6  # most labelled times
_NARROWEST = 0.15  # per cent of the width
_LEFT = 0.5  # per cent of the width where the run begins
_RIGHT = 99.5  # per cent of the width where the run ends
_SHORTEST = 1e-3  # seconds that are shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One attempt. `x` and `width` are per cent of the width, `y` is in pixels."""

    x: float
    y: int
    width: float
    tone: str
    title: str
    retried: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """The bars, labels of workers with their `y`, times with their `x`, and the text for each tone that is used."""

    height: int
    label: str
    ticks: Sequence[tuple[float, str]]
    groups: Sequence[tuple[int, str]]
    bars: Sequence[Bar]
    key: Sequence[tuple[str, str]]


def tone_of(outcome: str) -> str:
    """Return the name of a state in style sheets."""
    return outcome.replace(" ", "-")


def attempts_by_worker(account: RunAccount) -> dict[int, list[list[tuple[SubTaskAccount, Attempt]]]]:
    """Return the attempts of each worker, by process id, as rows of which none has two that overlap."""
    rows: dict[int, list[list[tuple[SubTaskAccount, Attempt]]]] = {}
    attempts = [(subtask, attempt) for subtask in account.subtasks for attempt in subtask.attempts]
    for subtask, attempt in sorted(attempts, key=lambda pair: pair[1].started_at):
        of_worker = rows.setdefault(attempt.pid, [])
        for row in of_worker:
            last = row[-1][1].ended_at
            if last is not None and last <= attempt.started_at:
                row.append((subtask, attempt))
                break
        else:
            of_worker.append([(subtask, attempt)])
    return rows


def newest_moment(account: RunAccount) -> datetime | None:
    """Return the latest time that is known of a run."""
    moments = [account.started_at, account.ended_at]
    for task in account.tasks.values():
        moments += [task.started_at, task.ended_at]
    for subtask in account.subtasks:
        for attempt in subtask.attempts:
            moments += [attempt.started_at, attempt.ended_at, *(at for at, _ in attempt.steps)]
    return max((moment for moment in moments if moment is not None), default=None)


def timeline(account: RunAccount) -> Timeline | None:
    """Return the timeline of a run; None where no worker was needed."""
    first, last = account.started_at, newest_moment(account)
    rows = {pid: found for pid, found in attempts_by_worker(account).items() if pid != account.pid}
    if first is None or last is None or not rows:
        return None
    whole = max((last - first).total_seconds(), _SHORTEST)
    scale = (_RIGHT - _LEFT) / whole
    colours = dict(zip(account.tasks, itertools.cycle(COLOURS), strict=False))
    groups: list[tuple[int, str]] = []
    bars: list[Bar] = []
    used: dict[str, str] = {}
    y = _TOP
    for pid, of_worker in rows.items():
        groups.append((y + 10, f"worker {pid}"))
        y += _ROW
        for row in of_worker:
            for subtask, attempt in row:
                tone, text = _tone(subtask, attempt, colours)
                used.setdefault(tone, text)
                began = (attempt.started_at - first).total_seconds()
                outcome = _outcome(subtask, attempt)
                seconds = ((attempt.ended_at or last) - attempt.started_at).total_seconds()
                bars.append(
                    Bar(
                        x=round(_LEFT + began * scale, 3),
                        y=y,
                        width=round(max(seconds * scale, _NARROWEST), 3),
                        tone=tone,
                        title=f"{subtask.id}, attempt {attempt.number}: {outcome}, {duration(seconds)}",
                        retried=attempt is not subtask.attempts[-1],
                    )
                )
            y += _ROW
        y += _BETWEEN
    return Timeline(
        height=y + 4,
        label=f"{count(len(bars), 'attempt')} by {count(len(rows), 'worker')} in {duration(whole)}; "
        "the tables below name the tasks and the slowest sub-tasks",
        ticks=[(round(_LEFT + at * scale, 3), f"{at:g} s") for at in _ticks(whole)],
        groups=groups,
        bars=bars,
        key=list(used.items()),
    )


def _outcome(subtask: SubTaskAccount, attempt: Attempt) -> str:
    return subtask.outcome if attempt is subtask.attempts[-1] else "failed"


def _tone(subtask: SubTaskAccount, attempt: Attempt, colours: dict[str, str]) -> tuple[str, str]:
    """Return the tone of a bar and its meaning: the task of what is done, else the outcome."""
    outcome = _outcome(subtask, attempt)
    if outcome == SubTaskStatus.DONE.value:
        return colours[subtask.task_id], f"{subtask.task_id}, done"
    return tone_of(outcome), outcome


def _ticks(seconds: float) -> list[float]:
    """Return times from 0 on, at round distances."""
    rough = seconds / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    distance = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [round(number * distance, 6) for number in range(math.floor(seconds * 0.97 / distance) + 1)]
