"""Conditions as Python source over `row`, in the functions of the generated `app.core.rules`."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from runner.generation.encoders.python_text import literal
from runner.generation.fastapi.generated_names import source
from runner.generation.fragments import Fragment, join
from runner.generation.model.conditions import Condition, ConstantValue, FieldValue

if TYPE_CHECKING:
    from collections.abc import Mapping

_FUNCTIONS = {
    "=": "eq",
    "<>": "ne",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
    "in": "one_of",
    "and": "all_of",
    "or": "any_of",
    "not": "not_",
    "is null": "is_null",
    "+": "add",
    "-": "sub",
    "*": "mul",
    "%": "rem",
    "count known": "count_known",
    "as text": "as_text",
}  # fmt: skip - the other functions have the operation's own name


def condition_source(condition: Condition, attributes: Mapping[str, str]) -> Fragment:
    """Return a condition as source; `attributes` are those of the row by column."""
    if isinstance(condition, FieldValue):
        return Fragment(f'row["{attributes[condition.column]}"]')
    if isinstance(condition, ConstantValue):
        return constant_source(condition.value)
    arguments = join(condition_source(argument, attributes) for argument in condition.arguments)
    if condition.op == "array":
        return source("[{}]", arguments)
    function = _FUNCTIONS.get(condition.op, condition.op)
    return source("{}({})", function, arguments, uses=function)


def constant_source(value: object) -> Fragment:
    """Return a constant of a condition or a bound as source."""
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value()
        return Fragment(str(int(value))) if whole else source('Decimal("{}")', str(value), uses="Decimal")
    if isinstance(value, dt.datetime):
        return source('dt.datetime.fromisoformat("{}")', value.isoformat(), uses="dt")
    if isinstance(value, dt.date):
        return source(f"dt.date({value.year}, {value.month}, {value.day})", uses="dt")
    if isinstance(value, dt.time):
        return source('dt.time.fromisoformat("{}")', value.isoformat(), uses="dt")
    if isinstance(value, dt.timedelta):
        return source(f"dt.timedelta(seconds={value.total_seconds():.15g})", uses="dt")
    return Fragment(literal(value))
