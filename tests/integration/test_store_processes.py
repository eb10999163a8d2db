"""One state file and several processes: concurrent writers, killed writers, and readers at the same time."""

from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

from runner.progress.reports.commands import control
from runner.progress.stores.projection import State, apply_events
from runner.progress.stores.sqlite_store import SqliteStore
from runner.progress.stores.state_reader import StateReader
from runner.records.status import RunStatus
from tests.sample_runs import whole_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITERS = 4
POLLERS = 20
KILLS = 12
LIMIT = 120  # seconds: only a hang takes that long

POLL = """
import sys
from pathlib import Path
from runner.progress.reports.commands import status
for _ in range(15):
    text = status(Path(sys.argv[1]), "latest")
    assert ": running " in text, text
"""


@contextlib.contextmanager
def writer(folder: Path, run: str, how: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.integration.store_writer", str(folder), run, how]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def run_ids(number: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(number)]


def assert_consistent(folder: Path, run: str) -> None:
    """Assert that the events have no gap and that all records follow from them."""
    with StateReader.open(folder) as reader:
        recorded = list(reader.events(run))
        assert [each.seq for each in recorded] == list(range(1, len(recorded) + 1))
        state = State()
        apply_events(state, run, [each.event for each in recorded])
        assert state.run is not None
        kept = reader.run(run)
        assert kept.last_seq == len(recorded)
        assert kept.ended_at == state.run.ended_at
        assert list(reader.tasks(run)) == list(state.tasks.values())
        assert {each.id: each for each in reader.subtasks(run)} == state.subtasks
        assert {(each.subtask_id, each.number): each for each in reader.attempts(run)} == state.attempts


def test_several_processes_create_and_write_one_file(tmp_path: Path) -> None:
    runs = run_ids(WRITERS)
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(writer(tmp_path, run, "8")) for run in runs]
        for process in processes:
            _, errors = process.communicate(timeout=LIMIT)
            assert (process.returncode, errors) == (0, "")
    for run in runs:
        assert_consistent(tmp_path, run)
    with StateReader.open(tmp_path) as reader:
        assert {run.status for run in reader.runs()} == {RunStatus.DONE}
        assert {run.last_seq for run in reader.runs()} == {2 + 8 * 73}


OPEN_AND_CLOSE = """
import sys
from pathlib import Path
from runner.progress.stores.sqlite_store import SqliteStore
SqliteStore(Path(sys.argv[1])).close()
"""


def test_a_process_that_ends_leaves_the_log_that_another_writes(tmp_path: Path) -> None:
    """SQLite removes the log with the last connection, which it knows by locks that a process can lose by itself."""
    run = run_ids(1)[0]
    with SqliteStore(tmp_path) as store, StateReader.open(tmp_path):  # as a run that forwards its events does
        subprocess.run([sys.executable, "-c", OPEN_AND_CLOSE, str(tmp_path)], check=True, timeout=LIMIT)
        store.append(run, whole_run())
        log = tmp_path / "state.db-wal"
        assert log.stat().st_size > 0
    with StateReader.open(tmp_path) as reader:
        assert reader.run(run).status is RunStatus.DONE


def test_a_killed_writer_leaves_every_durable_event_and_no_gap(tmp_path: Path) -> None:
    moments = random.Random(2)
    for run in run_ids(KILLS):
        with writer(tmp_path, run, "endless") as process:
            assert process.stdout is not None
            for _ in range(moments.randrange(1, 120)):
                durable = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)  # it is writing its next batch, or about to
            durable = max([durable, *(int(line) for line in process.stdout if line.endswith("\n"))])
            process.wait(LIMIT)
        assert_consistent(tmp_path, run)
        with SqliteStore(tmp_path) as store:
            assert store.notices == ()
            assert store.run(run).last_seq >= durable
            assert [dead.id for dead in store.mark_interrupted()] == [run]
        assert_consistent(tmp_path, run)
    db = sqlite3.connect(tmp_path / "state.db")
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    db.close()


def test_a_batch_that_was_not_committed_never_happened(tmp_path: Path) -> None:
    (run,) = run_ids(1)
    with writer(tmp_path, run, "dying") as process:
        assert process.wait(LIMIT) == -signal.SIGKILL
    assert_consistent(tmp_path, run)
    with SqliteStore(tmp_path) as store:
        assert [each.seq for each in store.events(run)] == [1]
        assert store.tasks(run) == ()


def test_twenty_processes_ask_for_the_status_while_two_write(tmp_path: Path) -> None:
    first, second = run_ids(2)
    with contextlib.ExitStack() as stack:
        one, two = writers = [stack.enter_context(writer(tmp_path, run, "busy")) for run in (first, second)]
        for process in writers:
            assert process.stdout is not None
            assert process.stdout.readline() == "1\n"
        pollers = [
            stack.enter_context(
                subprocess.Popen([sys.executable, "-c", POLL, str(tmp_path)], stderr=subprocess.PIPE, text=True)
            )
            for _ in range(POLLERS)
        ]
        for poller in pollers:
            _, errors = poller.communicate(timeout=LIMIT)
            assert (poller.returncode, errors) == (0, "")
        assert (one.poll(), two.poll()) == (None, None)
        for process in writers:
            _, errors = process.communicate("", timeout=LIMIT)
            assert (process.returncode, errors) == (0, "")
    for run in (first, second):
        assert_consistent(tmp_path, run)


def test_a_request_from_another_process_is_answered(tmp_path: Path) -> None:
    (run,) = run_ids(1)
    with writer(tmp_path, run, "report") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert control(tmp_path, "pause") == f"school (run {run[:8]}): paused"
        with StateReader.open(tmp_path) as reader:
            assert reader.run(run).status is RunStatus.PAUSED
        process.communicate("", timeout=LIMIT)
        assert process.returncode == 0
    assert_consistent(tmp_path, run)
