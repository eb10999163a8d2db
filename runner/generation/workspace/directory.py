"""A directory and everything beneath it, reached without following a symbolic link.

A workspace can be a checkout of somebody else's, and other processes may change it while files are written. A path
that was found to be safe may therefore lead elsewhere by the time it is opened. So each component is opened relative to
the descriptor of the one before (openat(2) with O_NOFOLLOW): where a link stands, whenever it came there, opening it is
an error, and nothing outside is read, written or removed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from typing import TYPE_CHECKING, NamedTuple, Self

from runner.records.atomic_files import replace_file, sweep_directory
from runner.records.errors import WorkspaceError

if TYPE_CHECKING:
    from _typeshed import StrPath

_CLOSED_ON_EXEC = os.O_CLOEXEC | os.O_NOFOLLOW
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | _CLOSED_ON_EXEC
_LISTING = os.O_RDONLY | os.O_DIRECTORY | _CLOSED_ON_EXEC
_FILE = os.O_NONBLOCK | _CLOSED_ON_EXEC  # opening a pipe must not block

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
    errno.ELOOP: "Remove the link",
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


class Directory:
    """The directory at `root`, as one thread uses it. Paths are relative to it, with `/`, and have no `..`.

    `root` is free of links, as `os.path.realpath` returns it, and need not exist before something is created in it. The
    folders on the way to the path used last stay open: use it as a context, or close it. Not thread-safe.

    Every method raises OSError as the file system reports it; with ELOOP, and the link's path in its words, where a
    link is in the way.
    """

    def __init__(self, root: StrPath) -> None:
        self.root = os.fspath(root)
        self._names: list[str] = []  # of the open folders below the root
        self._descriptors: list[int] = []  # of the root and of these
        self._folder: str | None = None  # the innermost open one, where the last call succeeded

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open. The next call opens it again."""
        self._leave(0)

    def read(self, path: str) -> FileState | None:
        """Return what is at `path`, None if nothing is. Raises WorkspaceError if it is no regular file."""
        try:
            return read_regular(self.root, path, self._enter(path.rpartition("/")[0]))
        except FileNotFoundError:
            return None

    def open(self, path: str, flags: int) -> int:
        """Return a descriptor of the regular file at `path`; with O_CREAT, missing folders are created.

        Raises WorkspaceError if it is no regular file.
        """
        return self._open_file(path, flags)[0]

    def open_folder(self, folder: str, *, create: bool) -> int:
        """Return a descriptor of a folder, which the caller closes; with `create`, missing folders are created."""
        return os.dup(self._enter(folder, create=create))

    def replace(self, path: str, data: bytes, *, mode: int | None = None, executable: bool = False) -> None:
        """As `replace_file`, at `path`. What is there is replaced, a link too; no link is followed."""
        folder, _, name = path.rpartition("/")
        try:
            replace_file(name, data, mode=mode, executable=executable, dir_fd=self._enter(folder, create=True))
        except FileNotFoundError:  # the folder was removed since it was opened
            self.close()
            replace_file(name, data, mode=mode, executable=executable, dir_fd=self._enter(folder, create=True))

    def exists(self, path: str) -> bool:
        """Whether something is at `path`, a link included."""
        folder, _, name = path.rpartition("/")
        try:
            os.stat(name, dir_fd=self._enter(folder), follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def status(self, path: str) -> os.stat_result:
        """Return the status of what is at `path`, of a link itself. Raises FileNotFoundError if nothing is."""
        folder, _, name = path.rpartition("/")
        return os.stat(name, dir_fd=self._enter(folder), follow_symlinks=False)

    def names(self, folder: str = "") -> tuple[str, ...]:
        """Return the names of what is in a folder, sorted; none if it is missing."""
        try:
            descriptor = self._open_listing(folder)
        except FileNotFoundError:
            return ()
        try:
            return tuple(sorted(os.listdir(descriptor)))  # noqa: PTH208 - pathlib knows no descriptors
        finally:
            os.close(descriptor)

    def remove(self, path: str, *, empty_parents: bool = False) -> None:
        """Remove the file or link at `path`, if any, and with `empty_parents` the folders left empty by it."""
        folder, _, name = path.rpartition("/")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._enter(folder))
            while empty_parents and folder:
                folder, _, name = folder.rpartition("/")
                try:
                    os.rmdir(name, dir_fd=self._enter(folder))
                except OSError:  # it holds something else
                    return

    def remove_tree(self, folder: str) -> None:
        """Remove a folder and all that is in it, as far as that can be done; links in it, not what they lead to."""
        parent, _, name = folder.rpartition("/")
        with contextlib.suppress(OSError):
            shutil.rmtree(name, ignore_errors=True, dir_fd=self._enter(parent))

    def sweep(self, folder: str) -> tuple[str, ...]:
        """Remove the temporary files that dead processes left in a folder; return their paths. Raises nothing."""
        try:
            descriptor = self._open_listing(folder)
        except OSError:
            return ()
        try:
            return tuple(f"{folder}/{name}" if folder else name for name in sweep_directory(descriptor))
        finally:
            os.close(descriptor)

    def require_writable(self, folder: str) -> None:
        """Raise OSError, with EROFS or EACCES, where nothing can be created in a folder."""
        descriptor = self._enter(folder)
        if not os.access(".", os.W_OK | os.X_OK, dir_fd=descriptor):
            number = errno.EROFS if os.fstatvfs(descriptor).f_flag & os.ST_RDONLY else errno.EACCES
            raise OSError(number, os.strerror(number))

    def refuse_links(self, folder: str) -> None:
        """Raise OSError where a folder, or one on the way to it, is a link or a file. It may be missing."""
        with contextlib.suppress(FileNotFoundError):
            self._enter(folder)

    def _open_file(self, path: str, flags: int) -> tuple[int, os.stat_result]:
        try:
            return self._open_name(path, flags)
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
            self.close()  # the folder was removed since it was opened
            return self._open_name(path, flags)

    def _open_name(self, path: str, flags: int) -> tuple[int, os.stat_result]:
        folder = path.rpartition("/")[0]
        return open_regular(self.root, path, flags, self._enter(folder, create=bool(flags & os.O_CREAT)))

    def _open_listing(self, folder: str) -> int:
        return os.open(".", _LISTING, dir_fd=self._enter(folder))

    def _enter(self, folder: str, *, create: bool = False) -> int:
        """Return the descriptor of a folder; those on the way to it that are open already are not opened again."""
        if folder == self._folder:
            return self._descriptors[-1]
        names = folder.split("/") if folder else []
        kept = 0
        for known, wanted in zip(self._names, names, strict=False):
            if known != wanted:
                break
            kept += 1
        self._leave(kept + 1)
        if not self._descriptors:
            self._descriptors.append(self._open_root(create=create))
        for name in names[kept:]:
            self._descriptors.append(self._open_folder(name, create=create))
            self._names.append(name)
        self._folder = folder
        return self._descriptors[-1]

    def _leave(self, kept: int) -> None:
        """Close all open folders but the first `kept`, the root counted."""
        self._folder = None
        while len(self._descriptors) > kept:
            os.close(self._descriptors.pop())
        del self._names[max(0, kept - 1) :]

    def _open_root(self, *, create: bool) -> int:
        try:
            return os.open(self.root, _FOLDER)
        except FileNotFoundError:
            if not create:
                raise
            os.makedirs(self.root, exist_ok=True)  # noqa: PTH103 - an existing link makes the next line fail
            return os.open(self.root, _FOLDER)

    def _open_folder(self, name: str, *, create: bool) -> int:
        parent = self._descriptors[-1]
        try:
            try:
                return os.open(name, _FOLDER, dir_fd=parent)
            except FileNotFoundError:
                if not create:
                    raise
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=parent)
                return os.open(name, _FOLDER, dir_fd=parent)
        except NotADirectoryError:  # what the system also says of a link
            if stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                raise _link_in_the_way("/".join((*self._names, name))) from None
            raise


def open_regular(root: str, path: str, flags: int, parent: int) -> tuple[int, os.stat_result]:
    """Open the regular file at `path` below `root`, whose folder has the descriptor `parent`, without following a link.

    Return its descriptor and status. Raises OSError, and WorkspaceError if it is no regular file.
    """
    try:
        descriptor = os.open(path.rpartition("/")[2], flags | _FILE, 0o666, dir_fd=parent)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _link_in_the_way(path) from None
        raise
    try:
        status = os.fstat(descriptor)
        _require_regular(status, f"{root}/{path}")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status


def read_regular(root: str, path: str, parent: int) -> FileState:
    """Return the regular file at `path` below `root`, whose folder has the descriptor `parent`.

    Raises as `open_regular`.
    """
    descriptor, status = open_regular(root, path, os.O_RDONLY, parent)
    try:
        return FileState(_read_all(descriptor, status.st_size), stat.S_IMODE(status.st_mode))
    finally:
        os.close(descriptor)


def _require_regular(status: os.stat_result, place: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise WorkspaceError(f"{place}: a folder is in the way where a file is needed. Move it")
    if not stat.S_ISREG(status.st_mode):
        raise WorkspaceError(f"{place}: no regular file, expected one or none. Move it")


def _link_in_the_way(path: str) -> OSError:
    return OSError(errno.ELOOP, f"{path} is a link", path)


def _read_all(descriptor: int, size: int) -> bytes:
    parts = []
    most = max(size + 1, 4096)
    while part := os.read(descriptor, most):
        parts.append(part)
        if len(part) < most:
            break  # of a regular file that is the end: another call for each file would only confirm it
    return b"".join(parts)
