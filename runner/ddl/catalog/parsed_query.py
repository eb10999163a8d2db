"""The parsed form of a query: what of sqlglot's tree the records of `runner.ddl.views` can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from runner.ddl.catalog.query_sources import joined_sources
from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.ddl.model import Table
from runner.ddl.syntax.dialect import Dialect
from runner.ddl.syntax.expression_functions import Inexpressible
from runner.ddl.syntax.expression_operators import TreeReader
from runner.ddl.views import Query, Select, SetOperation, SetOperator, Source

if TYPE_CHECKING:
    from runner.ddl.catalog.query_sources import Joined

_AGGREGATES: Mapping[type[exp.Expr], str] = {
    exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max", exp.Count: "count"
}  # fmt: skip
_SET_OPERATORS: Mapping[type[exp.Expr], SetOperator] = {
    exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"
}  # fmt: skip
_UNREAD = ("limit", "offset", "windows", "qualify", "connect", "pivots", "sample", "kind", "into")


@dataclass(frozen=True, slots=True)
class QueryParser:
    """Makes parsed forms; `relations` are the tables and views by the names that the tree has for them."""

    relations: Mapping[str, Table]
    dialect: Dialect

    def parse(self, scope: Scope) -> Query:
        """Return the parsed form of a query. Raises `Inexpressible` where it has none."""
        if scope.set_operation_scopes:
            return self._set_operation(scope)
        return self._select(scope)

    def _set_operation(self, scope: Scope) -> SetOperation:
        node = scope.expression
        if any(node.args.get(part) for part in _UNREAD):
            raise Inexpressible
        operator = _SET_OPERATORS[type(node)]
        if not node.args.get("distinct"):
            if operator != "UNION":
                raise Inexpressible
            operator = "UNION ALL"
        left, right = (self.parse(part) for part in scope.set_operation_scopes)
        return SetOperation(operator=operator, left=left, right=right)

    def _select(self, scope: Scope) -> Select:
        node = scope.expression
        distinct = node.args.get("distinct")
        if not isinstance(node, exp.Select) or any(node.args.get(part) for part in _UNREAD) or scope.subquery_scopes:
            raise Inexpressible
        if distinct is not None and distinct.args.get("on"):
            raise Inexpressible
        groups = node.args.get("group")
        if groups is not None and any(groups.args.get(kind) for kind in ("rollup", "cube", "grouping_sets", "all")):
            raise Inexpressible
        where, having = node.args.get("where"), node.args.get("having")
        return Select(
            values=tuple((value.alias_or_name, self._value(value.unalias(), scope)) for value in node.expressions),
            sources=tuple(self._source(one, scope) for one in joined_sources(node)),
            where=self._value(where.this, scope) if where else None,
            groups=tuple(self._value(part, scope) for part in groups.expressions) if groups is not None else (),
            having=self._value(having.this, scope) if having else None,
            distinct=distinct is not None,
        )

    def _source(self, one: Joined, scope: Scope) -> Source:
        on = self._value(one.on, scope) if one.on is not None else None
        source = scope.sources.get(one.alias)
        if isinstance(source, Scope):
            return Source(alias=one.alias, query=self.parse(source), join=one.kind, on=on)
        if not isinstance(source, exp.Table):
            raise Inexpressible
        return Source(alias=one.alias, table=self.relations[source.name].name, join=one.kind, on=on)

    def _value(self, node: exp.Expr, scope: Scope) -> Expression:
        return _ValueReader(self.dialect, self.relations, scope).convert(node)


@dataclass(frozen=True, slots=True)
class _ValueReader(TreeReader):
    """Reads the expressions of one SELECT, with aggregates and qualified columns."""

    relations: Mapping[str, Table]
    scope: Scope

    def convert(self, node: exp.Expr) -> Expression:
        kind = type(node)
        if kind is exp.Column:
            return ColumnRef(name=f"{node.text('table')}.{self._spelled(node)}")
        if kind in _AGGREGATES:
            return self._aggregate(node)
        if kind is exp.GroupConcat:
            return self._joined_texts(node)
        if kind is exp.Introducer:
            return self.convert(node.expression)
        return TreeReader.convert(self, node)

    def _spelled(self, node: exp.Expr) -> str:
        source = self.scope.sources.get(node.text("table"))
        if isinstance(source, Scope):
            return str(node.name)
        table = self.relations[source.name] if isinstance(source, exp.Table) else None
        if table is None:
            raise Inexpressible
        found = [column.name for column in table.columns if column.name.lower() == node.name.lower()]
        return node.name if node.name in found or not found else found[0]

    def _aggregate(self, node: exp.Expr) -> Operation:
        op, value = _AGGREGATES[type(node)], node.this
        if node.expressions:
            raise Inexpressible
        if op == "count" and isinstance(value, exp.Star):
            return Operation(op=op)
        if isinstance(value, exp.Distinct) and op == "count" and len(value.expressions) == 1:
            return Operation(op="count distinct", args=(self.convert(value.expressions[0]),))
        if isinstance(value, exp.Distinct):
            raise Inexpressible
        return Operation(op=op, args=(self.convert(value),))

    def _joined_texts(self, node: exp.Expr) -> Operation:
        separator = node.args.get("separator")
        is_own = self.dialect.postgresql_compatible and separator is None  # string_agg always has one
        if is_own or isinstance(node.this, exp.Distinct | exp.Order):
            raise Inexpressible
        between = self.convert(separator) if separator is not None else Const(value=",")
        return Operation(op="string_agg", args=(self.convert(node.this), between))
