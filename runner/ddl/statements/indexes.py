"""CREATE INDEX and ALTER INDEX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.catalog.inheritance import add_index
from runner.ddl.catalog.table_changes import rename_index
from runner.ddl.model import Index, Key
from runner.ddl.notes import NoteKind
from runner.ddl.syntax.index_parts import read_index_parts
from runner.ddl.syntax.tokens import split_at, tidy

if TYPE_CHECKING:
    from runner.ddl.statements.statement import Statement
    from runner.ddl.syntax.cursor import Cursor


def create_index(statement: Statement, modifiers: frozenset[str]) -> None:
    """Apply a CREATE INDEX; the cursor is after the word INDEX, `modifiers` are the words before it."""
    cursor = statement.cursor
    cursor.skip("CONCURRENTLY")
    cursor.skip("IF", "NOT", "EXISTS")
    name = cursor.take_path()[-1] if cursor.word != "ON" else None
    method = next((word.lower() for word in ("FULLTEXT", "SPATIAL") if word in modifiers), None)
    method = _method(cursor) or method
    cursor.expect("ON")
    only = cursor.skip("ONLY")
    path = cursor.take_path()
    table = statement.catalog.find(path)
    view = statement.catalog.find_view(path)
    if table is None and view is not None:
        view.indexes.append(_read_index(cursor, name, _method(cursor) or method, unique="UNIQUE" in modifiers))
        return
    if table is None:
        statement.pass_over(NoteKind.MISSING_TARGET, f"an index of {'.'.join(path)}, which is no table of the DDL")
        return
    method = _method(cursor) or method
    index = statement.catalog.spelled(table, _read_index(cursor, name, method, unique="UNIQUE" in modifiers))
    is_plain = all(part.column and not part.length for part in index.parts)
    if index.unique and is_plain and cursor.dialect.unique_index_is_key:
        table.unique.append(Key(columns=tuple(column for column in index.columns if column), name=name))
        return
    table.indexes.append(index)
    if not only:
        for child in statement.catalog.family(table)[1:]:
            if child.partition_of is not None:
                add_index(child, index)


def _method(cursor: Cursor) -> str | None:
    return cursor.take().text.lower() if cursor.skip("USING") else None


def _read_index(cursor: Cursor, name: str | None, method: str | None, *, unique: bool) -> Index:
    parts = read_index_parts(cursor, cursor.take_group())
    include: tuple[str, ...] = ()
    nulls_distinct, where = True, None
    while not cursor.done:
        if cursor.skip("INCLUDE"):
            include = tuple(cursor.inside(part).take_name() for part in split_at(cursor.take_group()))
        elif cursor.skip("NULLS", "NOT", "DISTINCT"):
            nulls_distinct = False
        elif cursor.skip("WHERE"):
            where = tidy(cursor.rest())
        elif cursor.skip("USING"):
            method = cursor.take().text.lower()
        elif cursor.word == "(":
            cursor.take_group()
        else:
            cursor.take()
    return Index(
        name=name,
        parts=parts,
        unique=unique,
        method=method,
        where=where,
        include=include,
        nulls_distinct=nulls_distinct,
    )


def alter_index(statement: Statement) -> None:
    """Apply PostgreSQL's `ALTER INDEX a RENAME TO b`; no other change of an index affects the schema."""
    cursor, catalog = statement.cursor, statement.catalog
    cursor.skip("IF", "EXISTS")
    path = cursor.take_path()
    if not cursor.skip("RENAME", "TO"):
        return
    new = cursor.take_name()
    schemas = {candidate.schema for candidate in catalog.candidates(path)}
    tables = [draft for draft in catalog.tables.values() if draft.name.schema in schemas]
    if not any(rename_index(draft, path[-1], new) for draft in tables):
        statement.pass_over(NoteKind.MISSING_TARGET, f"there is no index {path[-1]} to rename")
