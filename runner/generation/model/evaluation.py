"""The value of a condition for a row, so that examples can be tried on it."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from runner.generation.model.check_expressions import Unknown
from runner.generation.model.conditions import Condition, ConstantValue, FieldValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOMENT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # the clock of all evaluations: output must not depend on the time


def evaluate(condition: Condition, row: Mapping[str, Any]) -> Any:
    """Return the value of a condition for a row, which maps columns to values; None is SQL's unknown.

    Raises:
        Unknown: the values do not fit the operation.

    """
    if isinstance(condition, FieldValue):
        return row.get(condition.column)
    if isinstance(condition, ConstantValue):
        return condition.value
    values = [evaluate(part, row) for part in condition.arguments]
    if condition.op in _OF_UNKNOWN:
        return _OF_UNKNOWN[condition.op](*values)
    if any(value is None for value in values):
        return None
    try:
        return _OPERATIONS[condition.op](*values)
    except (TypeError, re.error) as error:
        raise Unknown(condition.op) from error


def _all(*values: Any) -> bool | None:
    if any(value is False for value in values):
        return False
    return None if None in values else True


def _any(*values: Any) -> bool | None:
    if any(value is True for value in values):
        return True
    return None if None in values else False


# Operations that may have a value although one of their arguments has none.
_OF_UNKNOWN: Mapping[str, Callable[..., Any]] = {
    "and": _all,
    "or": _any,
    "is null": lambda value: value is None,
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "count known": lambda *values: sum(value is not None for value in values),
    "in": lambda value, *choices: None if value is None else value in choices,
    "array": lambda *values: list(values),
    "today": _MOMENT.date,
    "now": lambda: _MOMENT,
}
_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "%": lambda a, b: (abs(a) % abs(b)) * (1 if a >= 0 else -1) if b else None,
    "not": lambda a: not a,
    "matches": lambda text, pattern: re.search(pattern, text) is not None,
    "contained": lambda items, choices: all(item in choices for item in items),
    "as text": str,
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "length": len,
}
