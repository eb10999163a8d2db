"""The first migration: the whole schema as SQL, once for PostgreSQL and once for SQLite.

PostgreSQL gets every type, constraint and index as the DDL has it; foreign keys come last, so that tables may refer
to each other in any order. SQLite gets the same tables with what it can hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.agents.backend.constraints import Named, sequence_name
from runner.agents.backend.model_source import is_portable
from runner.agents.backend.sqlite_sql import plain_sql, sqlite_sql
from runner.agents.backend.table import TableView, is_sound
from runner.agents.backend.types import PythonType, flat_name, outside, quote, type_name
from runner.naming import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.agents.backend.columns import ColumnView
    from runner.ddl.model import Check, Column, Domain, Enum, ForeignKey, Index, IndexPart, Key, Schema

_SEQUENCE = re.compile(r"nextval\('((?:[^']|'')+)'")
MYSQL_METHODS = ("fulltext", "spatial")
_SERIALS = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _columns(names: Iterable[str]) -> str:
    return ", ".join(quote(name) for name in names)


def _table(name: str, lines: Iterable[str]) -> str:
    body = ",\n".join(f"    {line}" for line in lines)
    return f"CREATE TABLE {name} (\n{body}\n)"


# ---------------------------------------------------------------------------------------------------------- PostgreSQL


def postgresql_statements(schema: Schema, views: Iterable[TableView]) -> Iterator[str]:
    """Give the statements that make the whole schema in PostgreSQL, in order."""
    views = tuple(views)
    yield from _extensions(schema)
    named = [view.table.name for view in views] + [enum.name for enum in schema.enums if enum.name]
    foreign = {name.schema for name in named if name.schema not in (None, names_of(schema).home)}
    for name in sorted(filter(None, foreign)):
        yield f"CREATE SCHEMA IF NOT EXISTS {quote(name)}"
    for enum in schema.enums:
        yield from _enum(schema, enum)
    for domain in schema.domains:
        yield from _domain(schema, domain)
    yield from _sequences(views)
    for view in views:
        yield _table(view.database_name, _postgresql_lines(view))
        yield from _postgresql_indexes(view)
    for view in views:
        yield from _foreign_keys(view)
    for view in views:
        yield from _comments(view)


def _extensions(schema: Schema) -> Iterator[str]:
    """Give the extensions that the DDL asks for: types and operator classes come from them."""
    yield from (f"CREATE EXTENSION IF NOT EXISTS {quote(name)}" for name in schema.extensions if name != "plpgsql")


def _enum(schema: Schema, enum: Enum) -> Iterator[str]:
    if enum.name is None:
        return
    name = type_name(enum.name, names_of(schema).home)
    values = ", ".join(_text(value) for value in enum.values)
    yield f"CREATE TYPE {name} AS ENUM ({values})"
    if enum.comment:
        yield f"COMMENT ON TYPE {name} IS {_text(enum.comment)}"


def _domain(schema: Schema, domain: Domain) -> Iterator[str]:
    name = type_name(domain.name, names_of(schema).home)
    parts = [f"CREATE DOMAIN {name} AS {domain.type.text}"]
    parts += [f"DEFAULT {domain.default.text}"] if domain.default else []
    parts += [] if domain.nullable else ["NOT NULL"]
    for check in domain.checks:
        constraint = f"CONSTRAINT {quote(check.name)} " if check.name else ""
        parts.append(f"{constraint}CHECK ({check.text})")
    yield " ".join(parts)
    if domain.comment:
        yield f"COMMENT ON DOMAIN {name} IS {_text(domain.comment)}"


def _sequences(views: Iterable[TableView]) -> Iterator[str]:
    """Give the sequences that defaults name and no serial column makes, each once."""
    columns = [(view, column) for view in views for column in view.table.columns if column.default]
    made = {_sequence_of(view, column) for view, column in columns if _makes_sequence(view, column)}
    named = dict.fromkeys(_sequence_of(view, column) for view, column in columns)
    yield from (f"CREATE SEQUENCE {name}" for name in named if name and name not in made)


def _sequence_of(view: TableView, column: Column) -> str:
    """Return the sequence that a column is numbered by, as SQL; nothing for other columns."""
    found = _SEQUENCE.search(column.default.text) if column.default else None
    name = found[1].replace("''", "'") if found else ""
    return name.removeprefix(f"{view.home}.")


def _makes_sequence(view: TableView, column: Column) -> bool:
    """Whether a serial column here gets the very sequence that its default names."""
    own = quote(sequence_name(view.table.name.name, column.name))
    schema = f"{quote(view.database_schema)}." if view.database_schema else ""
    return column.serial and _sequence_of(view, column) in (own, f"{schema}{own}")


def _postgresql_lines(view: TableView) -> Iterator[str]:
    for column in view.columns.values():
        yield _postgresql_column(view, column)
    named = view.constraints
    yield from _keys(named)
    for name, check in named.checks.items():
        inherit = " NO INHERIT" if check.no_inherit else ""
        yield f"CONSTRAINT {quote(name)} CHECK ({check.text}){inherit}"


def _keys(named: Named) -> Iterator[str]:
    if named.primary_key:
        name, key = named.primary_key
        yield f"CONSTRAINT {quote(name)} PRIMARY KEY ({_columns(key.columns)}){_deferred(key)}"
    for name, key in named.unique.items():
        nulls = "" if key.nulls_distinct else " NULLS NOT DISTINCT"
        yield f"CONSTRAINT {quote(name)} UNIQUE{nulls} ({_columns(key.columns)}){_deferred(key)}"


def _deferred(constraint: Key | ForeignKey) -> str:
    if not constraint.deferrable:
        return ""
    return " DEFERRABLE INITIALLY DEFERRED" if constraint.initially_deferred else " DEFERRABLE"


def _postgresql_column(view: TableView, column: ColumnView) -> str:
    own = column.column
    kind = column.type.postgresql
    if view.schema.dialect == "postgres" and own.type.enum is None and own.type.domain is None:
        kind = own.type.text
    serial = _makes_sequence(view, own)
    parts = [quote(column.name), _SERIALS.get(kind, kind) if serial else kind]
    if own.collation and view.schema.dialect == "postgres":
        parts.append(f"COLLATE {quote(own.collation)}")
    if own.identity:
        parts.append(f"GENERATED {own.identity.upper()} AS IDENTITY")
    elif own.auto_increment:
        parts.append("GENERATED BY DEFAULT AS IDENTITY")
    elif own.generated:
        kind = own.generated.kind if view.schema.dialect == "postgres" else "stored"  # virtual ones are new there
        parts.append(f"GENERATED ALWAYS AS ({own.generated.text}) {kind.upper()}")
    elif own.default and not serial:
        parts.append(f"DEFAULT {column.default.postgresql if column.default else own.default.text}")
    if not own.nullable or column.is_key:
        parts.append("NOT NULL")
    return " ".join(parts)


def _postgresql_indexes(view: TableView) -> Iterator[str]:
    table = view.database_name
    for name, index in view.constraints.indexes.items():
        if index.method in MYSQL_METHODS:
            continue
        unique = "UNIQUE " if index.unique else ""
        method = f" USING {index.method}" if index.method not in (None, "btree") else ""
        parts = ", ".join(_index_part(part) for part in index.parts)
        include = f" INCLUDE ({_columns(index.include)})" if index.include else ""
        nulls = "" if index.nulls_distinct else " NULLS NOT DISTINCT"
        where = f" WHERE {index.where}" if index.where else ""
        yield f"CREATE {unique}INDEX {quote(name)} ON {table}{method} ({parts}){include}{nulls}{where}"


def _index_part(part: IndexPart, *, plain: bool = False) -> str:
    expression = plain_sql(part.expression or "") if plain else part.expression
    text = quote(part.column) if part.column else f"({expression})"
    if part.collation and not plain:
        text += f" COLLATE {quote(part.collation)}"
    if part.operator_class and not plain:
        text += f" {part.operator_class}"
    text += " DESC" if part.descending else ""
    return text + (f" NULLS {part.nulls.upper()}" if part.nulls and not plain else "")


def _foreign_keys(view: TableView) -> Iterator[str]:
    table = view.database_name
    for name, key in view.constraints.foreign_keys.items():
        if is_sound(view.schema, key):
            target = type_name(key.references, view.home)
            yield f"ALTER TABLE {table} ADD CONSTRAINT {quote(name)} {_foreign_key(key, target)}"


def _foreign_key(key: ForeignKey, target: str, *, plain: bool = False) -> str:
    text = f"FOREIGN KEY ({_columns(key.columns)}) REFERENCES {target} ({_columns(key.target_columns)})"
    text += " MATCH FULL" if key.match == "FULL" else ""
    text += f" ON DELETE {key.on_delete}" if key.on_delete != "NO ACTION" else ""
    text += f" ({_columns(key.set_columns)})" if key.set_columns and not plain else ""
    text += f" ON UPDATE {key.on_update}" if key.on_update != "NO ACTION" else ""
    return text + _deferred(key)


def _comments(view: TableView) -> Iterator[str]:
    table = view.database_name
    if view.table.comment:
        yield f"COMMENT ON TABLE {table} IS {_text(view.table.comment)}"
    for column in view.table.columns:
        if column.comment:
            yield f"COMMENT ON COLUMN {table}.{quote(column.name)} IS {_text(column.comment)}"
    for name, index in view.constraints.indexes.items():
        if index.comment and index.method not in MYSQL_METHODS:
            yield f"COMMENT ON INDEX {quote(name)} IS {_text(index.comment)}"


# -------------------------------------------------------------------------------------------------------------- SQLite


def sqlite_statements(views: Iterable[TableView]) -> Iterator[str]:
    """Give the statements that make the schema in SQLite, as far as it goes there."""
    for view in views:
        name = view.sqlite_name
        yield _table(name, _sqlite_lines(view))
        for index_name, index in view.constraints.indexes.items():
            if is_portable(index):
                yield _sqlite_index(flat_name(view.database_schema, index_name), name, index)


def _sqlite_lines(view: TableView) -> Iterator[str]:
    numbered = _numbered(view)
    for column in view.columns.values():
        yield _sqlite_column(column, numbered=column is numbered)
    named = view.constraints
    if named.primary_key and numbered is not None:
        name, key = named.primary_key
        if len(key.columns) > 1:
            yield f"CONSTRAINT {quote(name)} UNIQUE ({_columns(key.columns)})"
        named = Named(
            primary_key=None,
            unique=named.unique,
            foreign_keys=named.foreign_keys,
            checks=named.checks,
            indexes=named.indexes,
        )
    for line in _keys(named):
        yield line.removesuffix(" DEFERRABLE").removesuffix(" DEFERRABLE INITIALLY DEFERRED")
    yield from _sqlite_checks(view)
    for name, foreign in named.foreign_keys.items():
        if is_sound(view.schema, foreign):
            target = quote(flat_name(outside(foreign.references, view.home), foreign.references.name))
            yield f"CONSTRAINT {quote(name)} {_foreign_key(foreign, target, plain=True)}"


def _numbered(view: TableView) -> ColumnView | None:
    """Return the key column that SQLite numbers by itself."""
    found = [column for column in view.key if column.assigned and column.type.category == "integer"]
    return found[0] if found else None


def _sqlite_column(column: ColumnView, *, numbered: bool) -> str:
    parts = [quote(column.name), column.type.sqlite]
    if numbered:
        return f"{quote(column.name)} INTEGER PRIMARY KEY AUTOINCREMENT"
    generated = column.column.generated
    if generated is not None:
        text = plain_sql(generated.text)
        if text is not None:
            parts.append(f"GENERATED ALWAYS AS ({text}) {generated.kind.upper()}")
    elif column.default is not None and column.default.sqlite is not None:
        parts.append(f"DEFAULT {column.default.sqlite}")
    if not column.nullable and generated is None and not column.assigned:
        parts.append("NOT NULL")
    return " ".join(parts)


def _sqlite_checks(view: TableView) -> Iterator[str]:
    types = {name: column.type for name, column in view.columns.items()}
    for name, check in view.constraints.checks.items():
        text = sqlite_check(check, types)
        if text is not None:
            yield f"CONSTRAINT {quote(name)} CHECK ({text})"
    for column in view.columns.values():
        if column.type.category == "enum":
            values = ", ".join(_text(value) for value in column.type.values)
            yield f"CHECK ({quote(column.name)} IN ({values}))"


def sqlite_check(check: Check, types: Mapping[str, PythonType]) -> str | None:
    """Return a check as SQLite can hold it, or None."""
    return None if check.expression is None else sqlite_sql(check.expression, types)


def _sqlite_index(name: str, table: str, index: Index) -> str:
    parts = ", ".join(_index_part(part, plain=True) for part in index.parts)
    where = f" WHERE {plain_sql(index.where)}" if index.where else ""
    return f"CREATE {'UNIQUE ' if index.unique else ''}INDEX {quote(name)} ON {table} ({parts}){where}"
