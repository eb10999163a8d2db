"""The order of a list, and cursors: the place of a row in it, at which a page begins or ends (keyset paging).

A cursor holds the values of the sorted fields of a row, so the database finds the place through an index and rows that
are added or deleted elsewhere do not shift it. To clients it is an opaque text. It grants nothing that a filter does
not, so it is validated but not signed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import DeclarativeBase

from app.core.columns import Native
from app.core.problems import FieldError, ProblemError
from app.core.reference_joins import Joins

_CHECKSUM_SIZE = 6  # bytes; it detects cursors that were damaged
# The table and its sorted fields, and their values
_content = TypeAdapter(tuple[list[str], list[Any]])


@dataclass(frozen=True, kw_only=True, slots=True)
class SortKey:
    """A field of the order; NULLs are last in either direction. `adapter` validates values of the field.

    `attribute` is that of the row, None for a column of a joined one.
    """

    name: str
    column: sa.ColumnElement[Any]
    attribute: str | None
    is_nullable: bool
    adapter: TypeAdapter[Any]
    is_descending: bool

    def clause(self, *, is_reversed: bool, as_text: bool = False) -> sa.ColumnElement[Any]:
        """Return the part of ORDER BY; `as_text` orders JSON and types of PostgreSQL that may have no order."""
        column = self.column
        if as_text and isinstance(self.column.type, (sa.JSON, Native)):
            column = sa.cast(column, sa.Text())
        ordered = column.desc() if self.is_descending != is_reversed else column.asc()
        if not self.is_nullable:
            return ordered
        return ordered.nulls_first() if is_reversed else ordered.nulls_last()

    def equals(self, value: Any) -> sa.ColumnElement[bool]:
        """Return the condition that a row has this value."""
        return self.column.is_(None) if value is None else self.column == self.bound(value)

    def follows(self, value: Any, *, is_reversed: bool) -> sa.ColumnElement[bool]:
        """Return the condition that a row is after this value or, if the order is reversed, before it."""
        if value is None:
            return self.column.is_not(None) if is_reversed else sa.false()
        is_less = self.is_descending != is_reversed
        follows = self.column < self.bound(value) if is_less else self.column > self.bound(value)
        is_followed_by_null = self.is_nullable and not is_reversed
        return sa.or_(follows, self.column.is_(None)) if is_followed_by_null else follows

    def bound(self, value: Any) -> sa.ColumnElement[Any]:
        """Return a value as a parameter of the column's type."""
        return sa.literal(value, self.column.type)


class Order:
    """The order of a list by all of its keys; the last of them are the fields of the primary key.

    Rows of a table without a primary key may be equal, so there `has_cursors` is false: a cursor would skip some of them.
    `joins` are the rows that have the other columns.
    """

    def __init__(
        self, table: str, keys: Sequence[SortKey], *, has_cursors: bool, joins: Joins
    ) -> None:
        self.keys = keys
        self.joins = joins
        self.has_cursors = has_cursors
        self._name = [table, *(("-" if key.is_descending else "") + key.name for key in keys)]

    def clauses(self, *, is_reversed: bool = False) -> list[sa.ColumnElement[Any]]:
        """Return the parts of ORDER BY."""
        return [
            key.clause(is_reversed=is_reversed, as_text=not self.has_cursors) for key in self.keys
        ]

    def with_joins(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Return a statement over the rows with those whose columns the order has."""
        return self.joins.added_to(statement)

    def with_columns(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Do the same and add these columns, which a cursor holds, at the end."""
        joined = [key.column for key in self.keys if key.attribute is None]
        return self.with_joins(statement.add_columns(*joined))

    def cursor(self, row: DeclarativeBase, joined: Sequence[Any]) -> str | None:
        """Return the cursor of a row with its `joined` values; None where the order has none."""
        if not self.has_cursors:
            return None
        others = iter(joined)
        values = [
            next(others) if key.attribute is None else getattr(row, key.attribute)
            for key in self.keys
        ]
        written = [_written(key, value) for key, value in zip(self.keys, values, strict=True)]
        content = json.dumps([self._name, written], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(_checksum(content) + content).rstrip(b"=").decode()

    def beyond(self, cursor: str, parameter: str) -> sa.ColumnElement[bool]:
        """Return the condition that rows are after a cursor or, if `parameter` is `before`, before it.

        Raises a problem 400 that names the parameter if the cursor is damaged, out of date, or of another list or order.
        """
        values = self._values(cursor, parameter)
        is_reversed = parameter == "before"
        if len({key.is_descending for key in self.keys}) == 1 and not any(
            key.is_nullable for key in self.keys
        ):
            return self._compared(values, is_less=self.keys[0].is_descending != is_reversed)
        condition: sa.ColumnElement[bool] = sa.false()
        for key, value in reversed(list(zip(self.keys, values, strict=True))):
            follows = key.follows(value, is_reversed=is_reversed)
            condition = sa.or_(follows, sa.and_(key.equals(value), condition))
        return condition

    def _compared(self, values: Sequence[Any], *, is_less: bool) -> sa.ColumnElement[bool]:
        """Return a comparison of rows, which an index on all keys answers."""
        row = sa.tuple_(*(key.column for key in self.keys))
        place = sa.tuple_(*(key.bound(value) for key, value in zip(self.keys, values, strict=True)))
        beyond = row < place if is_less else row > place
        first = self.keys[0]
        if first.attribute is not None:
            return beyond
        # No index has columns of two tables; one on the first column finds where the page begins.
        begin = first.bound(values[0])
        return sa.and_(beyond, first.column <= begin if is_less else first.column >= begin)

    def _values(self, cursor: str, parameter: str) -> list[Any]:
        """Return the values in a cursor."""
        if not self.has_cursors:
            raise _invalid(parameter, "needs a primary key, which this table lacks; use offset")
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            data = base64.b64decode(padded, altchars=b"-_", validate=True)
            checksum, content = data[:_CHECKSUM_SIZE], data[_CHECKSUM_SIZE:]
            name, written = _content.validate_json(content)
        except ValueError:
            raise _invalid(parameter, "is not a cursor") from None
        if checksum != _checksum(content):
            raise _invalid(parameter, "is not a cursor that a list returned")
        if name != self._name:
            raise _invalid(parameter, f"belongs to another list, {' '.join(name)}")
        try:
            return [_read(key, value) for key, value in zip(self.keys, written, strict=True)]
        except ValueError:  # also of pydantic, for a value that does not fit
            raise _invalid(parameter, "is out of date: a field has changed its type") from None


def _written(key: SortKey, value: Any) -> Any:
    """Return a value as JSON."""
    return None if value is None else key.adapter.dump_python(value, mode="json", warnings=False)


def _read(key: SortKey, value: Any) -> Any:
    """Return a value from JSON; raises ValueError."""
    return None if value is None else key.adapter.validate_python(value)


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_CHECKSUM_SIZE).digest()


def _invalid(parameter: str, message: str) -> ProblemError:
    error = FieldError(field=parameter, code="cursor", message=message)
    return ProblemError(400, f"{parameter}: {message}", [error])
