"""Report files of a run: refused before it starts where they cannot be written, later written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from runner.records.atomic_files import replace_file
from runner.records.errors import ReportPathError, StoreError

if TYPE_CHECKING:
    from _typeshed import StrPath


def check_writable(path: Path, option: str) -> None:
    """Raise `ReportPathError` where a report could not be written to `path`; missing folders will be created."""
    if path.is_dir():
        raise ReportPathError(f"{path}: it is a folder; name a file with {option}")
    if path.is_symlink() and not path.exists():  # the file is created where the link leads
        real = Path(os.path.realpath(path))
        if not real.is_symlink():  # as in a circle of links
            check_writable(real, option)
            return
    if _is_special(path):
        if not os.access(path, os.W_OK):
            raise ReportPathError(f"{path}: it may not be written; name another file with {option}")
        return
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise ReportPathError(f"{path}: {folder} is not a folder; name another file with {option}")
    import tempfile  # noqa: PLC0415 - slow to import, and for a report only

    try:
        with tempfile.TemporaryFile(dir=folder):  # permissions alone do not say it: of a file system that is read-only
            pass
    except OSError as error:
        reason = error.strerror or "no file can be created"
        raise ReportPathError(
            f"{path}: {folder} may not be written ({reason}); name another file with {option}"
        ) from error


def write_report(path: StrPath, text: str, option: str) -> None:
    """Write a report whole or not at all; missing folders are created. Raises StoreError.

    A path that is not a regular file, such as /dev/stdout, a pipe or a link, is written to and not replaced.
    """
    path = Path(path)
    data = text.encode("utf-8", "replace")
    try:
        if _is_special(path):
            path.write_bytes(data)
        else:
            replace_file(path, data)
    except OSError as error:
        raise StoreError(
            f"{path}: the report cannot be written ({error.strerror}); name another file with {option}"
        ) from error


def _is_special(path: Path) -> bool:
    return os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode)
