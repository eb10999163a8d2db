"""Revisions that alter existing tables. Those that may lose data are refused unless explicitly allowed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.engine import Connection

from migrations.statements import execute, require_server

OPTION = "allow-data-loss"  # of `alembic -x`
VARIABLE = "ALLOW_DATA_LOSS"


class DataLossError(Exception):
    """A revision may lose data and was not allowed to."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A description of the data that a revision may lose if the table has rows."""

    table: str
    text: str
    schema: str | None = None


def change(
    revision: str, statements: Mapping[str, Sequence[str]], losses: Sequence[Loss] = ()
) -> None:
    """Run the statements of a revision, unless it may lose data and is not allowed to.

    `statements` are by database: `postgresql` and `sqlite`.

    Raises:
        DataLossError: the revision may lose data and is not allowed to; nothing was changed.
        MissingExtensionError: the server does not offer an extension; nothing was changed.
        OldServerError: the server is too old; nothing was changed.

    """
    connection = op.get_bind()
    refuse_loss(connection, revision, losses)
    wanted = statements[connection.dialect.name]
    require_server(wanted)
    if connection.dialect.name == "sqlite":
        change_sqlite(connection, wanted)
        return
    for statement in wanted:
        if adds_enum_value(statement):  # a new value cannot be used before it is committed
            with op.get_context().autocommit_block():
                execute([statement])
        else:
            execute([statement])


def adds_enum_value(statement: str) -> bool:
    """Whether a statement adds a value to an enum."""
    return statement.startswith("ALTER TYPE") and " ADD VALUE " in statement


# ------------------------------------------------------------------------------------- data loss


def refuse_loss(connection: Connection, revision: str, losses: Iterable[Loss]) -> None:
    """Raise DataLossError if a table with rows may lose data and the revision is not allowed to."""
    possible = [loss.text for loss in losses if has_rows(connection, loss)]
    if not possible or revision in allowed() or "all" in allowed():
        return
    listed = "".join(f"\n  - {text}" for text in possible)
    raise DataLossError(
        f"revision {revision} may lose data:{listed}\n"
        f"To allow it: alembic -x {OPTION}={revision} …, or {VARIABLE}={revision} in the environment"
    )


def has_rows(connection: Connection, loss: Loss) -> bool:
    """Whether the table of a possible loss has rows."""
    if connection.dialect.name == "sqlite":
        table = sa.table(f"{loss.schema}.{loss.table}" if loss.schema else loss.table)
    else:
        table = sa.table(loss.table, schema=loss.schema)
    return connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)) is not None


def allowed() -> set[str]:
    """Return the revisions that may lose data, from the command line or the environment."""
    options = context.get_x_argument(as_dictionary=True)
    names = options.get(OPTION) or os.environ.get(VARIABLE, "")
    return {name.strip() for name in str(names).split(",")}


# ----------------------------------------------------------------------------------------------- SQLite


@contextmanager
def foreign_keys_disabled(connection: Connection) -> Iterator[None]:
    """Disable foreign keys on SQLite within the block: rebuilding a table would delete the rows that reference it."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.driver_connection
    if raw is None or connection.in_transaction():
        raise RuntimeError("migrations of SQLite must start outside of a transaction")
    raw.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        if connection.in_transaction():  # started by a query; each revision has ended its own
            connection.rollback()
        raw.execute("PRAGMA foreign_keys = ON")


def change_sqlite(connection: Connection, statements: Sequence[str]) -> None:
    """Run statements, then restore the indexes and triggers that were dropped together with a rebuilt table."""
    before: dict[tuple[str, str], str] = {}
    for statement in statements:
        if statement.startswith("DROP TABLE") and not before:  # intended drops come before rebuilds
            before = indexes_and_triggers(connection)
        execute([statement])
    after = indexes_and_triggers(connection)
    tables = set(connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'table'")))
    for (name, table), sql in before.items():
        if (name, table) not in after and table in tables:
            execute([sql])
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise RuntimeError(f"a row of {broken[0]} refers to a missing row of {broken[2]}")


def indexes_and_triggers(connection: Connection) -> dict[tuple[str, str], str]:
    """Return the SQL of all indexes and triggers, by name and table."""
    query = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    return {(name, table): sql for name, table, sql in connection.execute(sa.text(query))}
