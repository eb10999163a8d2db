"""What identifies the rows of a query and to which rows they refer: the keys of the tables that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from runner.ddl.catalog.query_sources import joined_sources
from runner.ddl.model import ForeignKey, Key, Table
from runner.ddl.syntax.expression_functions import Inexpressible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.ddl.catalog.query_sources import Joined

Place = tuple[str, str]  # the alias of a source and a column of it, as the tree has them


@dataclass(frozen=True, slots=True)
class QueryRows:
    """The rows of one SELECT; `relations` are the tables and views by the names that the tree has for them."""

    scope: Scope
    relations: Mapping[str, Table]

    @property
    def shown(self) -> Mapping[Place, int]:
        """The columns that the query shows as they are, with their positions in its result."""
        found: dict[Place, int] = {}
        for position, value in enumerate(self.scope.expression.expressions):
            plain = value.unalias().unnest()
            if isinstance(plain, exp.Column):
                found.setdefault((plain.table, plain.name), position)
        return found

    def key(self) -> tuple[int, ...]:
        """Return the positions of columns that are a key of the result; empty where none is certain."""
        select = self.scope.expression
        if not isinstance(select, exp.Select) or select.args.get("distinct") or select.args.get("limit"):
            return ()
        try:
            sources = joined_sources(select)
        except Inexpressible:
            return ()
        groups = select.args.get("group")
        if groups is not None:
            return self._grouped(groups, sources)
        if any(map(_is_aggregated, select.expressions)):
            return ()
        for base in sources:
            if base.kind != "left" and self._covers(base, sources):
                found = self._positions(base.alias, self._key(base))
                if found:
                    return found
        return ()

    def references(self) -> Iterator[tuple[tuple[int, ...], ForeignKey]]:
        """Yield the foreign keys whose columns the result shows, each with their positions in it.

        The key of one column of a table refers to that table.
        """
        for alias, source in self.scope.sources.items():
            table = self.relations.get(source.name) if isinstance(source, exp.Table) else None
            if table is None:
                continue
            for key in table.foreign_keys:
                positions = self._positions(alias, key.columns)
                if positions and not key.period:
                    yield positions, key
            if table.view is None and len(table.key_columns) == 1:
                own = ForeignKey(columns=table.key_columns, references=table.name, target_columns=table.key_columns)
                yield from ((positions, own) for positions in [self._positions(alias, own.columns)] if positions)

    # ---------------------------------------------------------------------------------------------------------- parts

    def _table(self, one: Joined) -> Table | None:
        source = self.scope.sources.get(one.alias)
        return self.relations.get(source.name) if isinstance(source, exp.Table) else None

    def _key(self, one: Joined) -> tuple[str, ...]:
        table = self._table(one)
        return table.key_columns if table is not None else ()

    def _positions(self, alias: str, columns: tuple[str, ...]) -> tuple[int, ...]:
        shown = self.shown
        found = [shown.get((alias, name), shown.get((alias, name.lower()))) for name in columns]
        return tuple(place for place in found if place is not None) if None not in found else ()

    def _covers(self, base: Joined, sources: list[Joined]) -> bool:
        """Whether each row of a source appears at most once: all others are joined by a key of theirs."""
        equal = list(self._equalities(sources))
        reached = {base.alias}
        waiting = [one for one in sources if one is not base]
        while waiting:
            found = next((one for one in waiting if self._is_one(one, reached, equal)), None)
            if found is None:
                return False
            reached.add(found.alias)
            waiting.remove(found)
        return True

    def _is_one(self, one: Joined, reached: set[str], equal: list[tuple[Place, Place]]) -> bool:
        table = self._table(one)
        if table is None:
            return False
        tied = {mine[1].lower() for mine, other in equal if mine[0] == one.alias and other[0] in reached}
        keys = [table.key_columns, *(key.columns for key in table.unique)]
        return any(columns and {name.lower() for name in columns} <= tied for columns in keys)

    def _equalities(self, sources: list[Joined]) -> Iterator[tuple[Place, Place]]:
        where = self.scope.expression.args.get("where")
        conditions = [one.on for one in sources if one.on is not None] + ([where.this] if where else [])
        for condition in conditions:
            for part in (
                condition.unnest().flatten() if isinstance(condition.unnest(), exp.And) else [condition.unnest()]
            ):
                equality = part.unnest()
                if isinstance(equality, exp.EQ):
                    sides = [equality.this.unnest(), equality.expression.unnest()]
                    if all(isinstance(side, exp.Column) for side in sides):
                        left, right = ((side.table, side.name) for side in sides)
                        yield left, right
                        yield right, left

    def _grouped(self, groups: exp.Expr, sources: list[Joined]) -> tuple[int, ...]:
        """Return the key of a grouped query: what it groups by, without what a key among that determines."""
        if any(groups.args.get(kind) for kind in ("rollup", "cube", "grouping_sets")):
            return ()
        columns = [part.unnest() for part in groups.expressions]
        if not columns or not all(isinstance(part, exp.Column) for part in columns):
            return ()
        left = {one.alias for one in sources if one.kind == "left"}
        places = [(part.table, part.name) for part in columns]
        for one in sources:
            key = {(one.alias, name.lower()) for name in self._key(one)}
            if key and key <= {(alias, name.lower()) for alias, name in places}:
                places = [place for place in places if place[0] != one.alias or (place[0], place[1].lower()) in key]
        found: list[int] = []
        for alias, name in places:
            position = self._positions(alias, (name,))
            if not position or alias in left or not self._is_given(alias, name):
                return ()
            found += position
        return tuple(found)

    def _is_given(self, alias: str, name: str) -> bool:
        """Whether a column of a source is never NULL."""
        source = self.scope.sources.get(alias)
        table = self.relations.get(source.name) if isinstance(source, exp.Table) else None
        return table is not None and any(
            column.name.lower() == name.lower() and (not column.nullable or column.name in table.key_columns)
            for column in table.columns
        )


def _is_aggregated(value: exp.Expr) -> bool:
    """Whether a value is one of all rows together; those of windows and of queries within it are not."""
    inner = (exp.Window, exp.Query)
    return any(isinstance(part, exp.AggFunc) for part in value.walk(prune=lambda node: isinstance(node, inner)))


def key_of(columns: tuple[str, ...], positions: tuple[int, ...]) -> Key | None:
    """Return the key of a view over the columns at some positions; None where there are none."""
    return Key(columns=tuple(columns[place] for place in positions)) if positions else None
