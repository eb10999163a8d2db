"""Names in SQLite, which has no schemas, one namespace for tables and indexes, and ignores the case of all names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders.python_text import literal
from runner.generation.fastapi.generated_names import source
from runner.generation.fastapi.sql_names import flat_name, outside
from runner.generation.fragments import Fragment
from runner.generation.model.naming import unused_name
from runner.generation.model.suggested_indexes import suggested_indexes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.ddl.model import QName
    from runner.generation.model.application import Application


def sqlite_table(application: Application, name: QName) -> str:
    """Return the name of a table in SQLite."""
    return application.derived(_tables)[name]


def sqlite_index(application: Application, table: QName, name: str) -> str:
    """Return the name of an index in SQLite."""
    return application.derived(_indexes)[table, name]


def renamed_columns(names: Iterable[str]) -> Mapping[str, str]:
    """Return the columns of a table that have another name in SQLite: the second of two that differ only in case."""
    plain: dict[str, str] = {}
    alike = [name for name in names if plain.setdefault(name.lower(), name) != name]
    used = set(plain)
    found: dict[str, str] = {}
    for name in alike:
        found[name] = unused_name(name, used)
        used.add(found[name].lower())
    return found


def has_renamed(application: Application) -> bool:
    """Whether a table, apart from its schema, or a column has another name in SQLite."""
    tables = application.derived(_tables)
    return any(_own_name(application, name) != name.name for name in tables) or any(
        renamed_columns(column.name for column in table.columns) for table in application.schema.tables
    )


def table_name_source(application: Application, name: QName) -> Fragment:
    """Return the name of a table, without its schema, as source of a model."""
    own = _own_name(application, name)
    if own == name.name:
        return Fragment(literal(own))
    return name_source(name.name, own)


def name_source(name: str, sqlite: str) -> Fragment:
    """Return a name that SQLite has another one for, as source of a model."""
    return source("database_name({}, sqlite={})", literal(name), literal(sqlite), uses="database_name")


def target_source(application: Application, name: QName, column: str) -> Fragment:
    """Return a column of a table that a foreign key refers to, as source of a model."""
    schema = outside(name, application.names.home)
    if _own_name(application, name) == name.name:
        return Fragment(literal(f"{flat_name(schema, name.name)}.{column}"))
    before = source("{} + ", literal(f"{schema}.")) if schema else ""
    return source("{}{} + {}", before, table_name_source(application, name), literal(f".{column}"))


def _own_name(application: Application, name: QName) -> str:
    schema = outside(name, application.names.home)
    return sqlite_table(application, name).removeprefix(f"{schema}." if schema else "")


def _tables(application: Application) -> Mapping[QName, str]:
    used: set[str] = set()
    found: dict[QName, str] = {}
    for table in application.schema.tables:
        name = unused_name(flat_name(outside(table.name, application.names.home), table.name.name), used)
        used.add(name.lower())
        found[table.name] = name
    return found


def _indexes(application: Application) -> Mapping[tuple[QName, str], str]:
    used = {name.lower() for name in application.derived(_tables).values()}
    found: dict[tuple[QName, str], str] = {}
    named = [(table.ddl.name, name) for table in application.tables for name in table.constraints.indexes]
    suggested = application.derived(suggested_indexes)
    named += [(table, index.name) for table, indexes in suggested.items() for index in indexes]
    for table, own in named:
        name = unused_name(flat_name(outside(table, application.names.home), own), used)
        used.add(name.lower())
        found[table, own] = name
    return found
