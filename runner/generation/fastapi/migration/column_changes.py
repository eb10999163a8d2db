"""PostgreSQL's statements for the columns of a table that is in both snapshots."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.generation.encoders.sql_text import quote, text_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.generation.fastapi.migration.difference import Difference, TableChange
    from runner.generation.fastapi.migration.snapshot import ColumnSnapshot

FILL_IT = "-- Existing rows may have no value for this column: add an UPDATE here that sets one."
FILL_DOMAIN = "-- Existing rows have no value for this column, and its domain wants one: add a DEFAULT here."
_SCHEMA = re.compile(r'^(?:"(?:[^"]|"")*"|[^".]*)\.')


def change_columns(table: TableChange, found: Difference) -> Iterator[str]:
    """Yield the statements that turn a table's old columns into its new ones."""
    name = table.new.sql
    named = frozenset(part.sql for part in found.new.types)
    for old, _ in table.replaced:
        yield f"ALTER TABLE {name} DROP COLUMN {quote(old.name)}"
    computed = [column for column in table.added if column.generated] + [new for _, new in table.replaced]
    for column in table.added:
        if not column.generated:
            yield from _add_column(name, column)
    for old, new in table.altered:
        retyped = (old.type, old.collation) != (new.type, new.collation) or new.item_type in found.rebuilt
        yield from _alter_column(name, old, new, _cast(new, named) if retyped else None)
    yield from (f"ALTER TABLE {name} ADD COLUMN {column.line}" for column in computed)
    yield from (f"ALTER TABLE {name} DROP COLUMN {quote(column.name)}" for column in table.dropped)


def _add_column(table: str, column: ColumnSnapshot) -> Iterator[str]:
    if column.fill is not None and not column.fills_itself:
        line = f"{column.line.removesuffix(' NOT NULL')} DEFAULT {column.fill}"
        yield f"ALTER TABLE {table} ADD COLUMN {line}{' NOT NULL' if column.not_null else ''}"
        yield f"ALTER TABLE {table} ALTER COLUMN {quote(column.name)} DROP DEFAULT"
        return
    if column.rejects_null and column.lacks_value:
        yield f"{FILL_DOMAIN}\nALTER TABLE {table} ADD COLUMN {column.line}"
        return
    if column.fills_itself or not column.not_null:
        yield f"ALTER TABLE {table} ADD COLUMN {column.line}"
        return
    yield f"ALTER TABLE {table} ADD COLUMN {column.line.removesuffix(' NOT NULL')}"
    yield f"{FILL_IT}\nALTER TABLE {table} ALTER COLUMN {quote(column.name)} SET NOT NULL"


def _alter_column(table: str, old: ColumnSnapshot, new: ColumnSnapshot, retyped: str | None) -> Iterator[str]:
    """Yield what changes a column in place; `retyped` is its value as the new type, None where the type stays.

    Its numbering is removed first and added last.
    """
    alter = f"ALTER TABLE {table} ALTER COLUMN {quote(new.name)}"
    numbering = (old.identity, old.sequence) != (new.identity, new.sequence)
    moved = _sequence_moves(old, new)
    if old.generated and not new.generated:
        yield f"{alter} DROP EXPRESSION"
    if old.default is not None and (retyped or new.default is None):
        yield f"{alter} DROP DEFAULT"
    if numbering and not moved:
        yield from _stop_numbering(alter, old, new)
    if retyped:
        yield from _retype(alter, old, new, retyped)
    if new.default is not None and (retyped or new.default != old.default):
        yield f"{alter} SET DEFAULT {new.default}"
    yield from _require(table, alter, old, new)
    if numbering:
        yield from [moved] if moved else _start_numbering(table, alter, old, new)
    if old.not_null and not new.not_null:
        yield f"{alter} DROP NOT NULL"


def _retype(alter: str, old: ColumnSnapshot, new: ColumnSnapshot, value: str) -> Iterator[str]:
    collation = f" COLLATE {quote(new.collation)}" if new.collation else ""
    yield f"{alter} TYPE {new.type}{collation} USING {value}"
    if old.sequence and new.sequence and old.type != new.type:
        yield f"ALTER SEQUENCE {old.sequence} AS {new.type}"


def _require(table: str, alter: str, old: ColumnSnapshot, new: ColumnSnapshot) -> Iterator[str]:
    """Yield what forbids NULL; rows without a value get the default, if there is one, and computed ones cannot."""
    if old.not_null or not new.not_null:
        return
    if new.generated:
        yield f"{alter} SET NOT NULL"
        return
    if new.default is None:
        yield f"{FILL_IT}\n{alter} SET NOT NULL"
        return
    name = quote(new.name)
    yield f"UPDATE {table} SET {name} = DEFAULT WHERE {name} IS NULL"  # noqa: S608 - goes into a file, with the DDL's own names
    yield f"{alter} SET NOT NULL"


def _cast(column: ColumnSnapshot, named: frozenset[str]) -> str:
    """Return a column cast to its new type; values of enums and domains are cast by way of text."""
    through = "::text" if column.item_type in named else ""
    marks = "[]" if through and column.type != column.item_type else ""
    return f"{quote(column.name)}{through}{marks}::{column.type}"


def _sequence_moves(old: ColumnSnapshot, new: ColumnSnapshot) -> str | None:
    """Return what renames a serial column's sequence; None where there is none before or after."""
    if not (old.sequence and new.sequence):
        return None
    return f"ALTER SEQUENCE {old.sequence} RENAME TO {_own_name(new.sequence)}"


def _own_name(name: str) -> str:
    """Return a name as SQL without its schema."""
    return _SCHEMA.sub("", name)


def _stop_numbering(alter: str, old: ColumnSnapshot, new: ColumnSnapshot) -> Iterator[str]:
    if old.identity and not new.identity:
        yield f"{alter} DROP IDENTITY"
    if old.sequence:
        yield f"{alter} DROP DEFAULT"
        yield f"DROP SEQUENCE {old.sequence}"


def _start_numbering(table: str, alter: str, old: ColumnSnapshot, new: ColumnSnapshot) -> Iterator[str]:
    """Yield what numbers a column, starting after its highest value."""
    if old.identity and new.identity:
        yield f"{alter} SET GENERATED {new.identity.upper()}"
        return
    if new.identity:
        yield f"{alter} ADD GENERATED {new.identity.upper()} AS IDENTITY"
    elif new.sequence:
        yield f"CREATE SEQUENCE {new.sequence} OWNED BY {table}.{quote(new.name)}"
        yield f"{alter} SET DEFAULT nextval({text_sql(new.sequence)})"
    if new.identity or new.sequence:
        sequence = f"pg_get_serial_sequence({text_sql(table)}, {text_sql(new.name)})"
        number = f"setval({sequence}, coalesce(max({quote(new.name)}), 0) + 1, false)"
        yield f"SELECT {number} FROM {table}"  # noqa: S608 - goes into a file, with the DDL's own names
