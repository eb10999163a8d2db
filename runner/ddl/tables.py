"""CREATE TABLE: its head, its body, and what stands behind it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.body import read_body
from runner.ddl.catalog import TableDraft
from runner.ddl.cursor import Cursor, NotUnderstood
from runner.ddl.inheritance import add_unique, adopt, copy_like, inherit, set_primary_key
from runner.ddl.lexis import Token, split_at
from runner.ddl.model import NoteKind
from runner.ddl.parsed_columns import BodyReader, Parts
from runner.ddl.queries import columns_of_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.plain import Body
    from runner.ddl.statement import Statement

_EVERYTHING = frozenset({"DEFAULTS", "CONSTRAINTS", "INDEXES", "GENERATED", "IDENTITY", "COMMENTS"})
_QUERY_WORDS = {"SELECT", "WITH", "VALUES", "TABLE"}


def create_table(statement: Statement, kinds: frozenset[str]) -> None:
    """Fold in a CREATE TABLE whose cursor stands behind the word TABLE; `kinds` are the words before it."""
    cursor, catalog = statement.cursor, statement.catalog
    if_not_exists = cursor.skip("IF", "NOT", "EXISTS")
    path = cursor.take_path()
    if kinds & {"TEMP", "TEMPORARY"} or (catalog.dialect == "sqlite" and path[0].lower() == "temp"):
        statement.pass_over(NoteKind.SKIPPED_TABLE, f"table {path[-1]} is temporary")
        return
    if catalog.dialect == "sqlite" and path[-1].lower().startswith("sqlite_"):
        statement.pass_over(NoteKind.SKIPPED_TABLE, f"table {path[-1]} is SQLite's own")
        return
    name = catalog.new_name(path)
    existing = catalog.tables.get(catalog.key(name))
    if existing is not None:
        if if_not_exists:
            statement.pass_over(
                NoteKind.SKIPPED_TABLE,
                f"table {name} is there already, from {existing.file}:{existing.line}",
                table=name,
            )
        else:
            catalog.warnings.append(
                f"{statement.place()}: table {name} is defined again; the one at {existing.file}:{existing.line} holds"
            )
        return
    table = TableDraft(name=name, line=statement.line, file=statement.file)
    if "FOREIGN" in kinds:
        table.kind = "foreign"
    if "UNLOGGED" in kinds:
        statement.pass_over(
            NoteKind.TABLE_PART, "UNLOGGED has no place in the model: it is an ordinary table", table=name
        )
    behind_name = cursor.index
    _read_source(statement, table)
    has_source = cursor.index > behind_name
    if not _read_tail(statement, table) and not has_source:
        cursor.index = behind_name
        raise cursor.surprise("'(' or a query")
    catalog.add(table)


def _read_source(statement: Statement, table: TableDraft) -> None:
    """Read where the columns come from: a body, a parent, another table, a type."""
    cursor = statement.cursor
    if cursor.skip("PARTITION", "OF"):
        parent = statement.table(cursor.take_path())
        table.partition_of = parent.name
        adopt(table, parent)
    elif cursor.skip("LIKE"):  # MySQL, without brackets
        _copy_all(table, statement.table(cursor.take_path()))
    elif cursor.dialect == "postgres" and cursor.skip("OF"):
        _copy_composite(statement, table, cursor.take_path())
    if cursor.word != "(":
        return
    inside = cursor.take_group()
    first = inside[0].word if inside else ""
    if first == "LIKE" and cursor.dialect == "mysql":
        _copy_all(table, statement.table(cursor.inside(inside[1:]).take_path()))
    elif first in _QUERY_WORDS and cursor.dialect == "mysql":
        table.columns.extend(columns_of_query(statement, inside))
    elif _is_query_next(cursor) and all(len(part) == 1 for part in split_at(inside)):
        cursor.skip("AS")
        names = [cursor.inside(part).take_name() for part in split_at(inside)]
        table.columns.extend(columns_of_query(statement, cursor.rest(), names))
    else:
        add_items(statement, table, inside)


def _is_query_next(cursor: Cursor) -> bool:
    return cursor.word == "AS" or cursor.word in _QUERY_WORDS - {"WITH"}


def _copy_all(table: TableDraft, source: TableDraft) -> None:
    copy_like(table, source, 0, _EVERYTHING)


def _copy_composite(statement: Statement, table: TableDraft, path: tuple[str, ...]) -> None:
    catalog = statement.catalog
    columns = next((catalog.composites[name] for name in catalog.candidates(path) if name in catalog.composites), None)
    if columns is None:
        raise NotUnderstood(f"there is no composite type {'.'.join(path)}")
    table.columns.extend(columns)


# --------------------------------------------------------------------------------------------------- the body


def add_items(statement: Statement, table: TableDraft, tokens: Sequence[Token]) -> Parts:
    """Add what a body, or the ADD of an ALTER, says to a table, and return it."""
    cursor, catalog = statement.cursor, statement.catalog
    body = read_body(cursor.text, tokens, cursor.dialect)
    parts = BodyReader(body, catalog.target, statement.line_at).read()
    _add_columns(statement, table, parts)
    for like in reversed(body.likes):
        copy_like(table, statement.table(like.source), like.position, like.including)
    add_constraints(statement, table, parts)
    table.indexes.extend(catalog.spelled(table, index) for index in body.indexes)
    if cursor.dialect == "sqlite":
        _mark_rowid_alias(table, body, parts)
    for offset, reason in parts.failures:
        statement.note(reason, offset=offset, table=table.name, table_related=True)
    for offset, reason in body.left_out:
        statement.note(reason, kind=NoteKind.TABLE_PART, offset=offset, table=table.name)
    return parts


def _add_columns(statement: Statement, table: TableDraft, parts: Parts) -> None:
    """Add columns in order; the first of a name holds."""

    def folded(name: str) -> str:
        return name if statement.catalog.dialect == "postgres" else name.lower()

    known = {folded(column.name): column for column in table.columns}
    for column in parts.columns:
        existing = known.setdefault(folded(column.name), column)
        if existing is column:
            table.columns.append(column)
        elif table.partition_of is None:
            statement.catalog.warnings.append(
                f"{statement.file}:{column.line}: column {column.name} of table {table.name} is defined again; "
                f"the one at line {existing.line} holds"
            )


def add_constraints(statement: Statement, table: TableDraft, parts: Parts) -> None:
    """Add constraints to a table, their columns spelled as the table spells them."""
    catalog = statement.catalog

    def spelled(columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(catalog.column_name(table, name) for name in columns)

    for name in parts.not_null:
        column = table.column(catalog.column_name(table, name))
        if column is not None:
            column.nullable = False
    if parts.primary_key:
        key = replace(parts.primary_key, columns=spelled(parts.primary_key.columns))
        if catalog.dialect == "sqlite":
            table.primary_key = key  # which leaves its columns nullable, as SQLite does
        else:
            set_primary_key(table, key)
    for key in parts.unique:
        add_unique(table, replace(key, columns=spelled(key.columns)))
    table.foreign_keys.extend(replace(key, columns=spelled(key.columns)) for key in parts.foreign_keys)
    table.checks.extend(parts.checks)


def _mark_rowid_alias(table: TableDraft, body: Body, parts: Parts) -> None:
    """Mark SQLite's INTEGER PRIMARY KEY: the database numbers it, with or without AUTOINCREMENT."""
    key = parts.primary_key
    if key is None or len(key.columns) != 1:
        return
    column = table.column(table.primary_key.columns[0]) if table.primary_key else None
    if column is not None and (column.type.sql.base == "integer" or body.auto_increment):
        column.auto_increment = True


# --------------------------------------------------------------------------------------------------- the tail


def _read_tail(statement: Statement, table: TableDraft) -> bool:
    """Read what stands behind the body, and return whether a query does.

    Storage options, which say nothing of the model, are stepped over.
    """
    cursor = statement.cursor
    has_query = False
    while not cursor.done:
        if cursor.skip("INHERITS"):
            parents = [statement.table(cursor.inside(part).take_path()) for part in split_at(cursor.take_group())]
            inherit(table, parents)
        elif cursor.skip("PARTITION", "BY"):
            table.kind = "partitioned"
            cursor.rest()
        elif cursor.dialect == "mysql" and cursor.skip("COMMENT"):
            cursor.skip("=")
            table.comment = cursor.take_string() or None
        elif cursor.skip("WITHOUT", "ROWID"):
            for column in table.columns:
                column.auto_increment = False
                column.nullable = column.nullable and column.name not in _key_columns(table)
        elif cursor.skip("AS") or cursor.word == "SELECT":
            table.columns.extend(columns_of_query(statement, cursor.rest()))
            has_query = True
        elif cursor.word == "(":
            cursor.take_group()
        else:
            cursor.take()
    return has_query


def _key_columns(table: TableDraft) -> tuple[str, ...]:
    return table.primary_key.columns if table.primary_key else ()
