"""Rights as data: what each role may do with each table, and with which of its fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from app.core.lazy_routers import resource_of
from app.core.problems import FieldError, ProblemError

Action = Literal["read", "create", "update", "delete", "export"]
Fields = bool | tuple[str, ...]

ANY_TABLE = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class TableRights:
    """What a role may do with the rows of a table that it can see.

    `read`, `create` and `update` are true for all fields, or name the fields as clients do. Where any field may be
    read, so may the key. An export needs the right to read as well.
    """

    read: Fields = False
    create: Fields = False
    update: Fields = False
    delete: bool = False
    export: bool = False


Rights = Mapping[str, Mapping[str, TableRights]]

ALL = TableRights(read=True, create=True, update=True, delete=True, export=True)
READ = TableRights(read=True)
NOTHING = TableRights()


def rights_of(role: Mapping[str, TableRights], table: str) -> TableRights:
    """Return what a role may do with a table: its own entry, else that of `*`, else nothing."""
    return role.get(table, role.get(ANY_TABLE, NOTHING))


def check_rights(rights: Rights, metadata: sa.MetaData) -> None:
    """Raise ValueError if rights name tables or fields that do not exist: a misspelt entry would have no effect."""
    errors = list(_errors(rights, metadata))
    if errors:
        raise ValueError(
            "\n".join(["app/own/permissions.py:", *(f"  {error}" for error in errors)])
        )


def _errors(rights: Rights, metadata: sa.MetaData) -> Iterator[str]:
    tables = {name: table for name, table in metadata.tables.items() if "model" in table.info}
    for role, by_table in rights.items():
        for name, allowed in by_table.items():
            named = _named(allowed)
            if name == ANY_TABLE:
                if named:
                    yield f"{role}: {ANY_TABLE}: fields can be named for a single table only"
            elif name not in tables:
                yield f"{role}: {name}: there is no such table"
            elif named:
                known = set(resource_of(tables[name]).field_names.values())
                yield from (f"{role}: {name}: there is no field {field}" for field in named - known)


def _named(allowed: TableRights) -> set[str]:
    parts = (allowed.read, allowed.create, allowed.update)
    return {field for part in parts if not isinstance(part, bool) for field in part}


def forbidden(detail: str, fields: Iterable[str] = ()) -> ProblemError:
    """Return a problem 403: the actor's role does not allow the request."""
    message = "may not be written by your role"
    errors = [FieldError(field=field, code="forbidden", message=message) for field in fields]
    return ProblemError(403, detail, errors)
