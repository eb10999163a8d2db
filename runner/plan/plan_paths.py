"""What the paths of a plan lead to. Reads the file system and changes nothing.

Independent of the format's validators (`path_types`), which report what is wrong: a plan that was read before is not
validated again, only its paths are followed again.
"""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.plan.yaml_nodes import Node

PATH_ERRORS = (OSError, RuntimeError, ValueError, re.error)  # of following a path
_PATH_KEYS = ("ddl", "workspace", "templates", "labels")


def named_paths(root: Node, keys: Sequence[str] = _PATH_KEYS) -> Iterator[tuple[str, str]]:
    """Yield the texts that a plan and its tasks have at these keys, each with its key. The plan may be invalid."""
    tasks = root.values.get("tasks")
    for node in (root, *(tasks.items if tasks is not None else ())):
        for key in keys:
            value: Any = node.values[key].value if key in node.values else None
            for text in value if isinstance(value, list) else (value,):
                if isinstance(text, str):
                    yield key, text


def at_home(text: str) -> Path:
    """Return the path with `~` expanded, unless it is written as `./~`, which `Path` would normalise to `~`."""
    return Path(text).expanduser() if text.startswith("~") else Path(text)


def find_sql_files(folder: Path, text: str) -> Sequence[Path] | None:
    """Return the SQL files that a path, a folder or a glob of a plan in `folder` names; None where nothing is there.

    An empty folder, and a glob without matches, has no files. Raises OSError, RuntimeError and re.error for what cannot
    be followed.
    """
    path = folder / at_home(text)
    if path.is_file():
        return [path]
    from runner.ddl.migration_folders import lead_up, read_folder  # noqa: PLC0415 - most plans name a file

    if path.is_dir():
        return read_folder(path).files
    if glob.has_magic(text):
        found = glob.glob(str(at_home(text)), root_dir=folder, recursive=True)  # noqa: PTH207 - has a root_dir
        return lead_up(file for name in found if (file := folder / name).is_file())
    return None
