"""Files that are whole or missing: read in one go, written to a temporary file beside the target and renamed.

Runs in any process and thread. Whoever may meet another writer of the same path holds its lock meanwhile.
What is written survives SIGKILL at any moment, not power loss: nothing is synced.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
import time
from typing import TYPE_CHECKING

from runner.records.process_identity import is_gone, own_mark

if TYPE_CHECKING:
    from _typeshed import StrPath

TEMP_SUFFIX = ".runner-tmp"

_ABANDONED_AFTER = 600.0  # seconds; a temporary file lives for milliseconds, so one this old has no writer any more
_TEMP_NAME_STEM = 120  # bytes of the target's name that a temporary name repeats; file names end at 255
_COPY_READ_BITS = 2  # how far the read bits of a mode are from its execute bits
_numbers = itertools.count()


def replace_file(
    path: StrPath, data: bytes, *, mode: int | None = None, executable: bool = False, dir_fd: int | None = None
) -> None:
    """Put `data` at `path`, whole or not at all.

    Missing folders on the way are created; with `dir_fd`, `path` is a name in the folder of this descriptor. `mode`
    is the permission bits of the file that is replaced; without it the umask decides. `executable` lets those execute
    it who may read it. On any error the temporary file is removed and what was at `path` is unchanged.

    Raises:
        OSError: as the file system reports it.

    """
    path = os.fspath(path)
    folder, name = os.path.split(path)
    stem = os.fsencode(name)[:_TEMP_NAME_STEM].decode("utf-8", "ignore")
    temp = os.path.join(folder, f".{stem}.{own_mark()}-{next(_numbers)}{TEMP_SUFFIX}")  # noqa: PTH118 - hot
    descriptor = _create(temp, folder, dir_fd)
    try:
        try:
            _write_all(descriptor, data)
            _set_mode(descriptor, mode, executable=executable)
        finally:
            os.close(descriptor)
        os.replace(temp, path, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temp, dir_fd=dir_fd)
        raise


def sweep_directory(dir_fd: int) -> tuple[str, ...]:
    """Remove the temporary files that dead processes left in the folder of a descriptor, and return their names.

    A temporary file whose writer lives, or cannot be known to be dead, stays until it is ten minutes old. What
    cannot be read or removed stays too: it does no harm.
    """
    removed = []
    with contextlib.suppress(OSError), os.scandir(dir_fd) as entries:
        for name in sorted(entry.name for entry in entries if _is_abandoned(entry)):
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=dir_fd)
                removed.append(name)
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


def _create(temp: str, folder: str, dir_fd: int | None) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(temp, flags, 0o666, dir_fd=dir_fd)
    except FileNotFoundError:
        if dir_fd is not None:
            raise
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


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
