"""What lies in a folder of the workspace, as an agent may know it. Runs in a worker's sub-task threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.workspace.file_reading import cannot, read_file
from runner.generation.workspace.manifest import digest, is_left_behind
from runner.generation.workspace.safe_paths import resolve
from runner.records.atomic_files import TEMP_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import StrPath

    from runner.generation.workspace.manifest import Manifest


def present_files(root: StrPath, manifest: Manifest, task_id: str, piece: str, folder: str) -> Mapping[str, str]:
    """Return the text files right in `folder`, by name; what is not UTF-8 is left out.

    A `once` file that a try at this sub-task made and never recorded is not there: so another try is told what that
    one was told, and does the same.

    Raises:
        UnsafePathError: the folder is outside of the workspace.
        WorkspaceError: it cannot be read.

    """
    place = resolve(root, f"{folder}/any").parent
    record = manifest.load(task_id, piece)
    recorded = {file.path for file in record.files} if record is not None else set()
    intent = manifest.intent(task_id, piece)
    found: dict[str, str] = {}
    try:
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            state = read_file(path) if path.is_file() and not path.name.endswith(TEMP_SUFFIX) else None
            named = f"{folder}/{path.name}"
            if state is None or (named not in recorded and is_left_behind(intent, named, digest(state.data))):
                continue
            try:
                found[path.name] = state.data.decode()
            except UnicodeDecodeError:
                continue
    except OSError as error:
        raise cannot("read it", folder, error) from error
    return found
