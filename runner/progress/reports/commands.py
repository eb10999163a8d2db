"""The commands `status`, `logs`, `pause`, `resume` and `cancel`: queries on the state file, returned as text.

Used in a process of its own beside the supervisor. It reads through a read-only connection and writes nothing except
requests. It imports nothing that is slow to load: these commands answer at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from runner.progress.convex.target import SINK
from runner.progress.reports.json_report import as_json as to_text
from runner.progress.reports.json_report import run_report
from runner.progress.reports.log_selection import EVERYTHING, LogSelection
from runner.progress.reports.logs_view import log_lines
from runner.progress.reports.status_view import run_text, runs_text
from runner.progress.reports.summary import SHORT_ID
from runner.progress.reports.text_layout import count
from runner.progress.stores.state_reader import LATEST, NoSuchRunError, StateReader
from runner.records.errors import StoreError

if TYPE_CHECKING:
    from runner.progress.reporter import ControlKind
    from runner.progress.stores.run_records import RunRecord

RUNS_SHOWN = 20
POLL_INTERVAL = 0.2  # seconds between two queries on a run that is followed
ANSWER_INTERVAL = 0.05  # seconds between two queries for the answer to a request
ANSWER_TIMEOUT = 5.0  # seconds; a supervisor reads requests ten times a second
_OBEYED = {"pause": "paused", "resume": "resumed", "cancel": "cancelled"}  # any other answer is a reason why not

Pause = Callable[[float], object]


def status(state: Path, run: str | None = None, *, as_json: bool = False, width: int | None = None) -> str:
    """Return the runs, or one run, as text. With `as_json` it is the report of one run, by default the latest.

    `width` is that of the terminal in columns, None for no limit.
    """
    with StateReader.open(state) as reader:
        if as_json:
            return to_text(run_report(reader, reader.run(run or LATEST).id)).rstrip("\n")
        return _run(reader, run, width) if run is not None else _overview(reader, width)


def follow_status(
    state: Path, run: str | None = None, pause: Pause = time.sleep, *, width: int | None = None
) -> Iterator[str]:
    """Yield a run's status each time that it has changed, until the run has ended."""
    with StateReader.open(state) as reader:
        reference = reader.run(run or LATEST).id
        shown = ""
        while True:
            live = not reader.run(reference).status.ended
            text = _run(reader, reference, width)
            if text != shown:
                yield text
                shown = text
            if not live:
                return
            pause(POLL_INTERVAL)


def logs(
    state: Path,
    run: str | None = None,
    selection: LogSelection = EVERYTHING,
    *,
    follow: bool = False,
    pause: Pause = time.sleep,
) -> Iterator[str]:
    """Yield what is selected of a run's log, line by line; with `follow`, until the run has ended."""
    task = selection.task
    with StateReader.open(state) as reader:
        found = reader.run(run or LATEST)
        if task is not None:
            _check_task(reader, found, task)
        seq = 0
        while True:
            now = reader.run(found.id)
            for recorded in reader.events(found.id, seq, task_id=task):
                seq = recorded.seq
                if selection.has(recorded.event):
                    yield from log_lines([recorded])
            if now.status.ended and now.ended_at is None:
                yield f"{now.status.value}: process {now.pid} on {now.host} died; the next run of the plan continues"
            if now.status.ended or not follow:
                return
            pause(POLL_INTERVAL)


def list_runs(state: Path, width: int | None = None) -> str:
    """Return all runs as a table, the newest first."""
    with StateReader.open(state) as reader:
        found = [(run, reader.tasks(run.id)) for run in reader.runs()]
        return runs_text(found, now=datetime.now(UTC), width=width)


def prune_runs(state: Path, keep: int) -> str:
    """Delete the oldest ended runs of each plan, except the newest `keep`; return how many. Raises StoreError."""
    from runner.progress.stores.sqlite_store import SqliteStore  # noqa: PLC0415 - the other commands do not write

    with StateReader.open(state) as reader:
        if not reader.path.exists():
            raise NoSuchRunError(f"{reader.path}: no run was recorded here; name its folder with --state")
    with SqliteStore(state) as store:
        return f"{count(store.forget_old(keep), 'run')} deleted"


def control(
    state: Path,
    kind: ControlKind,
    task: str | None = None,
    *,
    run: str | None = None,
    pause: Pause = time.sleep,
) -> str:
    """Send a request to a running run and return its answer.

    Raises StoreError where no run is in progress, and where it does not answer or cannot do it.
    """
    from runner.progress.stores.sqlite_store import request_control  # noqa: PLC0415 - `status` and `logs` do not write

    with StateReader.open(state) as reader:
        found = _live_run(reader, run)
        request = request_control(state, found.id, kind, task)
        name = f"{found.plan} (run {found.id[:SHORT_ID]})"
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while time.monotonic() < deadline:
            record = reader.control(request)
            if record is not None and record.answer is not None:
                if record.answer != _OBEYED[kind]:
                    raise StoreError(f"{name}: {record.answer}")
                return f"{name}: {record.answer}"
            if reader.run(found.id).status.ended:
                raise StoreError(f"{name} ended before it could {kind}")
            pause(ANSWER_INTERVAL)
    raise StoreError(
        f"{name}: asked to {kind}, but it has not answered within {ANSWER_TIMEOUT:.0f} s; it may still do so"
    )


def _overview(reader: StateReader, width: int | None) -> str:
    now = datetime.now(UTC)
    found = reader.runs(limit=RUNS_SHOWN)
    text = runs_text([(run, reader.tasks(run.id)) for run in found], now=now, width=width)
    live = [run for run in found if not run.status.ended]
    parts = [text, *(_run(reader, run.id, width) for run in live), *_unsent(reader)]
    return "\n\n".join(parts)


def _unsent(reader: StateReader) -> list[str]:
    """Return the line about events that are not sent to Convex yet, if there are any."""
    owed = reader.owed(SINK)
    if not owed:
        return []
    events = "1 event" if sum(owed.values()) == 1 else f"{sum(owed.values()):,} events"
    runs = "1 run" if len(owed) == 1 else f"{len(owed):,} runs"
    return [f"convex: {events} of {runs} not sent yet; the next run sends them, and so does `runner sync`"]


def _run(reader: StateReader, reference: str, width: int | None) -> str:
    run = reader.run(reference)
    tasks, subtasks = reader.tasks(run.id), reader.subtasks(run.id)
    return run_text(run, tasks, subtasks, now=datetime.now(UTC), folder=Path.cwd(), width=width)


def _check_task(reader: StateReader, run: RunRecord, task: str) -> None:
    ids = [each.id for each in reader.tasks(run.id)]
    if task not in ids:
        raise NoSuchRunError(f"run {run.id[:SHORT_ID]} has no task {task!r}; its tasks are {', '.join(ids)}")


def _live_run(reader: StateReader, reference: str | None) -> RunRecord:
    if reference is not None:
        return reader.run(reference)
    live = [run for run in reader.runs() if not run.status.ended]
    if len(live) == 1:
        return live[0]
    if not live:
        raise NoSuchRunError(f"{reader.path}: no run is in progress")
    names = ", ".join(f"{run.id[:SHORT_ID]} ({run.plan})" for run in live)
    raise NoSuchRunError(f"several runs are in progress, name one of them: {names}")
