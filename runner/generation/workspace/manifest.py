"""The record of what was generated from what: one small file a sub-task, meant to be committed with the code.

`.runner/manifest/<task>/<table or setup>.json` holds the hash of each file and changes only when the files do. A digest
of what they were made from is kept separately (`input_notes`) and is not committed: a digest of the whole schema would
change every record with every table. A sub-task that is about to change files first writes an intent, with the hashes
that it is about to write, and removes it when its record is saved. So files of a killed run are recognised as
generated, and not mistaken for edits by hand.
"""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from runner.generation.workspace.directory import Directory, FileState, cannot
from runner.generation.workspace.input_notes import InputNote, InputNotes, Stamp
from runner.generation.workspace.line_ends import are_alike, digest, is_one_of, with_line_ends_of
from runner.generation.workspace.open_folder import OpenFolder
from runner.generation.workspace.record_format import FileRecord, NewerFormatError, Record, decode, encode, text
from runner.generation.workspace.runner_folder import INTENTS_FOLDER, MANIFEST_FOLDER, file_name, prepare
from runner.generation.workspace.safe_paths import is_plain, locate
from runner.records.errors import UnsafePathError, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from _typeshed import StrPath

NO_EDITS: Mapping[str, str] = MappingProxyType({})
CREATED = "created"  # among the hashes of an intent: a `once` file that did not exist before


def is_left_behind(intent: Mapping[str, frozenset[str]], path: str, data: bytes) -> bool:
    """Whether a `once` file was created, with its present content, by the attempt that left the intent."""
    known = intent.get(path, frozenset())
    return CREATED in known and is_one_of(data, known)


_Index = defaultdict[str, set[tuple[str, str]]]  # path -> owners ("task/piece") with the hashes that they recorded
_UNKNOWN = ""  # owner of an intent: its file does not name the sub-task


def _do_nothing() -> None:
    """Clean nothing up."""


class Manifest:
    """Reads and writes the records of one workspace. Thread-safe; every write is atomic.

    `recorded` does not see what other processes save after this object first read all records: a file may then count
    as edited that was not, never the other way round.
    """

    def __init__(self, root: StrPath) -> None:
        self.root = Path(root)
        self._real_root = os.path.realpath(root)
        self._index_guard = threading.Lock()
        self._index: _Index | None = None  # built when first needed
        self._prepared = False
        self._warnings_guard = threading.Lock()
        self._warnings: dict[str, None] = {}
        self._notes = InputNotes(self._real_root)
        self._intents = OpenFolder(self._real_root, INTENTS_FOLDER)
        self._records: dict[str, OpenFolder] = {}  # by task

    def load(self, task_id: str, piece: str) -> Record | None:
        """Return the record of a sub-task; None where none can be read (see `take_warnings`)."""
        return self._read_record(self._records_of(task_id).read, _json_name(piece), _record_path(task_id, piece))

    def save(
        self,
        record: Record,
        inputs_digest: str,
        part_digest: str = "",
        edits: Mapping[str, str] = NO_EDITS,
        clean_up: Callable[[], None] = _do_nothing,
    ) -> None:
        """Write a record, where it differs from the present one, then the note of its inputs, and remove the intent.

        The digests are those of `input_notes`, `edits` too. `clean_up` is called before the intent is removed, so that
        a sub-task that was killed before its end is run again; it may raise OSError.

        Raises:
            WorkspaceError: it cannot be written.

        """
        path = _record_path(record.task_id, record.piece)
        data = encode(record)
        note = InputNote(piece=record.piece, inputs=inputs_digest, part=part_digest, record=digest(data), edits=edits)
        try:
            self._write(self._records_of(record.task_id), _json_name(record.piece), data)
            self._notes.append(record.task_id, note)
            clean_up()
            self._intents.remove(_intent_name(record.task_id, record.piece))
        except OSError as error:
            raise cannot("write it", self._shown(path), error) from error
        self._add_to_index(f"{record.task_id}/{record.piece}", {file.path: file.sha256 for file in record.files})

    def intend(self, task_id: str, piece: str, hashes: Mapping[str, str], created: Collection[str] = ()) -> None:
        """Write the hashes by path that a sub-task is about to write, in addition to those of earlier intents.

        `created` are the paths among them of `once` files that do not exist yet.

        Raises:
            WorkspaceError: it cannot be written.

        """
        merged = {name: set(known) for name, known in self.intent(task_id, piece).items()}
        for name, sha256 in hashes.items():
            merged.setdefault(name, set()).update({sha256, CREATED} if name in created else {sha256})
        self._prepare()
        data = json.dumps({name: sorted(merged[name]) for name in sorted(merged)}).encode()
        try:
            self._intents.replace(_intent_name(task_id, piece), data)
        except OSError as error:
            raise cannot("write it", self._shown(_intent_path(task_id, piece)), error) from error
        self._add_to_index(f"{task_id}/{piece}", hashes)

    def intent(self, task_id: str, piece: str) -> dict[str, frozenset[str]]:
        """Return the hashes by path that a sub-task was about to write and never recorded: it failed or was killed."""
        return _read_intent(self._intents, _intent_name(task_id, piece))

    def intents(self) -> Iterator[dict[str, frozenset[str]]]:
        """Yield every intent that was not removed."""
        with self._open() as workspace:
            names = _json_files(workspace, INTENTS_FOLDER)
        for name in names:
            yield _read_intent(self._intents, name)

    def recorded(self, path: str) -> frozenset[str]:
        """Return the hashes that any sub-task recorded, or was about to write, for `path`."""
        return frozenset(sha256 for _, sha256 in self._known(path))

    def is_shared(self, path: str, owner: str) -> bool:
        """Whether another sub-task than `owner` recorded `path`."""
        return any(other not in (owner, _UNKNOWN) for other, _ in self._known(path))

    def pieces(self, task_id: str, besides: Collection[str] = ()) -> tuple[str, ...]:
        """Return the pieces of a task that have a record, those of `besides` left out unread."""
        known = {_json_name(piece) for piece in besides}
        folder = f"{MANIFEST_FOLDER}/{file_name(task_id)}"
        with self._open() as workspace:
            names = [name for name in _json_files(workspace, folder) if name not in known]
            records = [self._read_record(workspace.read, path, path) for path in (f"{folder}/{name}" for name in names)]
        return tuple(record.piece for record in records if record is not None)

    def records(self) -> Iterator[Record]:
        """Yield every record that can be read."""
        with self._open() as workspace:
            for task in _names(workspace, MANIFEST_FOLDER):
                for name in _json_files(workspace, f"{MANIFEST_FOLDER}/{task}"):
                    path = f"{MANIFEST_FOLDER}/{task}/{name}"
                    record = self._read_record(workspace.read, path, path)
                    if record is not None:
                        yield record

    def rewrite(self, record: Record) -> None:
        """Write a record that another process has to generate files for again: notes and intent stay as they are.

        Raises OSError as the file system reports it.
        """
        self._write(self._records_of(record.task_id), _json_name(record.piece), encode(record))

    def forget(self, task_id: str, piece: str) -> None:
        """Remove record and intent of a sub-task. Raises WorkspaceError where they cannot be removed."""
        path = _record_path(task_id, piece)
        try:
            with self._open() as workspace:
                workspace.remove(_intent_path(task_id, piece))
                workspace.remove(path)
        except OSError as error:
            raise cannot("remove it", self._shown(path), error) from error

    def up_to_date(
        self,
        task_id: str,
        pieces: Iterable[str],
        inputs_digest: str,
        part_digest: Callable[[str], str] | None = None,
        *,
        keep_stamps: bool = False,
    ) -> dict[str, int]:
        """Return the number of files of each sub-task of a task with nothing to do, by piece.

        Those are the sub-tasks whose inputs, record and generated files are as they were last saved, and whose `once`
        files exist. Where the digest of all inputs differs, that of the part decides (see `input_notes`); `part_digest`
        returns it for a piece. A file is read only where its stamp differs; with `keep_stamps`, those that were read
        and found as recorded are stamped.

        A file that was edited by hand is up to date, too, once all that was generated is merged in. A sub-task with a
        file that was kept, or has a conflict, never is, so that each run reports it; nor is one without files; nor one
        that has an intent: it was killed before its record was saved.
        """
        found: dict[str, int] = {}
        stamped: dict[str, InputNote] = {}
        with self._open() as workspace, self._open() as records:
            known = self._notes.of(task_id)
            notes = [
                note if note.inputs == inputs_digest else replace(note, inputs=inputs_digest)
                for piece in pieces
                if (note := known.get(piece)) and _has_inputs(note, inputs_digest, part_digest)
            ]
            intents = set(_names(workspace, INTENTS_FOLDER)) if notes else set()
            for note in notes:
                piece = note.piece
                if intents and _intent_name(task_id, piece) in intents:
                    continue
                if note.is_as_stamped(workspace, records):
                    found[piece] = note.files
                    if note is not known[piece]:
                        stamped[piece] = note
                elif (compared := self._compared(workspace, _record_path(task_id, piece), note)) is not None:
                    found[piece], stamps = compared
                    if stamps is not None:
                        stamped[piece] = stamps
            if keep_stamps:
                self._notes.compact(task_id, stamped)
        return {piece: count for piece, count in found.items() if count}

    def take_warnings(self) -> tuple[str, ...]:
        """Return the problems found in records since the last call, each once."""
        with self._warnings_guard:
            warnings = tuple(self._warnings)
            self._warnings.clear()
        return warnings

    def _open(self) -> Directory:
        return Directory(self._real_root)

    def _shown(self, path: str) -> str:
        return f"{self.root}/{path}"

    def _records_of(self, task_id: str) -> OpenFolder:
        folder = self._records.get(task_id)
        if folder is None:
            folder = OpenFolder(self._real_root, f"{MANIFEST_FOLDER}/{file_name(task_id)}")
        return self._records.setdefault(task_id, folder)

    def _write(self, folder: OpenFolder, name: str, data: bytes) -> None:
        current = folder.read(name)
        if current is None or not are_alike(current.data, data):
            self._prepare()
            folder.replace(name, data if current is None else with_line_ends_of(current.data, data))

    def _prepare(self) -> None:
        if not self._prepared:
            prepare(self.root)
            self._prepared = True

    def _read_record(self, read: Callable[[str], FileState | None], name: str, path: str) -> Record | None:
        """Return what `read` returns for `name`, as the record that belongs at `path`."""
        try:
            state = read(name)
            if state is None:
                return None
            record = decode(state.data)
            if _record_path(record.task_id, record.piece) == path:
                return record
            reason = "the record of another sub-task"
        except NewerFormatError as error:
            reason = str(error)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UnsafePathError):
            reason = "not a record that can be read"
        except (OSError, WorkspaceError) as error:
            reason = str(error)
        with self._warnings_guard:
            self._warnings[f"{self._shown(path)}: {reason}. {_WITHOUT_RECORD}"] = None
        return None

    def _compared(self, workspace: Directory, path: str, note: InputNote) -> tuple[int, InputNote | None] | None:
        """Read a record and its files; return None unless all are as noted, else how many files there are.

        The note is returned with stamps, None where it cannot have any. A stamp is taken before its file is read.
        """
        now = time.time_ns()
        stamps = {path: _stamp(workspace, path)}
        try:
            record = self._read_record(workspace.read, path, path)
            if record is None or digest(encode(record)) != note.record:
                return None
            for file in record.files:
                if file.mode == "generated":
                    stamps[file.path] = _stamp(workspace, file.path)
                if not self._is_as_recorded(workspace, file, note.edits.get(file.path, file.sha256)):
                    return None
        except (OSError, WorkspaceError):
            return None
        settled = {name: stamp for name, stamp in stamps.items() if stamp is not None and not stamp.is_racy(now)}
        once = tuple(file.path for file in record.files if file.mode == "once")
        complete = len(settled) == len(stamps)
        return len(record.files), replace(note, stamps=settled, once=once) if complete else None

    def _is_as_recorded(self, workspace: Directory, file: FileRecord, edited: str) -> bool:
        if (file.kept or file.conflict) and not file.deleted:
            return False
        try:
            return _is_at(workspace, file.path, file, edited)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            return _is_at(workspace, locate(self._real_root, file.path), file, edited)  # a link inside the workspace

    def _known(self, path: str) -> frozenset[tuple[str, str]]:
        with self._index_guard:
            if self._index is None:
                self._index = self._collect_index()
            return frozenset(self._index.get(path, ()))

    def _collect_index(self) -> _Index:
        index: _Index = defaultdict(set)
        for record in self.records():
            for file in record.files:
                index[file.path].add((f"{record.task_id}/{record.piece}", file.sha256))
        for intent in self.intents():
            for path, hashes in intent.items():
                index[path].update((_UNKNOWN, sha256) for sha256 in hashes)
        return index

    def _add_to_index(self, owner: str, hashes: Mapping[str, str]) -> None:
        with self._index_guard:
            if self._index is not None:
                for path, sha256 in hashes.items():
                    self._index[path].add((owner, sha256))


_WITHOUT_RECORD = "Its sub-task is generated again; what differs on disk counts as edited by hand, and is kept"


def _has_inputs(note: InputNote, inputs_digest: str, part_digest: Callable[[str], str] | None) -> bool:
    if note.inputs == inputs_digest:
        return True
    return bool(note.part) and part_digest is not None and part_digest(note.piece) == note.part


def _record_path(task_id: str, piece: str) -> str:
    return f"{MANIFEST_FOLDER}/{file_name(task_id)}/{_json_name(piece)}"


def _intent_path(task_id: str, piece: str) -> str:
    return f"{INTENTS_FOLDER}/{_intent_name(task_id, piece)}"


def _intent_name(task_id: str, piece: str) -> str:
    return _json_name(f"{task_id}/{piece}")


def _stamp(workspace: Directory, path: str) -> Stamp | None:
    """Return the stamp of what is at `path`; None where it cannot be seen, as behind a link."""
    try:
        return Stamp.of(workspace.status(path))
    except OSError:
        return None


def _read_intent(intents: OpenFolder, name: str) -> dict[str, frozenset[str]]:
    """Return an intent's hashes of paths that may be generated; none where it cannot be read: it is only a hint."""
    try:
        found = intents.read(name)
        intent = {} if found is None else json.loads(found.data)
        return {name: frozenset(map(text, hashes)) for name, hashes in intent.items() if is_plain(name)}
    except (OSError, WorkspaceError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _is_at(workspace: Directory, path: str, file: FileRecord, edited: str) -> bool:
    if file.mode == "once" or file.deleted:
        return workspace.exists(path) != file.deleted
    state = workspace.read(path)
    return state is not None and is_one_of(state.data, (file.sha256, edited))


def _json_name(text: str) -> str:
    return f"{file_name(text)}.json"


def _names(workspace: Directory, folder: str) -> tuple[str, ...]:
    try:
        return workspace.names(folder)
    except OSError:
        return ()


def _json_files(workspace: Directory, folder: str) -> list[str]:
    return [name for name in _names(workspace, folder) if name.endswith(".json") and not name.startswith(".")]
