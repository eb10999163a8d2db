"""Which files a run of a plan depends on, and in which folders a change could make it depend on others.

The plan is read as YAML only, and no agent is imported: it may be invalid, and what it names may be missing. Used by
the process that watches a plan. It reads the file system and changes nothing.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from runner.ddl.database_url import scheme_of
from runner.plan.plan_paths import PATH_ERRORS, at_home, find_sql_files, named_paths
from runner.plan.yaml_file import read_bytes
from runner.plan.yaml_reader import read_yaml
from runner.records.editor_files import is_editor_file
from runner.records.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CACHED_CODE = "__pycache__"
_KEYS = ("ddl", "templates", "labels", "agent")


@dataclass(frozen=True, kw_only=True, slots=True)
class InputFiles:
    """The files, in a fixed order, each with a digest (None where it cannot be read), and the folders to watch.

    The folders exist. Whatever changes the files, or which files there are, changes an entry in one of the folders.
    """

    digests: Mapping[Path, bytes | None]
    folders: frozenset[Path]

    def changed_since(self, before: InputFiles) -> tuple[Path, ...]:
        """Return the files that were added, changed or removed since; all where only their order is another."""
        paths = dict.fromkeys((*self.digests, *before.digests))
        changed = tuple(
            path for path in paths if path not in before.digests or self.digests.get(path, b"") != before.digests[path]
        )
        return changed or (() if tuple(self.digests) == tuple(before.digests) else tuple(self.digests))


class PlanInputs:
    """Finds the input files of one plan again and again. While its YAML cannot be read, it names what it named last."""

    def __init__(self, plan: Path) -> None:
        self._plan = plan
        self._folder = plan.parent.resolve()
        self._named: tuple[tuple[str, str], ...] = ()
        self._workspaces: frozenset[Path] = frozenset()

    def find(self) -> InputFiles:
        """Return the input files as they are now."""
        self._read_plan()
        files: dict[Path, None] = {self._folder / self._plan.name: None}
        folders = {self._folder}
        for key, text in self._named:
            with contextlib.suppress(*PATH_ERRORS):
                found, around = self._inputs(key, text)
                files |= dict.fromkeys(found)
                folders |= around
        for file in files:
            folders |= {file.parent, Path(os.path.realpath(file)).parent}  # a link, and what it leads to
        return InputFiles(
            digests={file: _digest(file) for file in files}, folders=frozenset(_existing(each) for each in folders)
        )

    def _read_plan(self) -> None:
        with contextlib.suppress(PlanError):  # the run reports it
            root, _ = read_yaml(str(self._plan), read_bytes(self._plan))
            self._named = tuple(dict.fromkeys(named_paths(root, _KEYS)))
            with contextlib.suppress(*PATH_ERRORS):
                named = named_paths(root, ["workspace"])
                self._workspaces = frozenset((self._folder / at_home(text)).resolve() for _, text in named)

    def _inputs(self, key: str, text: str) -> tuple[list[Path], set[Path]]:
        """Return the files that a value of the plan names, and the folders where others may appear."""
        place = self._folder / at_home(text)
        match key:
            case "agent":
                return module_files(text, self._folder)
            case "labels":
                return [place], {place.parent}
            case "templates":
                return files_below(place)
        return self._schema(text, place)

    def _schema(self, text: str, place: Path) -> tuple[list[Path], set[Path]]:
        if scheme_of(text):  # a database cannot be watched
            return [], set()
        found = list(find_sql_files(self._folder, text) or ())
        if place.is_dir():  # the plan or journal of a tool is in the folder, inside it or beside it
            return found, {place.parent, *self._folders_below(place)}
        if glob.has_magic(text) and not place.exists():
            return found, set(self._folders_below(_fixed_part(place)))
        return found or [place], {place.parent}

    def _folders_below(self, top: Path) -> Iterator[Path]:
        """Yield a folder and those in it, but for hidden ones and the workspaces, which hold the results of runs."""
        yield top
        for place, names, _ in os.walk(top):
            names[:] = [
                name for name in names if name[0] != "." and Path(place, name).resolve() not in self._workspaces
            ]
            yield from (Path(place, name) for name in names)


def module_files(agent: str, folder: Path) -> tuple[list[Path], set[Path]]:
    """Return the source files of an agent's module, those of its package as well, and the folders that hold them.

    It is searched for in a folder after all others; a kind of ours has none.
    """
    if ":" not in agent:
        return [], set()
    top = agent.strip().partition(":")[0].partition(".")[0]
    importlib.invalidate_caches()
    spec = PathFinder.find_spec(top, [*sys.path, str(folder)])
    if spec is None:
        return [folder / f"{top}.py"], set()
    if spec.submodule_search_locations is None:
        return ([] if spec.origin is None else [Path(spec.origin)]), set()
    files: list[Path] = []
    folders: set[Path] = set()
    for location in spec.submodule_search_locations:
        found, around = files_below(Path(location))
        files += found
        folders |= around
    return files, folders


def files_below(top: Path) -> tuple[list[Path], set[Path]]:
    """Return all files in a folder, without those of editors, and the folders that hold them."""
    files = []
    folders = {top, top.parent}
    for place, names, own in os.walk(top):
        names[:] = sorted(name for name in names if name != _CACHED_CODE)
        folders.add(Path(place))
        files += [Path(place, name) for name in sorted(own) if not is_editor_file(name)]
    return files, folders


def _fixed_part(pattern: Path) -> Path:
    """Return the folder that a glob starts from."""
    while glob.has_magic(str(pattern)):
        pattern = pattern.parent
    return pattern


def _existing(folder: Path) -> Path:
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def _digest(file: Path) -> bytes | None:
    with contextlib.suppress(OSError):
        if file.is_file():  # opening a pipe would block
            with file.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").digest()
    return None
