"""Which paths may be generated: plain relative ones that stay in the workspace, links or no links."""

from __future__ import annotations

import os
import re
import stat

from runner.generation.workspace.directory import cannot
from runner.generation.workspace.runner_folder import RUNNER_FOLDER
from runner.records.errors import UnsafePathError, WorkspaceError

_DRIVE = re.compile(r"[A-Za-z]:")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")


def locate(real_root: str, path: str, known: dict[str, str] | None = None) -> str:
    """Return a generated path with every link in it followed, relative to `real_root`, which has none.

    That is its name for locks and claims. A link may be created there afterwards; `Directory`, which opens the file,
    follows none. `known` caches the folders that were examined, for the files of one sub-task.

    Raises:
        UnsafePathError: it is not a plain relative path with `/`, leaves the workspace (by `..` or by a
            link), or is in a folder that does not belong to the generated code.
        WorkspaceError: it is an existing folder.

    """
    known = {} if known is None else known
    check_plain(path)
    base = real_root.rstrip("/")
    folder, _, name = path.rpartition("/")
    try:
        target = f"{_real(base, folder, known)}/{name}"
        mode = _mode(target)
        if stat.S_ISLNK(mode):
            target = os.path.realpath(target)
    except OSError as error:  # another process is changing links
        raise cannot("follow its links", path, error) from error
    if not target.startswith(f"{base}/"):
        raise UnsafePathError(
            f"{path}: a link leads out of the workspace, to {target}. Remove it, or generate another path"
        )
    place = target[len(base) + 1 :]
    if place != path:
        check_plain(place, said=path)
    if stat.S_ISDIR(mode) or (stat.S_ISLNK(mode) and os.path.isdir(target)):  # noqa: PTH112 - hot
        raise WorkspaceError(f"{path}: a folder is in the way where a file is needed. Move it")
    return place


def check_plain(path: str, *, said: str | None = None) -> None:
    """Refuse what is not a plain relative path with `/`, by its text alone; `said` is the path as the agent named it.

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


def is_plain(path: str) -> bool:
    """Whether `check_plain` accepts a path."""
    return _trouble(path) is None


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


def _mode(path: str) -> int:
    """Return the mode of what is at a path, of a link itself; 0 if there is nothing or it cannot be examined."""
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _real(base: str, folder: str, known: dict[str, str]) -> str:
    """Return a folder below `base` with every link in it followed."""
    if not folder:
        return base
    real = known.get(folder)
    if real is None:
        real, passed = base, ""
        for part in folder.split("/"):
            passed = f"{passed}/{part}"
            real = known.get(passed) or known.setdefault(passed, _followed(f"{real}/{part}"))
        known[folder] = real
    return real


def _followed(folder: str) -> str:
    return os.path.realpath(folder) if os.path.islink(folder) else folder  # noqa: PTH114 - hot
