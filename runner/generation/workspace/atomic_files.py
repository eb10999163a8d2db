"""Files that are whole or not there: read in one go, written to a temp file beside and renamed into place.

Runs in any process and thread. Whoever may meet another writer of the same path holds its lock meanwhile.
What is written survives SIGKILL at any moment, not power loss: nothing is synced.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner.records.errors import WorkspaceError
from runner.records.process_identity import is_gone, own_mark

if TYPE_CHECKING:
    from collections.abc import Iterable

TEMP_SUFFIX = ".runner-tmp"

_ABANDONED_AFTER = 600.0  # seconds; a temp file lives for milliseconds, so one this old has no writer any more
_TEMP_NAME_STEM = 120  # bytes of the target's name that a temp name repeats; file names end at 255
_COPY_READ_BITS = 2  # how far the read bits of a mode are from its execute bits
_numbers = itertools.count()

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
}


class FileState(NamedTuple):
    """What is in a file, and its permission bits."""

    data: bytes
    mode: int


def cannot(do: str, place: object, error: OSError) -> WorkspaceError:
    """Return the error to raise `from` an OSError: the place, what failed, why, and the next step."""
    reason = error.strerror or str(error) or type(error).__name__
    step = _NEXT_STEPS.get(error.errno or 0, "Look at the file system, then run again")
    return WorkspaceError(f"{place}: cannot {do}: {reason}. {step}")


def read_file(path: str | Path) -> FileState | None:
    """Return what is at `path`, None if nothing is.

    Raises:
        WorkspaceError: it is no regular file.
        OSError: it cannot be read.

    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not hold us up
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


def replace_file(path: str | Path, data: bytes, *, mode: int | None = None, executable: bool = False) -> None:
    """Put `data` at `path`, whole or not at all; folders on the way are created.

    `mode` is the permission bits of the file that is replaced; without it the umask decides. `executable`
    lets those execute it who may read it. On any error the temp file is gone and what was at `path` is still
    there.

    Raises:
        OSError: as the file system says.

    """
    path = os.fspath(path)
    folder, name = os.path.split(path)
    stem = os.fsencode(name)[:_TEMP_NAME_STEM].decode("utf-8", "ignore")
    temp = os.path.join(folder, f".{stem}.{own_mark()}-{next(_numbers)}{TEMP_SUFFIX}")  # noqa: PTH118 - hot
    descriptor = _create(temp, folder)
    try:
        try:
            _write_all(descriptor, data)
            _set_mode(descriptor, mode, executable=executable)
        finally:
            os.close(descriptor)
        os.replace(temp, path)  # noqa: PTH105 - hot
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temp)  # noqa: PTH108 - hot
        raise


def remove_file(path: Path, root: Path) -> None:
    """Remove a file, and the folders below `root` that are empty without it. Raises OSError as the file system says."""
    path.unlink()
    for folder in path.parents:
        if folder == root or not folder.is_relative_to(root):
            return
        try:
            folder.rmdir()
        except OSError:  # it holds something else
            return


def sweep_folders(folders: Iterable[str | Path]) -> tuple[Path, ...]:
    """Remove the temp files that dead processes left in `folders`, and return them.

    A temp file whose writer lives, or cannot be known to be dead, stays until it is ten minutes old. What
    cannot be read or removed stays too: it harms nobody.
    """
    removed = []
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            leftovers = [Path(entry.path) for entry in entries if _is_abandoned(entry)]
            for leftover in sorted(leftovers):
                with contextlib.suppress(OSError):
                    leftover.unlink()
                    removed.append(leftover)
    return tuple(removed)


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    if not (entry.name.startswith(".") and entry.name.endswith(TEMP_SUFFIX)):
        return False
    mark = entry.name.removesuffix(TEMP_SUFFIX).rpartition(".")[2].rpartition("-")[0]
    if mark.count("-") != own_mark().count("-"):
        return False  # not a name of ours
    try:
        return is_gone(mark) or _age(entry) > _ABANDONED_AFTER
    except FileNotFoundError:
        return False  # its writer has just put it in place


def _age(entry: os.DirEntry[str]) -> float:
    return time.time() - entry.stat(follow_symlinks=False).st_mtime


def _create(temp: str, folder: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(temp, flags, 0o666)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - hot
        return os.open(temp, flags, 0o666)


def _set_mode(descriptor: int, mode: int | None, *, executable: bool) -> None:
    if mode is None and not executable:
        return  # the umask has decided
    fresh = stat.S_IMODE(os.fstat(descriptor).st_mode)
    wanted = fresh if mode is None else mode & 0o777
    if executable:
        wanted |= (wanted & 0o444) >> _COPY_READ_BITS
    if wanted != fresh:
        os.fchmod(descriptor, wanted)


def _read_all(descriptor: int, size: int) -> bytes:
    parts = []
    most = max(size + 1, 4096)
    while part := os.read(descriptor, most):
        parts.append(part)
        if len(part) < most:
            break  # of a regular file that is the end: looking again would be another call for each file
    return b"".join(parts)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
