"""What no two rows of a table may have in common: unique indexes over expressions, and exclusions."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from runner.ddl.expression_tree import ColumnRef
from runner.generation.model.check_expressions import Unknown, columns_in
from runner.generation.model.conditions import Condition, FieldValue, make_condition
from runner.generation.model.evaluation import Range, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from runner.ddl.model import IndexPart
    from runner.generation.model.constraint_names import NamedConstraints
    from runner.generation.model.field_types import FieldType


@dataclass(frozen=True, kw_only=True, slots=True)
class DistinctPart:
    """One part of a distinction: two rows agree in it if `operator` is true of its values in both.

    Where the application cannot evaluate the part, `condition` is None.
    """

    columns: tuple[str, ...]
    condition: Condition | None
    operator: str

    def agrees(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Whether two rows agree. Of what cannot be evaluated, equal values are assumed to come from equal columns."""
        found = self._evaluated(one, other)
        if found is None:
            return self.operator != "=" or all(one.get(name) == other.get(name) for name in self.columns)
        return found

    def _evaluated(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool | None:
        compare = _OPERATORS.get(self.operator)
        if self.condition is None or compare is None:
            return None
        try:
            values = evaluate(self.condition, one), evaluate(self.condition, other)
            return None not in values and compare(*values)
        except (Unknown, TypeError, ValueError):  # of values that do not fit together
            return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Distinction:
    """A unique index over expressions or an exclusion, by its name: no two rows agree in all of its parts."""

    name: str
    parts: tuple[DistinctPart, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its parts, each once."""
        return tuple(dict.fromkeys(column for part in self.parts for column in part.columns))

    def holds(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether no two of these rows agree in all parts."""
        pairs = itertools.combinations(rows, 2)
        return not any(all(part.agrees(*pair) for part in self.parts) for pair in pairs)


def distinctions(
    constraints: NamedConstraints, types: Mapping[str, FieldType], always_distinct: Collection[str]
) -> Iterator[Distinction]:
    """Yield what the samples of a table have to differ in, apart from plain columns that are unique together.

    `types` are by column. Columns that are `always_distinct`, such as references to a row of their own, satisfy any
    distinction that compares them for equality.
    """
    found = [(name, exclusion.index.parts, exclusion.operators) for name, exclusion in constraints.exclusions.items()]
    for name, index in constraints.indexes.items():
        if index.unique and None in index.columns:
            found.append((name, index.parts, ("=",) * len(index.parts)))
    for name, index_parts, operators in found:
        parts = tuple(
            _part(part, operator.removeprefix("OPERATOR(pg_catalog.").rstrip(")"), types)
            for part, operator in zip(index_parts, operators, strict=True)
        )
        plain = (part for part in parts if part.operator == "=" and isinstance(part.condition, FieldValue))
        if not any(part.columns[0] in always_distinct for part in plain):
            yield Distinction(name=name, parts=parts)


def _part(part: IndexPart, operator: str, types: Mapping[str, FieldType]) -> DistinctPart:
    expression = part.parsed if part.column is None else ColumnRef(name=part.column)
    if expression is None:
        return DistinctPart(columns=(), condition=None, operator=operator)
    condition = make_condition(expression, types, of_samples=True)
    return DistinctPart(columns=columns_in(expression), condition=condition, operator=operator)


def _overlap(one: Any, other: Any) -> bool:
    a, b = _range(one), _range(other)
    return _reaches(a, b) and _reaches(b, a)


def _reaches(one: Range, other: Range) -> bool:
    """Whether a range begins before another one ends, or where it ends if both include that."""
    if one.lower is None or other.upper is None:
        return True
    both = one.bounds[0] == "[" and other.bounds[1] == "]"
    return bool(one.lower < other.upper or (both and one.lower == other.upper))


def _range(value: Any) -> Range:
    """Return a range, or that of PostgreSQL's text; bounds of moments are compared as text."""
    if isinstance(value, Range):
        return value
    lower, upper = (bound.strip('"') for bound in str(value)[1:-1].split(","))
    return Range(lower=_bound(lower), upper=_bound(upper), bounds=f"{value[0]}{value[-1]}")


def _bound(text: str) -> Any:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return text


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "<>": lambda one, other: one != other,
    "&&": _overlap,
}
