"""A process that writes a run into a state folder: `python -m tests.integration.store_writer FOLDER RUN HOW`.

HOW is one of

- a number of tasks: write them all, then end the run
- `busy`: write until standard input closes
- `endless`: the same, and print the number of each event that is durable
- `dying`: be killed just before a commit
- `report`: run a reporter that answers control requests until standard input closes
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from runner.progress.reporter import Control, Reporter
from runner.progress.stores.sqlite_store import SqliteStore
from runner.records.events import RunEnded, RunPaused, TaskEnded, TaskStarted
from runner.records.status import RunStatus, TaskStatus
from tests.sample_runs import ended, run_started, started, step, task_added

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.progress.reporter import Recorded
    from runner.progress.stores.projection import State
    from runner.records.events import Event

TABLES = [f"table_{number}" for number in range(10)]


def task_events(number: int) -> list[Event]:
    task = f"task-{number}"
    events: list[Event] = [task_added(task, TABLES), TaskStarted(task_id=task)]
    for table in TABLES:
        events += [started(task, table), *(step(task, table, each) for each in range(1, 6)), ended(task, table)]
    return [*events, TaskEnded(task_id=task, status=TaskStatus.DONE)]


def wait_for_end(closed: threading.Event) -> None:
    sys.stdin.read()
    closed.set()


class Dying(SqliteStore):
    """A store whose process dies when everything of a batch is written and nothing of it committed."""

    def _save(self, key: int | None, state: State, recorded: Sequence[Recorded]) -> None:
        super()._save(key, state, recorded)
        if len(recorded) > 1:
            os.kill(os.getpid(), signal.SIGKILL)


def write(store: SqliteStore, run: str, how: str) -> None:
    closed = threading.Event()
    endless = how in {"endless", "busy", "dying"}
    if endless:
        threading.Thread(target=wait_for_end, args=(closed,), daemon=True).start()
    print(store.append(run, [run_started(plan_path=run)])[-1].seq, flush=True)
    number = 0
    while not closed.is_set() if endless else number < int(how):
        events = task_events(number)
        for first in range(0, len(events), 9):
            seq = store.append(run, events[first : first + 9])[-1].seq
            if how == "endless":
                print(seq, flush=True)
        number += 1
    store.append(run, [RunEnded(status=RunStatus.DONE, exit_code=0)])


def report(store: SqliteStore, run: str) -> None:
    reporter: Reporter

    def obey(control: Control) -> str:
        reporter.post(RunPaused())
        return f"{control.kind}d"

    reporter = Reporter(store, run_id=run, on_failure=print, on_control=obey)
    reporter.start()
    reporter.post(run_started())
    reporter.flush(30)
    print("ready", flush=True)
    sys.stdin.read()
    reporter.post(RunEnded(status=RunStatus.DONE, exit_code=0))
    reporter.close(30)


def main(folder: str, run: str, how: str) -> None:
    kind = Dying if how == "dying" else SqliteStore
    with kind(Path(folder)) as store:
        if how == "report":
            report(store, run)
        else:
            write(store, run, how)


if __name__ == "__main__":
    main(*sys.argv[1:])
