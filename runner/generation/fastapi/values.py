"""The value of an expression for a row that is only being thought of, so that examples can be tried on it."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from runner.ddl.model import ColumnRef, Const, Expression, Operation
from runner.generation.fastapi.rule_expressions import LENGTHS, NOW, TODAY, Unknown, constant, kind_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.generation.fastapi.python_types import PythonType

_MOMENT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # any will do, so long as it never changes


def evaluate(
    expression: Expression,
    row: Mapping[str, Any],
    types: Mapping[str, PythonType],
    kind: PythonType | None = None,
) -> Any:
    """Return the value of an expression, None for what is unknown; `kind` is the type that a constant has.

    Raises `Unknown` for an operation that only the database can do.
    """
    if isinstance(expression, ColumnRef):
        return row.get(expression.name)
    if isinstance(expression, Const):
        return constant(expression, kind)
    if expression.op == "cast":
        return evaluate(expression.args[0], row, types, kind)
    beside = kind or kind_beside(expression, types)
    values = [evaluate(part, row, types, beside) for part in expression.args]
    if expression.op in _OF_UNKNOWN:
        return _OF_UNKNOWN[expression.op](*values)
    return _known_value(expression, values)


def _known_value(operation: Operation, values: list[Any]) -> Any:
    if any(value is None for value in values):
        return None
    try:
        return _OPERATIONS[operation.op](*values)
    except (KeyError, TypeError, re.error) as error:
        raise Unknown(operation.op) from error


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
    "is not null": lambda value: value is not None,
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "num_nonnulls": lambda *values: sum(value is not None for value in values),
    "in": lambda value, *choices: None if value is None else value in choices,
    "array": lambda *values: list(values),
    **dict.fromkeys(TODAY, _MOMENT.date),
    **dict.fromkeys(NOW, lambda: _MOMENT),
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
    "neg": lambda a: -a,
    "not": lambda a: not a,
    "~": lambda a, b: re.search(b, a) is not None,
    "<@": lambda a, b: all(item in b for item in a),
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "btrim": str.strip,
    **{name: (lambda a, *_: len(a)) for name in LENGTHS},
}
