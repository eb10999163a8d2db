"""Reads SQL files into a frozen `Schema`.

A file is cut into statements; each is parsed alone and applied to the catalog, in order. What does not affect tables
(rows, rights, functions, views) is recognised by its first words and never parsed. What is not understood is kept as a
note with its line; nothing in a file can make the reader raise, except that no file holds a table.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from runner.ddl.catalog.catalog import Catalog
from runner.ddl.catalog.schema_builder import build_schema
from runner.ddl.dialects import dialect_named
from runner.ddl.migration_marks import without_parts_not_run
from runner.ddl.notes import Note, NoteKind
from runner.ddl.reader.statement_splitter import RawStatement, split
from runner.ddl.sql_files import expand_ddl_paths, load, name_of
from runner.ddl.statements.statement import Statement, excerpt
from runner.ddl.statements.statement_dispatch import apply
from runner.ddl.statements.statement_kinds import (
    HEAD_BYTES,
    FirstWords,
    first_words,
    is_about_object,
    is_relevant,
    why_irrelevant,
)
from runner.ddl.syntax.dialect import Dialect
from runner.records.errors import DDLError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _typeshed import StrPath

    from runner.ddl.model import Schema


def read_ddl(paths: Sequence[StrPath], dialect: str) -> Schema:
    """Read SQL files in order as one schema; a folder means its files that lead up.

    Raises `DDLError` with every file that is missing or cannot be read, or where no table is in them, and ValueError
    for a dialect that is not known.
    """
    reader = _Reader(dialect_named(dialect))
    files = expand_ddl_paths(paths)
    for path in files:
        reader.read(name_of(path), load(path))
    return reader.schema([name_of(path) for path in files])


def read_ddl_text(text: str, dialect: str, file: str = "<text>") -> Schema:
    """Read SQL text; `file` is its name in notes and errors."""
    reader = _Reader(dialect_named(dialect))
    reader.read(file, text.encode("utf-8", "replace"))
    return reader.schema([file])


_CREATES_TABLE = re.compile(r"(?i)\b(?:CREATE|ALTER)\s+(?:\w+\s+){0,2}TABLE\b")
_IN_BODY = re.compile(rb"(?i)\b(?:CREATE|ALTER|RENAME|DROP)\s+(?:\w+\s+){0,2}(?:TABLE|INDEX)\b")


@dataclass
class _Reader:
    """Reads the files of one schema, one after the other."""

    dialect: Dialect
    catalog: Catalog = field(init=False)
    seen: Counter[str] = field(default_factory=Counter)  # statements by kind, for the error that no table was found

    def __post_init__(self) -> None:
        self.catalog = Catalog(self.dialect)

    def read(self, file: str, data: bytes) -> None:
        """Apply the statements of one file."""
        self.catalog.start_file()
        first_note = len(self.catalog.notes)
        data, left_out = without_parts_not_run(data, {self.dialect.name, *self.dialect.other_names})
        if left_out.line:
            note = Note(
                file=file, line=left_out.line, statement="--", kind=NoteKind.CLIENT_LINE, reason=left_out.reason
            )
            self.catalog.notes.append(note)
        passed = _PassedOver(file=file, dialect=self.dialect)
        decoder = _Decoder(file=file, crlf=0 < data.count(b"\n") == data.count(b"\r\n"))
        for raw in split(data, self.dialect):
            head = data[raw.start : min(raw.end, raw.start + HEAD_BYTES)]
            words = FirstWords() if raw.client else first_words(head)
            self._count(words)
            is_relevant = self._is_relevant(words, head) or self._is_about_procedure(words, data, raw)
            if raw.client or not (raw.problem or is_relevant):
                passed.add(raw, words, head)
                continue
            text = decoder.decode(data[raw.start : raw.end], raw.line)
            if raw.problem:
                self._note_unclosed(file, raw, text)
            else:
                apply(Statement(catalog=self.catalog, text=text, file=file, line=raw.line))
        found = [*self.catalog.notes[first_note:], *decoder.notes, *passed.notes()]
        self.catalog.notes[first_note:] = sorted(found, key=lambda note: note.line)

    def _is_relevant(self, words: FirstWords, head: bytes) -> bool:
        return is_relevant(words, head) or (self.dialect.keeps_objects and is_about_object(words))

    def _is_about_procedure(self, words: FirstWords, data: bytes, raw: RawStatement) -> bool:
        """Return whether a statement creates a procedure with statements about tables, or may call one."""
        if words.verb == "CALL":
            return bool(self.catalog.procedures)
        return words == ("CREATE", "PROCEDURE") and _IN_BODY.search(data, raw.start, raw.end) is not None

    def schema(self, files: Iterable[str]) -> Schema:
        """Return the schema; raise `DDLError` where no table was in any file."""
        files = list(files)
        schema = build_schema(self.catalog)
        place = {file: number for number, file in enumerate(files)}
        notes = sorted(schema.notes, key=lambda note: (place.get(note.file, 0), note.line))
        schema = replace(schema, notes=tuple(notes))
        if not schema.tables:
            raise DDLError([self._no_table(file, schema.notes) for file in files])
        return schema

    def _count(self, words: FirstWords) -> None:
        if words.verb:
            self.seen[str(words) if words.verb in {"CREATE", "ALTER", "DROP"} else words.verb] += 1

    def _note_unclosed(self, file: str, raw: RawStatement, text: str) -> None:
        """Note a statement that runs to the end of the file, and whether it swallowed a table."""
        note = Note(
            file=file,
            line=raw.line,
            statement=excerpt(text),
            kind=NoteKind.NOT_UNDERSTOOD,
            reason=raw.problem,
            table_related=_CREATES_TABLE.search(text) is not None,
        )
        self.catalog.notes.append(note)

    def _no_table(self, file: str, notes: Sequence[Note]) -> Problem:
        failed = next((note for note in notes if note.file == file and not note.passed_over), None)
        if failed is not None:
            return Problem(
                file=file,
                line=failed.line,
                message=f"no table could be read: {failed.reason}",
                expected=f"Is it {self.dialect.name}, and complete? Set `dialect:` if not, or dump the schema again",
            )
        seen = ", ".join(f"{count} {label}" for label, count in sorted(self.seen.items())[:8])
        return Problem(
            file=file,
            message=f"no CREATE TABLE in it ({seen or 'no statement at all'})",
            expected=f"Name the file that holds the schema; for {self.dialect.title}, `{self.dialect.dump_command}` "
            "writes one",
        )


@dataclass
class _PassedOver:
    """The statements of one file that are passed over, counted by kind and reason: a million rows leave one note."""

    file: str
    dialect: Dialect
    _first: dict[tuple[NoteKind, str], Note] = field(default_factory=dict)
    _counts: Counter[tuple[NoteKind, str]] = field(default_factory=Counter)

    def add(self, raw: RawStatement, words: FirstWords, head: bytes) -> None:
        """Count one statement, of which `head` is the beginning."""
        key = self._why_client_line(head) if raw.client else why_irrelevant(words, head)
        self._counts[key] += 1
        if key not in self._first:
            statement = excerpt(head.decode("utf-8", "replace"))
            self._first[key] = Note(file=self.file, line=raw.line, statement=statement, kind=key[0], reason=key[1])

    def _why_client_line(self, head: bytes) -> tuple[NoteKind, str]:
        if self.dialect.splitting.includes_file(head):
            return NoteKind.INCLUDED_FILE, "the file that it names is not followed: name it in `ddl:`"
        return NoteKind.CLIENT_LINE, "a command for the client program"

    def notes(self) -> list[Note]:
        """Return one note for each kind and reason, with the number of statements."""
        return [replace(note, count=self._counts[key]) for key, note in self._first.items()]


@dataclass
class _Decoder:
    """Decodes the statements of one file: UTF-8, or else Latin-1 with one note.

    `crlf` says that all line ends of the file are CR LF, as a checkout on Windows has them: then each is read as LF.
    In any other file a CR is what somebody wrote into a literal, and stays.
    """

    file: str
    crlf: bool
    notes: list[Note] = field(default_factory=list)

    def decode(self, data: bytes, line: int) -> str:
        """Return a statement's text."""
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
        return text.replace("\r\n", "\n") if self.crlf else text
