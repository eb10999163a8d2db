"""CHECK constraints of a table, sorted by who can enforce them: a field's bounds, a rule over the row, the database.

A check over one column becomes bounds of its field as far as possible; one over several columns becomes a rule. The
database enforces all of them in any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.generation.model.check_expressions import (
    LENGTHS,
    Unknown,
    columns_in,
    conjuncts,
    constant,
    constant_right,
    uncast,
)
from runner.generation.model.conditions import Condition, make_condition
from runner.generation.model.field_types import NUMERIC, FieldType, type_limits
from runner.generation.model.portable_patterns import ends_in_no_blank, portable_pattern

if TYPE_CHECKING:
    from runner.ddl.model import Check, Column, Domain

_SIDES = 2  # of a comparison
_COMPARISONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_LENGTH_BOUNDS = {"<": ("max_length", -1), "<=": ("max_length", 0), ">": ("min_length", 1), ">=": ("min_length", 0)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What the value of a field must satisfy beyond its type.

    `numbers` are limits by `ge`, `gt`, `le` or `lt`; lengths are in characters; `pattern` is a regular expression that
    must be found in the text; `choices` are the only values allowed, text or integers.
    """

    numbers: Mapping[str, Decimal] = field(default_factory=dict)
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] | tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RowRule:
    """A check over a row that an application can evaluate. `text` is its SQL, `columns` are those it refers to.

    One that is not `enforced` is left to the database: only examples are tried with its condition.
    """

    name: str
    columns: tuple[str, ...]
    text: str
    condition: Condition
    enforced: bool = True
    comment: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SortedChecks:
    """All checks of a table: bounds by column, rules, and the names of those that only the database can enforce.

    Of the latter, examples are tried with those that `tried` has conditions of; `opaque` has the columns of the others.
    """

    bounds: Mapping[str, Bounds]
    rules: tuple[RowRule, ...]
    database_only: tuple[str, ...]
    tried: tuple[RowRule, ...]
    opaque: Mapping[str, tuple[str, ...]]


def sort_checks(
    columns: Mapping[str, Column], checks: Mapping[str, Check], types: Mapping[str, FieldType]
) -> SortedChecks:
    """Return who can enforce each check of a table; `checks` are by name, `types` by column."""
    bounds = {
        name: Bounds(numbers=type_limits(column.type), max_length=types[name].max_length)
        for name, column in columns.items()
    }
    rules: list[RowRule] = []
    database_only: list[str] = []
    all_checks = {**checks, **dict(_domain_checks(columns))}
    for name, check in all_checks.items():
        expression = check.expression
        if expression is None:
            database_only.append(name)
            continue
        condition = make_condition(expression, types)
        if _is_absorbed(expression, types, bounds, to_say=check.comment is not None and condition is not None):
            continue
        if condition is None:
            database_only.append(name)
        else:
            own = columns_in(expression)
            rule = RowRule(name=name, columns=own, text=check.text, condition=condition, comment=check.comment)
            rules.append(rule)
    tried: list[RowRule] = []
    opaque: dict[str, tuple[str, ...]] = {}
    for name in database_only:
        check = all_checks[name]
        expression = check.expression
        condition = None if expression is None else make_condition(expression, types, of_samples=True)
        if expression is None or condition is None:
            opaque[name] = check.columns
        else:
            own = columns_in(expression)
            rule = RowRule(name=name, columns=own, text=check.text, condition=condition, comment=check.comment)
            tried.append(replace(rule, enforced=False))
    return SortedChecks(
        bounds=bounds, rules=tuple(rules), database_only=tuple(database_only), tried=tuple(tried), opaque=opaque
    )


def has_checks(domain: Domain | None) -> bool:
    """Whether a domain, or one that it is made of, has checks."""
    return domain is not None and (bool(domain.checks) or has_checks(domain.type.domain))


def _domain_checks(columns: Mapping[str, Column]) -> Iterator[tuple[str, Check]]:
    """Yield the checks of each column's domain as checks of that column."""
    for column in columns.values():
        domain: Domain | None = column.type.domain
        while domain is not None and not column.type.dimensions:
            for number, check in enumerate(domain.checks):
                own = check.expression and _substitute(check.expression, column.name)
                name = check.name or f"{domain.name.name}_check{number or ''}"
                yield name, replace(check, name=name, columns=(column.name,), expression=own)
            domain = domain.type.domain


def _substitute(expression: Expression, name: str) -> Expression:
    if isinstance(expression, ColumnRef):
        return ColumnRef(name=name)
    if isinstance(expression, Operation):
        return Operation(op=expression.op, args=tuple(_substitute(part, name) for part in expression.args))
    return expression


# ------------------------------------------------------------------------------------------------------------- bounds


def _absorb(expression: Expression, types: Mapping[str, FieldType], bounds: dict[str, Bounds]) -> bool:
    """Make one condition part of its column's bounds, if possible; otherwise return False."""
    if not isinstance(expression, Operation):
        return False
    columns = columns_in(expression)
    if len(columns) != 1 or columns[0] not in types:
        return False
    if expression.op == "or":
        parts = [part for part in expression.args if not _is_null_test(part)]
        if len(parts) == 1:  # x IS NULL OR …: a null passes anyway
            return all(_absorb(part, types, bounds) for part in conjuncts(parts[0]))
    found = _narrowed(expression, types[columns[0]], bounds[columns[0]])
    if found is None:
        return False
    bounds[columns[0]] = found
    return True


def _is_absorbed(
    expression: Expression, types: Mapping[str, FieldType], bounds: dict[str, Bounds], *, to_say: bool
) -> bool:
    """Make as much of a check part of bounds as possible, and return whether that is all of it.

    One with a text of its own for people, `to_say`, is a rule, unless people choose from what it allows.
    """
    narrowed = dict(bounds)
    absorbed = [_absorb(part, types, narrowed) for part in conjuncts(expression)]
    if to_say and all(narrowed[name].choices == bounds[name].choices for name in bounds):
        return False
    bounds.update(narrowed)
    return all(absorbed)


def _is_null_test(expression: Expression) -> bool:
    return isinstance(expression, Operation) and expression.op == "is null"


def _narrowed(operation: Operation, type_: FieldType, bounds: Bounds) -> Bounds | None:
    """Return bounds that include a condition over one column; None where bounds cannot express it."""
    if operation.op == "or":
        return _with_choices(_alternatives(operation), type_, bounds)
    if operation.op == "in":
        choices = [part.value for part in map(uncast, operation.args[1:]) if isinstance(part, Const)]
        complete = len(choices) == len(operation.args) - 1 and isinstance(uncast(operation.args[0]), ColumnRef)
        return _with_choices(choices, type_, bounds) if complete else None
    return _with_comparison(constant_right(operation), type_, bounds)


def _alternatives(operation: Operation) -> list[Any]:
    """Return the values of `x = 'a' OR x = 'b'`, or nothing where it is something else."""
    values = []
    for part in operation.args:
        if _is_null_test(part):
            continue
        value = uncast(part.args[1]) if isinstance(part, Operation) and part.op == "=" else None
        if not isinstance(value, Const):
            return []
        values.append(value.value)
    return values


def _with_choices(choices: list[Any], type_: FieldType, bounds: Bounds) -> Bounds | None:
    if not choices or None in choices or bounds.choices is not None:
        return None
    if type_.kind == "text":
        return replace(bounds, choices=tuple(dict.fromkeys(str(choice) for choice in choices)))
    if type_.kind == "integer" and all(str(choice).lstrip("-").isdigit() for choice in choices):
        return replace(bounds, choices=tuple(dict.fromkeys(int(choice) for choice in choices)))
    return None


def _with_comparison(operation: Operation, type_: FieldType, bounds: Bounds) -> Bounds | None:
    if len(operation.args) < _SIDES:
        return None
    left, right = uncast(operation.args[0]), uncast(operation.args[1])
    if not isinstance(right, Const):
        return None
    if isinstance(left, ColumnRef):
        if operation.op == "=":
            return _with_choices([right.value], type_, bounds)
        if type_.kind in NUMERIC:
            return _with_number(operation.op, right, type_, bounds)
        return _with_text(operation.op, right, type_, bounds) if type_.kind == "text" else None
    of_length = isinstance(left, Operation) and left.op in LENGTHS and isinstance(uncast(left.args[0]), ColumnRef)
    return _with_length(operation.op, right, bounds) if of_length and type_.kind == "text" else None


def _with_number(op: str, right: Const, type_: FieldType, bounds: Bounds) -> Bounds | None:
    name = _COMPARISONS.get(op)
    try:
        value = constant(right, type_)
    except Unknown:
        return None
    if name is None or isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    narrower = max if name in ("ge", "gt") else min
    return replace(
        bounds, numbers={**bounds.numbers, name: narrower(Decimal(value), bounds.numbers.get(name, Decimal(value)))}
    )


def _with_text(op: str, right: Const, type_: FieldType, bounds: Bounds) -> Bounds | None:
    if op in ("~", "~*") and bounds.pattern is None:
        pattern = portable_pattern(str(right.value), any_case=op == "~*")
        if pattern is not None and type_.is_padded and ends_in_no_blank(pattern):
            # PostgreSQL matches the text with its padding, so it needs none
            return replace(bounds, pattern=pattern, min_length=type_.max_length)
        return None if pattern is None else replace(bounds, pattern=pattern)
    if op == "<>" and right.value == "":
        return replace(bounds, min_length=max(bounds.min_length or 0, 1))
    return None


def _with_length(op: str, right: Const, bounds: Bounds) -> Bounds | None:
    if not str(right.value).isdigit():
        return None
    number = int(str(right.value))
    if op == "=":
        return replace(bounds, min_length=number, max_length=number)
    if op not in _LENGTH_BOUNDS:
        return None
    name, shift = _LENGTH_BOUNDS[op]
    if name == "max_length":
        return replace(bounds, max_length=min(bounds.max_length or number + shift, number + shift))
    return replace(bounds, min_length=max(bounds.min_length or 0, number + shift))
