"""Writing many rows at once: which of them is at fault, reading rows back, and finding or deleting rows by their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.fields import Body
from app.core.hooks import before_delete
from app.core.integrity import dangling
from app.core.problems import FieldError, ProblemError

Item = TypeVar("Item")
RowKey = TypeVar("RowKey")
Fields = TypeVar("Fields", bound=Body)


class Change(Body, Generic[RowKey, Fields]):
    """A change to one of many rows: the key of the row, and the fields to update; the others keep their values."""

    key: RowKey
    changes: Fields

    @property
    def identity(self) -> tuple[Any, ...]:
        """The parts of the key."""
        return self.key if isinstance(self.key, tuple) else (self.key,)


@contextmanager
def within(number: int) -> Iterator[None]:
    """Prefix the fields of a problem with the index of the row that it is about."""
    try:
        yield
    except ProblemError as problem:
        raise problem.within(str(number)) from problem


def find_rejected(
    session: Session,
    items: Sequence[Item],
    write_all: Callable[[Sequence[Item], int], object],
    write_one: Callable[[Item], object],
) -> ProblemError | None:
    """Return the problem of the first row that the database rejects, found by bisection; nothing is kept.

    `write_all` writes rows, the first of which has the given index, and `write_one` raises the problem of a rejected row.
    """
    # The rows before `first` are accepted, one of those before `end` is not.
    first, end = 0, len(items)
    try:
        while end - first > 1:
            middle = (first + end) // 2
            try:
                with session.begin_nested():
                    write_all(items[first:middle], first)
                first = middle
            except DBAPIError:
                end = middle
        with within(first):
            write_one(items[first])
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
    """Read written rows of one table as stored, after rounding, defaults and triggers, with one statement."""
    model = type(rows[0])
    keys = [sa.inspect(row).identity for row in rows]
    single = [key[0] for key in keys if key is not None and len(key) == 1]
    statement = sa.select(model).where(_has_key(model, single or keys))
    session.execute(statement.execution_options(populate_existing=True)).all()


def rows_by_key(
    session: Session, model: type[DeclarativeBase], keys: Sequence[tuple[Any, ...]]
) -> dict[tuple[Any, ...], Any]:
    """Return the rows with these keys, found by one statement."""
    matches = _has_key(model, [key[0] if len(key) == 1 else key for key in keys])
    statement = sa.select(model).where(matches)
    rows = session.scalars(statement.execution_options(populate_existing=True))
    return {tuple(sa.inspect(row).identity or ()): row for row in rows}


def no_such_row(problem: ProblemError) -> ProblemError:
    """Return a problem 404 that names the key of a change."""
    error = FieldError(field="key", code="not_found", message="is the key of no row")
    return ProblemError(problem.status, problem.detail, [error])


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
