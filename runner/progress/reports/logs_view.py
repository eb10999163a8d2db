"""The text of `runner logs`: each event of a run, or of one of its tasks, as a line with its time. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.progress.reports.text_layout import GAP, count, duration, listed, printable
from runner.records.events import (
    Logged,
    RunEnded,
    RunPaused,
    RunResumed,
    RunStarted,
    SubTaskEnded,
    SubTaskRetrying,
    SubTaskStarted,
    SubTaskStep,
    TaskAdded,
    TaskEnded,
    TaskStarted,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    from runner.progress.reporter import Recorded
    from runner.records.events import Event
    from runner.records.task import FileCounts


def log_lines(recorded: Iterable[Recorded], zone: tzinfo | None = None) -> Iterator[str]:
    """Yield the lines of events. Times are shown in `zone`, local by default."""
    for each in recorded:
        event = each.event
        time = f"{event.at.astimezone(zone):%Y-%m-%d %H:%M:%S.%f}"[:-3]
        where = getattr(event, "subtask_id", None) or getattr(event, "task_id", None)
        text = printable(f"{where}: {describe(event)}" if where else describe(event))
        first, *rest = text.splitlines() or [""]
        yield f"{time}{GAP}{first}"
        for line in rest:
            yield f"{' ' * len(time)}{GAP}{GAP}{line}"


def describe(event: Event) -> str:
    """Return the text of an event, without its task and its time."""
    match event:
        case RunStarted() | RunPaused() | RunResumed() | RunEnded():
            return _describe_run(event)
        case TaskAdded():
            return f"added: {event.agent}, priority {event.priority}, {count(len(event.subtasks), 'sub-task')}"
        case TaskStarted():
            return "started"
        case TaskEnded():
            return _with(event.status.value, event.error)
        case Logged():
            return event.message if event.level == "info" else f"{event.level}: {event.message}"
        case _:
            return _describe_subtask(event)


def _describe_run(event: RunStarted | RunPaused | RunResumed | RunEnded) -> str:
    match event:
        case RunStarted():
            return f"run of {event.plan} started by process {event.pid} on {event.host}"
        case RunPaused():
            return "run paused"
        case RunResumed():
            return "run resumed"
        case RunEnded():
            return _with(f"run {event.status.value}", event.error)


def _describe_subtask(event: SubTaskStarted | SubTaskStep | SubTaskRetrying | SubTaskEnded) -> str:
    match event:
        case SubTaskStarted():
            again = f", attempt {event.attempt}" if event.attempt > 1 else ""
            where = f" on {event.host}" if event.host else ""
            return f"started by worker {event.pid}{where}{again}"
        case SubTaskStep():
            return f"step {event.step}: {event.message}"
        case SubTaskRetrying():
            blame = "" if event.charged else " (not charged)"
            return f"attempt {event.attempt} failed{blame}, again in {duration(event.delay)}: {event.error}"
        case SubTaskEnded():
            word = "up to date" if event.up_to_date else event.status.value
            return _with(word, event.error or _files(event.files))


def _with(word: str, more: str | None) -> str:
    return f"{word}: {more}" if more else word


def _files(files: FileCounts) -> str:
    return listed(files.named)
