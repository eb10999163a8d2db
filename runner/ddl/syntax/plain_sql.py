"""Plain SQL: the common form of a table's body that sqlglot parses reliably, for all dialects.

Every name is quoted, every clause is in its standard form, and a placeholder replaces everything that is kept as
text (types, defaults, checks). `table_items` finds names, types and clauses; the dialect's rules rewrite each clause.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.ddl.model import Exclusion, Index
from runner.ddl.syntax.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACEHOLDER = "__p"  # begins the name of a placeholder; its number follows


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptText:
    """What a placeholder replaces: the tokens, and what the rule found beside them."""

    tokens: tuple[Token, ...] = ()
    kind: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LikeElement:
    """A LIKE in a body: the table whose columns are copied here, and which of its other parts are copied."""

    position: int  # the number of columns before it
    source: tuple[str, ...]
    including: frozenset[str]


@dataclass
class TableBody:
    """A body in plain SQL, and what plain SQL cannot express."""

    text: str  # of the statement
    items: list[str] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)  # of each item, in characters from the statement's start
    kept: list[KeptText] = field(default_factory=list)  # by the number of the placeholder
    likes: list[LikeElement] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    without_overlaps: set[tuple[str, ...]] = field(default_factory=set)  # columns of such keys
    periods: set[tuple[str, ...]] = field(default_factory=set)  # columns of references over a PERIOD
    not_null: list[tuple[str, str | None]] = field(default_factory=list)  # columns of NOT NULL constraints, their names
    left_out: list[tuple[int, str]] = field(default_factory=list)  # (offset, reason) of items that the model lacks
    failures: list[tuple[int, str]] = field(default_factory=list)  # (offset, reason) of items not understood
    column_facts: dict[str, dict[str, str]] = field(default_factory=dict)  # comment, collation, … by column
    columns: int = 0  # how many of the items are columns
    auto_increment: bool = False  # AUTOINCREMENT inside the parentheses of PRIMARY KEY (SQLite)
    column: str | None = None  # whose clauses are being rewritten

    def keep(self, tokens: Sequence[Token], kind: str = "", names: Sequence[str] = ()) -> str:
        """Keep tokens as text and return the placeholder that replaces them."""
        self.kept.append(KeptText(tokens=tuple(tokens), kind=kind, names=tuple(names)))
        return f"{PLACEHOLDER}{len(self.kept) - 1}"

    def add_fact(self, key: str, value: str) -> None:
        """Keep a fact about the current column that plain SQL has no clause for."""
        if self.column is not None:
            self.column_facts.setdefault(self.column, {})[key] = value


def quoted(name: str) -> str:
    """Return a name in plain SQL."""
    return '"' + name.replace('"', '""') + '"'


def quoted_path(path: Sequence[str]) -> str:
    """Return a dotted name in plain SQL."""
    return ".".join(quoted(part) for part in path)
