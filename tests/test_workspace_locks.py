"""Locks within one process: exclusion of threads, what is refused, and the plan lock."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from runner.generation.workspace.file_locks import STRIPES, FileLockManager, stripe_of
from runner.generation.workspace.plan_lock import PlanLock
from runner.records.errors import AlreadyRunningError, LockTimeoutError, UnsafePathError, WorkspaceError
from tests.workspace_full_disk import FullDisk

if TYPE_CHECKING:
    from pathlib import Path


def no_locks(descriptor: int, operation: int) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def hold_elsewhere(manager: FileLockManager, path: str) -> tuple[threading.Thread, threading.Event]:
    """Hold `path` in a thread until the event is set; returns once it is held."""
    held, done = threading.Event(), threading.Event()

    def work() -> None:
        with manager.hold(path):
            held.set()
            done.wait(30)

    thread = threading.Thread(target=work)
    thread.start()
    assert held.wait(30)
    return thread, done


def test_hold_excludes_other_threads_of_any_manager_of_the_workspace(tmp_path: Path) -> None:
    thread, done = hold_elsewhere(FileLockManager(tmp_path), "app/main.py")
    try:
        with (
            pytest.raises(LockTimeoutError, match=r"app/main\.py: still locked .* after 0\.01 s .*\.lock"),
            FileLockManager(tmp_path / "sub" / "..").hold(tmp_path / "app" / "main.py", timeout=0.01),
        ):
            pass
    finally:
        done.set()
        thread.join(30)
    with FileLockManager(tmp_path).hold("app/main.py", timeout=0):
        pass


def test_hold_lets_go_when_the_block_raises(tmp_path: Path) -> None:
    locks = FileLockManager(tmp_path)
    with pytest.raises(ZeroDivisionError), locks.hold("a"):
        _ = 1 / 0
    with locks.hold("a", timeout=0):
        pass


@pytest.mark.parametrize("second", ["other.py", "app/main.py"])
def test_hold_refuses_a_second_path_and_the_same_again(tmp_path: Path, second: str) -> None:
    locks = FileLockManager(tmp_path)
    with (
        locks.hold("app/main.py"),
        pytest.raises(WorkspaceError, match=r"this thread still holds app/main\.py"),
        FileLockManager(tmp_path).hold(second, timeout=5),
    ):
        pass
    with locks.hold(second, timeout=0):
        pass


def test_hold_refuses_paths_outside_the_workspace(tmp_path: Path) -> None:
    locks = FileLockManager(tmp_path)
    for path in ("../other", "/etc/passwd", ".", f"{tmp_path}-2/x"):
        with pytest.raises(UnsafePathError, match="not in the workspace"), locks.hold(path):
            pass


def test_stripes_are_bounded_stable_and_fold_what_some_file_system_takes_for_one() -> None:
    stripes = {stripe_of(f"backend/app/table_{number}/router.py") for number in range(2_000)}
    assert stripes == set(range(STRIPES))
    assert stripe_of("backend/app/main.py") == 7  # a change would let two versions write at once
    assert stripe_of("backend/app/main.py") == stripe_of("backend/app/models.py") != stripe_of("backend/main.py")
    assert stripe_of("Straße/a.md") == stripe_of("STRASSE/a.md") != stripe_of("a.md")
    assert stripe_of("e\u0301/a.md") == stripe_of("\u00e9/a.md") != stripe_of("a.md")


def test_the_lock_folder_stays_bounded(tmp_path: Path) -> None:
    locks = FileLockManager(tmp_path)
    for number in range(300):
        with locks.hold(f"folder{number}/file"):
            pass
    assert len(list((tmp_path / ".runner" / "locks").iterdir())) <= STRIPES


def test_creating_a_manager_touches_no_file(tmp_path: Path) -> None:
    FileLockManager(tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []


def test_update_reads_changes_and_writes_as_one_step(tmp_path: Path) -> None:
    locks = FileLockManager(tmp_path)

    def add_one(before: bytes | None) -> bytes:
        return str(int(before or b"0") + 1).encode()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: locks.update("deep/counter.txt", add_one), range(200)))
    assert (tmp_path / "deep" / "counter.txt").read_bytes() == b"200"


def test_update_leaves_a_file_that_did_not_change(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_bytes(b"same")
    os.utime(target, ns=(1, 1))
    assert FileLockManager(tmp_path).update("a.txt", lambda before: before or b"") == b"same"
    assert target.stat().st_mtime_ns == 1


def test_update_names_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WorkspaceError, match=r"file/below: cannot .* it: Not a directory") as caught:
        FileLockManager(tmp_path).update("file/below", lambda before: b"x")
    assert isinstance(caught.value.__cause__, OSError)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", FullDisk(0).write)
        with pytest.raises(WorkspaceError, match=r"a\.txt: cannot write it: No space left on device"):
            FileLockManager(tmp_path).update("a.txt", lambda before: b"x")


def test_a_workspace_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ws").write_bytes(b"")
    with (
        pytest.raises(WorkspaceError, match="cannot use the workspace"),
        FileLockManager(tmp_path / "ws").hold("a"),
    ):
        pass


def test_git_sees_of_the_runner_folder_only_the_manifest(tmp_path: Path) -> None:
    with FileLockManager(tmp_path).hold("a"):
        pass
    runner = tmp_path / ".runner"
    for name in (
        "manifest/be-crud/students.json",
        "manifest/be-crud/.x.1-2-3-4.runner-tmp",
        "claims/r1/07.log",
    ):
        path = runner / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    listed = subprocess.run(
        ["git", "-C", tmp_path, "ls-files", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert listed.stdout.split() == [".runner/.gitignore", ".runner/manifest/be-crud/students.json"]


def test_the_users_own_gitignore_stays(tmp_path: Path) -> None:
    (tmp_path / ".runner").mkdir()
    (tmp_path / ".runner" / ".gitignore").write_text("mine")
    with FileLockManager(tmp_path).hold("a"):
        pass
    assert (tmp_path / ".runner" / ".gitignore").read_text() == "mine"


def test_plan_lock_excludes_a_second_run_in_the_same_process_and_names_the_first(tmp_path: Path) -> None:
    plan = tmp_path / "plans" / "school.yaml"
    (tmp_path / "link").symlink_to(tmp_path / "plans")
    with PlanLock(tmp_path / "ws", plan):
        other = PlanLock(tmp_path / "ws", tmp_path / "link" / "school.yaml")
        words = rf"process {os.getpid()} on {socket.gethostname()}, started at \d{{4}}-.*\+00:00"
        with pytest.raises(AlreadyRunningError, match=words):
            other.acquire()
        other.release()  # it holds nothing, so it frees nothing
        with pytest.raises(AlreadyRunningError):
            other.acquire(timeout=0.01)
        with PlanLock(tmp_path / "ws", tmp_path / "plans" / "other.yaml"):
            pass
    with PlanLock(tmp_path / "ws", plan):
        pass


def test_plan_lock_waits_for_the_other_run_to_end(tmp_path: Path) -> None:
    first, second = PlanLock(tmp_path, tmp_path / "p"), PlanLock(tmp_path, tmp_path / "p")
    first.acquire()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second.acquire, timeout=30)
        assert not waiting.done()
        first.release()
        waiting.result(30)
    with pytest.raises(AlreadyRunningError):
        first.acquire()
    second.release()


def test_plan_lock_leaves_no_note_and_is_released_once(tmp_path: Path) -> None:
    first, second = PlanLock(tmp_path, tmp_path / "p"), PlanLock(tmp_path, tmp_path / "p")
    with first as held:
        assert held is first
    assert not list((tmp_path / ".runner" / "locks").glob("*.json"))
    with second:
        first.release()
        with pytest.raises(AlreadyRunningError):
            first.acquire()
    first.acquire()
    first.release()


def test_plan_lock_is_free_again_when_its_note_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = PlanLock(tmp_path, tmp_path / "p")
    with lock:
        pass
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", FullDisk(0).write)
        with pytest.raises(WorkspaceError, match=r"plan-.*\.json: cannot write it: No space left"):
            lock.acquire()
    with PlanLock(tmp_path, tmp_path / "p"):
        pass


def test_a_lock_file_that_cannot_be_used_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locks, plan_lock = FileLockManager(tmp_path), PlanLock(tmp_path, tmp_path / "p")
    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "flock", no_locks)
        words = r"locks/.*\.lock: .* Put the workspace on a file system with locks"
        with pytest.raises(WorkspaceError, match=words), locks.hold("a"):
            pass
        with pytest.raises(WorkspaceError, match=words):
            plan_lock.acquire()
    with locks.hold("a", timeout=0), plan_lock:
        pass
    for lock_file in list((tmp_path / ".runner" / "locks").glob("*.lock")):
        lock_file.unlink()
        lock_file.mkdir()
    words = r"locks/.*\.lock: cannot use the lock file: Is a directory"
    with pytest.raises(WorkspaceError, match=words), locks.hold("a"):
        pass
    with pytest.raises(WorkspaceError, match=words):
        plan_lock.acquire()


def test_plan_lock_does_not_blame_a_run_that_is_gone(tmp_path: Path) -> None:
    lock = PlanLock(tmp_path, tmp_path / "p")
    lock.acquire()
    assert lock.holder() is not None
    (note,) = (tmp_path / ".runner" / "locks").glob("plan-*.json")
    told = json.loads(note.read_bytes())
    note.write_text(json.dumps(told | {"mark": told["mark"] + "0"}))  # the same pid with another start time
    assert lock.holder() is None
    with pytest.raises(AlreadyRunningError, match="being run by another process"):
        PlanLock(tmp_path, tmp_path / "p").acquire()
    note.write_bytes(b"{half")
    assert lock.holder() is None
    lock.release()
