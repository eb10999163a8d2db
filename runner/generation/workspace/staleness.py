"""Why a sub-task with unchanged inputs is not up to date: what happened to its files. For `--explain`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.generation.workspace.directory import Directory
from runner.generation.workspace.line_ends import digest, is_one_of
from runner.generation.workspace.record_format import encode
from runner.generation.workspace.safe_paths import locate
from runner.records.errors import WorkspaceError

if TYPE_CHECKING:
    from runner.generation.workspace.input_notes import InputNote
    from runner.generation.workspace.manifest import Manifest
    from runner.generation.workspace.record_format import FileRecord

_MOST_FILES = 3  # that are named


def file_reasons(manifest: Manifest, task_id: str, note: InputNote) -> tuple[str, ...]:
    """Return why the files of a sub-task with unchanged inputs are compared again. Reads them, and writes nothing."""
    if manifest.intent(task_id, note.piece):
        return ("its last attempt was interrupted",)
    record = manifest.load(task_id, note.piece)
    if record is None:
        return ("its record is missing",)
    if not record.files:
        return ("it generates no files: it runs each time",)
    with Directory(os.path.realpath(manifest.root)) as workspace:
        found = [state for file in record.files if (state := _state(workspace, file, note))]
    if found:
        more = len(found) - _MOST_FILES
        return (*found[:_MOST_FILES], *([f"{more:,} more of its files"] if more > 0 else []))
    return ("its record changed",) if digest(encode(record)) != note.record else ("a file changed during the run",)


def _state(workspace: Directory, file: FileRecord, note: InputNote) -> str:
    """Return what is wrong with a file, or nothing."""
    try:
        name = locate(workspace.root, file.path)
        current = workspace.read(name)
    except (OSError, WorkspaceError):
        return f"cannot be read: {file.path}"
    if current is None:
        return "" if file.deleted else f"missing: {file.path}"
    if file.conflict:
        return f"in conflict: {file.path}"
    known = (file.sha256, note.edits.get(file.path, ""))
    if file.kept or (file.mode == "generated" and not is_one_of(current.data, known)):
        return f"edited by hand: {file.path}"
    return ""
