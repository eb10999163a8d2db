"""Draws the picture of both databases from a schema.

PostgreSQL gets every type, constraint and index as the DDL has it; SQLite gets the same tables with what it can hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from runner.ddl.dialects import dialect_named
from runner.generation.fastapi.left_out import MYSQL_METHODS
from runner.generation.fastapi.migration.picture import (
    ColumnPart,
    ConstraintKind,
    ConstraintPart,
    IndexPart,
    Picture,
    SqlitePart,
    TablePart,
    TypePart,
    columns_sql,
    text_sql,
)
from runner.generation.fastapi.model_source import is_portable
from runner.generation.fastapi.python_types import PythonType, flat_name, outside, quote, type_name
from runner.generation.fastapi.sqlite_sql import plain_sql, sqlite_sql
from runner.generation.fastapi.table_view import TableView, is_sound, view_table
from runner.generation.model.constraint_names import NamedConstraints, sequence_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from runner.ddl.model import Check, Column, Domain, ForeignKey, Index, Key
    from runner.ddl.model import IndexPart as Part
    from runner.generation.fastapi.model_columns import ColumnView
    from runner.generation.model.application import Application

_SEQUENCE = re.compile(r"nextval\('((?:[^']|'')+)'")


def draw(application: Application) -> Picture:
    """Return the picture of the databases of an application."""
    schema, home = application.schema, application.names.home
    views = tuple(view_table(application, table) for table in schema.tables)
    enums = [enum for enum in schema.enums if enum.name]
    named = [view.table.name for view in views] + [enum.name for enum in enums if enum.name]
    return Picture(
        extensions=tuple(name for name in schema.extensions if name != "plpgsql"),
        schemas=tuple(sorted({name.schema for name in named if name.schema} - {home})),
        types=(
            *(
                TypePart(schema=outside(enum.name, home), name=enum.name.name, values=enum.values, comment=enum.comment)
                for enum in enums
                if enum.name
            ),
            *(_domain(domain, home) for domain in schema.domains),
        ),
        sequences=tuple(_sequences(views)),
        tables=tuple(_table(view) for view in views),
    )


def _domain(domain: Domain, home: str | None) -> TypePart:
    parts = [domain.type.text]
    parts += [f"DEFAULT {domain.default.text}"] if domain.default else []
    parts += [] if domain.nullable else ["NOT NULL"]
    for check in domain.checks:
        constraint = f"CONSTRAINT {quote(check.name)} " if check.name else ""
        parts.append(f"{constraint}CHECK ({check.text})")
    return TypePart(
        schema=outside(domain.name, home), name=domain.name.name, definition=" ".join(parts), comment=domain.comment
    )


def _sequences(views: Iterable[TableView]) -> Iterator[str]:
    """Give the sequences that defaults name and no serial column makes, each once."""
    columns = [(view, column) for view in views for column in view.table.columns if column.default]
    made = {_sequence_of(view, column) for view, column in columns if _makes_sequence(view, column)}
    named = dict.fromkeys(_sequence_of(view, column) for view, column in columns)
    yield from (name for name in named if name and name not in made)


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


def _table(view: TableView) -> TablePart:
    return TablePart(
        schema=view.database_schema,
        name=view.table.name.name,
        columns=tuple(_column(view, column) for column in view.columns.values()),
        constraints=(*_keys(view.constraints), *_checks(view), *_references(view)),
        indexes=tuple(_indexes(view)),
        comment=view.table.comment or None,
        sqlite=_sqlite(view),
    )


# ---------------------------------------------------------------------------------------------------------- PostgreSQL


def _column(view: TableView, column: ColumnView) -> ColumnPart:
    own = column.column
    from_postgres = dialect_named(view.schema.dialect).postgresql_compatible
    plain = from_postgres and own.type.enum is None and own.type.domain is None
    serial = _makes_sequence(view, own)
    identity: Literal["always", "by default"] | None = own.identity or ("by default" if own.auto_increment else None)
    generated = None
    if own.generated and not identity:
        kind = own.generated.kind if from_postgres else "stored"  # virtual ones are new there
        generated = f"{kind.upper()} ({own.generated.text})"
    default = None
    if own.default and not (identity or generated or serial):
        default = column.default.postgresql if column.default else own.default.text
    return ColumnPart(
        name=column.name,
        type=own.type.text if plain else column.type.postgresql,
        default=default,
        not_null=not own.nullable or column.is_key,
        identity=identity,
        generated=generated,
        collation=own.collation if from_postgres else None,
        sequence=_sequence_of(view, own) if serial else None,
        comment=own.comment or None,
        sqlite_type=column.type.sqlite,
        sqlite_default=column.default.sqlite if column.default else None,
    )


def _keys(named: NamedConstraints) -> Iterator[ConstraintPart]:
    if named.primary_key:
        name, key = named.primary_key
        yield ConstraintPart(name=name, kind="PRIMARY KEY", columns=key.columns, rest=_deferred(key))
    for name, key in named.unique.items():
        kind: ConstraintKind = "UNIQUE" if key.nulls_distinct else "UNIQUE NULLS NOT DISTINCT"
        yield ConstraintPart(name=name, kind=kind, columns=key.columns, rest=_deferred(key))


def _checks(view: TableView) -> Iterator[ConstraintPart]:
    for name, check in view.constraints.checks.items():
        inherit = " NO INHERIT" if check.no_inherit else ""
        yield ConstraintPart(name=name, kind="CHECK", columns=check.columns, rest=f"({check.text}){inherit}")


def _references(view: TableView) -> Iterator[ConstraintPart]:
    for name, key in view.constraints.foreign_keys.items():
        if is_sound(view.schema, key):
            yield _reference(name, key, type_name(key.references, view.home))


def _reference(name: str, key: ForeignKey, target: str, *, plain: bool = False) -> ConstraintPart:
    rest = " MATCH FULL" if key.match == "FULL" else ""
    rest += f" ON DELETE {key.on_delete}" if key.on_delete != "NO ACTION" else ""
    rest += f" ({columns_sql(key.set_columns)})" if key.set_columns and not plain else ""
    rest += f" ON UPDATE {key.on_update}" if key.on_update != "NO ACTION" else ""
    return ConstraintPart(
        name=name,
        kind="FOREIGN KEY",
        columns=key.columns,
        target=target,
        target_columns=key.target_columns,
        rest=rest + _deferred(key),
    )


def _deferred(constraint: Key | ForeignKey) -> str:
    if not constraint.deferrable:
        return ""
    return " DEFERRABLE INITIALLY DEFERRED" if constraint.initially_deferred else " DEFERRABLE"


def _indexes(view: TableView) -> Iterator[IndexPart]:
    for name, index in view.constraints.indexes.items():
        if index.method in MYSQL_METHODS:
            continue
        method = f" USING {index.method}" if index.method not in (None, "btree") else ""
        parts = ", ".join(_index_part(part) for part in index.parts)
        include = f" INCLUDE ({columns_sql(index.include)})" if index.include else ""
        nulls = "" if index.nulls_distinct else " NULLS NOT DISTINCT"
        where = f" WHERE {index.where}" if index.where else ""
        yield IndexPart(
            name=name,
            columns=(*(column for column in index.columns if column), *index.include),
            sql=f"{method} ({parts}){include}{nulls}{where}",
            unique=index.unique,
            comment=index.comment or None,
        )


def _index_part(part: Part, *, plain: bool = False) -> str:
    expression = plain_sql(part.expression or "") if plain else part.expression
    text = quote(part.column) if part.column else f"({expression})"
    if part.collation and not plain:
        text += f" COLLATE {quote(part.collation)}"
    if part.operator_class and not plain:
        text += f" {part.operator_class}"
    text += " DESC" if part.descending else ""
    return text + (f" NULLS {part.nulls.upper()}" if part.nulls and not plain else "")


# -------------------------------------------------------------------------------------------------------------- SQLite


def _sqlite(view: TableView) -> SqlitePart:
    name = flat_name(view.database_schema, view.table.name.name)
    indexes = {
        flat_name(view.database_schema, own): index
        for own, index in view.constraints.indexes.items()
        if is_portable(index)
    }
    return SqlitePart(
        name=name,
        lines=tuple(_sqlite_lines(view)),
        stored=tuple(column.name for column in view.columns.values() if not _is_computed(column)),
        numbered=_numbered(view) is not None,
        indexes=tuple((own, _sqlite_index(own, quote(name), index)) for own, index in indexes.items()),
    )


def _is_computed(column: ColumnView) -> bool:
    generated = column.column.generated
    return generated is not None and plain_sql(generated.text) is not None


def _sqlite_lines(view: TableView) -> Iterator[str]:
    numbered = _numbered(view)
    for column in view.columns.values():
        yield _sqlite_column(column, numbered=column is numbered)
    for key in _keys(view.constraints):
        if key.kind == "PRIMARY KEY" and numbered is not None and len(key.columns) == 1:
            continue  # its column's own line says so
        kind = "PRIMARY KEY" if key.kind == "PRIMARY KEY" and numbered is None else "UNIQUE"
        yield f"CONSTRAINT {quote(key.name)} {kind} ({columns_sql(key.columns)})"
    yield from _sqlite_checks(view)
    for name, foreign in view.constraints.foreign_keys.items():
        if is_sound(view.schema, foreign):
            target = quote(flat_name(outside(foreign.references, view.home), foreign.references.name))
            yield f"CONSTRAINT {quote(name)} {_reference(name, foreign, target, plain=True).sql}"


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
            values = ", ".join(text_sql(value) for value in column.type.values)
            yield f"CHECK ({quote(column.name)} IN ({values}))"


def sqlite_check(check: Check, types: Mapping[str, PythonType]) -> str | None:
    """Return a check as SQLite can hold it, or None."""
    return None if check.expression is None else sqlite_sql(check.expression, types)


def _sqlite_index(name: str, table: str, index: Index) -> str:
    parts = ", ".join(_index_part(part, plain=True) for part in index.parts)
    where = f" WHERE {plain_sql(index.where)}" if index.where else ""
    return f"CREATE {'UNIQUE ' if index.unique else ''}INDEX {quote(name)} ON {table} ({parts}){where}"
