"""Existing keys that the foreign keys of new rows can refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.seeding.fields import TableSpec

_MAX_KEYS = 10_000  # candidates per foreign key


class References:
    """The keys of filled tables, read once each."""

    def __init__(self, session: Session, most: int = _MAX_KEYS) -> None:
        self.session = session
        self._most = most
        self._keys: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}

    def candidates(
        self,
        spec: TableSpec,
        key: sa.ForeignKeyConstraint,
        row: Mapping[str, Any],
        random: Random,
        postponed: Sequence[sa.ForeignKeyConstraint] = (),
    ) -> Iterator[dict[str, Any]]:
        """Yield values for the columns of a foreign key that agree with a partial row, in random order.

        Columns that only the `postponed` foreign keys use may change, so their values in the row are ignored. A table
        without a model has no candidates.
        """
        names = [spec.attribute(element.parent) for element in key.elements]
        others = [other for other in key.table.foreign_key_constraints if other not in postponed]
        fixed = {spec.attribute(column) for other in others for column in other.columns}
        free = set(names) - fixed if postponed else set()
        known = {
            index: row[name]
            for index, name in enumerate(names)
            if name not in free and row.get(name) is not None
        }
        keys = [
            values
            for values in self.keys(key)
            if all(values[index] == value for index, value in known.items())
        ]
        for values in random.sample(keys, len(keys)):
            yield dict(zip(names, values, strict=True))

    def keys(self, key: sa.ForeignKeyConstraint) -> list[tuple[Any, ...]]:
        """Return the keys that a foreign key can refer to, up to a number of them."""
        columns = [element.column for element in key.elements]
        name = tuple(map(str, columns))
        if name not in self._keys:
            query = sa.select(*columns).where(*(column.is_not(None) for column in columns))
            has_model = not key.referred_table.info.get("placeholder")
            ordered = query.order_by(*columns).limit(self._most)
            self._keys[name] = list(map(tuple, self.session.execute(ordered))) if has_model else []
        return self._keys[name]
