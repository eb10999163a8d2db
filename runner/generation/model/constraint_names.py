"""Names of constraints that the DDL leaves unnamed: the ones that PostgreSQL itself would choose.

PostgreSQL's ChooseConstraintName: `object_name`, with a number after it where that is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.ddl.catalog.default_names import index_columns, object_name
from runner.ddl.model import Check, Exclusion, ForeignKey, Index, Key, Schema, Table
from runner.generation.model.naming import unused_name
from runner.generation.model.schema_names import SchemaNames, flat_name, outside

if TYPE_CHECKING:
    from runner.ddl.qualified_name import QName


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedConstraints:
    """The constraints and indexes of a table by name. `flat` has the names of the indexes in SQLite.

    There tables and indexes share one namespace, without schemas and without regard to case.
    """

    primary_key: tuple[str, Key] | None
    unique: Mapping[str, Key]
    foreign_keys: Mapping[str, ForeignKey]
    checks: Mapping[str, Check]
    exclusions: Mapping[str, Exclusion]
    indexes: Mapping[str, Index]
    flat: Mapping[str, str]


def name_constraints(schema: Schema, names: SchemaNames) -> Mapping[QName, NamedConstraints]:
    """Return the constraints of every table with the names that they have, or would get, in PostgreSQL.

    There tables, indexes, primary keys and unique constraints share one namespace in a schema, where MySQL has one for
    each table: the first in the DDL keeps such a name, a later one is prefixed with its table's.
    """
    relations: dict[str | None, set[str]] = {}
    for table in schema.tables:
        relations.setdefault(table.name.schema, set()).add(table.name.name)
    flat = {own.flat.lower() for own in names.tables.values()}
    return {
        table.name: _name_table(table, relations[table.name.schema], outside(table.name, names.common.home), flat)
        for table in schema.tables
    }


def _name_table(table: Table, relations: set[str], schema: str | None, flat: set[str]) -> NamedConstraints:
    """Name the constraints of one table; its keys and indexes are added to `relations`, its indexes to `flat`."""
    own = {key.name for key in table.foreign_keys if key.name} | {check.name for check in table.checks if check.name}
    primary = table.primary_key
    named = [primary.name if primary else None, *(key.name for key in table.unique)]
    named += [index.name for index in (*table.indexes, *(exclusion.index for exclusion in table.exclusions))]
    given = {name for name in named if name}
    kept = given - relations
    relations |= kept

    def relation(name: str | None, columns: str, label: str) -> str:
        if name and name in kept:
            return name
        wanted = (name, "") if name else (columns, label)
        chosen = _choose(table.name.name, *wanted, own, relations)
        relations.add(chosen)
        return chosen

    def constraint(name: str | None, columns: Sequence[str], label: str) -> str:
        chosen = name or _choose(table.name.name, "_".join(columns), label, own, relations)
        own.add(chosen)
        return chosen

    checks = {}
    for check in table.checks:
        columns = check.columns if len(check.columns) == 1 else ()
        checks[constraint(check.name, columns, "check")] = check
    primary_key = (relation(primary.name, "", "pkey"), primary) if primary else None
    unique = {relation(key.name, "_".join(key.columns), "key"): key for key in table.unique}
    foreign_keys = {constraint(key.name, key.columns, "fkey"): key for key in table.foreign_keys}
    exclusions = {relation(one.name, index_columns(one.index.parts), "excl"): one for one in table.exclusions}
    indexes = {relation(index.name, index_columns(index.parts), "idx"): index for index in table.indexes}
    flat_indexes = {}
    for name in indexes:
        flat_indexes[name] = unused_name(flat_name(schema, name), flat)
        flat.add(flat_indexes[name].lower())
    return NamedConstraints(
        primary_key=primary_key,
        unique=unique,
        foreign_keys=foreign_keys,
        checks=checks,
        exclusions=exclusions,
        indexes=indexes,
        flat=flat_indexes,
    )


def sequence_name(table: str, column: str) -> str:
    """Return the name of the sequence that PostgreSQL creates for a serial column."""
    return object_name(table, column, "seq")


def _choose(table: str, columns: str, label: str, *taken: set[str]) -> str:
    number = 0
    while True:
        name = object_name(table, columns, f"{label}{number or ''}")
        if not any(name in names for names in taken):
            return name
        number += 1
