"""Locks on workspace paths that exclude threads and processes alike.

    thread ─► lock on .runner/locks/NN.lock ─► the path is held

The paths of one folder share a lock file, so that a sub-task takes one lock for all files that it writes there. Folders
share a bounded set of lock files, by a hash. A thread that holds a path may not request another: two paths may share a
lock file, and two holders could wait for each other. So there is no deadlock. A lock ends with its process, and the
files stay: removing one would let two processes hold two files of one name.
"""

from __future__ import annotations

import os
import threading
import unicodedata
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runner.generation.workspace.directory import Directory, cannot
from runner.generation.workspace.open_folder import OpenFolder
from runner.generation.workspace.runner_folder import LOCKS_FOLDER, prepare
from runner.generation.workspace.safe_paths import locate
from runner.records.advisory_lock import AdvisoryLock
from runner.records.errors import LockTimeoutError, UnsafePathError, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import StrPath

STRIPES = 64  # lock files of a workspace: few compared with the code, many compared with 25 writers at once
DEFAULT_TIMEOUT = 30.0  # seconds; a path is held for milliseconds, so this long means that its holder hangs

_thread = threading.local()  # its `held` is the path that this thread holds


def _hold_nothing() -> None:
    _thread.held = None


os.register_at_fork(after_in_child=_hold_nothing)  # a forked child inherits no lock


class FileLockManager:
    """Holds paths of one workspace against all threads and processes that use such a manager.

    Managers of one workspace are equal: each thread or process may have its own. Creating one touches no file.
    """

    def __init__(self, root: StrPath) -> None:
        self.root = Path(root)
        self._real_root = os.path.realpath(root)
        self._lock_files = OpenFolder(self._real_root, LOCKS_FOLDER)
        self._prepared = False

    @contextmanager
    def hold(self, path: StrPath, timeout: float = DEFAULT_TIMEOUT) -> Iterator[None]:
        """Hold `path`, relative to the workspace or absolute in it, while the block runs.

        `timeout` is in seconds. Not re-entrant: a thread holds one path at a time, and requesting a second
        one, or the same again, is an error at once rather than a deadlock.

        Raises:
            LockTimeoutError: another thread or process held it all that time.
            WorkspaceError: this thread holds a path already, or the lock file cannot be used.
            UnsafePathError: the path lies outside the workspace.

        """
        with self.hold_name(self.name_of(path), timeout):
            yield

    @contextmanager
    def hold_name(self, name: str, timeout: float = DEFAULT_TIMEOUT) -> Iterator[None]:
        """As `hold`, of the path with this name (see `name_of`), and with it of all paths in its folder."""
        held: str | None = getattr(_thread, "held", None)
        if held is not None:
            raise WorkspaceError(f"{name}: this thread still holds {held}, and may hold one path at a time")
        self._prepare()
        lock = self._lock(f"{stripe_of(name):02d}.lock")
        if not acquire(lock, timeout):
            raise LockTimeoutError(
                f"{name}: still locked by another thread or process after {timeout:g} s (by {lock.path}). "
                "See with `runner status` what else runs in this workspace, end it, then run again"
            )
        _thread.held = name
        try:
            yield
        finally:
            _thread.held = None
            lock.release()

    def update(self, path: str, change: Callable[[bytes | None], bytes], timeout: float = DEFAULT_TIMEOUT) -> bytes:
        """Read, change and write a file as one step that excludes other holders; return its new content.

        `change` receives the content (None if there is no file) and returns the new one; it must not lock anything
        itself. Content that did not change is not written.

        Raises:
            LockTimeoutError, UnsafePathError, WorkspaceError: as `hold`, and when the file cannot be written.

        """
        name = locate(self._real_root, path)
        with self.hold_name(name, timeout), Directory(self._real_root) as workspace:
            try:
                before = workspace.read(name)
            except OSError as error:
                raise cannot("read it", path, error) from error
            after = change(None if before is None else before.data)
            if before is None or after != before.data:
                try:
                    workspace.replace(name, after, mode=None if before is None else before.mode)
                except OSError as error:
                    raise cannot("write it", path, error) from error
            return after

    def name_of(self, path: StrPath) -> str:
        """Return the name by which `path` is held: relative to the workspace, without detours.

        Raises:
            UnsafePathError: it lies outside the workspace.

        """
        name = os.path.normpath(os.path.join(self._real_root, path))  # noqa: PTH118 - hot
        inside = self._real_root.rstrip("/") + "/"
        if not name.startswith(inside):
            raise UnsafePathError(f"{os.fspath(path)!r}: not in the workspace {self.root}, so it cannot be held")
        return name.removeprefix(inside)

    def _lock(self, name: str) -> AdvisoryLock:
        path = f"{self._real_root}/{LOCKS_FOLDER}/{name}"
        return AdvisoryLock(path, lambda _, flags: self._lock_files.open(name, flags))

    def _prepare(self) -> None:
        if not self._prepared:
            prepare(self.root)
            self._prepared = True


def lock_in(real_root: str, path: str) -> AdvisoryLock:
    """Return the lock on a file of the workspace, which is opened without following a link."""

    def open_file(_: str, flags: int) -> int:
        with Directory(real_root) as workspace:
            return workspace.open(path, flags)

    return AdvisoryLock(f"{real_root}/{path}", open_file)


def acquire(lock: AdvisoryLock, timeout: float) -> bool:
    """Take a lock of the workspace within `timeout` seconds; return False if it was held all that time.

    Raises:
        WorkspaceError: the lock file cannot be used.

    """
    try:
        return lock.acquire(timeout)
    except OSError as error:
        raise cannot("use the lock file", lock.path, error) from error


def stripe_of(name: str) -> int:
    """Return the number of the lock file of the path with this name, which follows from its folder.

    It is the same in every process and version. Names that some file system takes for one folder get one lock file:
    case and composition are folded.
    """
    folder = name.rpartition("/")[0]
    folded = folder.lower() if folder.isascii() else unicodedata.normalize("NFC", folder).casefold()
    return zlib.crc32(folded.encode("utf-8", "surrogatepass")) % STRIPES
