"""A lock on a file that excludes threads and processes alike, and ends with its holder.

The waiting is that of `fasteners`. Its own locks belong to the process (POSIX record locks), so a second thread
would get one too; here it locks with flock(2), which belongs to the open file description, and each acquisition
opens the file again. The file is opened here as well, because a lock file can lie in a folder that somebody else
prepared: a link is not followed, and a pipe in its place neither blocks nor counts as a lock.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import fasteners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import StrPath

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_DELAY = 0.0005  # seconds before the second attempt while somebody else holds the lock; grows by as much each time
_LONGEST_DELAY = 0.02

_held: set[AdvisoryLock] = set()


def _close_inherited() -> None:
    """Close the parent's locks in a forked child: open there, they would outlive the parent."""
    for lock in list(_held):
        inherited = lock._forget()  # noqa: SLF001
        if inherited is not None:
            inherited.close()


os.register_at_fork(after_in_child=_close_inherited)


def _open(path: str, flags: int) -> int:
    return os.open(path, flags, 0o666)


class _Flock(fasteners.InterProcessLock):  # type: ignore[misc] # the library has no types
    """One acquisition: a file that `opener` opens, locked with flock(2)."""

    def __init__(self, path: str, opener: Callable[[str, int], int]) -> None:
        super().__init__(path)
        self._opener = opener

    def _do_open(self) -> None:
        descriptor = self._opener(self.path, _FLAGS)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "no regular file", self.path)
        self.lockfile = os.fdopen(descriptor, "rb", buffering=0)

    def trylock(self) -> None:
        fcntl.flock(self.lockfile, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def unlock(self) -> None:
        fcntl.flock(self.lockfile, fcntl.LOCK_UN)  # closing alone would not, if a forked child has it open too

    def close(self) -> None:
        """Close the file, without a word to whoever has it open too."""
        self._do_close()


class AdvisoryLock:
    """An exclusive lock on the file at `path`, which is created where it is missing and never removed.

    `opener` opens it, given path and flags, as that of the built-in `open` does; without one the path alone says where.
    Not re-entrant: a second acquisition, through this object or another, waits for the release like any other.
    """

    def __init__(self, path: StrPath, opener: Callable[[str, int], int] = _open) -> None:
        self.path = os.fspath(path)
        self._opener = opener
        self._lock: _Flock | None = None

    def acquire(self, timeout: float) -> bool:
        """Take the lock within `timeout` seconds; return False if somebody else held it all that time.

        Raises:
            OSError: the file cannot be opened, is no regular file, or its file system has no locks.

        """
        lock = _Flock(self.path, self._opener)
        try:
            got = lock.acquire(blocking=timeout > 0, delay=_DELAY, max_delay=_LONGEST_DELAY, timeout=timeout)
        except threading.ThreadError as error:
            lock.close()
            raise error.__context__ or error from None
        if not got:
            lock.close()
            return False
        self._lock = lock
        _held.add(self)
        return True

    def release(self) -> None:
        """Free the lock. Does nothing where it is not held."""
        lock = self._forget()
        if lock is not None:
            lock.release()

    @contextmanager
    def held(self, timeout: float) -> Iterator[bool]:
        """Hold the lock while the block runs; yield whether it could be taken."""
        got = self.acquire(timeout)
        try:
            yield got
        finally:
            if got:
                self.release()

    @property
    def is_held(self) -> bool:
        """Whether the lock is held through this object."""
        return self._lock is not None

    def is_on(self, status: os.stat_result) -> bool:
        """Whether the lock is held, on the file of this status."""
        return self._lock is not None and os.path.samestat(status, os.fstat(self._lock.lockfile.fileno()))

    def _forget(self) -> _Flock | None:
        """Return the acquisition, no longer known here: the next holder may be another thread with this object."""
        _held.discard(self)
        lock, self._lock = self._lock, None
        return lock
