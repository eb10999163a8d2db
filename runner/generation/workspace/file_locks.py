"""Locks on workspace paths that exclude threads and processes alike.

The library's lock is owned by the process: a second thread of the same process gets it too, and closing its
handle frees the first one's. So each lock file has, in each process, one lock for the threads around the one
for the processes:

    thread ─► threading.Lock of the lock file ─► fcntl lock on .runner/locks/NN.lock ─► the path is held

Paths share a bounded set of lock files, by a hash of the path. Whoever holds one path may not ask for
another, since two paths may lie behind one lock file and two holders could wait for each other; so nothing
can deadlock. A lock dies with its process, and the files stay: removing one would let two processes hold two
files of one name.
"""

from __future__ import annotations

import os
import threading
import time
import unicodedata
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fasteners import InterProcessLock

from runner.generation.workspace.atomic_files import cannot, read_file, replace_file
from runner.generation.workspace.runner_folder import LOCKS_FOLDER, prepare, runner_folder
from runner.generation.workspace.safe_paths import resolve
from runner.records.errors import LockTimeoutError, UnsafePathError, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STRIPES = 64  # lock files of a workspace: few beside the code, many beside 25 writers at once
DEFAULT_TIMEOUT = 30.0  # seconds; a path is held for milliseconds, so this long means that its holder hangs
_FIRST_DELAY = 0.001  # seconds between looks at a lock that another process holds; it grows by itself each time
_LONGEST_DELAY = 0.02  # seconds; the library's own 0.1 would make a contended path ten times as slow


class _LockFile:
    """One lock file as this process has it: one thread at a time deals with the file itself."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._threads = threading.Lock()
        self._processes = InterProcessLock(path)

    def acquire(self, deadline: float) -> bool:
        """Take the lock from other threads, then from other processes, by `deadline` (monotonic)."""
        if not self._threads.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return False
        got = False
        try:
            left = max(0.0, deadline - time.monotonic())
            got = bool(self._processes.acquire(delay=_FIRST_DELAY, max_delay=_LONGEST_DELAY, timeout=left))
        finally:
            if not got:
                if self._processes.lockfile is not None:
                    self._processes.lockfile.close()  # the library leaves it open when it gives up
                self._threads.release()
        return got

    def release(self) -> None:
        try:
            self._processes.release()
        finally:
            self._threads.release()


class _Process:
    """What this process holds; a forked child starts anew, for it inherits no file lock."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.lock_files: dict[str, _LockFile] = {}
        self.thread = threading.local()

    def lock_file(self, path: str) -> _LockFile:
        found = self.lock_files.get(path)
        if found is None:
            with self.guard:
                found = self.lock_files.setdefault(path, _LockFile(path))
        return found


_process = _Process()


def _start_anew() -> None:
    global _process  # noqa: PLW0603 - the one state of this module, replaced whole after a fork
    _process = _Process()


os.register_at_fork(after_in_child=_start_anew)


class FileLockManager:
    """Holds paths of one workspace against all threads and processes that use such a manager.

    Managers of one workspace are equal: each thread or process may have its own. To create one touches
    no file.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real_root = os.path.realpath(root)
        self._folder: str | None = None  # of the lock files, once it is known to be there

    @contextmanager
    def hold(self, path: str | os.PathLike[str], timeout: float = DEFAULT_TIMEOUT) -> Iterator[None]:
        """Hold `path`, relative to the workspace or absolute in it, while the block runs.

        `timeout` is in seconds. Not re-entrant: a thread holds one path at a time, and asking for a second
        one, or for the same again, is refused at once rather than left to deadlock.

        Raises:
            LockTimeoutError: another thread or process held it all that time.
            WorkspaceError: this thread holds a path already, or the lock file cannot be used.
            UnsafePathError: the path lies outside the workspace.

        """
        with self.hold_name(self.name_of(path), timeout):
            yield

    @contextmanager
    def hold_name(self, name: str, timeout: float = DEFAULT_TIMEOUT) -> Iterator[None]:
        """As `hold`, of the path with this name (see `name_of`)."""
        process = _process
        thread = process.thread
        held: str | None = getattr(thread, "held", None)
        if held is not None:
            raise WorkspaceError(f"{name}: this thread still holds {held}, and may hold one path at a time")
        lock = process.lock_file(self._lock_path(name))
        self._acquire(lock, name, timeout)
        thread.held = name
        try:
            yield
        finally:
            thread.held = None
            lock.release()

    def update(
        self,
        path: str,
        change: Callable[[bytes | None], bytes],
        timeout: float = DEFAULT_TIMEOUT,
    ) -> bytes:
        """Read, change and write a file as one step that nobody can come between; return what is in it now.

        `change` is given what is in the file (None where there is none) and returns what shall be; it must
        not lock anything itself. What did not change is not written.

        Raises:
            LockTimeoutError, UnsafePathError, WorkspaceError: as `hold`, and when the file cannot be written.

        """
        target = resolve(self.root, path)
        with self.hold(target, timeout):
            try:
                before = read_file(target)
            except OSError as error:
                raise cannot("read it", path, error) from error
            after = change(None if before is None else before.data)
            if before is None or after != before.data:
                try:
                    replace_file(target, after, mode=None if before is None else before.mode)
                except OSError as error:
                    raise cannot("write it", path, error) from error
            return after

    def stripe(self, path: str | os.PathLike[str]) -> int:
        """Return the number of the lock file behind `path`: the same in every process, for ever."""
        return stripe_of(self.name_of(path))

    def name_of(self, path: str | os.PathLike[str]) -> str:
        """Return the name by which `path` is held: relative to the workspace, without detours.

        Raises:
            UnsafePathError: it lies outside the workspace.

        """
        name = os.path.normpath(os.path.join(self._real_root, path))  # noqa: PTH118 - hot
        inside = self._real_root.rstrip("/") + "/"
        if not name.startswith(inside):
            raise UnsafePathError(f"{os.fspath(path)!r}: not in the workspace {self.root}, so it cannot be held")
        return name.removeprefix(inside)

    def _lock_path(self, name: str) -> str:
        if self._folder is None:
            prepare(self.root)
            self._folder = os.path.realpath(runner_folder(self.root, LOCKS_FOLDER))
        return f"{self._folder}/{stripe_of(name):02d}.lock"

    def _acquire(self, lock: _LockFile, name: str, timeout: float) -> None:
        try:
            got = lock.acquire(time.monotonic() + timeout)
        except OSError as error:
            raise cannot("use the lock file", lock.path, error) from error
        except threading.ThreadError as error:  # the library's word for what fcntl refuses
            raise WorkspaceError(f"{lock.path}: {error}. Put the workspace on a file system with locks") from error
        if not got:
            raise LockTimeoutError(
                f"{name}: still locked by another thread or process after {timeout:g} s (by {lock.path}). "
                "See with `runner status` what else runs in this workspace, end it, then run again"
            )


def stripe_of(name: str) -> int:
    """Return the number of the lock file behind the path with this name.

    Names that some file system takes for one file get one lock file: case and composition are folded.
    """
    folded = name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()
    return zlib.crc32(folded.encode("utf-8", "surrogatepass")) % STRIPES
