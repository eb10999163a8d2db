"""The names that PostgreSQL gives to what the DDL leaves unnamed: constraints, indexes, sequences of serial columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.ddl.model import Default

if TYPE_CHECKING:
    from runner.ddl.model import QName

_NAME_BYTES = 63
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def object_name(table: str, columns: str, label: str) -> str:
    """Return `<table>_<columns>_<label>` in at most 63 bytes: the longer of the two names is shortened first.

    PostgreSQL's makeObjectName.
    """
    first, second = table.encode(), columns.encode()
    most = _NAME_BYTES - len(label) - 1 - (1 if columns else 0)
    while len(first) + len(second) > most:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    pieces = [first.decode(errors="ignore"), second.decode(errors="ignore"), label]
    return "_".join(piece for piece in pieces if piece)


def serial_default(table: QName, column: str, *, default_schema: str | None = None) -> Default:
    """Return the default of a serial column as PostgreSQL prints it: identifiers within a literal, both quoted."""
    path = [table.schema] if table.schema and table.schema != default_schema else []
    quoted = ".".join(_quoted(part) for part in (*path, f"{table.name}_{column}_seq"))
    return Default(text="nextval('" + quoted.replace("'", "''") + "'::regclass)")


def _quoted(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else '"' + name.replace('"', '""') + '"'
