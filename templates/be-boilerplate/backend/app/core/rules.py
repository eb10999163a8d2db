"""Rules over a whole row: the database's CHECK constraints, held before it is asked.

As in SQL, a comparison with an unknown value (None) is unknown, and a rule that is unknown holds. What a rule cannot
know, such as a default that only the database works out, the database still checks.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.problems import FieldError, invalid

Values = Mapping[str, Any]
Truth = bool | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A CHECK constraint: its name, the fields it speaks of, what it says in SQL, and its test."""

    name: str
    fields: tuple[str, ...]
    text: str
    holds: Callable[[Values], Truth]


def enforce(rules: Iterable[Rule], values: Values, touched: Iterable[str] | None = None) -> None:
    """Raise a problem that names the fields of every rule that a row with these values would break.

    `touched` limits this to rules about fields that are being changed.
    """
    changed = None if touched is None else set(touched)
    errors = [
        FieldError(
            field=field, code="check", message=f"must satisfy {rule.text}", constraint=rule.name
        )
        for rule in rules
        if changed is None or changed.intersection(rule.fields)
        if rule.holds(values) is False
        for field in rule.fields
    ]
    if errors:
        raise invalid(errors)


def _known(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def compare(left: Any, right: Any) -> Any:
        return None if left is None or right is None else test(left, right)

    return compare


eq = _known(lambda left, right: left == right)
ne = _known(lambda left, right: left != right)
lt = _known(lambda left, right: left < right)
le = _known(lambda left, right: left <= right)
gt = _known(lambda left, right: left > right)
ge = _known(lambda left, right: left >= right)
add = _known(lambda left, right: left + right)
sub = _known(lambda left, right: left - right)
mul = _known(lambda left, right: left * right)
rem = _known(lambda left, right: _remainder(left, right) if right else None)
matches = _known(lambda value, pattern: re.search(pattern, value) is not None)


def _remainder(left: Any, right: Any) -> Any:
    """Return what is left of a division, with the sign of what is divided: as in SQL."""
    left_over = abs(left) % abs(right)
    return left_over if left >= 0 else -left_over


def all_of(*parts: Truth) -> Truth:
    """AND of three-valued logic."""
    if any(part is False for part in parts):
        return False
    return None if any(part is None for part in parts) else True


def any_of(*parts: Truth) -> Truth:
    """OR of three-valued logic."""
    if any(part is True for part in parts):
        return True
    return None if any(part is None for part in parts) else False


def not_(part: Truth) -> Truth:
    """NOT of three-valued logic."""
    return None if part is None else not part


def one_of(value: Any, *choices: Any) -> Truth:
    """IN: whether a value is among the choices."""
    return any_of(*(eq(value, choice) for choice in choices))


def is_null(value: Any) -> bool:
    """IS NULL: the one question that is never unknown."""
    return value is None


def length(value: Any) -> int | None:
    """Return the number of characters or items."""
    return None if value is None else len(value)


def lower(value: str | None) -> str | None:
    """Return text in lower case."""
    return None if value is None else value.lower()


def upper(value: str | None) -> str | None:
    """Return text in upper case."""
    return None if value is None else value.upper()


def trim(value: str | None) -> str | None:
    """Return text without the blanks around it."""
    return None if value is None else value.strip(" ")


def coalesce(*values: Any) -> Any:
    """Return the first value that is known."""
    return next((value for value in values if value is not None), None)


def count_known(*values: Any) -> int:
    """Return how many of the values are known."""
    return sum(value is not None for value in values)


def contained(items: Any, choices: Any) -> Truth:
    """Return whether every item of an array is among the choices."""
    return None if items is None or choices is None else all(item in choices for item in items)


def today() -> dt.date:
    """Return the date, in UTC."""
    return now().date()


def now() -> dt.datetime:
    """Return the moment, in UTC."""
    return dt.datetime.now(dt.UTC)
