"""Which paths may be generated: plain relative ones that stay in the workspace, links or no links."""

from __future__ import annotations

import os
import re
from pathlib import Path

from runner.errors import UnsafePathError, WorkspaceError
from runner.workspace.layout import RUNNER_FOLDER

_DRIVE = re.compile(r"[A-Za-z]:")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")


def resolve(root: Path, path: str, *, known: dict[str, str] | None = None) -> Path:
    """Return where the generated path `path` lies on disk, with every link on the way followed.

    `known` keeps the folders that were looked at, so that the files of one sub-task do not look at them
    again.

    Raises:
        UnsafePathError: it is not a plain relative path with `/`, leaves the workspace (by `..` or by a
        link), or
            lies in a folder that is not the generated code's.
        WorkspaceError: it is an existing folder.

    """
    check_plain(path)
    known = {} if known is None else known
    real_root = _real(os.fspath(root), known)
    folder, _, name = path.rpartition("/")
    real_folder = _real(os.path.join(real_root, folder) if folder else real_root, known)  # noqa: PTH118 - hot
    target = os.path.join(real_folder, name)  # noqa: PTH118 - hot
    if os.path.islink(target):  # noqa: PTH114 - hot
        target = os.path.realpath(target)
    inside = real_root if real_root.endswith("/") else real_root + "/"
    if not target.startswith(inside):
        raise UnsafePathError(
            f"{path}: a link leads out of the workspace, to {target}. Remove it, or generate another path"
        )
    check_plain(target.removeprefix(inside), said=path)
    if os.path.isdir(target):  # noqa: PTH112 - hot
        raise WorkspaceError(f"{path}: a folder is in the way where a file is needed. Move it")
    return Path(target)


def check_plain(path: str, *, said: str | None = None) -> None:
    """Refuse what is not a plain relative path with `/`, by its text alone; `said` is how the agent put it.

    Raises:
        UnsafePathError: naming the path and what is wrong with it.

    """
    trouble = _trouble(path)
    if trouble:
        shown = path if said is None else said
        raise UnsafePathError(
            f"{shown!r}: not a path that can be generated: {trouble}. "
            "Expected one relative to the workspace, such as 'backend/app/main.py'"
        )


def _trouble(path: str) -> str | None:
    if not path:
        return "it is empty"
    if path.startswith("/"):
        return "it is absolute"
    if _DRIVE.match(path):
        return "it begins with a drive"
    if found := _FORBIDDEN.search(path):
        return "it has a backslash" if found[0] == "\\" else "it has a control character"
    try:
        path.encode()
    except UnicodeEncodeError:
        return "it is not Unicode text"
    return _part_trouble(path.split("/"))


def _part_trouble(parts: list[str]) -> str | None:
    if ".." in parts:
        return "'..' leaves its folder"
    if "" in parts or "." in parts:
        return "it has an empty part or '.'"
    for part in parts:
        if part.lower() == ".git":
            return "'.git' belongs to git"
    if parts[0].lower() == RUNNER_FOLDER:
        return f"'{RUNNER_FOLDER}' belongs to the runner"
    return None


def _real(folder: str, known: dict[str, str]) -> str:
    real = known.get(folder)
    if real is None:
        real = known[folder] = os.path.realpath(folder)
    return real
