"""Conflicts of a workspace that a person has to settle: which there are, and how one is recorded as settled.

Used by `runner resolve`, in one process, while no run uses the workspace.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runner.generation.merging.merged_text import has_markers, marked_parts, merge, without_markers
from runner.generation.merging.verification import problem_of
from runner.generation.workspace.base_store import BaseStore, BaseTexts
from runner.generation.workspace.directory import Directory, cannot
from runner.generation.workspace.file_diffs import unified_diff
from runner.generation.workspace.file_locks import FileLockManager
from runner.generation.workspace.line_ends import digest, with_lf, with_line_ends_of
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.runner_folder import BASE_FOLDER, MANIFEST_FOLDER
from runner.generation.workspace.safe_paths import locate
from runner.generation.workspace.side_files import ORIGINAL, place_of, remove_rejections
from runner.records.errors import WorkspaceError

if TYPE_CHECKING:
    from runner.generation.merging.merged_text import MergedText
    from runner.generation.workspace.record_format import Record

Choice = Literal["ours", "theirs", "edited"]
NO_BASE = "its text from before the edit is unknown"


def workspace_of(path: Path) -> Path:
    """Return the workspace that a path is in. Raises WorkspaceError where it is in none."""
    place = Path(os.path.abspath(path))  # noqa: PTH100 - links in it are not followed
    for folder in (place, *place.parents):
        if folder.joinpath(MANIFEST_FOLDER).is_dir():
            return folder
    below = sorted(found.parent.parent for depth in ("*", "*/*") for found in place.glob(f"{depth}/{MANIFEST_FOLDER}"))
    example = f", such as {os.path.relpath(below[0])}" if below else ""
    raise WorkspaceError(f"{path}: in no workspace of the runner. Name a workspace{example}, or a generated file in it")


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenConflict:
    """A file that was edited by hand and could not be merged with `generated`. Without a `base` it was kept."""

    path: str
    task_id: str
    piece: str
    base: bytes | None
    generated: bytes


class Settlement:
    """The open conflicts of one workspace."""

    def __init__(self, root: Path) -> None:
        self._real_root = os.path.realpath(root)
        self._manifest = Manifest(root)
        self._bases = BaseStore(self._real_root)

    def conflicts(self, below: str = "") -> tuple[OpenConflict, ...]:
        """Return the conflicts in a file or folder of the workspace, by path."""
        found = []
        for record in self._manifest.records():
            kept = [file for file in record.files if file.kept and not file.deleted and _is_below(file.path, below)]
            texts = self._bases.load(record.task_id, record.piece, record.base) if kept else BaseTexts()
            found += [
                OpenConflict(
                    path=file.path,
                    task_id=record.task_id,
                    piece=record.piece,
                    base=texts.base.get(file.path),
                    generated=texts.waiting[file.path],
                )
                for file in kept
                if file.path in texts.waiting
            ]
        return tuple(sorted(found, key=lambda conflict: conflict.path))

    def shown(self, conflict: OpenConflict) -> str:
        """Return what contradicts in a file: both versions between markers, or how the files differ."""
        current = self._read(conflict)
        text = with_lf(current).decode("utf-8", "replace")
        if has_markers(text):
            return marked_parts(text)
        merged = _merged(conflict, current)
        if merged is not None and merged.problem is None:
            return merged.conflicts_only()
        reason = f"It cannot be merged: {merged.problem}\n" if merged is not None else ""
        return reason + unified_diff(conflict.path, current, conflict.generated)

    def settle(self, conflict: OpenConflict, choice: Choice) -> str | None:
        """Write the file as chosen, and record that it has all that was generated.

        `ours` and `theirs` are about what contradicts; the rest is merged. `edited` takes the file as it is. Return the
        path of the copy of the file that `theirs` saves beside it, None for no copy.

        Raises:
            WorkspaceError: the file still has markers, nothing can be merged for `ours`, the file or the record cannot
                be written, or the record has changed.

        """
        current = self._read(conflict)
        data = _chosen(conflict, current, choice)
        name = locate(self._real_root, conflict.path)
        saved = None
        with FileLockManager(self._real_root).hold_name(name), Directory(self._real_root) as workspace:
            try:
                if data != current and choice == "theirs":
                    saved, is_there = place_of(workspace, name, ORIGINAL, current)
                    if not is_there:
                        workspace.replace(saved, current)
                if data != current:
                    workspace.replace(name, data, mode=workspace.status(name).st_mode & 0o777)
                self._record(conflict)
                remove_rejections(workspace, name)
            except OSError as error:
                raise cannot("settle it", conflict.path, error) from error
        return saved

    def _read(self, conflict: OpenConflict) -> bytes:
        try:
            with Directory(self._real_root) as workspace:
                state = workspace.read(locate(self._real_root, conflict.path))
        except OSError as error:
            raise cannot("read it", conflict.path, error) from error
        if state is None:
            raise WorkspaceError(f"{conflict.path}: the file is missing. Run the plan: it is recorded as deleted then")
        return state.data

    def _record(self, conflict: OpenConflict) -> None:
        """Record the file as based on what was generated: new texts, the record that names them, then the old texts."""
        record = self._manifest.load(conflict.task_id, conflict.piece)
        texts = BaseTexts() if record is None else self._bases.load(conflict.task_id, conflict.piece, record.base)
        if record is None or texts.waiting.get(conflict.path) != conflict.generated:
            raise WorkspaceError(f"{conflict.path}: its record has changed meanwhile. Look at it again")
        waiting = {path: data for path, data in texts.waiting.items() if path != conflict.path}
        settled = BaseTexts(base={**texts.base, conflict.path: conflict.generated}, waiting=waiting)
        try:
            name = self._bases.save(conflict.task_id, conflict.piece, settled)
            self._manifest.rewrite(_settled(record, conflict, name))
            self._bases.remove(conflict.task_id, conflict.piece, *({record.base} - {name}))
        except OSError as error:
            raise cannot("write it", f"{self._real_root}/{BASE_FOLDER}", error) from error


def _settled(record: Record, conflict: OpenConflict, base: str) -> Record:
    files = tuple(
        replace(file, sha256=digest(conflict.generated), kept=False, conflict=False)
        if file.path == conflict.path
        else file
        for file in record.files
    )
    return replace(record, files=files, base=base)


def _is_below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")


def _chosen(conflict: OpenConflict, current: bytes, choice: Choice) -> bytes:
    text = with_lf(current).decode("utf-8", "replace")
    if choice == "edited":
        if has_markers(text):
            raise WorkspaceError(f"{conflict.path}: it still has the markers of a conflict. Edit it, then settle it")
        return current
    side: Literal["edited", "generated"] = "edited" if choice == "ours" else "generated"
    if has_markers(text):
        return with_line_ends_of(current, without_markers(text, side).encode())
    merged = _merged(conflict, current)
    generated = with_lf(conflict.generated).decode()
    if merged is not None and merged.problem is None:
        result = merged.text(side)
        if problem_of(conflict.path, result, text, generated) is None:
            return with_line_ends_of(current, result.encode())
    if choice == "ours":
        reason = (
            NO_BASE if conflict.base is None else (merged and merged.problem) or "it is no text, or names are missing"
        )
        raise WorkspaceError(f"{conflict.path}: it cannot be merged: {reason}. Edit it, then use --edited")
    return with_line_ends_of(current, conflict.generated)


def _merged(conflict: OpenConflict, current: bytes) -> MergedText | None:
    """Return the merge with conflicts in it; None where there is no base, or the file is not text."""
    if conflict.base is None:
        return None
    try:
        return merge(conflict.path, *(with_lf(each).decode() for each in (conflict.base, current, conflict.generated)))
    except UnicodeDecodeError:
        return None
