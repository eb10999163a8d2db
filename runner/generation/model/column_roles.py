"""What a task's options say about columns: which hold secrets, hashes of passwords, or the time of a deletion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.generation.model.chosen_columns import ChosenColumns, chosen_columns
from runner.generation.model.soft_deletion import deletion_option


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnRoles:
    """`secrets` names the columns of some tables that hold secrets, instead of those whose names or comments tell it.

    `password` is the table and the column with the hashes of passwords, a secret whatever its name; None where no
    option names it. `deletion` is the column with the time of a row's deletion; "" without the option.
    """

    secrets: ChosenColumns = ()
    password: tuple[str, str] | None = None
    deletion: str = ""


NO_ROLES = ColumnRoles()


def column_roles(options: Mapping[str, Any]) -> ColumnRoles:
    """Return what a task's options `secret`, `auth` and `soft_delete` say. Raises AgentError for a value of no use."""
    return ColumnRoles(
        secrets=chosen_columns(options, "secret"),
        password=_password(options.get("auth")),
        deletion=deletion_option(options),
    )


def _password(auth: object) -> tuple[str, str] | None:
    if not isinstance(auth, Mapping):
        return None
    table, column = auth.get("table"), auth.get("hash")
    return (table, column) if isinstance(table, str) and isinstance(column, str) else None
