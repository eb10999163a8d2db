"""Writes what an agent generated: compares first, keeps what was edited by hand, leaves nothing half-written.

Runs in a worker's sub-task threads; one writer serves several of them. A folder's files are handled under its lock:

    claim its paths ─► of each: read the present file ─► decide the verb ─► write the intent ─► write aside and rename
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from runner.generation.workspace.claims import Claims, RunClaims
from runner.generation.workspace.directory import Directory, FileState, cannot
from runner.generation.workspace.file_diffs import unified_diff
from runner.generation.workspace.line_ends import are_alike, digest, is_one_of, with_line_ends_of
from runner.generation.workspace.manifest import CREATED, Manifest, is_left_behind
from runner.generation.workspace.record_format import FileRecord, Record
from runner.generation.workspace.runner_folder import (
    INPUTS_FOLDER,
    INTENTS_FOLDER,
    LOCKS_FOLDER,
    MANIFEST_FOLDER,
    RUNNER_FOLDER,
)
from runner.generation.workspace.safe_paths import locate
from runner.records.errors import PathOwnedError, WorkspaceError
from runner.records.task import FileCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from _typeshed import StrPath

    from runner.generation.workspace.file_locks import FileLockManager

Verb = Literal["create", "update", "identical", "keep", "remove", "leave"]


class Wanted(Protocol):
    """A file that an agent generated; `runner.generation.agent.GeneratedFile` is one."""

    @property
    def path(self) -> str: ...  # noqa: D102 - see GeneratedFile
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def mode(self) -> Literal["generated", "once"]: ...  # noqa: D102
    @property
    def executable(self) -> bool: ...  # noqa: D102


class Change(NamedTuple):
    """What was done, or with `check` would be done, with one file."""

    verb: Verb
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteReport:
    """The files of one sub-task: how many by verb, and the changes of those that were not identical, by path.

    `diffs` has pairs of a path and a unified diff, of the files that a check with `diff` would create or update.
    """

    counts: FileCounts
    changes: tuple[Change, ...]
    diffs: tuple[tuple[str, str], ...] = ()


class _File(NamedTuple):
    """A generated file with what follows from it."""

    path: str  # as the agent named it
    name: str  # its place in the workspace with links followed, as locks and claims know it
    data: bytes
    sha256: str
    once: bool
    executable: bool


class WorkspaceWriter:
    """Writes the files of sub-tasks of one run into one workspace. Thread-safe.

    With `force`, files that were edited by hand are overwritten. With `check`, nothing is written, not even a lock
    file: reports contain what would be done, with `diff` how files would change, and claims are known to this writer
    only.
    """

    def __init__(
        self,
        root: StrPath,
        locks: FileLockManager,
        manifest: Manifest,
        run_id: str,
        *,
        force: bool = False,
        check: bool = False,
        diff: bool = False,
    ) -> None:
        self._real_root = os.path.realpath(root)
        self._locks = locks
        self._manifest = manifest
        self._force = force
        self._check = check
        self._diff = check and diff
        self._claims = Claims() if check else RunClaims(root, run_id)

    def write(
        self,
        owner: str,
        files: Sequence[Wanted],
        inputs_digest: str,
        *,
        part_digest: str = "",
        agent: str = "",
        memory: Any = None,
    ) -> WriteReport:
        """Write the files of sub-task `owner`, and record them with the digests of their inputs and `memory`.

        A file is created; updated, if it is as a sub-task once wrote it; identical, then it is not touched; or kept,
        if it was edited by hand or is the user's own. Line ends alone make no difference, and an updated file keeps
        its own. `once` files are written only if they do not exist.

        A file that the sub-task wrote before and no longer generates is removed; if it was edited by hand, or written
        `once`, it stays and is no longer recorded. A sub-task without files is not recorded: it has other work to do,
        each time.

        Can be repeated: an attempt that failed left whole files, and the next one continues from there. A `once` file
        of that attempt is updated or removed, as the next one generates it or not.

        Raises:
            UnsafePathError: a path leaves the workspace; then nothing was written.
            PathOwnedError: another sub-task of the run wrote other bytes to a path.
            LockTimeoutError: another thread or process held a path for too long.
            WorkspaceError: the file system reported an error, which is the cause; no half-written file remains.

        """
        wanted = self._collect(files)
        batch = _Batch(self._manifest, owner, wanted)
        with Directory(self._real_root) as workspace:
            if not self._check:
                batch.sweep(workspace)
            verbs: dict[str, Verb] = {}
            for folder in _by_folder(wanted):
                verbs |= self._put(workspace, batch, folder)
            dropped = self._remove(workspace, batch, batch.unwanted)
        if not self._check and (wanted or batch.recorded):
            self._manifest.save(batch.record(verbs, agent, memory), inputs_digest, part_digest)
        return _report(verbs | dropped, batch.diffs)

    def retire(self, owner: str) -> WriteReport:
        """Remove what sub-task `owner`, which the plan no longer has, wrote and nobody edited, and forget it.

        With `check`, only report what would be removed.

        Raises:
            LockTimeoutError: another thread or process held a path for too long.
            WorkspaceError: the file system reported an error; what was not removed is still recorded.

        """
        batch = _Batch(self._manifest, owner, ())
        with Directory(self._real_root) as workspace:
            report = _report(self._remove(workspace, batch, batch.previous.values()))
        if not self._check:
            self._manifest.forget(*batch.name)
        return report

    def _collect(self, files: Iterable[Wanted]) -> list[_File]:
        """Return the files in order of their paths, each once. Raises for those that may not be generated."""
        known: dict[str, str] = {}
        collected: dict[str, _File] = {}
        for file in files:
            data = _encode(file)
            name = locate(self._real_root, file.path, known)
            made = _File(
                path=file.path,
                name=name,
                data=data,
                sha256=digest(data),
                once=file.mode == "once",
                executable=file.executable,
            )
            if collected.setdefault(made.path, made).sha256 != made.sha256:
                raise PathOwnedError(
                    f"{made.path}: one sub-task generates it twice, with different bytes. "
                    "Look for two templates whose names become this path"
                )
        return [collected[path] for path in sorted(collected)]

    def _put(self, workspace: Directory, batch: _Batch, files: Sequence[_File]) -> dict[str, Verb]:
        """Write the files of one folder, under its lock."""
        with self._held(files[0].name):
            self._claims.claim({file.name: file.sha256 for file in files}, batch.owner)
            return {file.path: self._put_one(workspace, batch, file) for file in files}

    def _put_one(self, workspace: Directory, batch: _Batch, file: _File) -> Verb:
        try:
            current = workspace.read(file.name)
        except OSError as error:
            raise cannot("read it", file.path, error) from error
        verb = self._decide(batch, file, current)
        if self._diff and verb in {"create", "update"}:
            batch.diffs[file.path] = unified_diff(file.path, None if current is None else current.data, file.data)
        if verb in {"create", "update"} and not self._check:
            try:
                batch.intend(workspace)
                workspace.replace(
                    file.name,
                    file.data if current is None else with_line_ends_of(current.data, file.data),
                    mode=None if current is None else current.mode,
                    executable=file.executable,
                )
            except OSError as error:
                raise cannot("write it", file.path, error) from error
        return verb

    def _remove(self, workspace: Directory, batch: _Batch, files: Iterable[FileRecord]) -> dict[str, Verb]:
        return {file.path: verb for file in files if (verb := self._remove_one(workspace, batch, file))}

    def _remove_one(self, workspace: Directory, batch: _Batch, file: FileRecord) -> Verb | None:
        """Remove a recorded file that was not edited; None if it does not exist or belongs to another sub-task."""
        name = locate(self._real_root, file.path)
        with self._held(name):
            if self._claims.is_claimed(name, batch.owner) or self._manifest.is_shared(file.path, batch.owner):
                return None
            try:
                current = workspace.read(name)
                if current is None:
                    return None
                if not self._force and not is_one_of(current.data, (file.sha256,)):
                    return None if self._check else "leave"
                if not self._check:
                    workspace.remove(name, empty_parents=True)
            except OSError as error:
                raise cannot("remove it", file.path, error) from error
            return "remove"

    def _held(self, name: str) -> AbstractContextManager[None]:
        return nullcontext() if self._check else self._locks.hold_name(name)

    def _decide(self, batch: _Batch, file: _File, current: FileState | None) -> Verb:
        if current is None:
            return "create"
        if are_alike(current.data, file.data):
            return "identical"
        if file.once:
            return "update" if batch.left_behind(file.path, current.data) else "identical"
        if self._force or batch.wrote(file.path, current.data):
            return "update"
        return "keep"


class _Batch:
    """The files of one sub-task, and what the manifest knows of them."""

    def __init__(self, manifest: Manifest, owner: str, files: Sequence[_File]) -> None:
        self.owner = owner
        self._manifest = manifest
        self._files = files
        task_id, _, piece = owner.partition("/")
        self.name = (task_id, piece)
        previous = manifest.load(*self.name)
        self.previous = {} if previous is None else {file.path: file for file in previous.files}
        self.recorded = previous is not None
        wanted = {file.path for file in files}
        self.unwanted = tuple(
            file for path, file in self.previous.items() if path not in wanted and file.mode == "generated"
        )
        self._interrupted = manifest.intent(*self.name)
        self._intended = False
        self.diffs: dict[str, str] = {}  # by path

    def sweep(self, workspace: Directory) -> None:
        """Remove what a killed attempt at this sub-task half wrote, and what it created and is not generated now."""
        if not self._interrupted:
            return
        for folder in sorted({file.name.rpartition("/")[0] for file in self._files}):
            workspace.sweep(folder)
        unwanted = self._interrupted.keys() - {file.path for file in self._files} - self.previous.keys()
        for path in sorted(path for path in unwanted if CREATED in self._interrupted[path]):
            try:
                name = locate(workspace.root, path)
                current = workspace.read(name)
                if current is not None and self.left_behind(path, current.data):
                    workspace.remove(name)
            except (OSError, WorkspaceError) as error:
                raise WorkspaceError(f"{path}: a killed attempt left it, and it cannot be removed: {error}") from error

    def left_behind(self, path: str, data: bytes) -> bool:
        """Whether a `once` file is as a killed attempt created it."""
        return path not in self.previous and is_left_behind(self._interrupted, path, data)

    def wrote(self, path: str, data: bytes) -> bool:
        """Whether the present file is as this or another sub-task once wrote it."""
        before = self.previous.get(path)
        return (
            (before is not None and is_one_of(data, (before.sha256,)))
            or is_one_of(data, self._interrupted.get(path, ()))
            or is_one_of(data, self._manifest.recorded(path))
        )

    def intend(self, workspace: Directory) -> None:
        """Write the intent, before the first file is changed. Raises OSError as the file system reports it."""
        if not self._intended:
            created = {file.path for file in self._files if file.once and not workspace.exists(file.name)}
            hashes = {file.path: file.sha256 for file in self._files if not file.once or file.path in created}
            self._manifest.intend(*self.name, hashes, created)
            self._intended = True

    def record(self, verbs: dict[str, Verb], agent: str, memory: Any) -> Record:
        """Return the record of the files as they now are.

        One that was kept stays recorded as it was before it was edited, so that undoing the edit is enough to
        have it updated again.
        """
        task_id, piece = self.name
        return Record(
            task_id=task_id,
            piece=piece,
            agent=agent,
            files=tuple(self._file_record(file, kept=verbs[file.path] == "keep") for file in self._files),
            memory=memory,
        )

    def _file_record(self, file: _File, *, kept: bool) -> FileRecord:
        before = self.previous.get(file.path) if kept else None
        return FileRecord(
            path=file.path,
            sha256=file.sha256 if before is None else before.sha256,
            mode="once" if file.once else "generated",
            kept=kept,
        )


def sweep_temp_files(root: StrPath, manifest: Manifest) -> tuple[Path, ...]:
    """Remove the half-written files that killed processes left in a workspace, and return them.

    Searches only the runner's own folder and the folders that an intent names: a process that is killed while it
    writes leaves an intent.
    """
    real_root = os.path.realpath(root)
    with Directory(real_root) as workspace:
        folders = {RUNNER_FOLDER, INPUTS_FOLDER, INTENTS_FOLDER, LOCKS_FOLDER}
        with suppress(OSError):
            folders.update(f"{MANIFEST_FOLDER}/{task}" for task in workspace.names(MANIFEST_FOLDER))
        for intent in manifest.intents():
            for path in intent:
                with suppress(WorkspaceError):
                    folders.add(locate(real_root, path).rpartition("/")[0])
        return tuple(Path(real_root, path) for folder in sorted(folders) for path in workspace.sweep(folder))


def _by_folder(files: Iterable[_File]) -> Iterable[Sequence[_File]]:
    """Return the files of each folder that they are written to."""
    folders: dict[str, list[_File]] = {}
    for file in files:
        folders.setdefault(file.name.rpartition("/")[0], []).append(file)
    return folders.values()


def _encode(file: Wanted) -> bytes:
    try:
        return file.text.encode()
    except UnicodeEncodeError as error:
        raise WorkspaceError(
            f"{file.path}: its text cannot be written as UTF-8: {error.reason} at character {error.start}. "
            "Look at the template and the names it is given"
        ) from error


def _report(verbs: dict[str, Verb], diffs: Mapping[str, str] = MappingProxyType({})) -> WriteReport:
    count = Counter(verbs.values())
    return WriteReport(
        counts=FileCounts(
            created=count["create"],
            updated=count["update"],
            identical=count["identical"],
            kept=count["keep"],
        ),
        changes=tuple(Change(verb, path) for path, verb in sorted(verbs.items()) if verb != "identical"),
        diffs=tuple(sorted(diffs.items())),
    )
