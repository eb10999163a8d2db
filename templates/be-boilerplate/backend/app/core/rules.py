"""Rules over a whole row: the CHECK constraints of the database, evaluated before a row is written.

Evaluation follows SQL's three-valued logic: a comparison with NULL (None) is unknown, and an unknown rule is not
violated. Rules that depend on values computed by the database, such as some defaults, are left to the database.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic_core import SchemaError, SchemaValidator, core_schema

from app.core.moments import local_today
from app.core.problems import FieldError, invalid
from app.core.raw_values import RawText

logger = logging.getLogger(__name__)
Values = Mapping[str, Any]
Truth = bool | None


class RuleValues(dict[str, Any]):
    """Values of a row by attribute, as rules see them: None stands for values that are not known yet."""

    def __missing__(self, name: str) -> None:
        return None

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        return None if isinstance(value, sa.ClauseElement) else value


@dataclass(frozen=True, slots=True)
class Rule:
    """A CHECK constraint: its name, the fields it mentions, its SQL text, and a function that evaluates it.

    `message` is what it demands, with fields in backticks.
    """

    name: str
    fields: tuple[str, ...]
    text: str
    message: str
    holds: Callable[[Values], Truth]


def enforce(rules: Iterable[Rule], values: Values, changed: Iterable[str] | None = None) -> None:
    """Raise a problem 422 that names the fields of every rule that a row with these values violates.

    `changed` limits the evaluation to rules that mention at least one of these fields.
    """
    selected = None if changed is None else set(changed)
    errors = [
        FieldError(field=field, code="check", message=rule.message, constraint=rule.name)
        for rule in rules
        if selected is None or selected.intersection(rule.fields)
        if rule.holds(values) is False
        for field in rule.fields
    ]
    if errors:
        raise invalid(errors)


def enforce_assigned(rules: Iterable[Rule], row: object, values: Values) -> None:
    """Check the rules over values that only the database knew, such as a number: those that are not among `values`."""
    unchecked = [rule for rule in rules if not values.keys() >= {*rule.fields}]
    enforce(unchecked, {name: getattr(row, name) for rule in unchecked for name in rule.fields})


def _strict(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a function that returns None if an operand is None, as SQL's strict operators do.

    The database alone compares NaN and values that Python has no type for.
    """

    def apply(left: Any, right: Any) -> Any:
        if _is_unknown(left) or _is_unknown(right):
            return None
        return operation(left, right)

    return apply


def _is_unknown(value: Any) -> bool:
    if isinstance(value, (float, Decimal)):
        return math.isnan(value)
    return value is None or isinstance(value, RawText)


eq = _strict(lambda left, right: left == right)
ne = _strict(lambda left, right: left != right)
lt = _strict(lambda left, right: left < right)
le = _strict(lambda left, right: left <= right)
gt = _strict(lambda left, right: left > right)
ge = _strict(lambda left, right: left >= right)
add = _strict(lambda left, right: left + right)
sub = _strict(lambda left, right: left - right)
mul = _strict(lambda left, right: left * right)
rem = _strict(lambda left, right: _remainder(left, right) if right else None)


def matches(value: str | None, pattern: str) -> Truth:
    """Return whether a pattern matches anywhere in a text; None if the engine rejects the pattern.

    The engine is the one that validates the patterns of fields (the Rust crate `regex`, part of Pydantic). It takes
    time linear in the length of the text for every pattern, so no request can block the server.
    """
    matcher = _matcher(pattern)
    return None if value is None or matcher is None else matcher.isinstance_python(value)


@cache
def _matcher(pattern: str) -> SchemaValidator | None:
    """Return a compiled pattern, or None if the engine rejects it: only the database then checks the rule."""
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError:
        logger.warning("unsupported pattern, checked by the database only: %s", pattern)
        return None


def _remainder(left: Any, right: Any) -> Any:
    """Return the remainder of a division; it has the sign of the dividend, as in SQL."""
    remainder = abs(left) % abs(right)
    return remainder if left >= 0 else -remainder


def all_of(*parts: Truth) -> Truth:
    """Three-valued AND."""
    if any(part is False for part in parts):
        return False
    return None if any(part is None for part in parts) else True


def any_of(*parts: Truth) -> Truth:
    """Three-valued OR."""
    if any(part is True for part in parts):
        return True
    return None if any(part is None for part in parts) else False


def not_(part: Truth) -> Truth:
    """Three-valued NOT."""
    return None if part is None else not part


def one_of(value: Any, *choices: Any) -> Truth:
    """IN: whether a value equals one of the choices."""
    return any_of(*(eq(value, choice) for choice in choices))


def is_null(value: Any) -> bool:
    """IS NULL: never unknown."""
    return value is None


def length(value: Any) -> int | None:
    """Return the number of characters or items."""
    return None if value is None else len(value)


def as_text(value: int | None) -> str | None:
    """Return an integer as text."""
    return None if value is None else str(value)


def lower(value: str | None) -> str | None:
    """Return text in lower case; None where its length changes, which databases do in different ways."""
    text = None if value is None else value.lower()
    return text if text is None or len(text) == len(value or "") else None


def upper(value: str | None) -> str | None:
    """Return text in upper case; None where its length changes, which databases do in different ways."""
    text = None if value is None else value.upper()
    return text if text is None or len(text) == len(value or "") else None


def trim(value: str | None) -> str | None:
    """Return text without leading and trailing spaces."""
    return None if value is None else value.strip(" ")


def coalesce(*values: Any) -> Any:
    """Return the first value that is not None."""
    return next((value for value in values if value is not None), None)


def count_known(*values: Any) -> int:
    """Return how many of the values are not None."""
    return sum(value is not None for value in values)


def contained(items: Any, choices: Any) -> Truth:
    """Return whether every item of an array is among the choices."""
    return None if items is None or choices is None else all(item in choices for item in items)


def today() -> dt.date:
    """Return the current date in the time zone of the application."""
    return local_today()


def now() -> dt.datetime:
    """Return the current time in UTC."""
    return dt.datetime.now(dt.UTC)
