"""Foreign keys that are checked only at the end of a transaction, for tables that reference each other in a cycle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.orm import Session


@contextmanager
def deferred(session: Session, keys: Sequence[sa.ForeignKeyConstraint]) -> Iterator[None]:
    """Defer the checks of these foreign keys until the block ends, so that rows may refer to rows added later.

    On PostgreSQL this alters the constraints, which only the owner of their tables may do. They are restored in the
    same transaction, so no other session sees the altered constraints.
    """
    if not keys:
        yield
        return
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        yield
        return
    for key in keys:
        session.execute(_alter(session, key, "DEFERRABLE INITIALLY DEFERRED"))
    yield
    session.flush()
    session.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
    for key in keys:
        original = f"DEFERRABLE INITIALLY {key.initially or 'IMMEDIATE'}"
        session.execute(_alter(session, key, original if key.deferrable else "NOT DEFERRABLE"))


def _alter(session: Session, key: sa.ForeignKeyConstraint, mode: str) -> sa.TextClause:
    quote = session.get_bind().dialect.identifier_preparer
    table, name = quote.format_table(key.table), quote.quote(str(key.name))
    return sa.text(f"ALTER TABLE {table} ALTER CONSTRAINT {name} {mode}")
