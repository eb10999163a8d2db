"""Takes the snapshot of the databases from an application's schema.

PostgreSQL gets every type, constraint and index as in the DDL; SQLite gets the same tables with what it supports. The
tables of a schema of MySQL are in MySQL as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.ddl.dialects import dialect_named
from runner.generation.fastapi.migration import postgresql_snapshot
from runner.generation.fastapi.migration.column_sequences import in_order, separate_sequences
from runner.generation.fastapi.migration.mysql_snapshot import mysql_snapshot
from runner.generation.fastapi.migration.search_index import search_indexes
from runner.generation.fastapi.migration.snapshot import Snapshot, TableSnapshot, TriggerSnapshot
from runner.generation.fastapi.migration.sqlite_snapshot import sqlite_snapshot
from runner.generation.fastapi.migration.stored_objects import stored_objects
from runner.generation.fastapi.migration.type_snapshots import type_snapshots
from runner.generation.fastapi.migration.view_snapshots import view_snapshots
from runner.generation.fastapi.resources import resources
from runner.generation.fastapi.sql_names import type_name
from runner.generation.model.object_options import carried_functions, carried_triggers
from runner.generation.model.suggested_indexes import suggested_indexes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.model import Function, Schema
    from runner.ddl.qualified_name import QName
    from runner.generation.fastapi.migration.snapshot import IndexSnapshot
    from runner.generation.fastapi.resources import Resource
    from runner.generation.model.application import Application
    from runner.generation.model.chosen_columns import ChosenColumns
    from runner.generation.model.object_options import ObjectOption
    from runner.generation.model.suggested_indexes import IndexOption, SuggestedIndex


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
    is_postgresql = dialect_named(schema.dialect).postgresql_compatible
    carried = carried_functions(schema, objects) if is_postgresql else ()
    triggers = carried_triggers(schema, objects) if is_postgresql else ()
    types, functions = type_snapshots(schema, carried, home)
    tables = [resource for resource in resources(application) if not resource.table.is_view]
    return Snapshot(
        extensions=tuple(name for name in schema.extensions if name != "plpgsql"),
        extension_schemas=schema.extension_schemas,
        schemas=tuple(sorted(_schemas(schema, carried) - {home})),
        collations=schema.collations,
        types=types,
        functions=functions,
        sequences=tuple(separate_sequences(tables)),
        tables=tuple(_table(application, resource, searches, suggested) for resource in in_order(tables)),
        views=tuple(view_snapshots(application)),
        triggers=tuple(
            TriggerSnapshot(name=one.name, table=type_name(one.table, home), create=one.text) for one in triggers
        ),
        objects=tuple(stored_objects(schema, objects)),
    )


def _schemas(schema: Schema, functions: tuple[Function, ...]) -> set[str]:
    """Return the schemas that something of the DDL is in."""
    named = [table.name for table in schema.tables] + [enum.name for enum in schema.enums if enum.name]
    named += [domain.name for domain in schema.domains] + [part.name for part in schema.composites]
    named += [function.name for function in functions]
    return {name.schema for name in named if name.schema} | {*dict(schema.extension_schemas).values()}


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
        columns=tuple(postgresql_snapshot.columns(resource)),
        constraints=tuple(postgresql_snapshot.constraints(resource)),
        indexes=(*postgresql_snapshot.indexes(resource, added), *([search] if search else ())),
        comment=resource.table.ddl.comment or None,
        sqlite=sqlite_snapshot(application, resource, added),
        mysql=mysql_snapshot(resource, added),
    )
