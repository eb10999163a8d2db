"""Writing many rows at once: which of them is at fault, reading new rows back, and deleting rows by their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.fields import Body
from app.core.hooks import before_delete
from app.core.integrity import dangling
from app.core.problems import ProblemError


@contextmanager
def within(number: int) -> Iterator[None]:
    """Prefix the fields of a problem with the index of the row that it is about."""
    try:
        yield
    except ProblemError as problem:
        raise problem.within(str(number)) from problem


def find_rejected(
    session: Session,
    bodies: Sequence[Body],
    add_all: Callable[[Sequence[Body], int], object],
    add_one: Callable[[Body], object],
) -> ProblemError | None:
    """Return the problem of the first row that the database rejects, found by bisection; no row is kept.

    `add_all` adds rows, the first of which has the given index, and `add_one` raises the problem of a rejected row.
    """
    # The rows before `first` are accepted, one of those before `end` is not.
    first, end = 0, len(bodies)
    try:
        while end - first > 1:
            middle = (first + end) // 2
            try:
                with session.begin_nested():
                    add_all(bodies[first:middle], first)
                first = middle
            except DBAPIError:
                end = middle
        with within(first):
            add_one(bodies[first])
    except ProblemError as problem:
        return problem
    finally:
        session.rollback()
    return None


def find_dangling(
    session: Session, model: type[DeclarativeBase], bodies: Sequence[Body]
) -> ProblemError | None:
    """Return the problem of the first row that refers to a missing row, for references checked at the commit."""
    for number, body in enumerate(bodies):
        if problem := dangling(session, model, body.model_dump(exclude_unset=True)):
            return problem.within(str(number))
    return None


def refresh_rows(session: Session, rows: Sequence[DeclarativeBase]) -> None:
    """Read new rows of one table as stored, after rounding, defaults and triggers, with one statement."""
    model = type(rows[0])
    keys = [sa.inspect(row).identity for row in rows]
    single = [key[0] for key in keys if key is not None and len(key) == 1]
    statement = sa.select(model).where(_has_key(model, single or keys))
    session.execute(statement.execution_options(populate_existing=True)).all()


def delete_rows(session: Session, model: type[DeclarativeBase], keys: Sequence[Any]) -> int:
    """Delete the rows with these keys with one statement, and return how many there were.

    Only if the model has hooks, the rows are read first.
    """
    matches = _has_key(model, keys)
    if before_delete.concerns(model):
        for row in session.scalars(sa.select(model).where(matches)).all():
            before_delete(session, row)
    statement = sa.delete(model).where(matches).execution_options(synchronize_session=False)
    result: Any = session.execute(statement)
    return int(result.rowcount)


def _has_key(model: type[DeclarativeBase], keys: Sequence[Any]) -> sa.ColumnElement[bool]:
    columns = sa.inspect(model).primary_key
    return columns[0].in_(keys) if len(columns) == 1 else sa.tuple_(*columns).in_(keys)
