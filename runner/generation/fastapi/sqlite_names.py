"""Names in SQLite, which has no schemas, one namespace for tables and indexes, and ignores the case of all names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders.python_text import literal
from runner.generation.fastapi.generated_names import source
from runner.generation.fragments import Fragment
from runner.generation.model.naming import unused_name
from runner.generation.model.schema_names import flat_name, outside
from runner.generation.model.suggested_indexes import suggested_indexes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.ddl.qualified_name import QName
    from runner.generation.model.application import Application
    from runner.generation.model.references import Reference


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
    home = application.names.common.home
    return any(
        _own_name(table.ddl.name, home, table.names.flat) != table.ddl.name.name or renamed_columns(table.fields)
        for table in application.tables
    )


def table_name_source(name: QName, home: str | None, flat: str) -> Fragment:
    """Return the name of a table, without its schema, as source of a model; `flat` is its name in SQLite."""
    own = _own_name(name, home, flat)
    if own == name.name:
        return Fragment(literal(own))
    return name_source(name.name, own)


def name_source(name: str, sqlite: str) -> Fragment:
    """Return a name that SQLite has another one for, as source of a model."""
    return source("database_name({}, sqlite={})", literal(name), literal(sqlite), uses="database_name")


def target_source(reference: Reference, home: str | None, column: str) -> Fragment:
    """Return a column of a table that a foreign key refers to, as source of a model."""
    name, schema = reference.target, outside(reference.target, home)
    if _own_name(name, home, reference.flat) == name.name:
        return Fragment(literal(f"{flat_name(schema, name.name)}.{column}"))
    before = source("{} + ", literal(f"{schema}.")) if schema else ""
    return source("{}{} + {}", before, table_name_source(name, home, reference.flat), literal(f".{column}"))


def _own_name(name: QName, home: str | None, flat: str) -> str:
    schema = outside(name, home)
    return flat.removeprefix(f"{schema}." if schema else "")


def suggested_names(application: Application) -> Mapping[tuple[QName, str], str]:
    """Return the names in SQLite of the indexes that the DDL lacks, by table and name."""
    used = {
        name.lower() for table in application.tables for name in (table.names.flat, *table.constraints.flat.values())
    }
    found: dict[tuple[QName, str], str] = {}
    for table, indexes in application.derived(suggested_indexes).items():
        schema = outside(table, application.names.common.home)
        for index in indexes:
            name = unused_name(flat_name(schema, index.name), used)
            used.add(name.lower())
            found[table, index.name] = name
    return found
