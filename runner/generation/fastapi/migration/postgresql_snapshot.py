"""Takes the parts of a table's snapshot that describe it in PostgreSQL: its columns, constraints and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from runner.ddl.expression_tree import Const
from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.fastapi.index_sql import is_btree, is_supported, is_without_case, part_options
from runner.generation.fastapi.migration.column_sequences import makes_sequence, sequence_of
from runner.generation.fastapi.migration.snapshot import ColumnSnapshot, ConstraintSnapshot, IndexSnapshot
from runner.generation.fastapi.sql_names import columns_sql, type_name
from runner.generation.fastapi.translation import Database, TableSql
from runner.generation.model.fields import domain_rejects_null

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.ddl.model import Column, Exclusion, ForeignKey, Index, IndexPart, Key
    from runner.generation.fastapi.migration.snapshot import ConstraintKind
    from runner.generation.fastapi.model_columns import ModelColumn
    from runner.generation.fastapi.resources import Resource
    from runner.generation.model.suggested_indexes import SuggestedIndex


# ------------------------------------------------------------------------------------------------------------- columns


def columns(resource: Resource) -> Iterator[ColumnSnapshot]:
    """Yield the columns of a table, with their types and defaults in SQLite."""
    for column in resource.columns.values():
        yield _column(resource, column)


def _column(resource: Resource, column: ModelColumn) -> ColumnSnapshot:
    own = column.field.column
    from_postgres = resource.sql.source.postgresql_compatible
    plain = from_postgres and own.type.enum is None and own.type.domain is None
    serial = makes_sequence(resource, own)
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
        sequence=sequence_of(resource, own) if serial else None,
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


# --------------------------------------------------------------------------------------------------------- constraints


def constraints(resource: Resource) -> Iterator[ConstraintSnapshot]:
    """Yield the constraints of a table, those that others need first."""
    named = resource.table.constraints
    if named.primary_key:
        name, key = named.primary_key
        yield _key(name, "PRIMARY KEY", key)
    for name, key in named.unique.items():
        yield _key(name, "UNIQUE" if key.nulls_distinct else "UNIQUE NULLS NOT DISTINCT", key)
    yield from _checks(resource)
    yield from _exclusions(resource)
    for name, reference in resource.table.foreign_keys.items():
        yield _reference(name, reference, type_name(reference.references, resource.home))


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
        items = ", ".join(f"{_part(resource.sql, part)} WITH {operator}" for part, operator in parts)
        where = f" WHERE ({index.where})" if index.where else ""
        yield ConstraintSnapshot(
            name=name,
            kind="EXCLUDE",
            columns=_columns(index),
            rest=f"USING {index.method} ({items}){_include(index)}{where}{_deferred(exclusion)}",
        )


def _reference(name: str, key: ForeignKey, target: str) -> ConstraintSnapshot:
    return ConstraintSnapshot(
        name=name,
        kind="FOREIGN KEY",
        columns=key.columns,
        target=target,
        target_columns=key.target_columns,
        rest=reference_options(key, columns_sql(key.set_columns)),
        period=key.period,
        comment=key.comment,
    )


def reference_options(key: ForeignKey, set_columns: str = "") -> str:
    """Return what follows the columns that a foreign key refers to; `set_columns` are those that ON DELETE sets."""
    text = " MATCH FULL" if key.match == "FULL" else ""
    text += f" ON DELETE {key.on_delete}" if key.on_delete != "NO ACTION" else ""
    text += f" ({set_columns})" if set_columns else ""
    text += f" ON UPDATE {key.on_update}" if key.on_update != "NO ACTION" else ""
    return text + _deferred(key)


def _deferred(constraint: Key | ForeignKey | Exclusion) -> str:
    if not constraint.deferrable:
        return ""
    return " DEFERRABLE INITIALLY DEFERRED" if constraint.initially_deferred else " DEFERRABLE"


# ------------------------------------------------------------------------------------------------------------- indexes


def indexes(resource: Resource, suggested: Iterable[SuggestedIndex]) -> Iterator[IndexSnapshot]:
    """Yield the indexes of a table that PostgreSQL has, and those that the DDL lacks."""
    for name, index in resource.table.constraints.indexes.items():
        if is_supported(index, resource.sql, Database.POSTGRESQL):
            parts = [_part(resource.sql, part) for part in index.parts]
            yield index_snapshot(name, index, parts, resource.sql.where(index, Database.POSTGRESQL))
    for added in suggested:
        yield IndexSnapshot(name=added.name, columns=added.columns, sql=f" ({columns_sql(added.columns)})")


def index_snapshot(name: str, index: Index, parts: Iterable[str], where: str | None) -> IndexSnapshot:
    """Return an index of a table or a materialized view, with the SQL of its parts and of its condition."""
    method = "" if is_btree(index) else f" USING {index.method}"
    nulls = "" if index.nulls_distinct else " NULLS NOT DISTINCT"
    condition = f" WHERE {where}" if where else ""
    return IndexSnapshot(
        name=name,
        columns=_columns(index),
        sql=f"{method} ({', '.join(parts)}){_include(index)}{nulls}{condition}",
        unique=index.unique,
        comment=index.comment or None,
    )


def _columns(index: Index) -> tuple[str, ...]:
    return (*(column for column in index.columns if column), *index.include)


def _include(index: Index) -> str:
    return f" INCLUDE ({columns_sql(index.include)})" if index.include else ""


def _part(sql: TableSql, part: IndexPart) -> str:
    text = quote(part.column) if part.column else f"({sql.part(part, Database.POSTGRESQL)})"
    if is_without_case(part, sql.source):
        text = f"lower({text})"
    elif part.collation and sql.source.postgresql_compatible:
        text += f" COLLATE {quote(part.collation)}"
    return text + part_options(part)
