"""Runs whose process has died: how that is detected, what is shown, and what the next start records."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.progress.stores.sqlite_store import SqliteStore, request_control
from runner.progress.stores.state_reader import StateReader
from runner.records.errors import StoreError
from runner.records.events import RunEnded, SubTaskEnded, TaskEnded, TaskStarted
from runner.records.process_identity import is_alive, process_token, this_host
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from tests.sample_runs import at, ended, run_started, started, task_added

if TYPE_CHECKING:
    from collections.abc import Iterator

BOOT = Path("/proc/sys/kernel/random/boot_id")
RUN = "11111111-aaaa-4000-8000-000000000000"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """Return a process that waits to be killed."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path) as opened:
        yield opened


def unfinished(store: SqliteStore, pid: int, **values: str) -> None:
    store.append(RUN, [run_started(pid=pid, **values), task_added("crud", ["a", "b", "c"]), task_added("ui", ["a"])])
    store.append(
        RUN, [TaskStarted(task_id="crud", at=at(1)), started("crud", "a"), ended("crud", "a"), started("crud", "b")]
    )


def test_this_process_is_alive() -> None:
    assert is_alive(os.getpid(), this_host(), process_token(os.getpid()))
    assert is_alive(os.getpid(), this_host(), None)


def test_a_process_that_ended_is_dead_even_before_it_is_reaped(child: subprocess.Popen[bytes]) -> None:
    token = process_token(child.pid)
    assert token is not None
    assert is_alive(child.pid, this_host(), token)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended and not reaped
    assert not is_alive(child.pid, this_host(), token)
    child.wait(30)
    assert not is_alive(child.pid, this_host(), token)
    assert not is_alive(child.pid, this_host(), None)


def test_another_process_with_the_same_pid_is_a_different_one(child: subprocess.Popen[bytes]) -> None:
    assert not is_alive(child.pid, this_host(), process_token(os.getpid()))


@pytest.mark.skipif(not BOOT.exists(), reason="this system does not identify its boots")
def test_a_process_of_another_boot_is_a_different_one() -> None:
    assert (process_token(os.getpid()) or "").startswith(f"{BOOT.read_text().strip()}:")


def test_a_process_on_another_host_counts_as_alive() -> None:
    assert is_alive(1, "another-host", "x:1")


def test_without_proc_a_process_is_identified_by_its_pid_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    assert process_token(os.getpid()) is None
    assert is_alive(os.getpid(), this_host(), None)


def test_a_run_whose_process_died_is_read_as_interrupted_at_once(
    store: SqliteStore, child: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    unfinished(store, child.pid)
    assert store.run().status is RunStatus.RUNNING
    child.kill()
    child.wait(30)
    with StateReader.open(tmp_path) as reader:
        assert reader.run().status is RunStatus.INTERRUPTED
        assert reader.runs()[0].status is RunStatus.INTERRUPTED
    with pytest.raises(StoreError, match=f"its process {child.pid} is dead"):
        request_control(tmp_path, RUN, "cancel")


def test_the_next_start_ends_what_a_dead_run_left_open(store: SqliteStore, child: subprocess.Popen[bytes]) -> None:
    unfinished(store, child.pid)
    assert store.mark_interrupted() == ()
    child.kill()
    child.wait(30)
    (run,) = store.mark_interrupted()
    assert (run.status, run.exit_code, run.ended_at is None) == (RunStatus.INTERRUPTED, None, False)
    assert run.error == f"process {child.pid} on {this_host()} died"
    assert [(task.id, task.status) for task in store.tasks(RUN)] == [
        ("crud", TaskStatus.CANCELLED),
        ("ui", TaskStatus.CANCELLED),
    ]
    assert [(each.id, each.status) for each in store.subtasks(RUN)] == [
        ("crud/a", SubTaskStatus.DONE),
        ("crud/b", SubTaskStatus.CANCELLED),
        ("crud/c", SubTaskStatus.CANCELLED),
        ("ui/a", SubTaskStatus.PENDING),
    ]
    words = [each.event for each in store.events(RUN, 7)]
    assert [type(word) for word in words] == [SubTaskEnded, SubTaskEnded, TaskEnded, TaskEnded, RunEnded]
    assert store.mark_interrupted() == ()


def test_a_task_with_an_earlier_failure_ends_as_failed(store: SqliteStore, child: subprocess.Popen[bytes]) -> None:
    unfinished(store, child.pid)
    store.append(RUN, [ended("crud", "b", SubTaskStatus.FAILED, error="no")])
    child.kill()
    child.wait(30)
    store.mark_interrupted()
    assert store.tasks(RUN)[0].status is TaskStatus.FAILED


def test_a_run_on_another_host_is_ended_only_with_the_lock_of_its_plan(store: SqliteStore) -> None:
    unfinished(store, 1, host="another-host")
    assert store.mark_interrupted() == ()
    assert store.mark_interrupted("/plans/other.yaml") == ()
    (run,) = store.mark_interrupted("/plans/school.yaml")
    assert run.error == "process 1 on another-host died"


def test_runs_without_a_plan_file_are_not_of_one_plan(store: SqliteStore) -> None:
    store.append(RUN, [run_started(plan="library", plan_path="")])
    assert store.mark_interrupted("") == ()
