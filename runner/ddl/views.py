"""Views: their statements, and the parsed form of their queries.

Frozen, picklable records that depend on no SQL parser; `catalog/view_queries` and `catalog/parsed_query` make them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from runner.ddl.expression_tree import Expression
from runner.ddl.qualified_name import QName
from runner.records.message_pipe import CompactPickle

JoinKind = Literal["", "inner", "left", "cross"]
SetOperator = Literal["UNION", "UNION ALL", "INTERSECT", "EXCEPT"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Source(CompactPickle):
    """What a query reads under an alias: a table or view, or another query. The first one has no `join`."""

    alias: str
    table: QName | None = None
    query: Query | None = None
    join: JoinKind = ""
    on: Expression | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Select(CompactPickle):
    """One SELECT: named values over `sources`, in which a column is `alias.column`.

    Its order is left out, since a list of a view has an order of its own.

    Besides the operations of all expressions there are `count`, `count distinct`, `sum`, `avg`, `min`, `max` and
    `string_agg`, with the arguments of the functions; `count` of all rows has none.
    """

    values: tuple[tuple[str, Expression], ...]
    sources: tuple[Source, ...]
    where: Expression | None = None
    groups: tuple[Expression, ...] = ()
    having: Expression | None = None
    distinct: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SetOperation(CompactPickle):
    """Two queries whose rows are combined; the names of the columns are those of the left one."""

    operator: SetOperator
    left: Query
    right: Query


Query = Select | SetOperation


@dataclass(frozen=True, kw_only=True, slots=True)
class View(CompactPickle):
    """The query of a view.

    `definition` is all of its statement after the name, `uses` the tables and views that the query reads. `origins` are
    the columns from which the values of each of its own come: its own column, the table or view, and the column there.
    `query` is the parsed form, None where there is none.
    """

    definition: str
    uses: tuple[QName, ...] = ()
    origins: tuple[tuple[str, QName, str], ...] = ()
    is_materialized: bool = False
    query: Query | None = None
