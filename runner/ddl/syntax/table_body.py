"""The body of a CREATE TABLE, or what ALTER TABLE adds: columns, constraints and indexes as they are written.

It is filled by `table_items` and by the actions of the clauses (`clauses`), from tokens alone. Nothing in it depends on
other statements: references name their table as the statement does, and checks and defaults are not parsed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from runner.ddl.model import Check, Default, Exclusion, ForeignKey, Generated, Index, Key
from runner.ddl.syntax.column_types import TypeReference
from runner.ddl.syntax.tokens import Token


@dataclass(kw_only=True, slots=True)
class ColumnDraft:
    """A column whose type is still a reference."""

    name: str
    type: TypeReference
    line: int
    nullable: bool = True
    not_null_name: str | None = None  # of its NOT NULL, which is a constraint in PostgreSQL since version 18
    default: Default | None = None
    filled_with: Default | None = None  # the default that it had when it was added, and lost afterwards
    identity: Literal["always", "by default"] | None = None
    auto_increment: bool = False
    generated: Generated | None = None
    on_update: str | None = None
    system_time: Literal["row start", "row end"] | None = None
    character_set: str | None = None
    collation: str | None = None
    comment: str | None = None
    former: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LikeElement:
    """A LIKE in a body: the table whose columns are copied here, and which of its other parts are copied."""

    position: int  # the number of columns before it
    source: tuple[str, ...]
    including: frozenset[str]


@dataclass(kw_only=True)
class TableParts:
    """What a table consists of: its columns, constraints and indexes."""

    columns: list[ColumnDraft] = field(default_factory=list)
    primary_key: Key | None = None
    unique: list[Key] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)


@dataclass(kw_only=True)
class TableBody(TableParts):
    """The items of one body. `line_at` returns the line of an offset in the statement."""

    line_at: Callable[[int], int]
    has_types: bool = False  # the table has columns from elsewhere; a column without a type adds to one of them
    likes: list[LikeElement] = field(default_factory=list)
    not_null: list[tuple[str, str | None]] = field(default_factory=list)  # columns of NOT NULL constraints, their names
    defaults: list[tuple[ColumnDraft, list[Token]]] = field(default_factory=list)
    left_out: list[tuple[int, str]] = field(default_factory=list)  # (offset, reason) of items that the model lacks
    failures: list[tuple[int, str]] = field(default_factory=list)  # (offset, reason) of items not understood
    auto_increment: bool = False  # AUTOINCREMENT inside the parentheses of PRIMARY KEY (SQLite)

    # ---- while an item is read
    column: ColumnDraft | None = None  # whose clauses are being read; None in a table constraint
    constraint: str | None = None  # the name of the constraint that comes next
    is_name_unused: bool = False  # no constraint has come after the name

    def name_constraint(self, name: str) -> None:
        """Keep the name of the constraint that comes next."""
        self.constraint, self.is_name_unused = name, True

    def take_constraint(self) -> str | None:
        """Return the name of the constraint that is being read, None where it has none.

        The name of a table constraint is that of all which follow without a comma, as SQLite reads them.
        """
        name, self.is_name_unused = self.constraint, False
        if self.column is not None:
            self.constraint = None
        return name
