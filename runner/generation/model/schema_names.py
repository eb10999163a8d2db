"""Names of a schema's tables, columns and enumerated types in an application, unique in the whole schema.

The first in the DDL gets the plain name, later ones with the same name get a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.ddl.qualified_name import QName
from runner.generation.model.naming import (
    free_name,
    human,
    is_python_name,
    kebab,
    pascal,
    plural,
    singular,
    snake,
    unused_name,
    word_set,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.ddl.model import Enum, Schema, Table

# Folders and modules of the generated applications that no table may be named like.
_RESERVED_MODULES = word_set("core own main enums seed conftest test tests app constructor")
# What a table's class must not be called, in lower case: names that its modules import.
_RESERVED_CLASSES = word_set(
    """annotated any apirouter array base bigint body boolean bydialect bytes case char classvar configdict count date
    datetime decimal depends double enum exact exactdecimal exception factory false field float guarded index int16
    int32 int64 integer interval json key list listed listquery literal localtimestamp mapped missing model
    naivedatetime native nocase none number numeric object optional page path plainjson problem query read readtests
    real reference refused repository resource response row rows rule rules smallint span strenum string table
    tabletests testclient text time timestamp true type union uuid"""
)
_RESERVED_FIELDS = frozenset({"constructor"})  # which every object of JavaScript has


@dataclass(frozen=True, kw_only=True, slots=True)
class TableNames:
    """Names of one table; `module`, `class_name`, `route` and `flat` are unique in the schema.

    For `class_subjects`: module `class_subjects`, class `ClassSubject`, singular `class_subject`, route
    `class-subjects`, labels "Class subject" and "Class subjects". `fields` are names in JSON and URLs by column. `flat`
    is its name in a database like SQLite, without schemas and without regard to case.
    """

    module: str
    class_name: str
    singular: str
    route: str
    label: str
    label_plural: str
    fields: Mapping[str, str]
    flat: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CommonNames:
    """What all tables of a schema need: the class of each named enum type, and names of database schemas.

    `home` is the database schema whose tables are named without it: the dialect's default one, or the only database of
    a MySQL script. `others` are the further schemas of tables, by name.
    """

    enums: Mapping[QName, str]
    home: str | None
    others: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaNames:
    """Names of all tables of a schema, and what they have in common."""

    tables: Mapping[QName, TableNames]
    common: CommonNames


def name_schema(schema: Schema) -> SchemaNames:
    """Return the names of everything in a schema."""
    home = _home(schema)
    modules = set(_RESERVED_MODULES)
    classes = set(_RESERVED_CLASSES)
    routes: set[str] = set()
    flat: set[str] = set()
    tables: dict[QName, TableNames] = {}
    for table in schema.tables:
        tables[table.name] = named = _name_table(table, home, modules, classes, routes, flat)
        modules.add(named.module.lower())
        own = named.class_name.lower()
        classes.update(f"{own}{suffix}" for suffix in ("", "create", "read", "replace", "update"))
        routes.add(named.route.lower())
        flat.add(named.flat.lower())
    enums: dict[QName, str] = {}
    for enum in _named_enums(schema):
        if enum.name is not None and enum.name not in enums:
            enums[enum.name] = class_name = unused_name(pascal(enum.name.name), classes, "")
            classes.add(class_name.lower())
    schemas = {table.name.schema for table in schema.tables} - {home}
    others = tuple(sorted(name for name in schemas if name is not None))
    return SchemaNames(tables=tables, common=CommonNames(enums=enums, home=home, others=others))


def _home(schema: Schema) -> str | None:
    if schema.default_schema is not None:
        return schema.default_schema
    found = {table.name.schema for table in schema.tables}
    return found.pop() if len(found) == 1 else None


def _named_enums(schema: Schema) -> Iterable[Enum]:
    yield from schema.enums
    for table in schema.tables:
        for column in table.columns:
            if column.type.enum is not None:
                yield column.type.enum


def outside(name: QName, home: str | None) -> str | None:
    """Return the schema that a name has to be qualified with; None for one in the default schema."""
    return None if name.schema in (None, home) else name.schema


def flat_name(schema: str | None, name: str) -> str:
    """Return a name for a database without schemas, such as SQLite: the schema's name becomes a part of it."""
    return f"{schema}.{name}" if schema else name


def _name_table(
    table: Table, home: str | None, modules: set[str], classes: set[str], routes: set[str], flat: set[str]
) -> TableNames:
    plain = table.name.name
    if _module(plain).lower() in modules and table.name.schema not in (None, home):
        plain = f"{table.name.schema}_{plain}"
    single = _last_word(plain, singular)
    class_name = unused_name(pascal(single), classes, "")
    return TableNames(
        module=unused_name(_module(plain), modules),
        class_name=class_name,
        singular=snake(class_name) if class_name != pascal(single) else single,
        route=unused_name(kebab(plain), routes, "-"),
        label=human(single),
        label_plural=human(_last_word(plain, plural)),
        fields=_name_fields(table),
        flat=unused_name(flat_name(outside(table.name, home), table.name.name), flat),
    )


def _module(name: str) -> str:
    text = snake(name)
    return text if is_python_name(text) and text not in _RESERVED_MODULES else f"{text}_"


def _last_word(name: str, change: Callable[[str], str]) -> str:
    parts = snake(name).split("_")
    return "_".join((*parts[:-1], change(parts[-1])))


def _name_fields(table: Table) -> Mapping[str, str]:
    names: dict[str, str] = {}
    for column in table.columns:
        wanted = snake(column.name)
        wanted = f"{wanted}_field" if wanted in _RESERVED_FIELDS else wanted  # `__` separates fields from operators
        names[column.name] = free_name(wanted, names.values())
    return names
