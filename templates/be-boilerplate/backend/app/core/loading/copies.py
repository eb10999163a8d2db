"""Rows like those that a table has, with other keys and other references."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import sqlalchemy as sa

from app.core.loading.parts import Part
from app.core.seeding.fields import TableSpec

Row = list[Any]


class Copies:
    """An endless series of numbered rows, each a copy of one of some rows. Rows have the fields of the table in order.

    The parts in `keys` are set by the number of the row, those in `references` at random. A part that is NULL in the
    copied row stays so. `next` is the number of the next row.
    """

    def __init__(
        self,
        spec: TableSpec,
        originals: Sequence[Sequence[Any]],
        *,
        keys: Sequence[Sequence[Part]],
        references: Sequence[Part],
        first: int,
        random: Random,
    ) -> None:
        self.next = first
        self._indexes = {name: index for index, name in enumerate(spec.fields)}
        self._originals = originals
        self._random = random
        self._keys = [[(part, self._places(part)) for part in parts] for parts in keys]
        self._references = [(part, self._places(part)) for part in references]
        changed = {name for parts in (*keys, references) for part in parts for name in part.names}
        self._assigned = dict.fromkeys(spec.attributes)  # by the database, hence unknown here
        self._rules = [rule for rule in spec.rules if changed.intersection(rule.fields)]

    def __iter__(self) -> Iterator[Row]:
        """Yield rows that satisfy the rules."""
        while True:
            row = self._copy(self.next)
            self.next += 1
            if not self._rules or self._satisfies_rules(row):
                yield row

    def _copy(self, number: int) -> Row:
        row = [*self._random.choice(self._originals)]
        for part, places in self._references:
            _set(row, part, places, self._random.randrange(part.size))
        for parts in self._keys:
            rest = number
            for part, places in parts:
                rest, index = divmod(rest, part.size)
                _set(row, part, places, index)
        return row

    def _places(self, part: Part) -> list[int]:
        return [self._indexes[name] for name in part.names]

    def _satisfies_rules(self, row: Row) -> bool:
        values = self._assigned | {name: row[index] for name, index in self._indexes.items()}
        return all(rule.holds(values) is not False for rule in self._rules)


def _set(row: Row, part: Part, places: Sequence[int], index: int) -> None:
    copied = [row[place] for place in places]
    if None not in copied:
        for place, value in zip(places, part.value(index, copied), strict=True):
            row[place] = value


def unique_sets(spec: TableSpec) -> list[tuple[str, ...]]:
    """Return the attributes of each unique constraint and index, as far as they are all fields of the table.

    Those with columns that the database assigns are left out: they are unique already. A unique index over expressions
    has the columns that its SQL mentions.
    """
    table = spec.table
    found: list[Sequence[sa.Column[Any]]] = [
        [*unique.columns]
        for unique in table.constraints
        if isinstance(unique, (sa.PrimaryKeyConstraint, sa.UniqueConstraint))
    ]
    for index in table.indexes:
        if index.unique:
            words = {word for part in index.expressions for word in re.findall(r"\w+", str(part))}
            found.append([column for column in table.columns if column.name in words])
    sets = {tuple(spec.attribute(column) for column in columns) for columns in found if columns}
    return sorted(
        (key for key in sets if {*key} <= {*spec.fields}), key=lambda key: (len(key), key)
    )


def key_parts(sets: Sequence[Sequence[str]], parts: Sequence[Part], count: int) -> list[list[Part]]:
    """Return the parts to number so that `count` rows differ in every unique set.

    It is one part with as many values where there is one, and as many parts as needed elsewhere. Where they do not
    suffice, or several sets share them, some rows are not unique.
    """
    found: list[list[Part]] = []
    for names in sets:
        own = [part for part in parts if {*part.names} <= {*names}]
        large = [part for part in own if part.size >= count]
        if any([part] in found for part in large):
            continue
        numbered = {name for chosen in found for part in chosen for name in part.names}
        chosen, size = [], 1
        for part in large or own:
            if size < count and numbered.isdisjoint(part.names):
                chosen.append(part)
                size *= part.size
        found += [chosen] if chosen else []
    return found
