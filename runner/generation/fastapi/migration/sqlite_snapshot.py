"""Takes the snapshot of a table in SQLite: the lines of its CREATE TABLE, and the indexes that SQLite supports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.fastapi.index_sql import is_supported, is_without_case
from runner.generation.fastapi.migration.postgresql_snapshot import reference_options
from runner.generation.fastapi.migration.snapshot import SqliteSnapshot
from runner.generation.fastapi.resources import resource as resource_of
from runner.generation.fastapi.sql_names import columns_sql
from runner.generation.fastapi.sqlite_names import suggested_names
from runner.generation.fastapi.translation import Database, TableSql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.ddl.model import ForeignKey, Index, IndexPart
    from runner.generation.fastapi.model_columns import ModelColumn
    from runner.generation.fastapi.resources import Resource
    from runner.generation.model.application import Application
    from runner.generation.model.suggested_indexes import SuggestedIndex


def sqlite_snapshot(
    application: Application, resource: Resource, suggested: Iterable[SuggestedIndex]
) -> SqliteSnapshot:
    """Return a table with what SQLite supports of it, and the indexes that the DDL lacks."""
    numbered = _numbered(resource)
    return SqliteSnapshot(
        name=resource.table.names.flat,
        lines=(
            *(_column(resource.sql, column, numbered=column is numbered) for column in resource.columns.values()),
            *_keys(resource, numbered),
            *_checks(resource),
            *_references(application, resource),
        ),
        stored=tuple(
            name
            for name, column in resource.columns.items()
            if resource.sql.generated(column.field.column, Database.SQLITE) is None
        ),
        renamed=tuple(resource.sql.sqlite_names.items()),
        numbered=numbered is not None,
        indexes=(*_indexes(resource), *_suggested(application, resource, suggested)),
    )


def _names(sql: TableSql, columns: Iterable[str]) -> str:
    return columns_sql(tuple(map(sql.sqlite_name, columns)))


# ------------------------------------------------------------------------------------------------------------- columns


def _numbered(resource: Resource) -> ModelColumn | None:
    """Return the key column that SQLite numbers itself."""
    numbered = (field for field in resource.table.key if field.is_numbered and field.type.kind == "integer")
    return next(iter(resource.columns_of(numbered)), None)


def _column(sql: TableSql, column: ModelColumn, *, numbered: bool) -> str:
    name = quote(sql.sqlite_name(column.name))
    if numbered:
        return f"{name} INTEGER PRIMARY KEY AUTOINCREMENT"
    parts = [name, column.type.sqlite]
    generated = column.field.column.generated
    if generated is not None:
        text = sql.generated(column.field.column, Database.SQLITE)
        if text is not None:
            parts.append(f"GENERATED ALWAYS AS ({text}) {generated.kind.upper()}")
    elif column.default is not None and column.default.sqlite is not None:
        parts.append(f"DEFAULT {column.default.sqlite}")
    if not column.nullable and generated is None and not column.field.is_numbered:
        parts.append("NOT NULL")
    return " ".join(parts)


# --------------------------------------------------------------------------------------------------------- constraints


def _keys(resource: Resource, numbered: ModelColumn | None) -> Iterator[str]:
    named = resource.table.constraints
    if named.primary_key and not (numbered and len(named.primary_key[1].columns) == 1):  # then in its column's line
        name, key = named.primary_key
        yield _key(resource.sql, name, "UNIQUE" if numbered else "PRIMARY KEY", key.columns)
    for name, key in named.unique.items():
        yield _key(resource.sql, name, "UNIQUE", key.columns)


def _key(sql: TableSql, name: str, kind: str, columns: tuple[str, ...]) -> str:
    return f"CONSTRAINT {quote(name)} {kind} ({_names(sql, columns)})"


def _checks(resource: Resource) -> Iterator[str]:
    for name, check in resource.table.constraints.checks.items():
        text = resource.sql.check(check, Database.SQLITE)
        if text is not None:
            yield f"CONSTRAINT {quote(name)} CHECK ({text})"
    for column in resource.columns.values():
        if column.field.type.kind == "enum":
            values = ", ".join(text_sql(value) for value in column.field.type.values)
            yield f"CHECK ({quote(resource.sql.sqlite_name(column.name))} IN ({values}))"


def _references(application: Application, resource: Resource) -> Iterator[str]:
    for name, key in resource.table.foreign_keys.items():
        if not key.period:
            target = resource_of(application, key.references)
            yield f"CONSTRAINT {quote(name)} {_reference(key, resource.sql, target)}"


def _reference(key: ForeignKey, own: TableSql, target: Resource) -> str:
    referred = f"{quote(target.table.names.flat)} ({_names(target.sql, key.target_columns)})"
    return f"FOREIGN KEY ({_names(own, key.columns)}) REFERENCES {referred}{reference_options(key)}"


# ------------------------------------------------------------------------------------------------------------- indexes


def _indexes(resource: Resource) -> Iterator[tuple[str, str]]:
    named = resource.table.constraints
    for own, index in named.indexes.items():
        if is_supported(index, resource.sql, Database.SQLITE):
            name = named.flat[own]
            yield name, _index(resource, name, index)


def _index(resource: Resource, name: str, index: Index) -> str:
    parts = ", ".join(_part(resource.sql, part) for part in index.parts)
    where = f" WHERE {resource.sql.where(index, Database.SQLITE)}" if index.where else ""
    unique = "UNIQUE " if index.unique else ""
    return f"CREATE {unique}INDEX {quote(name)} ON {quote(resource.table.names.flat)} ({parts}){where}"


def _part(sql: TableSql, part: IndexPart) -> str:
    text = quote(sql.sqlite_name(part.column)) if part.column else f"({sql.part(part, Database.SQLITE)})"
    text += " COLLATE NOCASE" if is_without_case(part, sql.source) else ""
    return text + (" DESC" if part.descending else "")


def _suggested(
    application: Application, resource: Resource, suggested: Iterable[SuggestedIndex]
) -> Iterator[tuple[str, str]]:
    table = quote(resource.table.names.flat)
    for index in suggested:
        name = application.derived(suggested_names)[resource.table.ddl.name, index.name]
        yield name, f"CREATE INDEX {quote(name)} ON {table} ({_names(resource.sql, index.columns)})"
