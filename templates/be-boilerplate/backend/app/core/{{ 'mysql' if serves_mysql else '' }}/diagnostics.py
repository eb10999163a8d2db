"""What an error of MySQL or MariaDB means, in the terms of PostgreSQL that the application explains errors by.

Each error of the driver gets `sqlstate`, the code that PostgreSQL has for it, and `diag`, its diagnostics: the constraint,
its table and its columns, which are taken from the message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

_NOT_NULL, _FOREIGN_KEY, _UNIQUE, _CHECK = "23502", "23503", "23505", "23514"
_STATES = {  # by the servers' own numbers; those above 4000 are MariaDB's
    1048: _NOT_NULL,
    1364: _NOT_NULL,
    1062: _UNIQUE,
    1451: _FOREIGN_KEY,
    1452: _FOREIGN_KEY,
    3819: _CHECK,
    4025: _CHECK,
    1406: "22001",  # too long
    1264: "22003",  # out of range
    1690: "22003",
    1265: "22P02",  # no value of the type
    1292: "22007",
    1366: "22P02",
    1367: "22P02",
    3140: "22P02",  # no JSON
    1365: "22012",  # division by zero
    1644: "P0001",  # SIGNAL in a trigger
    1205: "55P03",  # waited too long for a lock
    1213: "40P01",  # deadlock
    1317: "57014",  # ended by KILL QUERY
    1969: "57014",  # took too long
    3024: "57014",
}
_NAME = r"`(?:[^`]|``)+`"
_COLUMN = re.compile(rf"[Cc]olumn (?:'([^']+)'|(?:{_NAME}\.)*({_NAME}))|^Field '([^']+)'")
_KEY = re.compile(r" for key '(?:[^']*\.)?([^'.]+)'$")
_REFERENCE = re.compile(
    rf"\(`(?:[^`]|``)*`\.(?P<table>{_NAME}), CONSTRAINT (?P<name>{_NAME}) FOREIGN KEY \((?P<columns>.*?)\)"
    rf" REFERENCES (?:{_NAME}\.)?{_NAME} \((?P<targets>.*?)\)"
)
_CONSTRAINT = re.compile(rf"CONSTRAINT ({_NAME}) failed|[Cc]heck constraint '([^']+)' is violated")
_TABLE = re.compile(rf"(?:INSERT INTO|UPDATE) ((?:{_NAME}|\w+)(?:\.(?:{_NAME}|\w+))?)")
_INDEX_COLUMNS = """
    SELECT column_name FROM information_schema.statistics
    WHERE table_schema = coalesce(%s, database()) AND table_name = %s AND index_name = %s ORDER BY seq_in_index"""
_CHECK_CLAUSE = """
    SELECT check_clause FROM information_schema.check_constraints
    WHERE constraint_schema = coalesce(%s, database()) AND constraint_name = %s"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostics:
    """The fields of PostgreSQL's diagnostics that the application reads."""

    constraint_name: str | None = None
    table_name: str | None = None
    column_name: str | None = None
    message_detail: str | None = None


def add_diagnostics(engine: Engine) -> None:
    """Give each error of an engine's driver its code and its diagnostics."""
    sa.event.listen(engine, "handle_error", _explain)


def _explain(context: ExceptionContext) -> DBAPIError | None:
    error: Any = context.original_exception
    state = _STATES.get(error.args[0]) if len(error.args) > 1 else None
    if state is None:
        return None
    error.sqlstate = state
    error.diag = _diagnostics(context, state, str(error.args[1]))
    error.args = error.args[1:]  # the message alone, which is shown to clients
    kind = {"22": DataError, "23": IntegrityError}.get(state[:2])
    if kind is None or isinstance(context.sqlalchemy_exception, kind):
        return None
    return kind(context.statement, context.parameters, error, hide_parameters=True)


def _diagnostics(context: ExceptionContext, state: str, message: str) -> Diagnostics:
    if state == _UNIQUE and (key := _KEY.search(message)):
        names = _looked_up(context, _INDEX_COLUMNS, *_table(context), key[1])
        return Diagnostics(constraint_name=key[1], message_detail=_detail(", ".join(names)))
    if state == _FOREIGN_KEY and (found := _REFERENCE.search(message)):
        is_own = "a child row" in message
        columns = found["columns"] if is_own else found["targets"]
        return Diagnostics(
            constraint_name=_plain(found["name"]),
            table_name=_plain(found["table"]),
            message_detail=_detail(columns),
        )
    if state == _CHECK and (constraint := _CONSTRAINT.search(message)):
        name = _plain(constraint[1] or constraint[2])
        clauses = [name.rpartition(".")[2]] if "." in name else []  # of a column of MariaDB
        clauses = clauses or _looked_up(context, _CHECK_CLAUSE, _table(context)[0], name)
        return Diagnostics(constraint_name=name, message_detail=_detail(" ".join(clauses)))
    column = _COLUMN.search(message)
    if column is None:
        return Diagnostics()
    # MySQL has the table before the name of a column with JSON
    quoted = column[1].rpartition(".")[2] if column[1] else None
    return Diagnostics(column_name=_plain(quoted or column[2] or column[3]))


def _detail(columns: str) -> str:
    return f"Key ({columns})=()"


def _plain(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def _table(context: ExceptionContext) -> Sequence[str | None]:
    """Return database and name of the table that the failed statement writes to."""
    found = _TABLE.match(context.statement or "")
    parts = [_plain(part) for part in re.findall(rf"{_NAME}|\w+", found[1])] if found else []
    return (None, *parts)[-2:] if parts else (None, None)


def _looked_up(context: ExceptionContext, query: str, *values: str | None) -> list[str]:
    """Return the first column of a query of the catalog, on the connection of the failed statement, which goes on."""
    if context.connection is None:
        return []
    driver: Any = context.connection.connection.driver_connection
    with driver.cursor() as cursor:
        cursor.execute(query, values)
        return [str(row[0]) for row in cursor.fetchall()]
