"""One statement while it is applied: its text, its place, and the notes about it."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.ddl.catalog.catalog import Catalog, NamePath, TableDraft
from runner.ddl.notes import Note, NoteKind
from runner.ddl.syntax.cursor import Cursor, NotUnderstood
from runner.ddl.syntax.quoted_builtins import without_quotes
from runner.ddl.syntax.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.qualified_name import QName
    from runner.ddl.syntax.tokens import Token

SHOWN_CHARACTERS = 200  # of a statement in a note


def excerpt(text: str) -> str:
    """Return the beginning of a statement on one line."""
    return " ".join(text[: 2 * SHOWN_CHARACTERS].split())[:SHOWN_CHARACTERS]


@dataclass(kw_only=True)
class Statement:
    """A statement, its place, and the catalog that it changes."""

    catalog: Catalog
    text: str
    file: str
    line: int
    is_guarded: bool = False  # by the code around it: it may fail, or find what it creates
    depth: int = 0  # of blocks of code around it
    cursor: Cursor = field(init=False)
    _line_ends: list[int] | None = None  # offsets, computed on first use

    def __post_init__(self) -> None:
        dialect = self.catalog.dialect
        tokens: Sequence[Token] = tokens_of(self.text, dialect)
        if dialect.builtin_types:
            self.text, tokens = without_quotes(self.text, tokens, dialect)
        self.cursor = Cursor(self.text, tokens, dialect)

    def line_at(self, offset: int) -> int:
        """Return the line of an offset in the statement."""
        if self._line_ends is None:
            self._line_ends = [match.start() for match in re.finditer("\n", self.text)]
        return self.line + bisect_left(self._line_ends, offset)

    def place(self, offset: int = 0) -> str:
        """Return `file:line` of an offset in the statement."""
        return f"{self.file}:{self.line_at(offset)}"

    def table(self, path: NamePath) -> TableDraft:
        """Return the table that `path` means; raise `NotUnderstood` where the DDL has not defined it."""
        found = self.catalog.find(path)
        if found is None:
            raise NotUnderstood(f"there is no table {'.'.join(path)} at this point", self.cursor.tokens[0].start)
        return found

    def note(
        self,
        reason: str,
        *,
        kind: NoteKind = NoteKind.NOT_UNDERSTOOD,
        offset: int = 0,
        table: QName | None = None,
        table_related: bool = False,
    ) -> None:
        """Add a note about the statement, or about the part of it at `offset`."""
        if self.is_guarded and kind is NoteKind.NOT_UNDERSTOOD:
            kind, table_related = NoteKind.CODE_BLOCK, False
            reason = f"in a block of code, it may not run, or fail without harm: {reason}"
        self.catalog.notes.append(
            Note(
                file=self.file,
                line=self.line_at(offset),
                statement=excerpt(self.text),
                kind=kind,
                reason=reason,
                table=table,
                table_related=table_related,
            )
        )

    def pass_over(self, kind: NoteKind, reason: str, *, table: QName | None = None) -> None:
        """Add a note that the statement is known and left out on purpose."""
        self.note(reason, kind=kind, table=table)
