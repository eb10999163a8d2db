"""CREATE TABLE: its head, its body, and the clauses after it."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.ddl.catalog.catalog import TableDraft
from runner.ddl.catalog.inheritance import add_unique, adopt, copy_like, inherit, set_primary_key
from runner.ddl.expression_tree import ColumnRef, Operation
from runner.ddl.model import Key, SqlType
from runner.ddl.notes import NoteKind
from runner.ddl.statements.body_expressions import parse_expressions
from runner.ddl.syntax.column_types import TypeReference
from runner.ddl.syntax.cursor import Cursor, NotUnderstood
from runner.ddl.syntax.table_items import LIKE_PARTS, read_body
from runner.ddl.syntax.tokens import Token, split_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ddl.statements.statement import Statement
    from runner.ddl.syntax.table_body import ColumnDraft, TableBody

_QUERY_WORDS = {"SELECT", "WITH", "VALUES", "TABLE"}


def create_table(statement: Statement, modifiers: frozenset[str]) -> None:
    """Apply a CREATE TABLE; the cursor is after the word TABLE, `modifiers` are the words before it."""
    cursor, catalog = statement.cursor, statement.catalog
    if_not_exists = cursor.skip("IF", "NOT", "EXISTS")
    path = cursor.take_path()
    if modifiers & {"TEMP", "TEMPORARY"} or path[0].lower() == catalog.dialect.temporary_schema:
        statement.pass_over(NoteKind.SKIPPED_TABLE, f"table {path[-1]} is temporary")
        return
    own_prefix = catalog.dialect.own_table_prefix
    if own_prefix is not None and path[-1].lower().startswith(own_prefix):
        statement.pass_over(NoteKind.SKIPPED_TABLE, f"table {path[-1]} is {catalog.dialect.title}'s own")
        return
    name = catalog.new_name(path)
    existing = catalog.tables.get(catalog.key(name))
    if existing is not None and "REPLACE" in modifiers:
        catalog.remove(existing)
        existing = None
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
    if "FOREIGN" in modifiers:
        table.kind = "foreign"
    if "UNLOGGED" in modifiers:
        statement.pass_over(
            NoteKind.TABLE_PART, "UNLOGGED has no place in the model: it is an ordinary table", table=name
        )
    after_name = cursor.index
    _read_source(statement, table)
    has_source = cursor.index > after_name
    if not _read_tail(statement, table) and not has_source:
        cursor.index = after_name
        raise cursor.surprise("'(' or a query")
    catalog.add(table)


def _read_source(statement: Statement, table: TableDraft) -> None:
    """Read the source of the columns: a body, a parent, another table, a type."""
    cursor = statement.cursor
    if cursor.skip("PARTITION", "OF"):
        parent = statement.table(cursor.take_path())
        table.partition_of = parent.name
        adopt(table, parent)
    elif cursor.skip("LIKE"):  # MySQL, without brackets
        _copy_all(table, statement.table(cursor.take_path()))
    elif cursor.skip("OF"):
        _copy_composite(statement, table, cursor.take_path())
    if cursor.word != "(":
        return
    inside = cursor.take_group()
    first = inside[0].word if inside else ""
    if first == "LIKE" and cursor.dialect.like_body:
        _copy_all(table, statement.table(cursor.inside(inside[1:]).take_path()))
    elif first in _QUERY_WORDS and cursor.dialect.query_body:
        table.columns.extend(_columns_of_query(statement, inside))
    elif _is_query_next(cursor) and all(len(part) == 1 for part in split_at(inside)):
        cursor.skip("AS")
        names = [cursor.inside(part).take_name() for part in split_at(inside)]
        table.columns.extend(_columns_of_query(statement, cursor.rest(), names))
    else:
        add_items(statement, table, inside, has_types=bool(table.columns))


def _columns_of_query(statement: Statement, tokens: Sequence[Token], names: Sequence[str] = ()) -> list[ColumnDraft]:
    from runner.ddl.statements.query_columns import columns_of_query  # noqa: PLC0415 - loads sqlglot, which few need

    return columns_of_query(statement, tokens, names)


def _is_query_next(cursor: Cursor) -> bool:
    return cursor.word == "AS" or cursor.word in _QUERY_WORDS - {"WITH"}


def _copy_all(table: TableDraft, source: TableDraft) -> None:
    copy_like(table, source, 0, LIKE_PARTS)


def _copy_composite(statement: Statement, table: TableDraft, path: tuple[str, ...]) -> None:
    catalog = statement.catalog
    columns = next((catalog.composites[name] for name in catalog.candidates(path) if name in catalog.composites), None)
    if columns is None:
        raise NotUnderstood(f"there is no composite type {'.'.join(path)}")
    table.columns.extend(copy(column) for column in columns)


# --------------------------------------------------------------------------------------------------- the body


def add_items(statement: Statement, table: TableDraft, tokens: Sequence[Token], *, has_types: bool = False) -> None:
    """Add the items of a body, or of the ADD of an ALTER, to a table.

    Where the table `has_types` from a parent or a type, columns without one add to those that are there.
    """
    cursor, catalog = statement.cursor, statement.catalog
    body = read_body(cursor.text, tokens, cursor.dialect, statement.line_at, has_types=has_types)
    parse_expressions(body, cursor)
    if cursor.dialect.json_is_checked_text:
        _restore_json(table, body)
    if has_types:
        _add_to_columns(table, body)
    _add_columns(statement, table, body)
    for like in reversed(body.likes):
        copy_like(table, statement.table(like.source), like.position, like.including)
    _add_constraints(statement, table, body)
    table.indexes.extend(catalog.spelled(table, index) for index in body.indexes)
    table.exclusions.extend(body.exclusions)
    if cursor.dialect.integer_key_is_rowid:
        _mark_rowid_alias(table, body)
    for offset, reason in body.failures:
        statement.note(reason, offset=offset, table=table.name, table_related=True)
    for offset, reason in body.left_out:
        statement.note(reason, kind=NoteKind.TABLE_PART, offset=offset, table=table.name)


def _add_to_columns(table: TableDraft, body: TableBody) -> None:
    """Apply what a partition or a typed table says of columns that it has from elsewhere."""
    for column in list(body.columns):
        existing = table.column(column.name)
        if existing is not None and not column.type.sql.text:
            existing.nullable = existing.nullable and column.nullable
            existing.default = column.default or existing.default
            existing.generated = column.generated or existing.generated
            existing.not_null_name = column.not_null_name or existing.not_null_name
            body.columns.remove(column)


def _add_columns(statement: Statement, table: TableDraft, body: TableBody) -> None:
    """Add columns in order; of several with one name the first counts."""

    def folded(name: str) -> str:
        return name.lower() if statement.catalog.dialect.ignores_case_of_columns else name

    known = {folded(column.name): column for column in table.columns}
    for column in body.columns:
        existing = known.setdefault(folded(column.name), column)
        if existing is column:
            table.columns.append(column)
        elif table.partition_of is None:
            statement.catalog.warnings.append(
                f"{statement.file}:{column.line}: column {column.name} of table {table.name} is defined again; "
                f"the one at line {existing.line} holds"
            )


def _add_constraints(statement: Statement, table: TableDraft, body: TableBody) -> None:
    """Add constraints to a table, their columns spelled as the table spells them."""
    catalog = statement.catalog

    def spelled(columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(catalog.column_name(table, name) for name in columns)

    for column_name, constraint in body.not_null:
        column = table.column(catalog.column_name(table, column_name))
        if column is not None:
            column.nullable = False
            column.not_null_name = constraint
    if body.primary_key:
        key = replace(body.primary_key, columns=spelled(body.primary_key.columns))
        if catalog.dialect.nullable_keys:
            table.primary_key = key
        else:
            set_primary_key(table, key)
    for key in body.unique:
        add_unique(table, replace(key, columns=spelled(key.columns)))
    for one in body.foreign_keys:
        path = (one.references.schema, one.references.name) if one.references.schema else (one.references.name,)
        table.foreign_keys.append(replace(one, columns=spelled(one.columns), references=catalog.target(path)))
    table.checks.extend(body.checks)


def _restore_json(table: TableDraft, body: TableBody) -> None:
    """Make JSON of text columns with the check `json_valid(column)`, which is how MariaDB stores JSON."""
    columns = {column.name: column for column in (*table.columns, *body.columns)}
    for check in list(body.checks):
        expression = check.expression
        if isinstance(expression, Operation) and expression.op == "json_valid" and len(check.columns) == 1:
            column = columns.get(check.columns[0])
            if column and column.type.sql.base in _TEXTS and expression.args == (ColumnRef(name=column.name),):
                column.type = TypeReference(sql=SqlType(text="json", base="json"))
                column.collation = column.character_set = None
                body.checks.remove(check)


_TEXTS = frozenset({"text", "mediumtext", "longtext"})


def _mark_rowid_alias(table: TableDraft, body: TableBody) -> None:
    """Mark an INTEGER PRIMARY KEY, which SQLite numbers with or without AUTOINCREMENT."""
    key = body.primary_key
    if key is None or len(key.columns) != 1:
        return
    column = table.column(table.primary_key.columns[0]) if table.primary_key else None
    if column is not None and (column.type.sql.base == "integer" or body.auto_increment):
        column.auto_increment = True


# --------------------------------------------------------------------------------------------------- the tail


def _read_tail(statement: Statement, table: TableDraft) -> bool:
    """Read the clauses after the body, and return whether a query is among them.

    Other storage options than those that MySQL shows with a table do not affect the model and are skipped.
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
        elif cursor.skip("COMMENT"):
            cursor.skip("=")
            table.comment = cursor.take_string() or None
        elif cursor.skip("WITH", "SYSTEM", "VERSIONING"):
            _extend_keys(table)
        elif cursor.skip("WITHOUT", "ROWID"):
            for column in table.columns:
                column.auto_increment = False
                column.nullable = column.nullable and column.name not in _key_columns(table)
        elif cursor.skip("AS") or cursor.word == "SELECT":
            table.columns.extend(_columns_of_query(statement, cursor.rest()))
            has_query = True
        else:
            _read_option(cursor, table.options)
    return has_query


def _read_option(cursor: Cursor, options: dict[str, str]) -> None:
    """Read a storage option, and keep it if it is one that MySQL shows with a table."""
    cursor.skip("DEFAULT")
    name = next((name for words, name in _OPTIONS.items() if cursor.skip(*words.split())), None)
    if name is not None:
        cursor.skip("=")
        value = cursor.take().text.strip("'\"`")
        options[name] = value if name == "ENGINE" else value.lower()
    elif cursor.word == "(":
        cursor.take_group()
    elif not cursor.done:
        cursor.take()


_OPTIONS = {
    "ENGINE": "ENGINE",
    "TYPE": "ENGINE",
    "CHARACTER SET": "CHARSET",
    "CHARSET": "CHARSET",
    "COLLATE": "COLLATE",
    "ROW_FORMAT": "ROW_FORMAT",
}


def _extend_keys(table: TableDraft) -> None:
    """Add the column that ends a row's time to every key, as MariaDB does: each version of a row is a row."""
    row_end = next((column.name for column in table.columns if column.system_time == "row end"), None)
    if row_end is None:
        return
    if table.primary_key:
        table.primary_key = _extended(table.primary_key, row_end)
    table.unique = [_extended(key, row_end) for key in table.unique]


def _extended(key: Key, column: str) -> Key:
    return key if column in key.columns else replace(key, columns=(*key.columns, column))


def _key_columns(table: TableDraft) -> tuple[str, ...]:
    return table.primary_key.columns if table.primary_key else ()
