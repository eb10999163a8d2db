"""Template sets as files: where they are and what the name of each file means. Independent of the template engine.

A set is the folder of one agent kind; its paths mirror those of the output:

| in the set | in the workspace |
| --- | --- |
| `backend/Makefile` | copied unchanged |
| `backend/app/main.py.j2` | rendered to `backend/app/main.py` |
| `backend/app/{{ table.module }}/model.py.j2` | the path is a template too, always with `{{ }}` |
| `backend/app/hooks.py.once.j2`, `notes.md.once` | written only if absent: belongs to the user from then on |
| `{{ 'a' if flag }}/b.j2` | not generated if a part of the path is empty |
| `_macros.j2`, `_parts/x.j2` | only for `include` and `import`, because of the leading `_` |
| `_set.toml` | delimiters of the set: `variable = ["[[", "]]"]`, likewise `block` and `comment` |

A user's own folder contains sets by kind too. Its files take precedence over built-in ones with the same path. Files
that editors keep for themselves are no part of a set.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runner.records.editor_files import is_editor_file

if TYPE_CHECKING:
    from collections.abc import Iterable

Mode = Literal["generated", "once"]

SETTINGS_FILE = "_set.toml"
_RENDERED = ".j2"
_ONCE = ".once"
_IGNORED = {"__pycache__", ".DS_Store"}
_SHORT_DIGEST = 4  # bytes: two versions of one file are compared, not all files with each other


@cache
def builtin_folder() -> Path:
    """Return the folder of the built-in sets: at the top of a checkout, inside the package in a wheel."""
    package = Path(__file__).resolve().parent.parent
    checkout = package.parent / "templates"
    packaged = package / "templates"
    return checkout if (package.parent / "pyproject.toml").is_file() and checkout.is_dir() else packaged


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateFile:
    """A file of a set: `name` is its path there, `target` the template of its path in the workspace."""

    name: str
    target: str
    source: Path
    mode: Mode
    rendered: bool
    executable: bool


def set_digest(kind: str, user_folder: Path | None = None, *, home: Path | None = None) -> str:
    """Return a digest of what a set's output depends on: names and contents of its files, the user's included."""
    digest = hashlib.sha256()
    for folder in set_folders(kind, user_folder, home):
        for path, place in _walk(folder):
            name = os.fsencode(path)
            with open(place, "rb", buffering=0) as file:  # noqa: PTH123 - hot
                content = file.read()
            digest.update(b"%d:%b%d:%b" % (len(name), name, len(content), content))
        digest.update(b"|")
    return digest.hexdigest()


def file_digests(kind: str, user_folder: Path | None = None, *, home: Path | None = None) -> dict[str, str]:
    """Return short digests of a set's files by their paths in it; of two with the same path, of the user's own."""
    found: dict[str, str] = {}
    for folder in set_folders(kind, user_folder, home):
        for path, place in _walk(folder):
            if path not in found:
                found[path] = hashlib.blake2b(Path(place).read_bytes(), digest_size=_SHORT_DIGEST).hexdigest()
    return found


def set_folders(kind: str, user_folder: Path | None, home: Path | None) -> tuple[Path, ...]:
    """Return the folders of a set, the user's own first."""
    own = (home or builtin_folder()) / kind
    return (user_folder / kind, own) if user_folder else (own,)


def _walk(folder: Path) -> list[tuple[str, str]]:
    """Return the files of a folder: the path in it, with `/`, and the whole path. In order of the former's parts."""
    top = os.fspath(folder)
    found = []
    for place, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name not in _IGNORED]
        inside = place[len(top) + 1 :]
        for name in names:
            whole = f"{place}/{name}"
            if name not in _IGNORED and not is_editor_file(name) and os.path.isfile(whole):  # noqa: PTH113 - hot
                found.append((f"{inside}/{name}" if inside else name, whole))
    return sorted(found, key=lambda file: file[0].split("/"))


def signature(folders: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    """Return paths, modification times and sizes of the files in these folders, to detect changes."""
    found = []
    for folder in folders:
        for _, place in _walk(folder):
            status = os.stat(place)  # noqa: PTH116 - hot
            found.append((place, status.st_mtime_ns, status.st_size))
    return tuple(found)


def discover(folders: Iterable[Path]) -> tuple[TemplateFile, ...]:
    """Return the files of a set in the order of their paths; the first folder with a path wins."""
    found: dict[str, TemplateFile] = {}
    for folder in folders:
        for path, place in _walk(folder):
            if any(part.startswith("_") and not part.startswith("__") for part in path.split("/")):
                continue
            file = _describe(Path(place), path)
            found.setdefault(file.target, file)
    return tuple(found[target] for target in sorted(found))


def _describe(path: Path, name: str) -> TemplateFile:
    target = name.removesuffix(_RENDERED)
    once = target.endswith(_ONCE)
    with path.open("rb") as stream:
        executable = stream.read(2) == b"#!"
    return TemplateFile(
        name=name,
        target=target.removesuffix(_ONCE),
        source=path,
        mode="once" if once else "generated",
        rendered=name.endswith(_RENDERED),
        executable=executable,
    )
