"""What was generated last, to merge from: one compressed file a sub-task in `.runner/base/`, committed with the code.

`.runner/base/<task>/<table or setup>.<digest>` holds the generated texts of one sub-task, named by the digest of its
content. A record names the file that belongs to it, so record and texts agree whenever a process is killed: the file is
written before the record, and an older one is removed after it. Decompressed, it is a line of JSON with paths and
sizes, and then the texts one after the other:

    {"base": [[PATH, BYTES], ...], "waiting": [[PATH, BYTES], ...]}

`base` are the texts as in the record. `waiting` are newer ones that could not be merged, for whoever settles that.
All files of a sub-task are compressed together: alone, small files take half of their size. Level 4 of zlib takes a
third of the school application at half of the time of level 6, which saves another hundredth.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner.generation.workspace.line_ends import digest
from runner.generation.workspace.open_folder import OpenFolder
from runner.generation.workspace.runner_folder import BASE_FOLDER, file_name
from runner.generation.workspace.safe_paths import is_plain
from runner.records.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = b"base\0"  # before the compressed data: git takes a file with a NUL for binary, and changes no line end in it
_LEVEL = 4
_MOST_BYTES = 1 << 28  # decompressed
_DIGITS = 32  # of a digest, in a name
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, RecursionError, zlib.error)


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseTexts:
    """Generated texts by path, as bytes."""

    base: Mapping[str, bytes] = field(default_factory=dict)
    waiting: Mapping[str, bytes] = field(default_factory=dict)


class BaseStore:
    """The generated texts of one workspace. Thread-safe; every write is atomic."""

    def __init__(self, real_root: str) -> None:
        self._real_root = real_root
        self._folders: dict[str, OpenFolder] = {}  # by task

    def load(self, task_id: str, piece: str, name: str) -> BaseTexts:
        """Return the texts that a record names; none where they are missing or damaged: nothing can be merged then."""
        if not name.isalnum():
            return BaseTexts()
        try:
            found = self._folder(task_id).read(f"{file_name(piece)}.{name}")
            return BaseTexts() if found is None else _decode(found.data, name)
        except (OSError, WorkspaceError, *_DAMAGED):
            return BaseTexts()

    def save(self, task_id: str, piece: str, texts: BaseTexts) -> str:
        """Write the texts of a sub-task, unless they are there; return their name for the record.

        Raises OSError as the file system reports it.
        """
        data = _encode(texts)
        name = digest(data)[:_DIGITS]
        folder = self._folder(task_id)
        if not self.has(task_id, piece, name):
            folder.replace(f"{file_name(piece)}.{name}", _MAGIC + zlib.compress(data, _LEVEL))
        return name

    def has(self, task_id: str, piece: str, name: str) -> bool:
        """Whether the texts of that name are there."""
        return self._folder(task_id).exists(f"{file_name(piece)}.{name}")

    def remove(self, task_id: str, piece: str, *names: str) -> None:
        """Remove texts that no record names any more. Raises OSError as the file system reports it."""
        for name in names:
            if name.isalnum():
                self._folder(task_id).remove(f"{file_name(piece)}.{name}")

    def names(self, task_id: str, piece: str) -> tuple[str, ...]:
        """Return the names of all texts of a sub-task: more than one after a process was killed."""
        stem = file_name(piece)
        parts = (each.rpartition(".") for each in self._folder(task_id).names())
        return tuple(name for before, _, name in parts if before == stem)

    def _folder(self, task_id: str) -> OpenFolder:
        folder = self._folders.get(task_id)
        if folder is None:
            folder = OpenFolder(self._real_root, f"{BASE_FOLDER}/{file_name(task_id)}")
        return self._folders.setdefault(task_id, folder)


def _encode(texts: BaseTexts) -> bytes:
    parts = {"base": sorted(texts.base.items()), "waiting": sorted(texts.waiting.items())}
    head = {name: [(path, len(data)) for path, data in files] for name, files in parts.items() if files}
    return b"".join([json.dumps(head).encode(), b"\n", *(data for files in parts.values() for _, data in files)])


def _decode(compressed: bytes, name: str) -> BaseTexts:
    data = zlib.decompressobj().decompress(compressed.removeprefix(_MAGIC), _MOST_BYTES)
    if digest(data)[:_DIGITS] != name:
        raise ValueError(name)
    line, _, rest = data.partition(b"\n")
    head = json.loads(line)
    place = 0
    found: dict[str, dict[str, bytes]] = {}
    for part in ("base", "waiting"):
        found[part] = {}
        for path, size in _listed(head.get(part, [])):
            found[part][path] = rest[place : place + size]
            place += size
    return BaseTexts(**found)


def _listed(values: Any) -> Iterator[tuple[str, int]]:
    for path, size in values:
        if not isinstance(path, str) or not isinstance(size, int) or size < 0 or not is_plain(path):
            raise TypeError(path)
        yield path, size
