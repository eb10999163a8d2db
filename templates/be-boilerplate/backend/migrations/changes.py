"""Changes of a database that holds data: what would cost some of it is refused, unless it was asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.engine import Connection

from migrations.statements import execute

OPTION = "allow-data-loss"  # of `alembic -x`
VARIABLE = "ALLOW_DATA_LOSS"


class DataLossError(Exception):
    """A revision would cost data, and nobody said that it may."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What a revision may cost, where the table holds rows."""

    table: str
    text: str
    schema: str | None = None


def change(
    revision: str, statements: Mapping[str, Sequence[str]], losses: Sequence[Loss] = ()
) -> None:
    """Run the statements of a revision for the database at hand, if what they may cost is allowed.

    `statements` are by database: `postgresql` and `sqlite`.

    Raises:
        DataLossError: it is not; then nothing was changed.

    """
    connection = op.get_bind()
    refuse_loss(connection, revision, losses)
    wanted = statements[connection.dialect.name]
    if connection.dialect.name == "sqlite":
        change_sqlite(connection, wanted)
        return
    for statement in wanted:
        if is_new_value(statement):  # which only other transactions can use, and what follows may
            with op.get_context().autocommit_block():
                execute([statement])
        else:
            execute([statement])


def is_new_value(statement: str) -> bool:
    """Whether a statement adds a value to an enum."""
    return statement.startswith("ALTER TYPE") and " ADD VALUE " in statement


# ------------------------------------------------------------------------------------- what may be lost


def refuse_loss(connection: Connection, revision: str, losses: Iterable[Loss]) -> None:
    """Raise where tables that hold rows would lose some of them, and the revision is not allowed to."""
    feared = [loss.text for loss in losses if holds_rows(connection, loss)]
    if not feared or revision in allowed() or "all" in allowed():
        return
    listed = "".join(f"\n  - {text}" for text in feared)
    raise DataLossError(
        f"revision {revision} may cost data:{listed}\n"
        f"If that is meant: alembic -x {OPTION}={revision} …, or {VARIABLE}={revision} in the environment"
    )


def holds_rows(connection: Connection, loss: Loss) -> bool:
    """Whether there is anything to lose."""
    if connection.dialect.name == "sqlite":
        table = sa.table(f"{loss.schema}.{loss.table}" if loss.schema else loss.table)
    else:
        table = sa.table(loss.table, schema=loss.schema)
    return connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)) is not None


def allowed() -> set[str]:
    """Return the revisions that may cost data."""
    options = context.get_x_argument(as_dictionary=True)
    said = options.get(OPTION) or os.environ.get(VARIABLE, "")
    return {name.strip() for name in str(said).split(",")}


# ----------------------------------------------------------------------------------------------- SQLite


@contextmanager
def references_off(connection: Connection) -> Iterator[None]:
    """Have SQLite keep no references meanwhile: tables that are made anew would take their referrers' rows along."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.driver_connection
    if raw is None or connection.in_transaction():
        raise RuntimeError("migrations of SQLite begin outside of a transaction")
    raw.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        if connection.in_transaction():  # of a query: each revision has ended its own
            connection.rollback()
        raw.execute("PRAGMA foreign_keys = ON")


def change_sqlite(connection: Connection, statements: Sequence[str]) -> None:
    """Run statements, and make again what went with a table that was made anew and is nobody's but the user's."""
    before: dict[tuple[str, str], str] = {}
    for statement in statements:
        if statement.startswith("DROP TABLE") and not before:  # renames and wanted drops came first
            before = own_objects(connection)
        execute([statement])
    after = own_objects(connection)
    tables = set(connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'table'")))
    for (name, table), sql in before.items():
        if (name, table) not in after and table in tables:
            execute([sql])
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise RuntimeError(f"a row of {broken[0]} refers to a row of {broken[2]} that is not there")


def own_objects(connection: Connection) -> dict[tuple[str, str], str]:
    """Return the statements of all indexes and triggers, by name and table."""
    query = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    return {(name, table): sql for name, table, sql in connection.execute(sa.text(query))}
