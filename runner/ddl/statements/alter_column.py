"""The actions of ALTER TABLE that change one column: ALTER COLUMN, and MySQL's CHANGE and MODIFY."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.ddl.catalog.catalog import TableDraft
from runner.ddl.catalog.table_changes import rename_column
from runner.ddl.model import Generated
from runner.ddl.statements.create_table import add_items
from runner.ddl.statements.statement import Statement
from runner.ddl.syntax.column_types import read_type
from runner.ddl.syntax.cursor import Cursor, NotUnderstood
from runner.ddl.syntax.expressions import read_default

if TYPE_CHECKING:
    from runner.ddl.syntax.table_body import ColumnDraft
    from runner.ddl.syntax.tokens import Token


@dataclass(frozen=True, kw_only=True, slots=True)
class AlterAction:
    """One action of an ALTER TABLE: the table, whether ONLY it is meant, and the tokens of the action."""

    statement: Statement
    table: TableDraft
    cursor: Cursor
    only: bool

    @property
    def family(self) -> list[TableDraft]:
        """The table and, without ONLY, its partitions and the tables that inherit from it."""
        return self.statement.catalog.family(self.table, only=self.only)

    def has_column(self, name: str) -> bool:
        """Return whether the table has a column of that name."""
        return self.table.column(self.statement.catalog.column_name(self.table, name)) is not None

    def column(self, name: str) -> ColumnDraft:
        """Return a column of the table; raise where it has none of that name."""
        found = self.table.column(self.statement.catalog.column_name(self.table, name))
        if found is None:
            raise NotUnderstood(f"table {self.table.name} has no column {name}", self.cursor.tokens[0].start)
        return found


def take_position(action: AlterAction, cursor: Cursor, tokens: list[Token]) -> int | None:
    """Remove `FIRST` or `AFTER column` from the end of a column's definition, and return the index that it means."""
    if not cursor.dialect.column_positions or not tokens:
        return None
    if tokens[-1].word == "FIRST":
        tokens.pop()
        return 0
    if len(tokens) > 1 and tokens[-2].word == "AFTER":
        after = action.column(cursor.inside(tokens[-1:]).take_name())
        del tokens[-2:]
        return action.table.columns.index(after) + 1
    return None


def alter_column(action: AlterAction) -> None:
    """Apply `ALTER [COLUMN] name SET | DROP | TYPE …`."""
    cursor = action.cursor
    cursor.skip("COLUMN")
    name = cursor.take_name()
    action.column(name)
    start = cursor.index
    for table in action.family:
        cursor.index = start
        column = table.column(action.statement.catalog.column_name(table, name))
        if column is not None:
            _change_column(column, cursor)
            if table is not action.table and table.partition_of is None:
                column.identity = None  # which is not inherited; the NOT NULL that comes with it is


def _change_column(column: ColumnDraft, cursor: Cursor) -> None:
    if cursor.skip("SET", "DATA", "TYPE") or cursor.skip("TYPE"):
        column.type = read_type(cursor.inside(_until(cursor, "COLLATE", "USING")))
    elif cursor.skip("SET", "DEFAULT"):
        column.default = read_default(cursor.inside(cursor.rest()))
    elif cursor.skip("DROP", "DEFAULT"):
        column.filled_with = column.default
        column.default = None
    elif cursor.skip("SET", "NOT", "NULL"):
        column.nullable = False
    elif cursor.skip("DROP", "NOT", "NULL"):
        column.nullable = True
    elif _change_how_computed(column, cursor):
        return
    elif cursor.word not in {"SET", "RESET", "OPTIONS"}:
        raise cursor.surprise("a change of a column that the reader knows")


def _change_how_computed(column: ColumnDraft, cursor: Cursor) -> bool:
    """Apply a change of an identity or a generated column, and return whether it is one."""
    if cursor.skip("DROP", "IDENTITY"):
        column.identity = None
    elif cursor.skip("DROP", "EXPRESSION"):
        column.generated = None
    elif cursor.skip("SET", "EXPRESSION", "AS"):
        kind = column.generated.kind if column.generated else "stored"
        column.generated = Generated(kind=kind, text=cursor.source(cursor.take_group()))
    elif cursor.skip("ADD", "GENERATED") or cursor.skip("SET", "GENERATED"):
        column.identity = "always" if cursor.skip("ALWAYS") else "by default"
        column.nullable = False
    else:
        return False
    return True


def _until(cursor: Cursor, *words: str) -> list[Token]:
    found: list[Token] = []
    while not cursor.done and cursor.word not in words:
        found.append(cursor.take())
    return found


def change_column(action: AlterAction) -> None:
    """Apply MySQL's `CHANGE [COLUMN] old new definition`."""
    cursor = action.cursor
    cursor.skip("COLUMN")
    if_exists = cursor.skip("IF", "EXISTS")
    name = cursor.take_name()
    if if_exists and not action.has_column(name):
        return
    old = action.column(name).name
    new = cursor.inside(cursor.tokens[cursor.index : cursor.index + 1]).take_name()
    if new != old:
        rename_column(action.statement.catalog, action.table, old, new)
    _redefine(action)


def modify_column(action: AlterAction) -> None:
    """Apply MySQL's `MODIFY [COLUMN] name definition`."""
    cursor = action.cursor
    cursor.skip("COLUMN")
    if cursor.skip("IF", "EXISTS") and not action.has_column(cursor.inside(cursor.tokens[cursor.index :]).take_name()):
        return
    _redefine(action)


def _redefine(action: AlterAction) -> None:
    """Replace a column's definition; keys over it stay."""
    cursor, table = action.cursor, action.table
    tokens = list(cursor.tokens[cursor.index :])
    place = take_position(action, cursor, tokens)
    old = action.column(cursor.inside(tokens).take_name())
    position = table.columns.index(old)
    table.columns.remove(old)
    after = table.columns[position:]
    add_items(action.statement, table, tokens)
    if table.columns[position:] == after:  # not understood, and noted: the old definition stays
        table.columns.insert(position, old)
        return
    new = table.columns.pop()
    new.former = old.former
    if table.primary_key and new.name in table.primary_key.columns:
        new.nullable = False
    if place is not None and place > position:
        place -= 1
    table.columns.insert(position if place is None else place, new)
