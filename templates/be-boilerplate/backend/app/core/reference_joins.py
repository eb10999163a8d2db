"""Joins of the rows that the rows of a list refer to, for what is sorted by or shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session

from app.core.access.access import access_of
from app.core.constraint_columns import table_of
from app.core.expansion import Expandable

Steps = Sequence[Expandable]


class Joins:
    """The rows to which rows of a model lead, step by step, each joined once, as far as the actor may see them."""

    def __init__(self, model: type[DeclarativeBase], session: Session) -> None:
        self._table = table_of(model)
        self._access = access_of(session)
        # Where the database enforces references, a required one leads to a row: an inner join lets PostgreSQL begin with
        # an index of the joined table. SQLite enforces them only in connections that ask for it.
        self._are_enforced = session.get_bind().dialect.name != "sqlite"
        self._rows: sa.FromClause = self._table
        self._joined: dict[tuple[str, ...], tuple[sa.FromClause, bool]] = {(): (self._table, False)}

    def column(
        self, steps: Steps, column: InstrumentedAttribute[Any]
    ) -> tuple[sa.ColumnElement[Any], bool]:
        """Return a column of the rows that references lead to, and whether it may be NULL."""
        rows, may_be_missing = self._follow(steps)
        (own,) = column.property.columns
        return rows.c[own.key], may_be_missing or bool(own.nullable)

    def added_to(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Return a statement over the table with the joined rows."""
        return statement if self._rows is self._table else statement.select_from(self._rows)

    def _follow(self, steps: Steps) -> tuple[sa.FromClause, bool]:
        """Return the rows that references lead to, and whether there may be none."""
        path = tuple(step.name for step in steps)
        if path not in self._joined:
            *_, step = steps
            rows, may_be_missing = self._follow(steps[:-1])
            target = table_of(step.target)
            conditions = self._access.visible(step.target)
            found: sa.FromClause = (
                sa.select(target).where(*conditions).correlate(None).subquery()
                if conditions
                else target.alias()
            )
            pairs = [(item.parent, item.column) for item in step.constraint.elements]
            may_be_missing |= bool(conditions) or not self._are_enforced
            may_be_missing |= any(own.nullable for own, _ in pairs)
            matches = sa.and_(*(rows.c[own.key] == found.c[other.key] for own, other in pairs))
            self._rows = self._rows.join(found, matches, isouter=may_be_missing)
            self._joined[path] = found, may_be_missing
        return self._joined[path]
