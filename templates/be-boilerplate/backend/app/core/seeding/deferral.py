"""References that are held only at the end of a transaction: for tables that cannot do without each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.orm import Session


@contextmanager
def deferred(session: Session, keys: Sequence[sa.ForeignKeyConstraint]) -> Iterator[None]:
    """Let rows refer to what is not there yet, by these references, until the block ends.

    PostgreSQL has to be told of each constraint, which only the owner of its table may do. All is undone in the same
    transaction: nobody else ever sees a constraint that is not as the migration made it.
    """
    if not keys:
        yield
        return
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        yield
        return
    for key in keys:
        session.execute(_altered(session, key, "DEFERRABLE INITIALLY DEFERRED"))
    yield
    session.flush()
    session.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
    for key in keys:
        before = f"DEFERRABLE INITIALLY {key.initially or 'IMMEDIATE'}"
        session.execute(_altered(session, key, before if key.deferrable else "NOT DEFERRABLE"))


def _altered(session: Session, key: sa.ForeignKeyConstraint, how: str) -> sa.TextClause:
    quote = session.get_bind().dialect.identifier_preparer
    table, name = quote.format_table(key.table), quote.quote(str(key.name))
    return sa.text(f"ALTER TABLE {table} ALTER CONSTRAINT {name} {how}")
