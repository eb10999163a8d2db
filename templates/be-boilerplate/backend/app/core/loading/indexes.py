"""Indexes of a PostgreSQL table that is filled: made once at the end, they take a fraction of the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.orm import Session

_MEMORY = "256MB"  # for making an index
_INDEXES = sa.text(
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
    " WHERE indrelid = CAST(:name AS regclass) AND NOT indisunique AND NOT indisexclusion"
    " ORDER BY indexrelid"
)


@contextmanager
def rebuilt_indexes(session: Session, table: sa.Table) -> Iterator[None]:
    """Drop the indexes that constrain nothing and create them again after the block, in the same transaction.

    Nobody else can read the table meanwhile. Where the block raises, the caller has to roll back.
    """
    name = session.get_bind().dialect.identifier_preparer.format_table(table)
    found = session.execute(_INDEXES, {"name": name}).all()
    for index, _ in found:
        session.execute(sa.text(f"DROP INDEX {index}"))
    yield
    session.execute(sa.text(f"SET LOCAL maintenance_work_mem = '{_MEMORY}'"))
    for _, definition in found:
        session.connection().exec_driver_sql(definition)
