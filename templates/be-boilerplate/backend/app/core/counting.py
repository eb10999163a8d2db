"""How many rows match a query: counted up to a cap, counted exactly, estimated, or not counted at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.compiler import SQLCompiler

Counting = Literal["capped", "estimated", "exact", "none"]
Precision = Literal["exact", "at_least", "estimated"]
COUNT_CAP = 10_000  # counting this many rows takes a few milliseconds, however large the table


@dataclass(frozen=True, kw_only=True, slots=True)
class Total:
    """A number of rows and how precise it is; None if the rows were not counted."""

    rows: int | None
    precision: Precision = "exact"


def count_rows(
    session: Session,
    model: type[DeclarativeBase],
    conditions: Sequence[sa.ColumnElement[bool]],
    counting: Counting,
) -> Total:
    """Return the number of rows that match the conditions.

    A capped count is exact up to `COUNT_CAP` rows. Above that an estimated one is the estimate of PostgreSQL's planner;
    SQLite has none, so there the rows are counted.
    """
    if counting == "none":
        return Total(rows=None)
    matching = sa.select(sa.literal(1)).select_from(model).where(*conditions)
    has_estimates = session.get_bind().dialect.name == "postgresql"
    if counting == "exact" or (counting == "estimated" and not has_estimates):
        return Total(rows=_count(session, matching))
    rows = _count(session, matching.limit(COUNT_CAP + 1))
    if rows <= COUNT_CAP:
        return Total(rows=rows)
    if counting == "estimated":
        (plan,) = session.execute(_Explain(matching)).scalar_one()
        return Total(rows=max(rows, int(plan["Plan"]["Plan Rows"])), precision="estimated")
    return Total(rows=COUNT_CAP, precision="at_least")


def _count(session: Session, matching: sa.Select[Any]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(matching.subquery())) or 0


class _Explain(sa.Executable, sa.ClauseElement):
    """PostgreSQL's plan of a statement, in JSON."""

    inherit_cache = False

    def __init__(self, statement: sa.Select[Any]) -> None:
        self.statement = statement


@compiles(_Explain)
def _compile_explain(element: _Explain, compiler: SQLCompiler, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **options)}"
