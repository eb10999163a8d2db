"""Writing many rows at once: which of them is at fault, reading rows back, and finding rows by their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.access.access import access_of
from app.core.access.rights import Action, forbidden
from app.core.constraint_columns import has_key
from app.core.fields import Body, is_storable
from app.core.integrity import dangling
from app.core.problems import FieldError, ProblemError
from app.core.rules import RuleValues, enforce

if TYPE_CHECKING:
    from app.core.resource import Resource

Item = TypeVar("Item")
RowKey = TypeVar("RowKey")
Model = TypeVar("Model", bound=DeclarativeBase)
Fields = TypeVar("Fields", bound=Body)


class Change(Body, Generic[RowKey, Fields]):
    """A change to one of many rows: the key of the row, and the fields to update; the others keep their values."""

    key: RowKey
    changes: Fields

    @property
    def identity(self) -> tuple[Any, ...]:
        """The parts of the key."""
        return self.key if isinstance(self.key, tuple) else (self.key,)


def checked_values(session: Session, resource: Resource[Any, Any], body: Body) -> dict[str, Any]:
    """Return the values of a new row by attribute; raises a problem 403 or 422 if it may not be stored.

    References are checked once the row is stored: rows of one request may refer to each other.
    """
    access = access_of(session)
    values = body.model_dump(exclude_unset=True)
    access.require("create", resource)
    access.require_fields("create", resource, values)
    enforce(resource.rules, RuleValues(values))
    return values


@contextmanager
def within(part: int | str) -> Iterator[None]:
    """Prefix the fields of a problem with the index of the row that it is about, or the name of a part."""
    try:
        yield
    except ProblemError as problem:
        raise problem.within(str(part)) from problem


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
    if len(rows) == 1:
        session.refresh(rows[0])
        return
    model = type(rows[0])
    keys = [sa.inspect(row).identity for row in rows]
    single = [key[0] for key in keys if key is not None and len(key) == 1]
    statement = sa.select(model).where(has_key(model, single or keys))
    session.execute(statement.execution_options(populate_existing=True)).all()


def rows_by_key(
    session: Session, model: type[DeclarativeBase], keys: Sequence[tuple[Any, ...]], action: Action
) -> dict[tuple[Any, ...], Any]:
    """Return the rows with these keys for which an action is allowed, found by one statement."""
    matches = has_key(model, [key[0] if len(key) == 1 else key for key in keys])
    statement = sa.select(model).where(matches, *access_of(session).visible(model, action))
    rows = session.scalars(statement.execution_options(populate_existing=True))
    return {tuple(sa.inspect(row).identity or ()): row for row in rows}


def visible_row(
    session: Session,
    model: type[Model],
    key: tuple[Any, ...],
    action: Action = "read",
    *,
    lock: bool = False,
) -> Model | None:
    """Return the row with this key, or None where there is none that is visible; `lock` keeps others from changing it.

    Raises a problem 403 for a row that is visible and outside of those for which the action is allowed.
    """
    if not is_storable(key):
        return None
    access = access_of(session)
    conditions = access.visible(model, action)
    if not conditions:
        return session.get(model, key, with_for_update=True if lock else None)
    statement = sa.select(model).where(has_key(model, [key[0] if len(key) == 1 else key]))
    chosen = statement.where(*conditions)
    row = session.scalars(chosen.with_for_update() if lock else chosen).one_or_none()
    if row is not None or not access.narrowed(model, action):
        return row
    if session.scalars(statement.where(*access.visible(model))).one_or_none() is not None:
        raise forbidden(f"You may not {action} this row.")
    return None


def attribute_values(row: DeclarativeBase) -> dict[str, Any]:
    """Return the values of a row by attribute."""
    names = [attribute.key for attribute in sa.inspect(type(row)).column_attrs]
    return {name: getattr(row, name) for name in names}


@contextmanager
def naming_key() -> Iterator[None]:
    """Turn the problem of a row that is missing or may not be changed into one that names its key."""
    try:
        yield
    except ProblemError as problem:
        is_missing = problem.status == HTTPStatus.NOT_FOUND
        code = "not_found" if is_missing else "forbidden"
        message = "is the key of no row" if is_missing else "is that of a row you may not change"
        error = FieldError(field="key", code=code, message=message)
        raise ProblemError(problem.status, problem.detail, [error]) from problem
