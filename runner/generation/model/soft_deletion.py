"""The option `soft_delete`: the column with the time of a row's deletion, of rows that are hidden instead of deleted.

Each table that has a column of this name is soft-deleted. Only a deletion and its reversal write the column.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.model import Schema
    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.field_types import Kind
    from runner.generation.model.fields import Field

_KINDS: frozenset[Kind] = frozenset({"timestamp", "local_timestamp"})


def deletion_option(options: Mapping[str, Any]) -> str:
    """Return the column that a task's option `soft_delete` names; "" without it. Raises AgentError for no text."""
    name = options.get("soft_delete")
    if name is None:
        return ""
    if not isinstance(name, str) or not name:
        raise AgentError(f"option soft_delete: give the name of a column, such as deleted_at, not {name!r}")
    return name


def check_deletion_column(schema: Schema, name: str) -> None:
    """Raise AgentError where no table has the column that the option names."""
    known = {column.name for table in schema.tables for column in table.columns}
    if name and name not in known:
        near = get_close_matches(name, known, n=1)
        raise AgentError(
            f"option soft_delete: no table has a column {name!r}{f'; did you mean {near[0]!r}?' if near else ''}"
        )


def with_deletion_column(table: ApplicationTable, name: str) -> ApplicationTable:
    """Return a table whose column of this name, if it has one, has the time of a deletion, and no client writes it.

    Raises:
        AgentError: the column cannot hold the time of a deletion.

    """
    field = table.fields.get(name) if name and not table.is_view else None
    if field is None:
        return table
    if reason := _unsuitable(field):
        raise AgentError(
            f"option soft_delete: {table.title}.{name} {reason}. It has to be a nullable timestamp without a default: "
            "rows that are not deleted have NULL there"
        )
    fields = {**table.fields, name: replace(field, is_read_only=True)}
    return replace(table, fields=fields, deletion=field.name)


def _unsuitable(field: Field) -> str:
    if field.type.kind not in _KINDS:
        return f"is {field.column.type.text}"
    if not field.nullable:
        return "is NOT NULL"
    if field.default is not None or field.is_read_only:
        return "gets a value from the database"
    return ""
