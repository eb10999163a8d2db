"""A folder of a workspace that stays open, for files that are used in it again and again: locks, claims, records.

Opening each component of a path for each file would cost more than the file itself. The folder is opened without
following a link, as in `directory`. Its descriptor leads to the same folder whatever is at its path later, so what
is opened through it lies in the workspace. If something else is at the path, it is opened from the root again: another
process that opens the path must find the same files.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from typing import TYPE_CHECKING, TypeVar

from runner.generation.workspace.directory import Directory, FileState, open_regular, read_regular
from runner.records.atomic_files import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import StrPath

Result = TypeVar("Result")


class OpenFolder:
    """The folder at `folder`, relative to `root` as `Directory` takes it. Thread-safe.

    Its methods take the names of files in it. They raise OSError as those of `Directory` do, and WorkspaceError for
    what is no regular file.
    """

    def __init__(self, root: StrPath, folder: str) -> None:
        self._root = os.fspath(root)
        self._folder = folder
        self._place = f"{self._root}/{folder}"
        self._guard = threading.Lock()
        self._current: tuple[tuple[int, int] | None, int] = (None, -1)  # identity and descriptor
        self._descriptors: list[int] = []  # earlier ones as well: another thread may still use them
        weakref.finalize(self, _close_all, self._descriptors)

    def open(self, name: str, flags: int) -> int:
        """Return a descriptor of the regular file `name`; with O_CREAT, it and the folder are created where missing."""
        if not flags & os.O_CREAT:
            return open_regular(self._root, self._path(name), flags, self._descriptor(create=False))[0]
        return self._creating(lambda folder: open_regular(self._root, self._path(name), flags, folder)[0])

    def read(self, name: str) -> FileState | None:
        """Return the file `name`, None where it is missing."""
        try:
            return read_regular(self._root, self._path(name), self._descriptor(create=False))
        except FileNotFoundError:
            return None

    def replace(self, name: str, data: bytes) -> None:
        """As `replace_file`; the folder is created where it is missing."""
        self._creating(lambda folder: replace_file(name, data, dir_fd=folder))

    def remove(self, name: str) -> None:
        """Remove the file or link `name`, if there is one."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor(create=False))

    def exists(self, name: str) -> bool:
        """Whether there is something of that name, a link included."""
        try:
            os.stat(name, dir_fd=self._descriptor(create=False), follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def names(self) -> tuple[str, ...]:
        """Return the names of what is in the folder, sorted; none if it is missing."""
        with Directory(self._root) as workspace:
            return workspace.names(self._folder)

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"

    def _creating(self, use: Callable[[int], Result]) -> Result:
        try:
            return use(self._descriptor(create=True))
        except FileNotFoundError:  # the folder was removed in between
            return use(self._descriptor(create=True))

    def _descriptor(self, *, create: bool) -> int:
        present = self._present(create=create)
        known, descriptor = self._current
        if present is not None and present == known:
            return descriptor
        with self._guard:
            known, descriptor = self._current
            if known is None or self._present(create=create) != known:
                with Directory(self._root) as workspace:
                    descriptor = workspace.open_folder(self._folder, create=create)
                self._descriptors.append(descriptor)
                status = os.fstat(descriptor)
                self._current = ((status.st_dev, status.st_ino), descriptor)
            return descriptor

    def _present(self, *, create: bool) -> tuple[int, int] | None:
        """Return the identity of what is at the path, None where opening it says more; raise where it is missing."""
        try:
            status = os.lstat(self._place)
        except FileNotFoundError:
            if not create:
                raise
            return None
        except OSError:
            return None
        return status.st_dev, status.st_ino


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
