"""Locks between real processes: nothing is lost, and a lock ends with its process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.generation.workspace.file_locks import FileLockManager
from runner.generation.workspace.plan_lock import PlanLock
from runner.records.errors import AlreadyRunningError, LockTimeoutError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

PROCESSES, THREADS, INCREMENTS = 5, 5, 40
CONTEXT = multiprocessing.get_context("forkserver")


def add_one(before: bytes | None) -> bytes:
    return str(int(before or b"0") + 1).encode()


def count_in_threads(root: Path, start: threading.Barrier) -> None:
    def work() -> None:
        for _ in range(INCREMENTS):
            FileLockManager(root).update("counter.txt", add_one, timeout=120)

    start.wait(60)
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)


def test_update_loses_no_increment_of_25_threads_in_5_processes(tmp_path: Path) -> None:
    start = CONTEXT.Barrier(PROCESSES)
    processes = [
        CONTEXT.Process(target=count_in_threads, args=(tmp_path, start), daemon=True) for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(180)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    assert int((tmp_path / "counter.txt").read_bytes()) == PROCESSES * THREADS * INCREMENTS
    assert {path.name for path in tmp_path.iterdir()} == {"counter.txt", ".runner"}


def hold_until_killed(root: Path, told: Connection) -> None:
    with FileLockManager(root).hold("a.txt"), PlanLock(root, root / "plan.yaml"):
        told.send(os.getpid())
        signal.pause()


def test_locks_die_with_their_process(tmp_path: Path) -> None:
    here, there = CONTEXT.Pipe()
    process = CONTEXT.Process(target=hold_until_killed, args=(tmp_path, there), daemon=True)
    process.start()
    assert here.poll(60)
    pid = here.recv()
    locks, plan_lock = FileLockManager(tmp_path), PlanLock(tmp_path, tmp_path / "plan.yaml")
    with pytest.raises(LockTimeoutError), locks.hold("a.txt", timeout=0.05):
        pass
    assert not [path for path in open_files() if path.endswith(".lock")]
    with pytest.raises(AlreadyRunningError, match=f"process {pid} on "):
        plan_lock.acquire()
    os.kill(pid, signal.SIGKILL)
    process.join(60)
    with locks.hold("a.txt", timeout=0), plan_lock:
        pass


def open_files() -> list[str]:
    opened = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the listing itself
            opened.append(str(descriptor.readlink()))
    return opened


def fork_while_holding(root: Path) -> None:
    locks = FileLockManager(root)
    with locks.hold("a.txt"), PlanLock(root, root / "plan.yaml"):
        child = os.fork()
        if child == 0:
            code = 3
            try:
                with locks.hold("a.txt", timeout=0.05):
                    code = 4
            except LockTimeoutError:
                try:
                    PlanLock(root, root / "plan.yaml").acquire()
                except AlreadyRunningError:
                    code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
    raise SystemExit(os.waitstatus_to_exitcode(status))


def test_a_forked_child_is_not_taken_for_the_holder(tmp_path: Path) -> None:
    """A child by `fork` copies its parent's memory, but none of its file locks."""
    process = CONTEXT.Process(target=fork_while_holding, args=(tmp_path,), daemon=True)
    process.start()
    process.join(60)
    assert process.exitcode == 0
