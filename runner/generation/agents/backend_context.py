"""The variables of the backend's templates: `app` for the whole, `table` for one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.generation.fastapi.left_out import left_out, passed_over
from runner.generation.fastapi.migration.revisions import INITIAL, Plan
from runner.generation.fastapi.model_source import identity_source, table_arguments
from runner.generation.fastapi.samples import NATIVE_TEXTS
from runner.generation.fastapi.table_view import TableView, view_table
from runner.generation.model.app_options import app_options
from runner.generation.model.naming import free_name, human, is_python_name, snake
from runner.generation.source_text import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.model import Enum, Table
    from runner.generation.model.application import Application


@dataclass(frozen=True, kw_only=True, slots=True)
class EnumView:
    """An enumerated type as a Python class: `members` pair its names with its values."""

    class_name: str
    comment: str
    members: tuple[tuple[str, str], ...]


def app_variables(application: Application, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variables of the set-up templates."""
    schema = application.schema
    views = tuple(view_table(application, table) for table in schema.tables)
    return {
        "app": app_options(application, options),
        "tables": views,
        "enums": tuple(_enums(application)),
        "left_out": tuple(f"`{schema.label(view.table.name)}`: {text}" for view in views for text in left_out(view)),
        "passed_over": passed_over(schema),
        "native_samples": NATIVE_TEXTS,
    }


def migration_variables(found: Plan) -> Mapping[str, Any]:
    """Return the variables of the migrations' templates: `revision` is the one that is added.

    `initial` and `added` name their files; the names of one that is not to be written are empty.
    """
    return {
        "initial": _file_names(INITIAL if found.is_initial else ""),
        "added": _file_names(found.revision.name if found.revision else ""),
        "revision": found.revision,
    }


def _file_names(name: str) -> Mapping[str, str]:
    endings = {
        "py": "py",
        "postgresql": "postgresql.sql",
        "sqlite": "sqlite.sql",
        "down_postgresql": "downgrade.postgresql.sql",
        "down_sqlite": "downgrade.sqlite.sql",
    }
    return {key: f"{name}.{ending}" if name else "" for key, ending in endings.items()}


def table_variables(application: Application, table: Table, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variables of one table's templates."""
    view = view_table(application, table)
    return {
        "app": app_options(application, options),
        "table": view,
        "arguments": table_arguments(view),
        "identity": identity_source(view.identity),
        "left_out": left_out(view),
        "enum_names": tuple(application.names.enums.values()),
        "homes": _homes(view),
        **_schema_variables(view),
        "case_homes": _case_homes(view),
        "test_homes": {**_case_homes(view), "CASE": f"tests.{view.module}.case"},
    }


def _homes(view: TableView) -> Mapping[str, str]:
    """Return where the names of a table's own modules are imported from."""
    name = view.class_name
    schemas = [f"{name}Create", f"{name}Read", f"{name}Replace", f"{name}Update", "RULES"]
    return {
        name: f"app.{view.module}.model",
        **dict.fromkeys(schemas, f"app.{view.module}.schemas"),
        **dict.fromkeys(("Int16", "Int32", "Int64", "Timestamp"), "app.core.fields"),
    }


def _schema_variables(view: TableView) -> Mapping[str, Any]:
    """Return where the modules of a wide table's package `schemas` have their names from, and what it gives."""
    name, package = view.class_name, f"app.{view.module}.schemas"
    homes = {f"{name}Read": f"{package}.read"}
    if view.is_writable:
        homes[f"{name}Create"] = f"{package}.create"
    if view.is_changeable:
        homes[view.replaced_by] = f"{package}.create"
        homes[f"{name}Update"] = f"{package}.update"
    if view.rules:
        homes["RULES"] = f"{package}.fields"
    fields = {column.alias_name: f"{package}.fields" for column in view.aliases}
    return {"schema_homes": homes, "field_homes": fields}


def _case_homes(view: TableView) -> Mapping[str, str]:
    """Return where the names of a table's tests are imported from."""
    schemas = f"app.{view.module}.schemas"
    return {
        **dict.fromkeys((f"{view.class_name}Create", f"{view.class_name}Update"), schemas),
        "resource": f"app.{view.module}.router",
        **dict.fromkeys(("Case", "Json", "Reference"), "tests.core.factory"),
        "ReadTests": "tests.core.read_tests",
        "TableTests": "tests.core.table_tests",
        "TestClient": "fastapi.testclient",
    }


def _enums(application: Application) -> list[EnumView]:
    names = application.names.enums
    found = [enum for enum in application.schema.enums if enum.name in names]
    return [_enum(names[enum.name], enum) for enum in found if enum.name]


def _enum(class_name: str, enum: Enum) -> EnumView:
    members: list[tuple[str, str]] = []
    for value in enum.values:
        name = snake(value).upper() if value.strip() else "EMPTY"
        if not is_python_name(name) or name.lower() in ("name", "value", "mro"):
            name = f"{name}_"
        members.append((free_name(name, [taken for taken, _ in members]), value))
    said = enum.name.name if enum.name else class_name
    comment = sentence(enum.comment or f"Values of {human(said).lower()}")
    return EnumView(class_name=class_name, comment=comment, members=tuple(members))
