"""The files of a folder of the workspace, as an agent sees them. Runs in a worker's sub-task threads."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from runner.generation.workspace.directory import Directory, cannot
from runner.generation.workspace.line_ends import with_lf
from runner.generation.workspace.manifest import is_left_behind
from runner.generation.workspace.safe_paths import locate
from runner.records.atomic_files import TEMP_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import StrPath

    from runner.generation.workspace.manifest import Manifest


def present_files(root: StrPath, manifest: Manifest, task_id: str, piece: str, folder: str) -> Mapping[str, str]:
    """Return the text files right in `folder`, by name, with LF as line end; what is not UTF-8 is left out.

    A `once` file that a killed attempt at this sub-task created is left out, so that the next attempt receives what
    that one received.

    Raises:
        UnsafePathError: the folder is outside of the workspace.
        WorkspaceError: it cannot be read.

    """
    real_root = os.path.realpath(root)
    place = locate(real_root, f"{folder}/any").rpartition("/")[0]
    record = manifest.load(task_id, piece)
    recorded = {file.path for file in record.files} if record is not None else set()
    intent = manifest.intent(task_id, piece)
    found: dict[str, str] = {}
    try:
        with Directory(real_root) as workspace:
            for name in workspace.names(place):
                path, named = f"{place}/{name}", f"{folder}/{name}"
                if name.endswith(TEMP_SUFFIX) or not stat.S_ISREG(workspace.status(path).st_mode):
                    continue
                state = workspace.read(path)
                if state is None or (named not in recorded and is_left_behind(intent, named, state.data)):
                    continue
                with contextlib.suppress(UnicodeDecodeError):
                    found[name] = with_lf(state.data).decode()
    except OSError as error:
        raise cannot("read it", folder, error) from error
    return found
