"""Expressions of the DDL (checks, defaults): their parts, and the values of their constants."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.generation.model.clock_spans import parse_span
from runner.generation.model.field_types import NUMERIC, FieldType, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
LENGTHS = frozenset({"length", "char_length", "character_length", "cardinality", "array_length", "json_array_length"})

_READERS: Mapping[Kind | None, Callable[[str], Any]] = {
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "span": parse_span,
}


class Unknown(Exception):  # noqa: N818 - never leaves `generation`
    """An expression has a part that cannot be mapped; its database alone can evaluate it."""


def columns_in(expression: Expression) -> tuple[str, ...]:
    """Return the columns of an expression in order, each once."""
    if isinstance(expression, ColumnRef):
        return (expression.name,)
    if isinstance(expression, Const):
        return ()
    return tuple(dict.fromkeys(name for part in expression.args for name in columns_in(part)))


def conjuncts(expression: Expression) -> tuple[Expression, ...]:
    """Return the parts that must all hold."""
    if isinstance(expression, Operation) and expression.op == "and":
        return tuple(part for argument in expression.args for part in conjuncts(argument))
    return (expression,)


def constant_right(operation: Operation) -> Operation:
    """Return a comparison with its constant on the right."""
    if operation.op in MIRRORED and isinstance(operation.args[0], Const):
        return Operation(op=MIRRORED[operation.op], args=(operation.args[1], operation.args[0]))
    return operation


def uncast(expression: Expression) -> Expression:
    """Return an expression without a cast around it."""
    while isinstance(expression, Operation) and expression.op == "cast":
        expression = expression.args[0]
    return expression


def constant(value: Const, type_: FieldType | None) -> Any:
    """Return a constant as a Python value of the type that it is compared with.

    Raises:
        Unknown: the text is no value of that type.

    """
    text = value.value
    if text is None or isinstance(text, bool):
        return text
    kind = type_.kind if type_ else None
    try:
        if kind in _READERS and (kind == "span" or not value.is_number):  # a number of days is added to a date
            return _READERS[kind](text)
        if value.is_number or kind in NUMERIC:
            number = Decimal(text)
            if not number.is_finite():
                raise Unknown(text)
            return int(number) if number == number.to_integral_value() and kind != "decimal" else number
        if kind in ("timestamp", "local_timestamp"):
            moment = dt.datetime.fromisoformat(text)
            needs_zone = kind == "timestamp" and moment.tzinfo is None
            return moment.replace(tzinfo=dt.UTC) if needs_zone else moment
    except (ValueError, InvalidOperation) as error:
        raise Unknown(text) from error
    return text


def type_of(expression: Expression, types: Mapping[str, FieldType]) -> FieldType | None:
    """Return the type of an expression, by the types of its columns; None where that is not known."""
    expression = uncast(expression)
    if isinstance(expression, ColumnRef):
        return types.get(expression.name)
    if isinstance(expression, Operation) and expression.op in ("coalesce", "+", "-", "*", "%", "neg"):
        return type_of_arguments(expression, types)
    return None


def type_of_arguments(operation: Operation, types: Mapping[str, FieldType]) -> FieldType | None:
    """Return the type of the first argument that has one; constants among the arguments are of that type."""
    return next((found for part in operation.args if (found := type_of(part, types))), None)


def is_array(expression: Expression, types: Mapping[str, FieldType]) -> bool:
    """Whether an expression is a column of arrays."""
    found = type_of(expression, types)
    return found is not None and found.kind == "array"
