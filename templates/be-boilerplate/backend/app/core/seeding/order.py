"""The order in which tables are filled: what is referred to comes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa


@dataclass(frozen=True, kw_only=True)
class Step:
    """A table to be filled.

    `now` are references to tables that are filled by then, the widest first. `later` are those to tables that come
    after it, or to itself: they are set at the end. Those that a row cannot do without need references to be held
    only at the end of a transaction.
    """

    table: sa.Table
    now: Sequence[sa.ForeignKeyConstraint]
    later: Sequence[sa.ForeignKeyConstraint]


def is_required(key: sa.ForeignKeyConstraint) -> bool:
    """Whether a row must refer to another."""
    return not any(element.parent.nullable for element in key.elements)


def steps(tables: Iterable[sa.Table]) -> list[Step]:
    """Return the tables in the order to fill them in; where they form a ring, as few references as can be wait."""
    waiting = sorted(tables, key=lambda table: table.fullname)
    found: list[Step] = []
    while waiting:
        table = min(waiting, key=lambda table: _distance(table, waiting))
        keys = sorted(
            table.foreign_key_constraints, key=lambda key: (-len(key.elements), str(key.name))
        )
        now = [key for key in keys if key.referred_table not in waiting]
        later = [key for key in keys if key.referred_table in waiting]
        found.append(Step(table=table, now=now, later=later))
        waiting.remove(table)
    return found


def _distance(table: sa.Table, waiting: Sequence[sa.Table]) -> tuple[int, int, int]:
    """Return how far a table is from being filled, in tables that have to come before it.

    First all that it needs, and what those need: a ring that needs nothing else comes before what needs the ring. Then
    what it needs itself, and what it may refer to.
    """
    needed: set[sa.Table] = set()
    new = _referred(table, waiting, required=True)
    while new:
        needed |= new
        new = {far for near in new for far in _referred(near, waiting, required=True)} - needed
    own = _referred(table, waiting, required=True)
    return len(needed - {table}), len(own), len(_referred(table, waiting, required=False))


def _referred(table: sa.Table, waiting: Sequence[sa.Table], *, required: bool) -> set[sa.Table]:
    """Return the waiting tables that rows of a table must refer to, or may."""
    keys = [key for key in table.foreign_key_constraints if is_required(key) is required]
    return {key.referred_table for key in keys} & set(waiting) - {table}
