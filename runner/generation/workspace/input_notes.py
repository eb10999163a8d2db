"""What the files of each sub-task were made from, and how they looked on disk: one log a task in `.runner/inputs/`.

A line is a note of one sub-task, a JSON object; the last one counts:

    {"piece": TABLE, "inputs": DIGEST, "part": DIGEST, "record": DIGEST,
     "edits": {PATH: SHA256}, "stamps": {PATH: [SIZE, MTIME, CTIME, INODE]}, "once": [PATH]}

`inputs` is the digest of all inputs. `part` is that of the inputs of a sub-task that reads no more of the schema than
the part of its table: after a change of the schema it says whether that is the same. It is empty for the others.
`record` binds the inputs to the record: git restores old records and files, but not the notes, which may be newer.

`edits` are digests of files that were edited by hand, with all that was generated merged in: they are up to date, too.

`stamps` are there once every file was read and found as recorded. From then on a file with the same stamp is not read
again. The rule is that of git's index ("racy git" in its documentation): times have a granularity, so a stamp proves
nothing where the file changed at the moment it was taken. Stamps are kept only of files whose mtime and ctime are older
than `RACY` at that time. A later edit in place changes the ctime, which no program can set, and a replaced file has
another inode.

Any process appends; a line that is not whole is ignored. A note that is lost costs its sub-task another rendering.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.generation.workspace.open_folder import OpenFolder
from runner.generation.workspace.runner_folder import INPUTS_FOLDER, MANIFEST_FOLDER, file_name
from runner.records.errors import WorkspaceError

if TYPE_CHECKING:
    from runner.generation.workspace.directory import Directory

RACY = 2_000_000_000  # nanoseconds: the coarsest times of a file system in use are FAT's, two seconds
_NOT_A_NOTE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
_RECORDS = f"{MANIFEST_FOLDER}/"
_MOST_STALE = 4  # lines of a log for each note that counts, before it is written again


class Stamp(NamedTuple):
    """What identifies a file's content without reading it. Times are in nanoseconds."""

    size: int
    mtime: int
    ctime: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the stamp of a file with this status."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    def is_of(self, status: os.stat_result) -> bool:
        """Whether a file with this status has this stamp."""
        return self == (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    def is_racy(self, now: int) -> bool:
        """Whether the file may have changed since `now`, in nanoseconds, without another stamp."""
        return max(self.mtime, self.ctime) >= now - RACY


@dataclass(frozen=True, kw_only=True, slots=True)
class InputNote:
    """The inputs of one sub-task and the digest of its record; with stamps, what its files looked like.

    `stamps` has the record file and the generated files by path, `once` the paths of the files that only must exist.
    """

    piece: str
    inputs: str
    record: str
    part: str = ""
    edits: Mapping[str, str] = field(default_factory=dict)
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    once: tuple[str, ...] = ()

    @property
    def files(self) -> int:
        """The number of the sub-task's files, where it has stamps."""
        return len(self.stamps) - 1 + len(self.once)

    def is_as_stamped(self, files: Directory, records: Directory) -> bool:
        """Whether every file has its stamp, and every `once` file exists. Reads no file.

        Both directories are the workspace. The second is used for the record, so that the folder of records stays open.
        """
        if not self.stamps:
            return False
        try:
            return all(
                stamp.is_of((records if path.startswith(_RECORDS) else files).status(path))
                for path, stamp in self.stamps.items()
            ) and all(map(files.exists, self.once))
        except OSError:
            return False


class InputNotes:
    """The notes of one workspace. Thread-safe; reads the log of each task once, when it is first needed."""

    def __init__(self, real_root: str) -> None:
        self._folder = OpenFolder(real_root, INPUTS_FOLDER)
        self._guard = threading.Lock()
        self._known: dict[str, dict[str, InputNote]] = {}  # by task and piece
        self._stale: set[str] = set()  # tasks with a log that is mostly old lines

    def of(self, task_id: str) -> Mapping[str, InputNote]:
        """Return the notes of a task by piece; none where there is no log that can be read."""
        with self._guard:
            if task_id not in self._known:
                notes = self._read(task_id)
                self._known[task_id] = {note.piece: note for note in notes}
                if len(notes) > _MOST_STALE * len(self._known[task_id]):
                    self._stale.add(task_id)
            return self._known[task_id]

    def append(self, task_id: str, note: InputNote) -> None:
        """Add a note to the log of a task, unless it is there. Raises OSError as the file system reports it."""
        known = self.of(task_id).get(note.piece)
        if known is not None and _inputs_of(known) == _inputs_of(note):
            return
        descriptor = self._folder.open(_log(task_id), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            rest = _line(note)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)
        self._keep(task_id, note)

    def compact(self, task_id: str, stamped: Mapping[str, InputNote]) -> None:
        """Write a log with one line a note, with those that were `stamped` in place of the earlier ones.

        Does nothing where that would change little. A note that another process adds meanwhile may be lost. What cannot
        be written is left as it is: without it files are read again.
        """
        for note in stamped.values():
            self._keep(task_id, note)
        if stamped or task_id in self._stale:
            with contextlib.suppress(OSError, WorkspaceError):
                self._folder.replace(_log(task_id), b"".join(map(_line, self.of(task_id).values())))
            self._stale.discard(task_id)

    def _read(self, task_id: str) -> list[InputNote]:
        try:
            found = self._folder.read(_log(task_id))
        except (OSError, WorkspaceError):
            return []
        return [] if found is None else _notes(found.data.splitlines())

    def _keep(self, task_id: str, note: InputNote) -> None:
        with self._guard:
            if task_id in self._known:
                self._known[task_id][note.piece] = note


def _inputs_of(note: InputNote) -> tuple[object, ...]:
    return note.inputs, note.part, note.record, note.edits


def _log(task_id: str) -> str:
    return f"{file_name(task_id)}.jsonl"


def _line(note: InputNote) -> bytes:
    values: dict[str, Any] = {"piece": note.piece, "inputs": note.inputs, "part": note.part, "record": note.record}
    if note.edits:
        values["edits"] = note.edits
    if note.stamps:
        values |= {"stamps": note.stamps, "once": note.once}
    return f"{json.dumps(values)}\n".encode()


def _notes(lines: Sequence[bytes]) -> list[InputNote]:
    """Return the notes of the lines that are whole: all at once, or one by one where some line is not."""
    try:
        return [_note(values) for values in json.loads(b"[%b]" % b",".join(lines))]
    except _NOT_A_NOTE:
        pass
    notes: list[InputNote] = []
    for line in lines:
        with contextlib.suppress(*_NOT_A_NOTE):
            notes.append(_note(json.loads(line)))
    return notes


def _note(values: Any) -> InputNote:
    piece, inputs, part, record = (values[name] for name in ("piece", "inputs", "part", "record"))
    if not all(isinstance(value, str) for value in (piece, inputs, part, record)):
        raise TypeError(values)
    return InputNote(
        piece=piece,
        inputs=inputs,
        part=part,
        record=record,
        edits=dict(values.get("edits", {})),
        stamps={path: Stamp(*stamp) for path, stamp in values.get("stamps", {}).items()},
        once=tuple(values.get("once", ())),
    )
