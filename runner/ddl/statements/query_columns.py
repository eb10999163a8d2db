"""CREATE TABLE … AS SELECT: the columns of a query, where their types follow from its text and the known tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from runner.ddl.model import SqlType
from runner.ddl.syntax.column_types import TypeReference, read_type
from runner.ddl.syntax.cursor import Cursor, NotUnderstood
from runner.ddl.syntax.expressions import MAX_EXPRESSION_DEPTH
from runner.ddl.syntax.table_body import ColumnDraft
from runner.ddl.syntax.tokens import Token, depth_of, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.ddl.catalog.catalog import TableDraft
    from runner.ddl.statements.statement import Statement

SHOWN_CHARACTERS = 40  # of an expression in a note
# Expressions whose type does not depend on their arguments.
_RESULTS: dict[type[exp.Expr], str] = {exp.Count: "bigint", exp.RowNumber: "bigint"}


def columns_of_query(statement: Statement, tokens: Sequence[Token], names: Sequence[str] = ()) -> list[ColumnDraft]:
    """Return the columns of a query: those of known tables, or cast to a type.

    Raises `NotUnderstood` where the type of one is not known.
    """
    offset = tokens[0].start if tokens else 0
    if [token.word for token in tokens[-3:]] == ["WITH", "NO", "DATA"]:
        tokens = tokens[:-3]
    text = statement.cursor.source(tokens)
    if depth_of(tokens) > MAX_EXPRESSION_DEPTH:
        raise NotUnderstood("the query is nested too deep", offset)
    try:
        query = sqlglot.parse_one(text, read=statement.catalog.dialect.parser)
    except (SqlglotError, RecursionError):
        raise NotUnderstood("the columns of the query are not known", offset) from None
    query = query.unnest()
    if not isinstance(query, exp.Select):
        raise NotUnderstood("only the columns of a plain SELECT are known", offset)
    columns = list(_Query(statement, query, offset).columns())
    for column, name in zip(columns, names, strict=False):
        column.name = name
    return columns


class _Query:
    """One SELECT and the tables that it reads."""

    def __init__(self, statement: Statement, select: exp.Select, offset: int) -> None:
        self._statement = statement
        self._select = select
        self._offset = offset
        self._dialect = statement.catalog.dialect
        self._tables = dict(self._sources())

    def _sources(self) -> Iterator[tuple[str, TableDraft]]:
        clause = self._select.args.get("from_") or self._select.args.get("from")
        nodes = [clause] if clause else []
        for node in (*nodes, *(self._select.args.get("joins") or ())):
            if isinstance(node.this, exp.Table):
                path = tuple(self._name(part) for part in node.this.parts)
                found = self._statement.catalog.find(path)
                if found is not None:
                    alias = node.this.args.get("alias")
                    yield (self._name(alias.this) if alias else path[-1]), found

    def columns(self) -> Iterator[ColumnDraft]:
        """Yield the columns in order; raise `NotUnderstood` at the first whose type is not known."""
        for node in self._select.expressions:
            if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):
                yield from self._all_columns(node)
            else:
                yield self._column(node)

    def _all_columns(self, node: exp.Expr) -> Iterator[ColumnDraft]:
        wanted = self._name(node.args["table"]) if node.args.get("table") else None
        if not self._tables:
            raise NotUnderstood("the columns of * are not known", self._offset)
        for alias, table in self._tables.items():
            if wanted in {None, alias}:
                for column in table.columns:
                    yield self._draft(column.name, column.type)

    def _column(self, node: exp.Expr) -> ColumnDraft:
        name = self._name(node.args["alias"]) if isinstance(node, exp.Alias) else None
        value = (node.this if isinstance(node, exp.Alias) else node).unnest()
        if isinstance(value, exp.Column):
            return self._draft(name or self._name(value.this), self._find(value).type)
        if isinstance(value, exp.Cast):
            inner = value.this.unnest()
            name = name or (self._name(inner.this) if isinstance(inner, exp.Column) else None)
        kind = self._type(value)
        if name is None or kind is None:
            shown = name or value.sql(dialect=self._dialect.parser)[:SHOWN_CHARACTERS]
            raise NotUnderstood(f"the type of the query's column {shown} is not known", self._offset)
        return self._draft(name, kind)

    def _type(self, value: exp.Expr) -> TypeReference | None:
        """Return the type of an expression that states it."""
        if isinstance(value, exp.Cast):
            text = value.args["to"].sql(dialect=self._dialect.parser)
            return read_type(Cursor(text, tokens_of(text, self._dialect), self._dialect))
        known = _RESULTS.get(type(value))
        return TypeReference(sql=SqlType(text=known, base=known)) if known else None

    def _find(self, node: exp.Column) -> ColumnDraft:
        catalog, name = self._statement.catalog, self._name(node.this)
        wanted = self._name(node.args["table"]) if node.args.get("table") else None
        for alias, table in self._tables.items():
            found = table.column(catalog.column_name(table, name)) if wanted in {None, alias} else None
            if found is not None:
                return found
        raise NotUnderstood(f"the query's column {name} belongs to no known table", self._offset)

    def _draft(self, name: str, kind: TypeReference) -> ColumnDraft:
        """Return a column of a query, which has neither a default nor a sequence."""
        return ColumnDraft(name=name, type=replace(kind, serial=False), line=self._statement.line)

    def _name(self, node: exp.Expr) -> str:
        folds = self._dialect.folds_names and not node.args.get("quoted")
        return node.name.lower() if folds else node.name
