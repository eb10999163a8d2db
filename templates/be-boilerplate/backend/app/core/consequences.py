"""What the deletion of rows would do to the rows that refer to them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.core.access.access import access_of
from app.core.constraint_columns import referring_keys, table_of
from app.core.fields import is_storable
from app.core.filtering import Condition
from app.core.periods import PeriodForeignKey
from app.core.resource import Resource

MAX_ROWS = 10_000  # that are looked at
_BATCH = 500  # keys in one statement

Effect = Literal["delete", "set_null", "set_default", "refuse"]
Key = tuple[Any, ...]
# The rows of a table by the text of their key, since a part of a key need not be hashable.
_Rows = Mapping[str, Key]


class Consequence(BaseModel):
    """What happens to other rows of one table: they are deleted, get NULL or a default, or prevent the deletion.

    `table` is the name of its package. `fields` are those that refer to a deleted row; empty for deleted rows.
    """

    table: str
    effect: Effect
    fields: list[str]
    rows: int


class Consequences(BaseModel):
    """What the deletion of `rows` rows would do to others.

    `is_complete` is false if there are more rows than are looked at: then each number is a minimum.
    """

    rows: int
    effects: list[Consequence]
    is_complete: bool


def find_consequences(
    session: Session, resource: Resource[Any, Any], keys: Sequence[Any]
) -> Consequences:
    """Follow the foreign keys that refer to the rows with these keys, and to the rows that are deleted with them.

    Raises a problem 403 if the actor may not delete rows. Rows that the actor does not see are none of these, but those
    that refer to them are counted.

    Rows that are deleted themselves prevent nothing. Not considered are triggers, foreign keys over a PERIOD, and those
    that refer to a table without a primary key.
    """
    access = access_of(session)
    access.require("delete", resource)
    parts = [key if isinstance(key, tuple) else (key,) for key in keys if is_storable(key)]
    conditions = access.visible(resource.model)
    return _Search(session).run(table_of(resource.model), parts, conditions)


class _Search:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._left = MAX_ROWS
        self._deleted: defaultdict[sa.Table, dict[str, Key]] = defaultdict(dict)
        self._referring: defaultdict[sa.ForeignKeyConstraint, dict[str, Key]] = defaultdict(dict)

    def run(
        self, table: sa.Table, keys: Sequence[Key], conditions: Sequence[Condition]
    ) -> Consequences:
        first = self._rows(sa.select(*table.primary_key).where(*conditions), table, keys)
        self._deleted[table].update(first)
        waiting = deque([(table, first)])
        while waiting and self._left >= 0:
            deleted_from, rows = waiting.popleft()
            for constraint in referring_keys(deleted_from):
                if isinstance(constraint, PeriodForeignKey):
                    continue
                found = self._referrers(constraint, [*rows.values()])
                if _effect(constraint) == "delete":
                    known = self._deleted[constraint.table]
                    new = {text: key for text, key in found.items() if text not in known}
                    known.update(new)
                    if new and constraint.table.primary_key.columns:
                        waiting.append((constraint.table, new))
                else:
                    self._referring[constraint].update(found)
        effects = [*self._deletions(table, len(first)), *self._other_effects()]
        return Consequences(rows=len(first), effects=effects, is_complete=self._left >= 0)

    def _deletions(self, table: sa.Table, first: int) -> Iterator[Consequence]:
        for other, rows in self._deleted.items():
            if number := len(rows) - (first if other is table else 0):
                yield Consequence(table=_name(other), effect="delete", fields=[], rows=number)

    def _other_effects(self) -> Iterator[Consequence]:
        for constraint, rows in self._referring.items():
            if remaining := rows.keys() - self._deleted[constraint.table].keys():
                names: Mapping[str, str] = constraint.table.info.get("fields", {})
                yield Consequence(
                    table=_name(constraint.table),
                    effect=_effect(constraint),
                    fields=[names.get(key, key) for key in constraint.column_keys],
                    rows=len(remaining),
                )

    def _referrers(self, constraint: sa.ForeignKeyConstraint, keys: Sequence[Key]) -> _Rows:
        """Return the rows that refer by a foreign key to the rows with these keys."""
        own, target = constraint.table, constraint.referred_table.alias()
        refers = [
            element.parent == target.columns[element.column.key] for element in constraint.elements
        ]
        # Nothing tells the rows of a table without a key apart, so each is counted.
        selected = [*own.primary_key] or [sa.null()]
        return self._rows(
            sa.select(*selected).join_from(own, target, sa.and_(*refers)), target, keys
        )

    def _rows(self, statement: sa.Select[Any], table: sa.FromClause, keys: Sequence[Key]) -> _Rows:
        """Return the rows of a statement for which the key of `table` is one of `keys`, up to one more than are left."""
        columns = [*table.primary_key]
        found: dict[str, Key] = {}
        for start in range(0, len(keys), _BATCH):
            matches = sa.tuple_(*columns).in_(keys[start : start + _BATCH])
            for row in self._session.execute(statement.where(matches).limit(self._left + 1)):
                text = str(self._left) if row[0] is None else repr(tuple(row))
                found[text] = tuple(row)
                self._left -= 1
            if self._left < 0:
                break
        return found


def _name(table: sa.Table) -> str:
    router: str = table.info.get("router", f".{table.name}.")
    return router.split(".")[1]


def _effect(constraint: sa.ForeignKeyConstraint) -> Effect:
    action = (constraint.ondelete or "").upper()
    if action == "CASCADE":
        return "delete"
    if action.startswith("SET"):  # PostgreSQL 15 adds columns: SET NULL (a)
        return "set_null" if action.startswith("SET NULL") else "set_default"
    return "refuse"
