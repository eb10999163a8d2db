"""The value of a condition for a row, so that examples can be tried on it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runner.generation.model.check_expressions import Unknown
from runner.generation.model.conditions import Condition, ConstantValue, FieldValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """A range of PostgreSQL: None is no bound, `bounds` are its brackets, such as `[)`."""

    lower: Any
    upper: Any
    bounds: str


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
    except (TypeError, ValueError, ArithmeticError, AttributeError, KeyError, re.error) as error:
        raise Unknown(condition.op) from error


def _all(*values: Any) -> bool | None:
    if any(value is False for value in values):
        return False
    return None if None in values else True


def _any(*values: Any) -> bool | None:
    if any(value is True for value in values):
        return True
    return None if None in values else False


def _chosen(parts: Sequence[Any]) -> Any:
    """Return the value of a CASE: of the first condition that holds, or of ELSE."""
    pairs = zip(parts[0::2], parts[1::2], strict=False)
    rest = parts[-1] if len(parts) % 2 else None
    return next((value for condition, value in pairs if condition is True), rest)


def _added(a: Any, b: Any) -> Any:
    """Return a sum; an integer that is added to a date is a number of days."""
    return a + dt.timedelta(days=b) if isinstance(a, dt.date) and isinstance(b, int) else a + b


def _subtracted(a: Any, b: Any) -> Any:
    """Return a difference; that of two dates is a number of days."""
    are_dates = not isinstance(a, dt.datetime) and isinstance(a, dt.date) and type(a) is type(b)
    return (a - b).days if are_dates else a - b


def _like(pattern: str) -> re.Pattern[str]:
    """Return a pattern of LIKE as a regular expression; one that escapes is not known here."""
    if "\\" in pattern:
        raise ValueError(pattern)
    return re.compile("".join({"%": ".*", "_": "."}.get(one, re.escape(one)) for one in pattern), re.DOTALL)


def _raise(value: Any) -> Any:
    raise ValueError(value)


def _range(lower: Any, upper: Any, bounds: str = "[)") -> Range:
    try:
        is_reversed = None not in (lower, upper) and lower > upper
    except TypeError as error:
        raise Unknown(bounds) from error
    if is_reversed:
        raise Unknown(bounds)  # PostgreSQL refuses it
    return Range(lower=lower, upper=upper, bounds=bounds)


_PARTS: Mapping[str, Callable[[Any], int]] = {
    "year": lambda moment: int(moment.year),
    "month": lambda moment: int(moment.month),
    "day": lambda moment: int(moment.day),
    "hour": lambda moment: int(moment.hour),
    "minute": lambda moment: int(moment.minute),
    "dow": lambda moment: int(moment.isoweekday() % 7),
    "isodow": lambda moment: int(moment.isoweekday()),
}
_JSON_TYPES = {dict: "object", list: "array", str: "string", int: "number", float: "number", bool: "boolean"}
# Operations that may have a value although one of their arguments has none.
_OF_UNKNOWN: Mapping[str, Callable[..., Any]] = {
    "and": _all,
    "or": _any,
    "is null": lambda value: value is None,
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "count known": lambda *values: sum(value is not None for value in values),
    "in": lambda value, *choices: None if value is None else value in choices,
    "array": lambda *values: list(values),
    "case": lambda *parts: _chosen(parts),
    "today": _MOMENT.date,
    "now": lambda: _MOMENT,
    **dict.fromkeys(("int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"), _range),
}
_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "+": _added,
    "-": lambda a, b: _added(a, -b) if isinstance(b, int) else _subtracted(a, b),
    "*": lambda a, b: a * b,
    "%": lambda a, b: (abs(a) % abs(b)) * (1 if a >= 0 else -1) if b else None,
    "not": lambda a: not a,
    "matches": lambda text, pattern: re.search(pattern, text) is not None,
    "like": lambda text, pattern: _like(pattern).fullmatch(text) is not None,
    "ilike": lambda text, pattern: _like(pattern.lower()).fullmatch(text.lower()) is not None,
    "abs": abs,
    "neg": lambda a: -a,
    "/": lambda a, b: int(a / b) if isinstance(a, int) and isinstance(b, int) else Decimal(a) / Decimal(b),
    "round": lambda a, places=0: round(Decimal(a), int(places)),
    "||": str.__add__,
    "greatest": max,
    "least": min,
    "strpos": lambda text, part: text.index(part) + 1 if part in text else 0,
    "substr": lambda text, start, size=None: text[start - 1 :][:size] if start > 0 else _raise(start),
    "left": lambda text, size: text[:size],
    "right": lambda text, size: text[-size:] if size > 0 else _raise(size),
    "replace": str.replace,
    "octet_length": lambda value: len(value.encode() if isinstance(value, str) else value),
    "extract": lambda part, moment: _PARTS[part.lower()](moment),
    "jsonb_typeof": lambda value: _JSON_TYPES[type(value)],
    "json_typeof": lambda value: _JSON_TYPES[type(value)],
    "json_valid": lambda _: True,
    "contained": lambda items, choices: all(item in choices for item in items),
    "as text": str,
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "length": len,
}
