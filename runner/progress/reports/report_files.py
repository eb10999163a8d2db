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
    if _is_special(path):
        return
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise ReportPathError(f"{path}: {folder} is not a folder; name another file with {option}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ReportPathError(f"{path}: {folder} may not be written; name another file with {option}")


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
