"""What rows refer to: the keys that are there, and those of them that fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.seeding.fields import Subject

_MOST = 10_000  # keys of one table that are chosen from


class References:
    """The keys of tables that are filled, read once each."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._keys: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}

    def fitting(
        self,
        subject: Subject,
        key: sa.ForeignKeyConstraint,
        row: Mapping[str, Any],
        random: Random,
        waiting: Sequence[sa.ForeignKeyConstraint] = (),
    ) -> Iterator[dict[str, Any]]:
        """Give values for the columns of a reference that agree with a row so far, in an order of chance.

        What stands in the columns that no other reference than those `waiting` has is not looked at. A table without a
        model has no rows to refer to.
        """
        names = [subject.attribute(element.parent) for element in key.elements]
        others = [other for other in key.table.foreign_key_constraints if other not in waiting]
        fixed = {subject.attribute(column) for other in others for column in other.columns}
        free = set(names) - fixed if waiting else set()
        known = {
            place: row[name]
            for place, name in enumerate(names)
            if name not in free and row.get(name) is not None
        }
        keys = [
            values
            for values in self._of(key)
            if all(values[place] == value for place, value in known.items())
        ]
        for values in random.sample(keys, len(keys)):
            yield dict(zip(names, values, strict=True))

    def _of(self, key: sa.ForeignKeyConstraint) -> list[tuple[Any, ...]]:
        """Return what a reference can refer to."""
        columns = [element.column for element in key.elements]
        name = tuple(map(str, columns))
        if name not in self._keys:
            query = sa.select(*columns).where(*(column.is_not(None) for column in columns))
            known = not key.referred_table.info.get("stand_in")
            ordered = query.order_by(*columns).limit(_MOST)
            self._keys[name] = list(map(tuple, self.session.execute(ordered))) if known else []
        return self._keys[name]
