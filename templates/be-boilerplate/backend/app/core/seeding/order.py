"""The order in which tables are filled: referenced tables come first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa


@dataclass(frozen=True, kw_only=True)
class Step:
    """A table to fill.

    `immediate` are its foreign keys to tables that are filled by then, those with most columns first. `postponed` are
    those to itself or to tables filled later: they are set at the end. If such a foreign key is required, its checks
    have to be deferred to the end of the transaction.
    """

    table: sa.Table
    immediate: Sequence[sa.ForeignKeyConstraint]
    postponed: Sequence[sa.ForeignKeyConstraint]


def is_required(key: sa.ForeignKeyConstraint) -> bool:
    """Whether the columns of a foreign key are all NOT NULL."""
    return not any(element.parent.nullable for element in key.elements)


def plan_steps(tables: Iterable[sa.Table]) -> list[Step]:
    """Return the steps that fill tables, in order; within cycles, few foreign keys are postponed."""
    remaining = sorted(tables, key=lambda table: table.fullname)
    steps: list[Step] = []
    while remaining:
        table = min(remaining, key=lambda table: _distance(table, remaining))
        keys = sorted(
            table.foreign_key_constraints, key=lambda key: (-len(key.elements), str(key.name))
        )
        immediate = [key for key in keys if key.referred_table not in remaining]
        postponed = [key for key in keys if key.referred_table in remaining]
        steps.append(Step(table=table, immediate=immediate, postponed=postponed))
        remaining.remove(table)
    return steps


def _distance(table: sa.Table, remaining: Sequence[sa.Table]) -> tuple[int, int, int]:
    """Return how many remaining tables should be filled before a table, most significant count first.

    The counts are: tables that it requires, directly or indirectly; tables that it requires directly; tables that it
    references optionally. So a cycle without other requirements is filled before the tables that require the cycle.
    """
    required: set[sa.Table] = set()
    new = _referenced(table, remaining, required=True)
    while new:
        required |= new
        next_level = {far for near in new for far in _referenced(near, remaining, required=True)}
        new = next_level - required
    direct = _referenced(table, remaining, required=True)
    optional = _referenced(table, remaining, required=False)
    return len(required - {table}), len(direct), len(optional)


def _referenced(table: sa.Table, remaining: Sequence[sa.Table], *, required: bool) -> set[sa.Table]:
    """Return the remaining tables that a table references by required, or by optional, foreign keys."""
    keys = [key for key in table.foreign_key_constraints if is_required(key) is required]
    return {key.referred_table for key in keys} & set(remaining) - {table}
