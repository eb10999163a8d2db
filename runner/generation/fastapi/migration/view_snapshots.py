"""Takes the snapshots of views.

The database that the DDL is written for gets a view as it is written, the other one from its parsed form. Where that
has no equivalent, a view with the same columns and no rows takes its place, so that its list is empty there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders.sql_text import quote
from runner.generation.fastapi.index_sql import part_options
from runner.generation.fastapi.migration.mysql_snapshot import table_sql
from runner.generation.fastapi.migration.postgresql_snapshot import index_snapshot
from runner.generation.fastapi.migration.snapshot import ViewSnapshot
from runner.generation.fastapi.query_writer import is_as_written, written_query
from runner.generation.fastapi.resources import resource
from runner.generation.fastapi.sql_names import type_name
from runner.generation.fastapi.translation import Database
from runner.generation.model.schema_names import outside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.ddl.model import IndexPart
    from runner.ddl.views import View
    from runner.generation.fastapi.resources import Resource
    from runner.generation.model.application import Application


def view_snapshots(application: Application) -> Iterator[ViewSnapshot]:
    """Yield the views of an application, each after those that it reads."""
    home = application.names.common.home
    for table in application.tables:
        view = table.ddl.view
        if view is None:
            continue
        found = resource(application, table.ddl.name)
        yield ViewSnapshot(
            schema=outside(table.ddl.name, home),
            name=table.ddl.name.name,
            flat=table.names.flat,
            create=_create(application, found, view, Database.POSTGRESQL),
            sqlite=_create(application, found, view, Database.SQLITE),
            columns=tuple((name, column.type.postgresql) for name, column in found.columns.items()),
            uses=tuple(type_name(name, home) for name in view.uses),
            is_materialized=view.is_materialized,
            indexes=tuple(
                index_snapshot(name, index, map(_part, index.parts), index.where)
                for name, index in table.constraints.indexes.items()
            ),
            comment=table.ddl.comment or None,
            mysql=_mysql(found, view),
            comments=tuple((column.name, column.comment) for column in table.ddl.columns if column.comment),
        )


def _create(application: Application, found: Resource, view: View, database: Database) -> str:
    """Return the statement that creates a view on a database."""
    is_postgresql = database is Database.POSTGRESQL
    word = "MATERIALIZED VIEW" if view.is_materialized and is_postgresql else "VIEW"
    home = application.names.common.home
    name = type_name(found.table.ddl.name, home) if is_postgresql else quote(found.table.names.flat)
    if is_as_written(application, database):
        return f"CREATE {word} {name} {view.definition}"
    query = written_query(application, found.table.ddl.name, database) or _without_rows(found, database)
    return f"CREATE {word} {name} AS\n{query}"


def _mysql(found: Resource, view: View) -> str:
    name = table_sql(found.table.ddl.name, found.home)
    return f"CREATE VIEW {name} {view.definition}" if found.sql.source.mysql_compatible else ""


def _without_rows(found: Resource, database: Database) -> str:
    """Return a query with the columns of a view and no rows."""
    is_postgresql = database is Database.POSTGRESQL
    columns = (
        f"CAST(NULL AS {column.type.postgresql}) AS {quote(name)}"
        if is_postgresql
        else f"NULL AS {quote(found.sql.sqlite_name(name))}"
        for name, column in found.columns.items()
    )
    return f"SELECT {', '.join(columns)}\nWHERE {'false' if is_postgresql else '0'}"


def _part(part: IndexPart) -> str:
    """Return a part of an index of a materialized view, which is PostgreSQL's, as the DDL writes it."""
    text = quote(part.column) if part.column else f"({part.expression})"
    return text + (f" COLLATE {quote(part.collation)}" if part.collation else "") + part_options(part)
