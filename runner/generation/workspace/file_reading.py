"""Reading files that somebody else may have put there, and the errors for what the file system refuses."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from runner.records.errors import WorkspaceError

if TYPE_CHECKING:
    from _typeshed import StrPath

_NEXT_STEPS = {
    errno.ENOSPC: "Free some space and run again: what is already written is kept",
    errno.EDQUOT: "Free some of the quota and run again: what is already written is kept",
    errno.EFBIG: "Raise the limit on file sizes and run again",
    errno.EACCES: "Give this user the right to it, or choose another workspace",
    errno.EPERM: "Give this user the right to it, or choose another workspace",
    errno.EROFS: "Mount it for writing, or choose another workspace",
    errno.ENOTDIR: "A file is in the way where a folder is needed; move it",
    errno.EEXIST: "A file is in the way where a folder is needed; move it",
    errno.EISDIR: "A folder is in the way where a file is needed; move it",
    errno.ENAMETOOLONG: "Choose a shorter name",
    errno.ELOOP: "A link is in the way; remove it",
    errno.ENOLCK: "Put the workspace on a file system with locks",
    errno.EOPNOTSUPP: "Put the workspace on a file system with locks",
}


class FileState(NamedTuple):
    """The bytes of a file, and its permission bits."""

    data: bytes
    mode: int


def cannot(do: str, place: object, error: OSError) -> WorkspaceError:
    """Return the error to raise `from` an OSError: the place, what failed, why, and the next step."""
    reason = error.strerror or str(error) or type(error).__name__
    step = _NEXT_STEPS.get(error.errno or 0, "Look at the file system, then run again")
    return WorkspaceError(f"{place}: cannot {do}: {reason}. {step}")


def read_file(path: StrPath) -> FileState | None:
    """Return what is at `path`, None if nothing is.

    Raises:
        WorkspaceError: it is no regular file.
        OSError: it cannot be read.

    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # opening a pipe must not block
    except FileNotFoundError:
        return None
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise WorkspaceError(f"{path}: a folder is in the way where a file is needed. Move it")
        if not stat.S_ISREG(status.st_mode):
            raise WorkspaceError(f"{path}: no regular file, expected one or none. Move it")
        return FileState(_read_all(descriptor, status.st_size), stat.S_IMODE(status.st_mode))
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    parts = []
    most = max(size + 1, 4096)
    while part := os.read(descriptor, most):
        parts.append(part)
        if len(part) < most:
            break  # of a regular file that is the end: another call for each file would only confirm it
    return b"".join(parts)
