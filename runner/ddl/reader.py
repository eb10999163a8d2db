"""The public face of this room: SQL files in, a frozen `Schema` out.

A file is cut into statements, each is parsed by itself and folded into what is known so far, in order. What is of no
use (rows, rights, functions, views) is told by its first words and never parsed. What is not understood is kept as a
note with its line; nothing that a file says can make the reader raise, but for a file that holds no table at all.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from runner.ddl.catalog import Catalog
from runner.ddl.finish import finish
from runner.ddl.model import Dialect, Note, NoteKind, Schema
from runner.ddl.splitter import HEAD_BYTES, RawStatement, split
from runner.ddl.sql_files import expand_ddl_paths, load, name_of
from runner.ddl.statement import Statement, excerpt
from runner.ddl.statement_handlers import fold, note_kind
from runner.records.errors import DDLError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["expand_ddl_paths", "read_ddl", "read_ddl_text"]


def read_ddl(paths: Sequence[Path], dialect: Dialect) -> Schema:
    """Read SQL files in order as one schema; a folder stands for its *.sql in name order.

    Raises `DDLError` with every file that is missing or cannot be read, or where no table is in them.
    """
    reader = _Reader(dialect)
    files = expand_ddl_paths(paths)
    for path in files:
        reader.read(name_of(path), load(path))
    return reader.schema([name_of(path) for path in files])


def read_ddl_text(text: str, dialect: Dialect, file: str = "<text>") -> Schema:
    """Read SQL text; `file` is what notes and errors call it."""
    reader = _Reader(dialect)
    reader.read(file, text.encode("utf-8", "replace"))
    return reader.schema([file])


# Statements that may matter to a table, by their first words. All others are passed over unparsed.
_KINDS = {
    "CREATE": {"TABLE", "INDEX", "TYPE", "DOMAIN", "EXTENSION", "SCHEMA"},
    "ALTER": {"TABLE", "TYPE", "DOMAIN"},
    "DROP": {"TABLE", "INDEX", "TYPE", "DOMAIN", "SCHEMA", "DATABASE"},
    "COMMENT": {"TABLE", "COLUMN", "TYPE", "DOMAIN", "INDEX"},
    "RENAME": {"TABLE", "TABLES"},
    "USE": None,
}
_MODIFIERS = (
    rb"(?:(?:OR|REPLACE|GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED|FOREIGN|UNIQUE|FULLTEXT|SPATIAL|VIRTUAL|MATERIALIZED"
    rb"|RECURSIVE|CONSTRAINT|EVENT(?=\s+TRIGGER)|ON|ONLINE|IGNORE|TRUSTED|PROCEDURAL|DEFAULT"
    rb"|SQL\s+SECURITY\s+\w+|(?:DEFINER|ALGORITHM)\s*=\s*\S+)\s+)*"
)
_HEAD = re.compile(rb"(?i)\s*(\w+)\s*(?:" + _MODIFIERS + rb"(\w+))?")
_NOISE = re.compile(rb"/\*M?!\d*|/\*.*?\*/|\*/|--[^\n]*", re.DOTALL)
_RENAME = re.compile(rb"(?i)\bRENAME\b")
_OWNER = re.compile(rb"(?i)\bOWNER\s+TO\b")
_SEARCH_PATH = re.compile(rb"(?i)search_path")
_ROWS = {"INSERT", "REPLACE", "COPY", "UPDATE", "DELETE", "MERGE", "LOAD", "TRUNCATE", "VALUES"}
_RIGHTS = {"GRANT", "REVOKE", "REASSIGN"}
_CONTROL = {
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "START",
    "SET",
    "LOCK",
    "UNLOCK",
    "PRAGMA",
    "END",
    "SAVEPOINT",
    "RESET",
}


def _words(data: bytes, raw: RawStatement) -> tuple[str, str]:
    """Return what a statement does, and to what kind of object."""
    head = data[raw.start : min(raw.end, raw.start + HEAD_BYTES)]
    if b"*" in head or b"--" in head:
        head = _NOISE.sub(b" ", head)
    match = _HEAD.match(head)
    if match is None:
        return "", ""
    return match[1].decode("latin-1").upper(), (match[2] or b"").decode("latin-1").upper()


def _matters(verb: str, kind: str, data: bytes, raw: RawStatement) -> bool:
    """Whether a statement may say something of a table, a type or where names lead."""
    if (verb, kind) == ("ALTER", "INDEX"):
        return bool(_RENAME.search(data, raw.start, min(raw.end, raw.start + HEAD_BYTES)))
    if verb in _KINDS:
        kinds = _KINDS[verb]
        return kinds is None or kind in kinds
    if verb in {"SET", "SELECT"}:
        return bool(_SEARCH_PATH.search(data, raw.start, min(raw.end, raw.start + HEAD_BYTES)))
    return False


def _why(verb: str, kind: str, head: bytes) -> tuple[NoteKind, str]:
    if verb in _ROWS:
        return NoteKind.ROWS, "rows, which say nothing of the schema"
    if verb in _RIGHTS:
        return NoteKind.RIGHTS, "rights, which say nothing of the schema"
    if verb in _CONTROL:
        return NoteKind.SESSION, "an order to the session"
    if verb == "DO":
        return NoteKind.CODE_BLOCK, "a block that runs code; whatever it creates is not known"
    changes_owner = verb == "ALTER" and _OWNER.search(head) is not None
    reason = f"{verb} {kind}".strip() + " makes no table and changes none"
    return NoteKind.OWNER if changes_owner else note_kind(verb, kind), reason


@dataclass
class _Reader:
    """Reads the files of one schema, one after the other."""

    dialect: Dialect
    catalog: Catalog = field(init=False)
    seen: dict[str, int] = field(default_factory=dict)  # how many statements of each sort, for the error that asks

    def __post_init__(self) -> None:
        self.catalog = Catalog(self.dialect)

    def read(self, file: str, data: bytes) -> None:
        """Fold one file in."""
        self.catalog.start_file()
        first_note = len(self.catalog.notes)
        passed = _PassedOver(file=file)
        latin = _Latin(file=file)
        for raw in split(data, self.dialect):
            verb, kind = ("", "") if raw.client else _words(data, raw)
            self._count(verb, kind)
            if raw.client or not (raw.problem or _matters(verb, kind, data, raw)):
                passed.add(data, raw, verb, kind)
                continue
            text = latin.decode(data[raw.start : raw.end], raw.line)
            if raw.problem:
                self._note_broken(file, raw, text)
            else:
                fold(Statement(catalog=self.catalog, text=text, file=file, line=raw.line))
        found = [*self.catalog.notes[first_note:], *latin.notes, *passed.notes()]
        self.catalog.notes[first_note:] = sorted(found, key=lambda note: note.line)

    def schema(self, files: Iterable[str]) -> Schema:
        """Return the schema; raise where no table was in any file."""
        schema = finish(self.catalog)
        if not schema.tables:
            raise DDLError([self._no_table(file, schema.notes) for file in files])
        return schema

    def _count(self, verb: str, kind: str) -> None:
        if verb:
            label = f"{verb} {kind}" if verb in {"CREATE", "ALTER", "DROP"} else verb
            self.seen[label] = self.seen.get(label, 0) + 1

    def _note_broken(self, file: str, raw: RawStatement, text: str) -> None:
        """Note a statement that runs to the end of the file; whatever it swallowed is lost."""
        swallowed = re.search(r"(?i)\b(?:CREATE|ALTER)\s+(?:\w+\s+){0,2}TABLE\b", text) is not None
        note = Note(
            file=file,
            line=raw.line,
            statement=excerpt(text),
            kind=NoteKind.NOT_UNDERSTOOD,
            reason=raw.problem,
            table_related=swallowed,
        )
        self.catalog.notes.append(note)

    def _no_table(self, file: str, notes: Sequence[Note]) -> Problem:
        failed = next((note for note in notes if note.file == file and not note.passed_over), None)
        if failed is not None:
            return Problem(
                file=file,
                line=failed.line,
                message=f"no table could be read: {failed.reason}",
                expected=f"Is it {self.dialect}, and complete? Set `dialect:` if not, or dump the schema again",
            )
        seen = ", ".join(f"{count} {label.strip()}" for label, count in sorted(self.seen.items())[:8])
        return Problem(
            file=file,
            message=f"no CREATE TABLE in it ({seen or 'no statement at all'})",
            expected="Name the file that holds the schema; `pg_dump --schema-only`, `mysqldump --no-data` and "
            "sqlite3's .schema write one",
        )


def _why_client(head: bytes) -> tuple[NoteKind, str]:
    first = head.split(maxsplit=1)[0] if head.split() else b""
    if first in {b"\\i", b"\\ir", b"\\include", b"\\.", b".read"} or first.lower() == b"source":
        return NoteKind.INCLUDED_FILE, "the file that it names is not followed: name it in `ddl:`"
    return NoteKind.CLIENT_LINE, "a line for the client program"


@dataclass
class _PassedOver:
    """The statements of one file that are passed over, counted by kind and reason: a million rows leave one note."""

    file: str
    _first: dict[tuple[NoteKind, str], Note] = field(default_factory=dict)
    _counts: Counter[tuple[NoteKind, str]] = field(default_factory=Counter)

    def add(self, data: bytes, raw: RawStatement, verb: str, kind: str) -> None:
        """Count one statement."""
        head = data[raw.start : min(raw.end, raw.start + HEAD_BYTES)]
        key = _why_client(head) if raw.client else _why(verb, kind, head)
        self._counts[key] += 1
        if key not in self._first:
            statement = excerpt(head.decode("utf-8", "replace"))
            self._first[key] = Note(file=self.file, line=raw.line, statement=statement, kind=key[0], reason=key[1])

    def notes(self) -> list[Note]:
        """Return one note for each kind and reason, with the number of statements."""
        return [replace(note, count=self._counts[key]) for key, note in self._first.items()]


@dataclass
class _Latin:
    """Decodes statements: UTF-8, or else Latin-1 with one note a file."""

    file: str
    notes: list[Note] = field(default_factory=list)

    def decode(self, data: bytes, line: int) -> str:
        """Return a statement's text with plain line ends."""
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            text = data.decode("latin-1")
            if not self.notes:
                where = line + data.count(b"\n", 0, error.start)
                reason = "not UTF-8; read as Latin-1"
                self.notes.append(
                    Note(file=self.file, line=where, statement=excerpt(text), kind=NoteKind.ENCODING, reason=reason)
                )
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
