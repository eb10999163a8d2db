"""The parsed form of expressions: of checks, defaults, computed columns, indexes and the queries of views.

Frozen, picklable records that depend on no SQL parser; `syntax/expressions` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass

from runner.records.message_pipe import CompactPickle


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnRef(CompactPickle):
    """A column of the same table."""

    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Const(CompactPickle):
    """A constant: text, exact number as text with `is_number`, boolean or NULL (None)."""

    value: str | bool | None
    is_number: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation(CompactPickle):
    """An operator or a function with its arguments.

    `op` is one of `and or not`, `= <> < <= > >=`, `in` (the value, then the choices), `is null`, `is not null`,
    `like ilike ~ ~*` (the value, then the pattern; a negation is a `not` around it), `+ - * / %`, `neg`, `||`,
    `power`, `case` (condition and value in turns, then the value of ELSE), `timezone` (the zone, then the moment),
    `strftime` (the format, then the time), `bits` (the digits of a bit string), `<@` (an array is part of another;
    `a @> b` becomes `b <@ a`), `array` (its elements), `interval` and `extract` (with a constant for the unit), or a
    function's name in lower case (`length`, `lower`, `coalesce`, `now`, …). A cast is `cast` with the type's text as a
    second constant. SQL's three-valued logic holds: a check that is unknown passes.
    """

    op: str
    args: tuple[Expression, ...] = ()


Expression = ColumnRef | Const | Operation
