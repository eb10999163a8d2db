"""Rows of a file that are valid, and which of them have values that only one row can have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DataError
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.constraint_columns import field_names, table_of
from app.core.fields import Body
from app.core.importing.sheets import SheetRow
from app.core.problems import FieldError


@dataclass(frozen=True, kw_only=True, slots=True)
class NewRow:
    """A valid row of the file, and its values by attribute."""

    source: SheetRow
    body: Body
    values: Mapping[str, Any]


class UniqueValues:
    """The values of one unique key in the rows that were read so far, and in the table."""

    def __init__(
        self, model: type[DeclarativeBase], columns: Sequence[sa.Column[Any]], name: str | None
    ) -> None:
        mapper = sa.inspect(model)
        self._columns, self._name = columns, name
        self._attributes = [mapper.get_property_by_column(column).key for column in columns]
        self._fields = field_names(model, [column.key for column in columns])
        self._rows: dict[int, int] = {}  # numbers of rows by the hash of their values

    def repeated(self, row: NewRow) -> list[FieldError]:
        """Return the errors of a row that repeats the values of one before it."""
        key = self._key(row)
        if key is None:
            return []
        first = self._rows.setdefault(hash(repr(key)), row.source.number)
        if first == row.source.number:
            return []
        return self._errors("repeated", f"is the same as in row {first}")

    def taken(
        self, session: Session, rows: Sequence[NewRow]
    ) -> Iterator[tuple[NewRow, list[FieldError]]]:
        """Yield the rows whose values a row of the table has, with their errors."""
        keys = {key: row for row in rows if (key := self._hashable(row)) is not None}
        if not keys:
            return
        single = len(self._columns) == 1
        matches = (
            self._columns[0].in_([key[0] for key in keys])
            if single
            else sa.tuple_(*self._columns).in_([*keys])
        )
        together = " in this combination" if len(self._fields) > 1 else ""
        try:
            with session.begin_nested():
                present = session.execute(sa.select(*self._columns).where(matches)).all()
        except DataError:  # the database cannot read a value: storing its row says so
            return
        for found in present:
            if row := keys.get(tuple(found)):
                yield row, self._errors("unique", f"is already taken{together}")

    def _key(self, row: NewRow) -> tuple[Any, ...] | None:
        """Return the values of a row; None if one of them is NULL or chosen by the database."""
        key = tuple(row.values.get(name) for name in self._attributes)
        return None if None in key else key

    def _hashable(self, row: NewRow) -> tuple[Any, ...] | None:
        key = self._key(row)
        try:
            hash(key)
        except TypeError:
            return None
        return key

    def _errors(self, code: str, message: str) -> list[FieldError]:
        return [
            FieldError(field=field, code=code, message=message, constraint=self._name)
            for field in self._fields
        ]


def unique_values(model: type[DeclarativeBase]) -> list[UniqueValues]:
    """Return the unique keys of a table over plain columns; the database alone enforces the others."""
    table = table_of(model)
    kinds = (sa.UniqueConstraint, sa.PrimaryKeyConstraint)
    keys = [(key.name, list(key.columns)) for key in table.constraints if isinstance(key, kinds)]
    for index in table.indexes:
        parts = list(index.columns)
        has_condition = any(
            index.dialect_kwargs.get(f"{name}_where") is not None for name in _DIALECTS
        )
        if index.unique and not has_condition and len(parts) == len(index.expressions):
            keys.append((index.name, parts))
    return [
        UniqueValues(model, columns, str(name) if name else None)
        for name, columns in sorted(keys, key=lambda key: str(key[0]))
        if columns
    ]


_DIALECTS = ("postgresql", "sqlite")
