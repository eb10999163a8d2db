"""CHECK constraints of a table, sorted by who can hold them: a field's own type, a rule over the row, the database.

A check over one column becomes bounds of that field (`ge`, `pattern`, `max_length`, a list of values) as far as it
can; what speaks of several columns becomes a rule. The database holds all of them anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from runner.ddl.model import Check, Column, ColumnRef, Const, Domain, Expression, Operation
from runner.generation.fastapi.python_source import python_source
from runner.generation.fastapi.python_types import NUMERIC, PythonType
from runner.generation.fastapi.rule_expressions import (
    LENGTHS,
    Unknown,
    columns_in,
    conjuncts,
    constant,
    facing,
    portable_pattern,
    uncast,
)

_SIDES = 2  # of a comparison
_BOUNDS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_LENGTH_BOUNDS = {
    "<": ("max_length", -1),
    "<=": ("max_length", 0),
    ">": ("min_length", 1),
    ">=": ("min_length", 0),
}


@dataclass(slots=True)
class Bounds:
    """What one field's value is held to, beyond its type."""

    numbers: dict[str, Decimal] = field(default_factory=dict)  # ge, gt, le, lt
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] | tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RowRule:
    """A check that is held over the whole row: `source` is its test in Python, `expression` what it was made from."""

    name: str
    columns: tuple[str, ...]
    text: str
    source: str
    expression: Expression


@dataclass(frozen=True, kw_only=True, slots=True)
class SortedChecks:
    """All checks of a table: bounds by column, rules, and the names of those that only the database holds."""

    bounds: Mapping[str, Bounds]
    rules: tuple[RowRule, ...]
    database_only: tuple[str, ...]


def sort_checks(
    columns: Mapping[str, Column],
    checks: Mapping[str, Check],
    types: Mapping[str, PythonType],
    attributes: Mapping[str, str],
) -> SortedChecks:
    """Return who can hold each check; `checks` are by name."""
    bounds = {name: Bounds(max_length=types[name].max_length) for name in columns}
    rules: list[RowRule] = []
    left: list[str] = []
    for name, check in [*checks.items(), *_domain_checks(columns)]:
        expression = check.expression
        if expression is None:
            left.append(name)
            continue
        remaining = [part for part in conjuncts(expression) if not _absorb(part, columns, types, bounds)]
        if not remaining:
            continue
        source = python_source(expression, types, attributes)
        if source is None:
            left.append(name)
            continue
        spoken = columns_in(expression)
        rules.append(RowRule(name=name, columns=spoken, text=check.text, source=source, expression=expression))
    return SortedChecks(bounds=bounds, rules=tuple(rules), database_only=tuple(left))


def _domain_checks(columns: Mapping[str, Column]) -> Iterator[tuple[str, Check]]:
    """Give the checks of a column's domain as if they were the column's own."""
    for column in columns.values():
        domain: Domain | None = column.type.domain
        while domain is not None and not column.type.dimensions:
            for number, check in enumerate(domain.checks):
                own = check.expression and _substitute(check.expression, column.name)
                name = check.name or f"{domain.name.name}_check{number or ''}"
                yield name, Check(text=check.text, name=name, columns=(column.name,), expression=own)
            domain = domain.type.domain


def _substitute(expression: Expression, name: str) -> Expression:
    if isinstance(expression, ColumnRef):
        return ColumnRef(name=name)
    if isinstance(expression, Operation):
        return Operation(op=expression.op, args=tuple(_substitute(part, name) for part in expression.args))
    return expression


def _absorb(
    expression: Expression,
    columns: Mapping[str, Column],
    types: Mapping[str, PythonType],
    bounds: Mapping[str, Bounds],
) -> bool:
    """Make one condition part of its column's bounds, if it can be."""
    if not isinstance(expression, Operation):
        return False
    spoken = columns_in(expression)
    if len(spoken) != 1 or spoken[0] not in columns:
        return False
    kind, found = types[spoken[0]], bounds[spoken[0]]
    if expression.op == "or":
        parts = [part for part in expression.args if not _is_null_test(part)]
        if len(parts) == 1:  # x IS NULL OR …: a null passes anyway
            return all(_absorb(part, columns, types, bounds) for part in conjuncts(parts[0]))
        return _absorb_choices(_as_choices(parts), kind, found)
    if expression.op == "in":
        choices = [part.value for part in map(uncast, expression.args[1:]) if isinstance(part, Const)]
        complete = len(choices) == len(expression.args) - 1 and isinstance(uncast(expression.args[0]), ColumnRef)
        return complete and _absorb_choices(choices, kind, found)
    return _absorb_comparison(facing(expression), kind, found)


def _is_null_test(expression: Expression) -> bool:
    return isinstance(expression, Operation) and expression.op == "is null"


def _as_choices(parts: list[Expression]) -> list[Any]:
    """Return the values of `x = 'a' OR x = 'b'`, or nothing."""
    values = []
    for part in parts:
        if not isinstance(part, Operation) or part.op != "=" or not isinstance(uncast(part.args[1]), Const):
            return []
        value = uncast(part.args[1])
        values.append(value.value if isinstance(value, Const) else None)
    return values


def _absorb_choices(choices: list[Any], kind: PythonType, bounds: Bounds) -> bool:
    if not choices or None in choices or bounds.choices is not None:
        return False
    if kind.category == "text":
        bounds.choices = tuple(dict.fromkeys(str(choice) for choice in choices))
        return True
    if kind.category == "integer" and all(str(choice).lstrip("-").isdigit() for choice in choices):
        bounds.choices = tuple(dict.fromkeys(int(choice) for choice in choices))
        return True
    return False


def _absorb_comparison(operation: Operation, kind: PythonType, bounds: Bounds) -> bool:
    if len(operation.args) < _SIDES:
        return False
    left, right = uncast(operation.args[0]), uncast(operation.args[1])
    if not isinstance(right, Const):
        return False
    if isinstance(left, ColumnRef):
        if kind.category in NUMERIC:
            return operation.op in _BOUNDS and _narrow(bounds, _BOUNDS[operation.op], right, kind)
        return kind.category == "text" and _narrow_text(bounds, operation.op, right)
    if isinstance(left, Operation) and left.op in LENGTHS and isinstance(uncast(left.args[0]), ColumnRef):
        return kind.category == "text" and _narrow_length(bounds, operation.op, right)
    return False


def _narrow_text(bounds: Bounds, op: str, right: Const) -> bool:
    if op == "~" and bounds.pattern is None:
        bounds.pattern = portable_pattern(str(right.value))
        return bounds.pattern is not None
    if op == "<>" and right.value == "":
        bounds.min_length = max(bounds.min_length or 0, 1)
        return True
    return False


def _narrow(bounds: Bounds, name: str, right: Const, kind: PythonType) -> bool:
    try:
        value = constant(right, kind)
    except Unknown:
        return False
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or name in bounds.numbers:
        return False
    bounds.numbers[name] = Decimal(value)
    return True


def _narrow_length(bounds: Bounds, op: str, right: Const) -> bool:
    if not str(right.value).isdigit():
        return False
    number = int(str(right.value))
    if op == "=":
        bounds.min_length, bounds.max_length = number, number
        return True
    if op not in _LENGTH_BOUNDS:
        return False
    name, shift = _LENGTH_BOUNDS[op]
    if name == "max_length":
        bounds.max_length = min(bounds.max_length or number + shift, number + shift)
    else:
        bounds.min_length = max(bounds.min_length or 0, number + shift)
    return True
