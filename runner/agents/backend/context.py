"""The variables of the backend's templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.ddl.model import Schema, Table
from runner.naming import names_of


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """The application as a whole."""

    title: str
    tables: int


def app_variables(schema: Schema, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variables of the set-up templates."""
    return {"app": _app(schema, options)}


def table_variables(schema: Schema, table: Table, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variables of one table's templates."""
    return {"app": _app(schema, options), "table": names_of(schema).tables[table.name]}


def _app(schema: Schema, options: Mapping[str, Any]) -> App:
    return App(title=str(options.get("title", "Application")), tables=len(schema.tables))
