"""Writes what an agent generated: compares first, merges what was edited by hand, leaves nothing half-written.

Runs in a worker's sub-task threads; one writer serves several of them. A folder's files are handled under its lock:

    claim its paths ─► of each: read the present file ─► decide, merge ─► write the intent ─► write aside and rename
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from runner.generation.workspace.base_store import BaseStore
from runner.generation.workspace.batch import Batch, NewFile, Outcome, Verb
from runner.generation.workspace.claims import Claims, RunClaims
from runner.generation.workspace.directory import Directory, FileState, cannot
from runner.generation.workspace.edited_file import merge_edited, merge_renamed, rename_own
from runner.generation.workspace.file_diffs import unified_diff
from runner.generation.workspace.line_ends import are_alike, digest, is_one_of, with_line_ends_of
from runner.generation.workspace.runner_folder import (
    BASE_FOLDER,
    INPUTS_FOLDER,
    INTENTS_FOLDER,
    LOCKS_FOLDER,
    MANIFEST_FOLDER,
    RUNNER_FOLDER,
)
from runner.generation.workspace.safe_paths import locate
from runner.generation.workspace.side_files import REJECTED, place_of, remove_rejections
from runner.records.errors import PathOwnedError, WorkspaceError
from runner.records.task import FileCounts, Merging

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from _typeshed import StrPath

    from runner.generation.workspace.file_locks import FileLockManager
    from runner.generation.workspace.manifest import Manifest
    from runner.generation.workspace.record_format import FileRecord


_UNTOUCHED = frozenset({"identical", "absent"})


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
        merging: Merging = Merging(),
    ) -> None:
        self._real_root = os.path.realpath(root)
        self._locks = locks
        self._manifest = manifest
        self._bases = BaseStore(self._real_root)
        self._merging = merging
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
        former: Sequence[str] = (),
    ) -> WriteReport:
        """Write the files of sub-task `owner`, and record them with the digests of their inputs and `memory`.

        A file is created; updated, if it is as a sub-task once wrote it; or identical, then it is not touched. One that
        was edited by hand is merged with what is generated now; where that cannot be done it has a conflict. It is kept
        if the text before the edit is unknown, as that of a file of the user's own. A file that a person deleted stays
        deleted. Line ends alone make no difference, and an updated file keeps its own. `once` files are written only if
        they do not exist.

        A file that the sub-task wrote before and no longer generates is removed; if it was edited by hand, or written
        `once`, it stays and is no longer recorded. A sub-task without files is not recorded: it has other work to do,
        each time.

        `former` are the earlier names of the sub-task's table, oldest first. Edits of its files under the last of these
        that has a record are carried to the new files.

        Can be repeated: an attempt that failed left whole files, and the next one continues from there. A `once` file
        of that attempt is updated or removed, as the next one generates it or not.

        Raises:
            UnsafePathError: a path leaves the workspace; then nothing was written.
            PathOwnedError: another sub-task of the run wrote other bytes to a path.
            LockTimeoutError: another thread or process held a path for too long.
            WorkspaceError: the file system reported an error, which is the cause; no half-written file remains.

        """
        wanted = self._collect(files)
        committed = None
        if self._merging.git:
            from runner.generation.workspace.git_base import committed_text  # noqa: PLC0415 - few plans need it

            committed = partial(committed_text, self._real_root)
        batch = Batch(self._manifest, self._bases, owner, wanted, former, committed)
        with Directory(self._real_root) as workspace:
            if not self._check:
                batch.sweep(workspace)
            deleted = frozenset() if self._force else self._missing(workspace, batch)
            for folder in _by_folder(wanted):
                self._put(workspace, batch, folder, deleted)
            verbs = {path: outcome.verb for path, outcome in batch.outcomes.items()}
            dropped = self._remove(workspace, batch, batch.unwanted)
        if not self._check and (wanted or batch.recorded):
            try:
                batch.save(agent, memory, inputs_digest, part_digest)
            except OSError as error:
                raise cannot("write it", f"{self._real_root}/{BASE_FOLDER}", error) from error
        return _report(verbs | dropped, batch.diffs)

    def retire(self, owner: str) -> WriteReport:
        """Remove what sub-task `owner`, which the plan no longer has, wrote and nobody edited, and forget it.

        With `check`, only report what would be removed.

        Raises:
            LockTimeoutError: another thread or process held a path for too long.
            WorkspaceError: the file system reported an error; what was not removed is still recorded.

        """
        batch = Batch(self._manifest, self._bases, owner, ())
        with Directory(self._real_root) as workspace:
            report = _report(self._remove(workspace, batch, batch.previous.values()))
        if not self._check:
            self._manifest.forget(*batch.name)
            self._bases.remove(*batch.name, *self._bases.names(*batch.name))
        return report

    def edited(self, owner: str) -> tuple[str, ...]:
        """Return the paths of the files that sub-task `owner` generated and a person has edited, `once` files too."""
        batch = Batch(self._manifest, self._bases, owner, ())
        found = []
        with Directory(self._real_root) as workspace:
            for file in batch.previous.values():
                current = _read(workspace, locate(self._real_root, file.path), file.path)
                if current is not None and not is_one_of(current.data, (file.sha256,)):
                    found.append(file.path)
        return tuple(found)

    def _collect(self, files: Iterable[Wanted]) -> list[NewFile]:
        """Return the files in order of their paths, each once. Raises for those that may not be generated."""
        known: dict[str, str] = {}
        collected: dict[str, NewFile] = {}
        for file in files:
            data = _encode(file)
            name = locate(self._real_root, file.path, known)
            made = NewFile(
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

    def _missing(self, workspace: Directory, batch: Batch) -> frozenset[str]:
        try:
            return batch.missing_on_purpose(workspace)
        except OSError as error:
            raise cannot("look for files", self._real_root, error) from error

    def _put(self, workspace: Directory, batch: Batch, files: Sequence[NewFile], deleted: Collection[str]) -> None:
        """Write the files of one folder, under its lock."""
        with self._held(files[0].name):
            self._claims.claim({file.name: file.sha256 for file in files}, batch.owner)
            for file in files:
                outcome = Outcome("absent") if file.path in deleted else self._put_one(workspace, batch, file)
                batch.outcomes[file.path] = outcome

    def _put_one(self, workspace: Directory, batch: Batch, file: NewFile) -> Outcome:
        current = _read(workspace, file.name, file.path)
        outcome = self._decide(batch, file, current)
        if not self._force and (current is None or batch.began(file.path)):
            carried = self._carried(workspace, batch, file)
            if carried is not None and (current is None or current.data == carried.data):  # of a killed attempt
                outcome = carried
        if self._diff and outcome.data is not None:
            batch.diffs[file.path] = unified_diff(file.path, None if current is None else current.data, outcome.data)
        if not self._check:
            try:
                self._write(workspace, batch, file, current, outcome)
            except OSError as error:
                raise cannot("write it", file.path, error) from error
        return outcome

    def _carried(self, workspace: Directory, batch: Batch, file: NewFile) -> Outcome | None:
        """Return the outcome for a new file with edits of the file that it was under its table's former name."""
        former = batch.former(file.path)
        if former is None:
            return None
        record, base = former
        if record.deleted:
            return Outcome("absent")
        current = _read(workspace, locate(self._real_root, record.path), record.path)
        if current is None or is_one_of(current.data, (record.sha256,)):
            return None
        if file.once:
            return rename_own(file, current.data, batch.renamed_texts())
        return None if base is None else merge_renamed(file, current.data, base, self._merging.conflict)

    def _write(
        self, workspace: Directory, batch: Batch, file: NewFile, current: FileState | None, outcome: Outcome
    ) -> None:
        for suffix, data in outcome.beside:
            place, is_there = place_of(workspace, file.name, suffix, data)
            if not is_there:
                batch.intend(workspace, file, outcome)
                workspace.replace(place, data)
        if outcome.data is not None:
            batch.intend(workspace, file, outcome)
            workspace.replace(
                file.name,
                outcome.data if current is None else with_line_ends_of(current.data, outcome.data),
                mode=None if current is None else current.mode,
                executable=file.executable,
            )
        if batch.has_conflict(file.path) and all(suffix != REJECTED for suffix, _ in outcome.beside):
            remove_rejections(workspace, file.name)

    def _remove(self, workspace: Directory, batch: Batch, files: Iterable[FileRecord]) -> dict[str, Verb]:
        return {file.path: verb for file in files if (verb := self._remove_one(workspace, batch, file))}

    def _remove_one(self, workspace: Directory, batch: Batch, file: FileRecord) -> Verb | None:
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
                    if self._check:
                        return None
                    if batch.has_conflict(file.path):
                        remove_rejections(workspace, name)
                    return "leave"
                if not self._check:
                    workspace.remove(name, empty_parents=True)
            except OSError as error:
                raise cannot("remove it", file.path, error) from error
            return "remove"

    def _held(self, name: str) -> AbstractContextManager[None]:
        return nullcontext() if self._check else self._locks.hold_name(name)

    def _decide(self, batch: Batch, file: NewFile, current: FileState | None) -> Outcome:
        if current is None:
            return Outcome("create", file.data)
        if are_alike(current.data, file.data):
            return Outcome("identical")
        if file.once:
            left_behind = batch.left_behind(file.path, current.data)
            return Outcome("update", file.data) if left_behind else Outcome("identical")
        if self._force or batch.wrote(file.path, current.data):
            return Outcome("update", file.data)
        base = batch.base_of(file, current.data)
        unsettled = batch.has_conflict(file.path)
        return merge_edited(file, current.data, base, self._merging.conflict, unsettled=unsettled)


def sweep_temp_files(root: StrPath, manifest: Manifest) -> tuple[Path, ...]:
    """Remove the half-written files that killed processes left in a workspace, and return them.

    Searches only the runner's own folder and the folders that an intent names: a process that is killed while it
    writes leaves an intent.
    """
    real_root = os.path.realpath(root)
    with Directory(real_root) as workspace:
        folders = {RUNNER_FOLDER, INPUTS_FOLDER, INTENTS_FOLDER, LOCKS_FOLDER}
        with suppress(OSError):
            for folder in (MANIFEST_FOLDER, BASE_FOLDER):
                folders.update(f"{folder}/{task}" for task in workspace.names(folder))
        for intent in manifest.intents():
            for path in intent:
                with suppress(WorkspaceError):
                    folders.add(locate(real_root, path).rpartition("/")[0])
        return tuple(Path(real_root, path) for folder in sorted(folders) for path in workspace.sweep(folder))


def _read(workspace: Directory, name: str, path: str) -> FileState | None:
    try:
        return workspace.read(name)
    except OSError as error:
        raise cannot("read it", path, error) from error


def _by_folder(files: Iterable[NewFile]) -> Iterable[Sequence[NewFile]]:
    """Return the files of each folder that they are written to."""
    folders: dict[str, list[NewFile]] = {}
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
            merged=count["merge"],
            conflicts=count["conflict"],
        ),
        changes=tuple(Change(verb, path) for path, verb in sorted(verbs.items()) if verb not in _UNTOUCHED),
        diffs=tuple(sorted(diffs.items())),
    )
