"""A folder of a workspace that stays open, for files that are opened in it again and again: locks, logs of claims.

Opening each component of a path for each file would cost more than the file itself. The folder is opened without
following a link, as in `directory`. Its descriptor leads to the same folder whatever is at its path later, so what
is opened through it lies in the workspace. If something else is at the path, it is opened from the root again: another
process that opens the path must find the same lock files.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING

from runner.generation.workspace.directory import Directory, open_regular

if TYPE_CHECKING:
    from _typeshed import StrPath


class OpenFolder:
    """The folder at `folder`, relative to `root` as `Directory` takes it. Thread-safe."""

    def __init__(self, root: StrPath, folder: str) -> None:
        self._root = os.fspath(root)
        self._folder = folder
        self._place = f"{self._root}/{folder}"
        self._guard = threading.Lock()
        self._identity: tuple[int, int] | None = None
        self._descriptors: list[int] = []  # the last one counts; another thread may still use an earlier one
        weakref.finalize(self, _close_all, self._descriptors)

    def open(self, name: str, flags: int) -> int:
        """Return a descriptor of the regular file `name`; with O_CREAT, it and the folder are created where missing.

        Raises OSError as `Directory.open` does, and WorkspaceError if it is no regular file.
        """
        create = bool(flags & os.O_CREAT)
        try:
            return self._open(name, flags, create=create)
        except FileNotFoundError:
            if not create:
                raise
            return self._open(name, flags, create=create)  # the folder was removed in between

    def _open(self, name: str, flags: int, *, create: bool) -> int:
        return open_regular(self._root, f"{self._folder}/{name}", flags, self._descriptor(create=create))[0]

    def _descriptor(self, *, create: bool) -> int:
        with self._guard:
            if self._identity is None or _identity(self._place) != self._identity:
                with Directory(self._root) as workspace:
                    descriptor = workspace.open_folder(self._folder, create=create)
                self._descriptors.append(descriptor)
                status = os.fstat(descriptor)
                self._identity = status.st_dev, status.st_ino
            return self._descriptors[-1]


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
