"""Which sub-task of a run wrote which path, so that a second one cannot overwrite it with other bytes.

`.runner/claims/<run>/` has one log for each lock file, with a line for each claim: `["path", "sub-task", "sha256"]`.
Only a holder of that lock file's folders reads the log or appends to it (see `file_locks`), so it needs no lock of its
own. One file for each path, created exclusively, would do the same at six times the cost. An incomplete line of a
killed process is ignored.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from runner.generation.workspace.directory import Directory, cannot
from runner.generation.workspace.file_locks import stripe_of
from runner.generation.workspace.open_folder import OpenFolder
from runner.generation.workspace.runner_folder import CLAIMS_FOLDER, file_name, prepare
from runner.records.errors import PathOwnedError, WorkspaceError
from runner.records.process_identity import is_gone, own_mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import StrPath

_ABANDONED_AFTER = 86_400.0  # seconds without a new claim, where it cannot be known whether the run is dead
_MARK = "run-by"


class Claims:
    """Claims in memory. Enough for `--check`, which may write nothing: it sees those of one writer only."""

    def __init__(self) -> None:
        self._owners: defaultdict[str, dict[str, str]] = defaultdict(dict)  # path -> sub-task -> sha256
        self._guard = threading.Lock()

    def claim(self, files: Mapping[str, str], owner: str) -> None:
        """Record that `owner` writes these files of one folder: by path, the sha256 of the bytes.

        Its later claims of a path replace this one. All files are claimed or none.

        Raises:
            PathOwnedError: another sub-task wrote other bytes to one of them.

        """
        with self._guard:
            self._refuse_other_bytes(files, owner)
            self._record(files, owner)

    def is_claimed(self, path: str, besides: str) -> bool:
        """Whether a sub-task of the run other than `besides` writes `path`."""
        with self._guard:
            return bool(self._owners.get(path, {}).keys() - {besides})

    def _record(self, files: Mapping[str, str], owner: str) -> None:
        for path, sha256 in files.items():
            self._owners[path][owner] = sha256

    def _refuse_other_bytes(self, files: Mapping[str, str], owner: str) -> None:
        for path, sha256 in files.items():
            for other, its_sha256 in self._owners.get(path, {}).items():
                if other != owner and its_sha256 != sha256:
                    raise PathOwnedError(
                        f"{path}: sub-task {other!r} of this run already wrote other bytes to it than {owner!r} "
                        "would. Let one of them generate another path, or both the same text"
                    )


class RunClaims(Claims):
    """Claims of all processes of one run. The caller holds the path while it claims it."""

    def __init__(self, root: StrPath, run_id: str) -> None:
        super().__init__()
        self._root = os.path.realpath(root)
        self._folder = _run_folder(run_id)
        self._logs = OpenFolder(self._root, self._folder)
        self._known: defaultdict[int, int] = defaultdict(int)  # inode of a log -> bytes of it that were read

    def claim(self, files: Mapping[str, str], owner: str) -> None:
        """As `Claims.claim`, among all processes of the run. Paths are as `FileLockManager.name_of` returns them.

        Raises:
            PathOwnedError: another sub-task wrote other bytes to one of them.
            WorkspaceError: the log cannot be written.

        """
        log = f"{stripe_of(next(iter(files))):02d}.log"
        try:
            descriptor = self._logs.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            try:
                status = os.fstat(descriptor)
                size = status.st_size
                whole = self._catch_up(descriptor, status)
                added = {path: sha256 for path, sha256 in files.items() if self._owners[path].get(owner) != sha256}
                if not added:
                    return
                self._refuse_other_bytes(added, owner)
                lines = "".join(json.dumps([path, owner, sha256]) + "\n" for path, sha256 in added.items()).encode()
                _append(descriptor, lines if whole else b"\n" + lines, size)
                self._known[status.st_ino] = size + len(lines) + (not whole)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise cannot("write claims to it", f"{self._root}/{self._folder}/{log}", error) from error
        self._record(added, owner)

    def is_claimed(self, path: str, besides: str) -> bool:
        """As `Claims.is_claimed`, among all processes of the run. The caller holds the path.

        Raises:
            WorkspaceError: the log cannot be read.

        """
        log = f"{stripe_of(path):02d}.log"
        try:
            descriptor = self._logs.open(log, os.O_RDONLY)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise cannot("read claims from it", f"{self._root}/{self._folder}/{log}", error) from error
        try:
            self._catch_up(descriptor, os.fstat(descriptor))
        finally:
            os.close(descriptor)
        return super().is_claimed(path, besides)

    def _catch_up(self, descriptor: int, status: os.stat_result) -> bool:
        """Read what others have appended; return whether the log ends with a whole line.

        A log that is shorter than what was read is another one: the workspace was removed and made again.
        """
        size = status.st_size
        known = self._known[status.st_ino]
        if size < known:
            known = 0
        if size == known:
            return True  # what was read ends with a whole line, or the log is empty
        added = os.pread(descriptor, size - known, known)
        for path, owner, sha256 in _read(added):
            self._owners[path][owner] = sha256
        whole = added.endswith(b"\n")
        self._known[status.st_ino] = size if whole else known
        return whole


def begin_claims(root: StrPath, run_id: str) -> None:
    """Mark the claims of a run as this process's, so that they can be swept once it is dead.

    Raises:
        WorkspaceError: the workspace may not be written.

    """
    prepare(root)
    mark = f"{_run_folder(run_id)}/{_MARK}"
    try:
        with Directory(os.path.realpath(root)) as workspace:
            workspace.replace(mark, own_mark().encode())
    except OSError as error:
        raise cannot("write it", f"{os.fspath(root)}/{mark}", error) from error


def release_claims(root: StrPath, run_id: str) -> None:
    """Forget the claims of a run that has ended. What cannot be removed is left to `sweep_claims`."""
    with Directory(os.path.realpath(root)) as workspace:
        workspace.remove_tree(_run_folder(run_id))


def sweep_claims(root: StrPath) -> tuple[str, ...]:
    """Forget the claims of dead runs; return the names of their folders.

    A run of another host or container, or one that no process has marked as its own, counts as dead after a
    day without a claim. Claims that cannot be read are left alone.
    """
    with Directory(os.path.realpath(root)) as workspace:
        try:
            runs = workspace.names(CLAIMS_FOLDER)
        except OSError:
            return ()
        dead = tuple(run for run in runs if _is_dead(workspace, f"{CLAIMS_FOLDER}/{run}"))
        for run in dead:
            workspace.remove_tree(f"{CLAIMS_FOLDER}/{run}")
    return dead


def _run_folder(run_id: str) -> str:
    return f"{CLAIMS_FOLDER}/{file_name(run_id)}"


def _is_dead(workspace: Directory, run: str) -> bool:
    try:
        mark = workspace.read(f"{run}/{_MARK}")
        if mark is not None and is_gone(mark.data.decode("utf-8", "replace")):
            return True
    except (OSError, WorkspaceError):
        pass  # not marked
    try:
        paths = (run, *(f"{run}/{name}" for name in workspace.names(run)))
        latest = max(workspace.status(path).st_mtime for path in paths)
    except OSError:
        return False  # it is no folder, or another process is removing it
    return time.time() - latest > _ABANDONED_AFTER


def _read(log: bytes) -> list[tuple[str, str, str]]:
    lines = log.splitlines()
    try:
        return [_claim(value) for value in json.loads(b"[%b]" % b",".join(lines))]
    except (ValueError, TypeError, RecursionError):
        pass  # some line is not whole
    found = []
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            found.append(_claim(json.loads(line)))
    return found


def _claim(value: Any) -> tuple[str, str, str]:
    path, owner, sha256 = value
    if not (isinstance(path, str) and isinstance(owner, str) and isinstance(sha256, str)):
        raise TypeError(value)
    return path, owner, sha256


def _append(descriptor: int, lines: bytes, size: int) -> None:
    try:
        written = os.write(descriptor, lines)
        if written < len(lines):
            os.write(descriptor, lines[written:])  # raises, with the reason
    except OSError:
        os.ftruncate(descriptor, size)
        raise
