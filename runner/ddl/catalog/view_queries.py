"""Reads the query of a view by sqlglot: the columns, what identifies a row, the references, and a parsed form."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema

from runner.ddl.catalog.parsed_query import QueryParser
from runner.ddl.catalog.query_rows import QueryRows, key_of
from runner.ddl.catalog.query_types import QueryTypes
from runner.ddl.model import Column, ForeignKey, Table
from runner.ddl.syntax.cursor import NotUnderstood
from runner.ddl.syntax.expression_functions import Inexpressible
from runner.ddl.views import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.ddl.catalog.catalog import Catalog, ViewDraft
    from runner.ddl.model import SqlType
    from runner.ddl.syntax.column_types import TypeReference
    from runner.ddl.views import Query

_NAMES: Mapping[type[exp.Expr], str] = {  # of results without a name, in PostgreSQL
    exp.Count: "count", exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max", exp.Coalesce: "coalesce",
    exp.Lower: "lower", exp.Upper: "upper", exp.Case: "case", exp.RowNumber: "row_number", exp.ArrayAgg: "array_agg",
    exp.Exists: "exists", exp.CurrentDate: "current_date", exp.Length: "length", exp.Round: "round",
}  # fmt: skip
_SHOWN = 40  # characters of an expression in a note


def read_view(
    draft: ViewDraft,
    catalog: Catalog,
    relation: Callable[[ViewDraft, tuple[str, ...]], Table],
    resolve: Callable[[TypeReference], SqlType],
) -> Table:
    """Return a view as a table; `relation` finds the tables that its query reads.

    Raises `NotUnderstood` with the reason where its columns cannot be known.
    """
    return _ViewReader(draft, catalog, relation, resolve).table()


class _ViewReader:
    def __init__(
        self,
        draft: ViewDraft,
        catalog: Catalog,
        relation: Callable[[ViewDraft, tuple[str, ...]], Table],
        resolve: Callable[[TypeReference], SqlType],
    ) -> None:
        self._draft, self._catalog, self._dialect = draft, catalog, catalog.dialect
        self._relation = relation
        self._relations: dict[str, Table] = {}  # by the names that they have in the tree
        self._spelled: dict[str, str] = {}  # names in lower case, as the query writes them
        self._scope = self._qualified()
        self._types = QueryTypes(catalog, self._relations, resolve)

    def table(self) -> Table:
        """Return the view as a table."""
        columns: list[Column] = []
        found = self._types.columns(self._scope)
        names = self._draft.columns or tuple(map(self._spelling, found))
        for name, (_, kind) in zip(names, found, strict=False):
            if kind is None:
                raise NotUnderstood(f"the type of its column {name} is not known")
            if any(column.name.lower() == name.lower() for column in columns):
                raise NotUnderstood(f"it has two columns {name}")
            columns.append(Column(name=name, type=kind))
        if not columns:
            raise NotUnderstood("it has no columns")
        rows = QueryRows(self._scope, self._relations)
        shown = tuple(column.name for column in columns)
        key = key_of(shown, rows.key())
        given = key.columns if key else ()
        return Table(
            name=self._draft.name,
            columns=tuple(replace(column, nullable=column.name not in given) for column in columns),
            primary_key=key,
            foreign_keys=tuple(self._references(shown, rows)),
            kind="view",
            view=View(
                definition=self._draft.definition,
                origins=tuple(
                    (name, table, column)
                    for name, found in zip(shown, self._types.origins(self._scope), strict=False)
                    for table, column in sorted(found)
                ),
                query=self._parsed(),
                uses=tuple(dict.fromkeys(table.name for table in self._relations.values())),
                is_materialized=self._draft.is_materialized,
            ),
        )

    def _references(self, shown: tuple[str, ...], rows: QueryRows) -> Iterator[ForeignKey]:
        """Yield the references of the view, one for each set of columns."""
        found: set[tuple[int, ...]] = set()
        for positions, key in sorted(rows.references(), key=lambda pair: pair[0]):
            if positions not in found:
                found.add(positions)
                yield ForeignKey(
                    columns=tuple(shown[place] for place in positions),
                    references=key.references,
                    target_columns=key.target_columns,
                )

    def _parsed(self) -> Query | None:
        try:
            return QueryParser(self._relations, self._dialect).parse(self._scope)
        except (Inexpressible, AttributeError, RecursionError):
            return None

    def _spelling(self, column: tuple[str, SqlType | None]) -> str:
        return self._spelled.get(column[0], column[0])

    # ----------------------------------------------------------------------------------------------------------- tree

    def _qualified(self) -> Scope:
        """Return the scope of the query with every column qualified by the alias of its table, and stars expanded."""
        try:
            tree = sqlglot.parse_one(self._draft.query, read=self._dialect.parser).unnest()
            if not isinstance(tree, exp.Select | exp.SetOperation):
                raise NotUnderstood("its query is no SELECT")
            self._name_columns(tree)
            self._bind(tree)
            tree = qualify(
                tree,
                schema=MappingSchema(
                    {name: self._columns(table) for name, table in self._relations.items()}, normalize=False
                ),
                dialect=self._dialect.parser,
            )
            scope = build_scope(tree)
        except (SqlglotError, RecursionError) as error:
            reason = str(error).splitlines()[0] if isinstance(error, SqlglotError) else "nested too deep"
            raise NotUnderstood(f"its query is not understood ({reason})") from None
        if scope is None:
            raise NotUnderstood("its query is not understood")
        return scope

    def _columns(self, table: Table) -> dict[str, str]:
        return {self._folded(column.name): "text" for column in table.columns}

    def _folded(self, name: str) -> str:
        if not self._dialect.ignores_case_of_columns:
            return name
        self._spelled.setdefault(name.lower(), name)
        return name.lower()

    def _name_columns(self, tree: exp.Expr) -> None:
        """Give the columns of the result the names that the database gives them, where the query gives none."""
        first = tree
        while isinstance(first, exp.SetOperation):
            first = first.this.unnest()
        for number, value in enumerate(first.expressions, start=1):
            plain = value.unnest()
            if isinstance(value, exp.Alias) or isinstance(plain, exp.Column | exp.Star) or value.is_star:
                continue
            name = f"column {number}" if self._draft.columns else self._chosen_name(plain)
            if name is None:
                raise NotUnderstood(f"its column {value.sql(dialect=self._dialect.parser)[:_SHOWN]} has no name")
            value.replace(exp.alias_(value.copy(), name, quoted=True))

    def _chosen_name(self, value: exp.Expr) -> str | None:
        """Return the name that PostgreSQL gives to a value; that of other databases is its text, which nobody types."""
        if not self._dialect.postgresql_compatible:
            return None
        if isinstance(value, exp.Cast) and isinstance(value.this.unnest(), exp.Column):
            return self._name(value.this.unnest().this)
        if isinstance(value, exp.Anonymous):
            return str(value.this).lower()
        return _NAMES.get(type(value))

    def _bind(self, tree: exp.Expr) -> None:
        """Replace the names of tables by names of this query alone, and fold all others as the database does."""
        if any(part.args.get("recursive") for part in tree.find_all(exp.With)):
            raise NotUnderstood("its query is recursive")
        common = {self._name(node.args["alias"].this) for node in tree.find_all(exp.CTE)}
        tables = list(tree.find_all(exp.Table))
        for node in tables:
            if not isinstance(node.this, exp.Identifier):
                raise NotUnderstood(f"it reads the rows of {node.sql(dialect=self._dialect.parser)[:_SHOWN]}")
            path = tuple(self._name(part) for part in node.parts)
            if path[-1] in common and len(path) == 1:
                continue
            table = self._relation(self._draft, path)
            name = f"t{len(self._relations)}"
            self._relations[name] = table
            if not node.alias:
                node.set("alias", exp.TableAlias(this=exp.to_identifier(path[-1], quoted=True)))
            node.set("this", exp.to_identifier(name, quoted=True))
            node.set("db", None)
            node.set("catalog", None)
        for column in tree.find_all(exp.Column):  # a table's schema before a column is told by its alias
            column.set("db", None)
            column.set("catalog", None)
        bound = {id(node.this) for node in tables}
        for identifier in tree.find_all(exp.Identifier):
            if id(identifier) not in bound:
                name = self._name(identifier)
                identifier.set("this", self._folded(name) if self._dialect.ignores_case_of_columns else name)
                identifier.set("quoted", value=True)

    def _name(self, node: exp.Expr) -> str:
        folds = self._dialect.folds_names and not node.args.get("quoted")
        return node.name.lower() if folds else node.name
