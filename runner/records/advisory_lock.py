"""A lock on a file that excludes threads and processes alike, and ends with its holder.

Built on flock(2): the lock belongs to the open file description, and each acquisition opens the file again, so two
threads of one process exclude each other as two processes do. The file is opened here rather than by a library,
because a lock file can lie in a folder that somebody else prepared: a link is not followed, and a pipe in its place
neither blocks nor counts as a lock.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import StrPath

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_FIRST_DELAY = 0.0001  # seconds between two attempts while somebody else holds the lock; doubles up to the longest
_LONGEST_DELAY = 0.02

_held: set[AdvisoryLock] = set()


def _close_inherited() -> None:
    """Close the parent's locks in a forked child: open there, they would outlive the parent."""
    for lock in list(_held):
        descriptor = lock._forget()  # noqa: SLF001
        if descriptor is not None:
            os.close(descriptor)


os.register_at_fork(after_in_child=_close_inherited)


def _open(path: str, flags: int) -> int:
    return os.open(path, flags, 0o666)


class AdvisoryLock:
    """An exclusive lock on the file at `path`, which is created where it is missing and never removed.

    `opener` opens it, given path and flags, as that of the built-in `open` does; without one the path alone says where.
    Not re-entrant: a second acquisition, through this object or another, waits for the release like any other.
    """

    def __init__(self, path: StrPath, opener: Callable[[str, int], int] = _open) -> None:
        self.path = os.fspath(path)
        self._opener = opener
        self._descriptor: int | None = None

    def acquire(self, timeout: float) -> bool:
        """Take the lock within `timeout` seconds; return False if somebody else held it all that time.

        Raises:
            OSError: the file cannot be opened, is no regular file, or its file system has no locks.

        """
        deadline = time.monotonic() + timeout
        delay = _FIRST_DELAY
        while True:
            descriptor = self._try()
            if descriptor is not None:
                self._descriptor = descriptor
                _held.add(self)
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(delay, left))
            delay = min(2 * delay, _LONGEST_DELAY)

    def release(self) -> None:
        """Free the lock. Does nothing where it is not held."""
        descriptor = self._forget()
        if descriptor is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing alone would not, if a forked child has it open too
            finally:
                os.close(descriptor)

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
        return self._descriptor is not None

    def is_on(self, status: os.stat_result) -> bool:
        """Whether the lock is held, on the file of this status."""
        return self._descriptor is not None and os.path.samestat(status, os.fstat(self._descriptor))

    def _try(self) -> int | None:
        """Return the descriptor of the locked file, or None if the lock is held elsewhere."""
        descriptor = self._opener(self.path, _FLAGS)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "no regular file", self.path)  # noqa: TRY301 - closed as below
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _forget(self) -> int | None:
        """Return the descriptor, no longer known here: the next holder may be another thread with this object."""
        _held.discard(self)
        descriptor, self._descriptor = self._descriptor, None
        return descriptor
