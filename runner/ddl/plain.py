"""Plain SQL: the small common form of a table's body that sqlglot reads without a doubt, whatever the dialect.

Every name is quoted, every clause stands in its standard form, and a placeholder stands for whatever is kept as
text (types, defaults, checks): a piece. `body.py` finds names, types and clauses, `rules.py` makes each clause plain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.ddl.lexis import Token
from runner.ddl.model import Dialect, Index

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLAUSES = {
    "CONSTRAINT",
    "NOT",
    "NULL",
    "UNIQUE",
    "PRIMARY",
    "CHECK",
    "DEFAULT",
    "REFERENCES",
    "COLLATE",
    "GENERATED",
}
PIECE = "__p"  # begins the placeholder of a piece; its number follows
# The words that can follow a column's type, or its default.
CLAUSE_WORDS: dict[Dialect, frozenset[str]] = {
    "postgres": frozenset(_CLAUSES | {"COMPRESSION", "STORAGE", "OPTIONS", "DEFERRABLE", "INITIALLY"}),
    "mysql": frozenset(
        _CLAUSES
        | {
            "AS",
            "AUTO_INCREMENT",
            "CHARSET",
            "COLUMN_FORMAT",
            "COMMENT",
            "ENGINE_ATTRIBUTE",
            "FIRST",
            "AFTER",
        }
        | {"INVISIBLE", "KEY", "ON", "REF_SYSTEM_ID", "SRID", "STORAGE", "STORED", "VIRTUAL", "VISIBLE"}
    ),
    "sqlite": frozenset(_CLAUSES | {"AS", "AUTOINCREMENT", "ON"}),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Something taken out of a statement before it is parsed: its tokens, and what its rule found beside them."""

    tokens: tuple[Token, ...] = ()
    kind: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Like:
    """A LIKE in a body: the table whose columns are copied to this place, and which of its parts come along."""

    position: int  # how many columns stand before it
    source: tuple[str, ...]
    including: frozenset[str]


@dataclass
class Body:
    """What the rules make of one body: plain SQL items, and what they took out of them."""

    text: str
    dialect: Dialect
    items: list[str] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)  # of each item, in characters from the statement's start
    pieces: list[Piece] = field(default_factory=list)
    likes: list[Like] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    not_null: list[str] = field(default_factory=list)  # named by NOT NULL constraints of the table
    left_out: list[tuple[int, str]] = field(
        default_factory=list
    )  # (offset, why) of items that the model has no place for
    failures: list[tuple[int, str]] = field(default_factory=list)  # (offset, reason) of items not understood
    extras: dict[str, dict[str, str]] = field(default_factory=dict)  # by column: comment, collation, on_update
    columns: int = 0  # how many of the items are columns
    auto_increment: bool = False  # SQLite: AUTOINCREMENT inside the brackets of PRIMARY KEY
    column: str | None = None  # whose clauses are being read

    def keep(self, tokens: Sequence[Token], kind: str = "", names: Sequence[str] = ()) -> str:
        """Take tokens out and return the placeholder that stands for them."""
        self.pieces.append(Piece(tokens=tuple(tokens), kind=kind, names=tuple(names)))
        return f"{PIECE}{len(self.pieces) - 1}"

    def note(self, key: str, value: str) -> None:
        """Remember a fact of the column that is being read, for which plain SQL has no place."""
        if self.column is not None:
            self.extras.setdefault(self.column, {})[key] = value


def quoted(name: str) -> str:
    """Return a name in plain SQL."""
    return '"' + name.replace('"', '""') + '"'


def quoted_path(path: Sequence[str]) -> str:
    """Return a dotted name in plain SQL."""
    return ".".join(quoted(part) for part in path)
