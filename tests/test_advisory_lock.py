"""The lock itself: threads, forked children, and lock files prepared by an attacker."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from runner.records.advisory_lock import AdvisoryLock


def opened_files() -> list[str]:
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # that of the listing itself
            found.append(str(descriptor.readlink()))
    return found


def test_two_locks_on_one_file_exclude_each_other_in_one_thread(tmp_path: Path) -> None:
    first, second = AdvisoryLock(tmp_path / "lock"), AdvisoryLock(str(tmp_path / "lock"))
    with first.held(0) as got:
        assert got
        assert not second.acquire(0)
        assert not first.acquire(0)
    with second.held(0) as got:
        assert got


def test_acquire_waits_for_the_release_and_not_longer_than_asked(tmp_path: Path) -> None:
    lock, other = AdvisoryLock(tmp_path / "lock"), AdvisoryLock(tmp_path / "lock")
    assert lock.acquire(0)
    began = time.monotonic()
    assert not other.acquire(0.05)
    assert time.monotonic() - began >= 0.05
    waiting = threading.Thread(target=other.acquire, args=(30,))
    waiting.start()
    lock.release()
    waiting.join(30)
    assert other.is_held
    other.release()


def test_release_of_a_lock_that_is_not_held_does_nothing(tmp_path: Path) -> None:
    lock, other = AdvisoryLock(tmp_path / "lock"), AdvisoryLock(tmp_path / "lock")
    with lock.held(0):
        other.release()
        assert not other.acquire(0)


def test_a_lock_knows_the_file_that_it_is_on(tmp_path: Path) -> None:
    lock = AdvisoryLock(tmp_path / "lock")
    (tmp_path / "lock").touch()
    assert not lock.is_on((tmp_path / "lock").stat())
    with lock.held(0):
        assert lock.is_on((tmp_path / "lock").stat())
        (tmp_path / "lock").rename(tmp_path / "moved")
        (tmp_path / "lock").touch()
        assert not lock.is_on((tmp_path / "lock").stat())


def test_a_pipe_or_a_link_in_place_of_the_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="no regular file"):
        AdvisoryLock(tmp_path / "pipe").acquire(0)
    with pytest.raises(OSError, match="symbolic links"):
        AdvisoryLock(tmp_path / "link").acquire(0)
    assert not (tmp_path / "outside").exists()
    assert not [name for name in opened_files() if name.startswith(str(tmp_path))]


def test_a_forked_child_neither_holds_nor_frees_its_parents_lock(tmp_path: Path) -> None:
    lock = AdvisoryLock(tmp_path / "lock")
    (ready, says_ready), (go, says_go) = os.pipe(), os.pipe()
    assert lock.acquire(0)
    child = os.fork()
    if child == 0:
        lock.release()
        os.write(says_ready, b"x")
        os.read(go, 1)
        os._exit(0)
    assert os.read(ready, 1)
    assert not AdvisoryLock(tmp_path / "lock").acquire(0)
    inherited = lock._forget()
    assert inherited is not None
    inherited.close()  # as if the parent were killed: closed, not unlocked
    with AdvisoryLock(tmp_path / "lock").held(0) as got:
        assert got
    os.write(says_go, b"x")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    for end in (ready, says_ready, go, says_go):
        os.close(end)
