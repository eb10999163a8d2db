"""Agents and templates of the user's own, as they are sent to worker hosts: a ZIP file that its digest identifies.

Beside a plan there may be anything, so only what an agent imports is sent: its module or package, and those modules
and packages beside the plan that import statements in them name, wherever in the file; whole packages, with their data.
"""

from __future__ import annotations

import ast
import hashlib
import io
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from runner.records.errors import RunnerError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SIZE = 1 << 26  # bytes of all files
_CODE, _TEMPLATES = "plan", "templates"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # of every entry: equal files give equal bytes
_SKIPPED = {"__pycache__", "node_modules", ".git"}


def pack(
    agent: str, import_path: Path | None, templates: Path | None, home: Path | None = None
) -> tuple[str, bytes] | None:
    """Return the digest and the bytes of what a task's workers need; None where they need nothing.

    `home` is the folder of the agent's own template sets. Raises `RunnerError` where it is too large to be sent.
    """
    files: dict[str, Path] = {}
    if import_path is not None and ":" in agent:
        beside = [] if home is None or not home.is_relative_to(import_path) else _files_in(home)
        for path in (*_imported(agent.partition(":")[0], import_path), *beside):
            files[f"{_CODE}/{path.relative_to(import_path).as_posix()}"] = path
    if templates is not None:
        for path in _files_in(templates):
            files[f"{_TEMPLATES}/{path.relative_to(templates).as_posix()}"] = path
    if not files and templates is None:
        return None
    size = sum(path.stat().st_size for path in files.values())
    if size > MAX_SIZE:
        raise RunnerError(
            f"agent {agent!r} and its templates have {size:,} bytes, at most {MAX_SIZE:,} are sent to workers. "
            "Install the agent's package on the cluster"
        )
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), files[name].read_bytes(), zipfile.ZIP_DEFLATED)
    return hashlib.sha256(data.getvalue()).hexdigest(), data.getvalue()


def unpack(data: bytes, folder: Path) -> Path:
    """Write the files of a ZIP file to a new folder and return it.

    Raises ValueError, before anything is written, for a path that is absolute or contains `..`, or too much data.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        for entry in entries:
            parts = PurePosixPath(entry.filename)
            if parts.is_absolute() or ".." in parts.parts or "\\" in entry.filename or not parts.parts:
                raise ValueError(f"{entry.filename!r} is no path inside a folder")
        if sum(entry.file_size for entry in entries) > MAX_SIZE:
            raise ValueError(f"more than {MAX_SIZE:,} bytes")
        for part in (_CODE, _TEMPLATES):
            (folder / part).mkdir(parents=True)
        for entry in entries:
            path = folder / entry.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(entry))
    return folder


def _imported(module: str, folder: Path) -> Iterator[Path]:
    """Yield the files beside the plan that importing a module may read."""
    waiting, seen = [module.partition(".")[0]], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for path in _files_of(folder, name):
            yield path
            if path.suffix == ".py":
                waiting += _names_imported(path)


def _files_of(folder: Path, name: str) -> Iterator[Path]:
    if (folder / name).is_dir():
        yield from _files_in(folder / name)
    elif (folder / f"{name}.py").is_file():
        yield folder / f"{name}.py"


def _files_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if not _SKIPPED.intersection(path.relative_to(folder).parts) and path.is_file():
            yield path


def _names_imported(path: Path) -> Iterator[str]:
    """Yield the first parts of the names that a file imports, relative imports aside."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return  # importing it reports that
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
