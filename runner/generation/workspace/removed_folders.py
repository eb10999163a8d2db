"""Folders at the top of a workspace that were removed with all that was generated in them, to have it generated again.

A file that is missing elsewhere was deleted on purpose. Once a sub-task has written its files into such a folder, the
others cannot tell any more; so a run writes intents for all of them before its first sub-task begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.workspace.directory import Directory
from runner.generation.workspace.safe_paths import locate
from runner.records.errors import UnsafePathError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.generation.workspace.manifest import Manifest
    from runner.generation.workspace.record_format import FileRecord, Record


def top_folder(path: str) -> str:
    """Return the first folder of a path; the workspace itself, as an empty name, for a file right in it."""
    return path.partition("/")[0] if "/" in path else ""


def is_removed(workspace: Directory, manifest: Manifest, folder: str) -> bool:
    """Whether nothing is left of what was generated in a folder."""
    return not any(_exists(workspace, file) for record in manifest.records() for file in _expected(record, folder))


def expect_removed(manifest: Manifest, pieces: Iterable[tuple[str, str]]) -> None:
    """Write an intent for each sub-task with files in a removed folder of those that `pieces` have files in.

    `pieces` are the tasks and pieces of sub-tasks that a run is about to begin.

    Raises:
        WorkspaceError: an intent cannot be written.

    """
    found: dict[str, bool] = {}  # by folder, whether it was removed
    with Directory(manifest.root) as workspace:
        for record in filter(None, (manifest.load(*piece) for piece in pieces)):
            for folder in {top_folder(file.path) for file in record.files} - found.keys():
                files = list(_expected(record, folder))
                if files:
                    is_gone = not any(_exists(workspace, file) for file in files)
                    found[folder] = is_gone and is_removed(workspace, manifest, folder)
    removed = [folder for folder, is_gone in found.items() if is_gone]
    if removed:
        for record in list(manifest.records()):
            hashes = {file.path: file.sha256 for folder in removed for file in _expected(record, folder)}
            if hashes:
                manifest.intend(record.task_id, record.piece, hashes)


def _expected(record: Record, folder: str) -> Iterator[FileRecord]:
    """Yield the files that a sub-task generated in a folder, without those that were deleted before."""
    for file in record.files:
        if file.mode == "generated" and not file.deleted and folder in {"", top_folder(file.path)}:
            yield file


def _exists(workspace: Directory, file: FileRecord) -> bool:
    try:
        return workspace.exists(locate(workspace.root, file.path))
    except UnsafePathError:
        return False
    except OSError:  # something else is in its place
        return True
