"""Takes the snapshot of the databases from an application's schema.

PostgreSQL gets every type, constraint and index as in the DDL; SQLite gets the same tables with what it supports. The
tables of a schema of MySQL are in MySQL as well (`mysql_snapshot`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from runner.ddl.dialects import dialect_named
from runner.ddl.expression_tree import Const
from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.fastapi.left_out import MYSQL_METHODS
from runner.generation.fastapi.migration.mysql_snapshot import mysql_snapshot
from runner.generation.fastapi.migration.search_index import search_indexes
from runner.generation.fastapi.migration.snapshot import (
    ColumnSnapshot,
    ConstraintKind,
    ConstraintSnapshot,
    IndexSnapshot,
    Snapshot,
    SqliteSnapshot,
    TableSnapshot,
    TriggerSnapshot,
)
from runner.generation.fastapi.migration.stored_objects import stored_objects
from runner.generation.fastapi.migration.type_snapshots import type_snapshots
from runner.generation.fastapi.migration.view_snapshots import view_snapshots
from runner.generation.fastapi.resources import Resource, resources
from runner.generation.fastapi.resources import resource as resource_of
from runner.generation.fastapi.sql_names import columns_sql, qualified, type_name
from runner.generation.fastapi.sqlite_names import suggested_names
from runner.generation.fastapi.table_arguments import in_postgresql, in_sqlite, is_without_case
from runner.generation.fastapi.translation import Database, TableSql
from runner.generation.model.constraint_names import NamedConstraints, sequence_name
from runner.generation.model.fields import domain_rejects_null
from runner.generation.model.object_options import carried_functions, carried_triggers
from runner.generation.model.suggested_indexes import suggested_indexes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.ddl.model import Column, Exclusion, ForeignKey, Index, IndexPart, Key
    from runner.ddl.qualified_name import QName
    from runner.generation.fastapi.model_columns import ModelColumn
    from runner.generation.model.application import Application
    from runner.generation.model.chosen_columns import ChosenColumns
    from runner.generation.model.object_options import ObjectOption
    from runner.generation.model.suggested_indexes import IndexOption, SuggestedIndex

_SEQUENCE = re.compile(r"nextval\('((?:[^']|'')+)'")
_IDENTIFIER = re.compile(r'"((?:[^"]|"")+)"|([^".\s]+)')


def take_snapshot(
    application: Application,
    chosen: ChosenColumns = (),
    indexes: IndexOption = "suggest",
    objects: ObjectOption = "needed",
) -> Snapshot:
    """Return the snapshot of the databases of an application.

    `chosen` are the columns that searches read; with `indexes="create"` it has the indexes that the DDL lacks.
    `objects` are the functions and triggers of the DDL that it has.
    """
    searches = search_indexes(application, chosen)
    suggested = application.derived(suggested_indexes) if indexes == "create" else {}
    schema, home = application.schema, application.names.common.home
    named = [table.name for table in schema.tables] + [enum.name for enum in schema.enums if enum.name]
    named += [domain.name for domain in schema.domains]
    named += [part.name for part in schema.composites]
    is_postgresql = dialect_named(schema.dialect).postgresql_compatible
    carried = carried_functions(schema, objects) if is_postgresql else ()
    named += [function.name for function in carried]
    types, functions = type_snapshots(schema, carried, home)
    tables = [resource for resource in resources(application) if not resource.table.is_view]
    return Snapshot(
        extensions=tuple(name for name in schema.extensions if name != "plpgsql"),
        extension_schemas=schema.extension_schemas,
        schemas=tuple(
            sorted({*(name.schema for name in named if name.schema), *dict(schema.extension_schemas).values()} - {home})
        ),
        collations=schema.collations,
        types=types,
        functions=functions,
        sequences=tuple(_sequences(tables)),
        tables=tuple(_table(application, resource, searches, suggested) for resource in _in_order(tables)),
        views=tuple(view_snapshots(application)),
        triggers=tuple(
            TriggerSnapshot(name=one.name, table=type_name(one.table, home), create=one.text)
            for one in (carried_triggers(schema, objects) if is_postgresql else ())
        ),
        objects=tuple(stored_objects(schema, objects)),
    )


def _in_order(tables: Iterable[Resource]) -> Iterator[Resource]:
    """Yield the tables in the order of the DDL, each after those whose sequences its columns use."""
    found = list(tables)
    makers = {
        _sequence_of(resource, column): resource
        for resource in found
        for column in resource.table.ddl.columns
        if _makes_sequence(resource, column)
    }
    yielded: set[QName] = set()

    def place(resource: Resource) -> Iterator[Resource]:
        name = resource.table.ddl.name
        if name in yielded:
            return
        yielded.add(name)
        for column in resource.table.ddl.columns:
            maker = makers.get(_sequence_of(resource, column)) if column.default else None
            if maker is not None:
                yield from place(maker)
        yield resource

    for resource in found:
        yield from place(resource)


def _sequences(tables: Iterable[Resource]) -> Iterator[str]:
    """Yield the sequences that defaults use and no serial column creates, each once."""
    columns = [(resource, column) for resource in tables for column in resource.table.ddl.columns if column.default]
    made = {_sequence_of(resource, column) for resource, column in columns if _makes_sequence(resource, column)}
    named = dict.fromkeys(_sequence_of(resource, column) for resource, column in columns)
    yield from (name for name in named if name and name not in made)


def _sequence_of(resource: Resource, column: Column) -> str:
    """Return the sequence that numbers a column, as SQL; empty for other columns."""
    if _makes_sequence(resource, column):
        return qualified(resource.database_schema, sequence_name(resource.table.ddl.name.name, column.name))
    schema, name = _named_sequence(column)
    return qualified(schema if schema != resource.home else None, name) if name else ""


def _named_sequence(column: Column) -> tuple[str | None, str]:
    """Return schema and name of the sequence in a column's default; an empty name where it names none."""
    found = _SEQUENCE.search(column.default.text) if column.default else None
    parts = _IDENTIFIER.findall(found[1].replace("''", "'")) if found else []
    names = [quoted.replace('""', '"') if quoted else plain.lower() for quoted, plain in parts]
    return (names[-2] if len(names) > 1 else None, names[-1]) if names else (None, "")


def _makes_sequence(resource: Resource, column: Column) -> bool:
    """Whether a serial column creates the sequence that its default uses."""
    table = resource.table.ddl.name
    schema, name = _named_sequence(column)
    own = (sequence_name(table.name, column.name), f"{table.name}_{column.name}_seq")  # shortened to 63 bytes, or not
    return column.serial and name in own and schema in (None, table.schema)


def _table(
    application: Application,
    resource: Resource,
    searches: Mapping[QName, IndexSnapshot],
    suggested: Mapping[QName, tuple[SuggestedIndex, ...]],
) -> TableSnapshot:
    search = searches.get(resource.table.ddl.name)
    added = suggested.get(resource.table.ddl.name, ())
    return TableSnapshot(
        schema=resource.database_schema,
        name=resource.table.ddl.name.name,
        columns=tuple(_column(resource, column) for column in resource.columns.values()),
        constraints=(
            *_keys(resource.table.constraints),
            *_checks(resource),
            *_exclusions(resource),
            *_references(resource),
        ),
        indexes=(*_indexes(resource), *map(_suggested, added), *([search] if search else ())),
        comment=resource.table.ddl.comment or None,
        sqlite=_sqlite(application, resource, added),
        mysql=mysql_snapshot(resource, added),
    )


# ---------------------------------------------------------------------------------------------------------- PostgreSQL


def _column(resource: Resource, column: ModelColumn) -> ColumnSnapshot:
    own = column.field.column
    from_postgres = resource.sql.source.postgresql_compatible
    plain = from_postgres and own.type.enum is None and own.type.domain is None
    serial = _makes_sequence(resource, own)
    identity: Literal["always", "by default"] | None = own.identity or ("by default" if own.auto_increment else None)
    generated = None
    computed = resource.sql.generated(own, Database.POSTGRESQL)
    if own.generated and computed is not None and not identity:
        kind = own.generated.kind if from_postgres else "stored"  # PostgreSQL has virtual ones only since version 18
        generated = f"{kind.upper()} ({computed})"
    default = None
    if own.default and not (identity or own.generated or serial):
        domain_sequence = own.serial and column.default is None
        default = own.default.text if domain_sequence else column.default.postgresql if column.default else None
    return ColumnSnapshot(
        name=column.name,
        type=own.type.text if plain else column.type.postgresql,
        default=default,
        not_null=not own.nullable or column.field.is_key,
        rejects_null=domain_rejects_null(own),
        fill=_fill(own),
        identity=identity,
        generated=generated,
        collation=own.collation if from_postgres else None,
        sequence=_sequence_of(resource, own) if serial else None,
        comment=own.comment or None,
        sqlite_type=column.type.sqlite,
        sqlite_default=column.default.sqlite if column.default else None,
    )


def _fill(column: Column) -> str | None:
    """Return the constant that a column was filled with when it was added, as SQL of both databases."""
    constant = column.filled_with.expression if column.filled_with and not column.default else None
    if not isinstance(constant, Const) or constant.value is None or isinstance(constant.value, bool):
        return None
    return constant.value if constant.is_number else text_sql(constant.value)


def _keys(named: NamedConstraints) -> Iterator[ConstraintSnapshot]:
    if named.primary_key:
        name, key = named.primary_key
        yield _key(name, "PRIMARY KEY", key)
    for name, key in named.unique.items():
        yield _key(name, "UNIQUE" if key.nulls_distinct else "UNIQUE NULLS NOT DISTINCT", key)


def _key(name: str, kind: ConstraintKind, key: Key) -> ConstraintSnapshot:
    return ConstraintSnapshot(
        name=name,
        kind=kind,
        columns=key.columns,
        rest=_deferred(key),
        period=key.without_overlaps,
        comment=key.comment,
    )


def _checks(resource: Resource) -> Iterator[ConstraintSnapshot]:
    for name, check in resource.table.constraints.checks.items():
        text = resource.sql.check(check, Database.POSTGRESQL)
        inherit = " NO INHERIT" if check.no_inherit else ""
        if text is not None:
            yield ConstraintSnapshot(
                name=name, kind="CHECK", columns=check.columns, rest=f"({text}){inherit}", comment=check.comment
            )


def _exclusions(resource: Resource) -> Iterator[ConstraintSnapshot]:
    for name, exclusion in resource.table.constraints.exclusions.items():
        index = exclusion.index
        parts = zip(index.parts, exclusion.operators, strict=True)
        items = ", ".join(f"{_index_part(resource.sql, part)} WITH {operator}" for part, operator in parts)
        include = f" INCLUDE ({columns_sql(index.include)})" if index.include else ""
        where = f" WHERE ({index.where})" if index.where else ""
        yield ConstraintSnapshot(
            name=name,
            kind="EXCLUDE",
            columns=(*(column for column in index.columns if column), *index.include),
            rest=f"USING {index.method} ({items}){include}{where}{_deferred(exclusion)}",
        )


def _references(resource: Resource) -> Iterator[ConstraintSnapshot]:
    for name, key in resource.table.foreign_keys.items():
        yield _reference(name, key, type_name(key.references, resource.home))


def _reference(name: str, key: ForeignKey, target: str, *, plain: bool = False) -> ConstraintSnapshot:
    rest = " MATCH FULL" if key.match == "FULL" else ""
    rest += f" ON DELETE {key.on_delete}" if key.on_delete != "NO ACTION" else ""
    rest += f" ({columns_sql(key.set_columns)})" if key.set_columns and not plain else ""
    rest += f" ON UPDATE {key.on_update}" if key.on_update != "NO ACTION" else ""
    return ConstraintSnapshot(
        name=name,
        kind="FOREIGN KEY",
        columns=key.columns,
        target=target,
        target_columns=key.target_columns,
        rest=rest + _deferred(key),
        period=key.period,
        comment=key.comment,
    )


def _deferred(constraint: Key | ForeignKey | Exclusion) -> str:
    if not constraint.deferrable:
        return ""
    return " DEFERRABLE INITIALLY DEFERRED" if constraint.initially_deferred else " DEFERRABLE"


def _indexes(resource: Resource) -> Iterator[IndexSnapshot]:
    for name, index in resource.table.constraints.indexes.items():
        if index.method in MYSQL_METHODS or not in_postgresql(index, resource.sql):
            continue
        method = f" USING {index.method}" if index.method not in (None, "btree") else ""
        parts = ", ".join(_index_part(resource.sql, part) for part in index.parts)
        include = f" INCLUDE ({columns_sql(index.include)})" if index.include else ""
        nulls = "" if index.nulls_distinct else " NULLS NOT DISTINCT"
        where = f" WHERE {resource.sql.where(index, Database.POSTGRESQL)}" if index.where else ""
        yield IndexSnapshot(
            name=name,
            columns=(*(column for column in index.columns if column), *index.include),
            sql=f"{method} ({parts}){include}{nulls}{where}",
            unique=index.unique,
            comment=index.comment or None,
        )


def _suggested(index: SuggestedIndex) -> IndexSnapshot:
    return IndexSnapshot(name=index.name, columns=index.columns, sql=f" ({columns_sql(index.columns)})")


def _index_part(sql: TableSql, part: IndexPart) -> str:
    text = quote(part.column) if part.column else f"({sql.part(part, Database.POSTGRESQL)})"
    if is_without_case(part):
        text = f"lower({text})"
    elif part.collation and sql.source.postgresql_compatible:
        text += f" COLLATE {quote(part.collation)}"
    text += f" {part.operator_class}" if part.operator_class else ""
    text += " DESC" if part.descending else ""
    return text + (f" NULLS {part.nulls.upper()}" if part.nulls else "")


# -------------------------------------------------------------------------------------------------------------- SQLite


def _sqlite(application: Application, resource: Resource, suggested: Iterable[SuggestedIndex]) -> SqliteSnapshot:
    name, constraints = resource.table.names.flat, resource.table.constraints
    indexes = {
        constraints.flat[own]: index for own, index in constraints.indexes.items() if in_sqlite(index, resource.sql)
    }
    return SqliteSnapshot(
        name=name,
        lines=tuple(_sqlite_lines(application, resource)),
        stored=tuple(name for name, column in resource.columns.items() if not _is_computed(resource, column)),
        renamed=tuple(resource.sql.sqlite_names.items()),
        numbered=_numbered(resource) is not None,
        indexes=(
            *((own, _sqlite_index(resource.sql, own, quote(name), index)) for own, index in indexes.items()),
            *(_sqlite_suggested(application, resource, index) for index in suggested),
        ),
    )


def _sqlite_suggested(application: Application, resource: Resource, index: SuggestedIndex) -> tuple[str, str]:
    name = application.derived(suggested_names)[resource.table.ddl.name, index.name]
    table = quote(resource.table.names.flat)
    columns = columns_sql(tuple(map(resource.sql.sqlite_name, index.columns)))
    return name, f"CREATE INDEX {quote(name)} ON {table} ({columns})"


def _is_computed(resource: Resource, column: ModelColumn) -> bool:
    return resource.sql.generated(column.field.column, Database.SQLITE) is not None


def _sqlite_lines(application: Application, resource: Resource) -> Iterator[str]:
    numbered = _numbered(resource)
    for column in resource.columns.values():
        yield _sqlite_column(resource.sql, column, numbered=column is numbered)
    for key in _keys(resource.table.constraints):
        if key.kind == "PRIMARY KEY" and numbered is not None and len(key.columns) == 1:
            continue  # in the line of its column
        kind = "PRIMARY KEY" if key.kind == "PRIMARY KEY" and numbered is None else "UNIQUE"
        yield f"CONSTRAINT {quote(key.name)} {kind} ({columns_sql(tuple(map(resource.sql.sqlite_name, key.columns)))})"
    yield from _sqlite_checks(resource)
    for name, foreign in resource.table.foreign_keys.items():
        if foreign.period:
            continue
        target = resource_of(application, foreign.references)
        key = _reference(name, foreign, quote(target.table.names.flat), plain=True)
        own, targets = resource.sql, target.sql
        key = replace(
            key,
            columns=tuple(map(own.sqlite_name, key.columns)),
            target_columns=tuple(map(targets.sqlite_name, key.target_columns)),
        )
        yield f"CONSTRAINT {quote(name)} {key.sql}"


def _numbered(resource: Resource) -> ModelColumn | None:
    """Return the key column that SQLite numbers itself."""
    numbered = (field for field in resource.table.key if field.is_numbered and field.type.kind == "integer")
    return next(iter(resource.columns_of(numbered)), None)


def _sqlite_column(sql: TableSql, column: ModelColumn, *, numbered: bool) -> str:
    name = quote(sql.sqlite_name(column.name))
    parts = [name, column.type.sqlite]
    if numbered:
        return f"{name} INTEGER PRIMARY KEY AUTOINCREMENT"
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


def _sqlite_checks(resource: Resource) -> Iterator[str]:
    for name, check in resource.table.constraints.checks.items():
        text = resource.sql.check(check, Database.SQLITE)
        if text is not None:
            yield f"CONSTRAINT {quote(name)} CHECK ({text})"
    for column in resource.columns.values():
        if column.field.type.kind == "enum":
            values = ", ".join(text_sql(value) for value in column.field.type.values)
            yield f"CHECK ({quote(resource.sql.sqlite_name(column.name))} IN ({values}))"


def _sqlite_index(sql: TableSql, name: str, table: str, index: Index) -> str:
    parts = ", ".join(_sqlite_part(sql, part) for part in index.parts)
    where = f" WHERE {sql.where(index, Database.SQLITE)}" if index.where else ""
    return f"CREATE {'UNIQUE ' if index.unique else ''}INDEX {quote(name)} ON {table} ({parts}){where}"


def _sqlite_part(sql: TableSql, part: IndexPart) -> str:
    text = quote(sql.sqlite_name(part.column)) if part.column else f"({sql.part(part, Database.SQLITE)})"
    text += " COLLATE NOCASE" if is_without_case(part) else ""
    return text + (" DESC" if part.descending else "")
