"""Expressions of the schema (checks, defaults): taking them apart, and typing their constants.

`python_source`, `sqlite_sql` and `values` carry them over into other forms; what cannot be carried over raises
`Unknown`, and the database then keeps the rule alone.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from runner.ddl.model import ColumnRef, Const, Expression, Operation
from runner.generation.fastapi.python_types import NUMERIC, PythonType

if TYPE_CHECKING:
    from collections.abc import Mapping

MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
LENGTHS = frozenset({"length", "char_length", "character_length", "cardinality", "array_length", "json_array_length"})
TODAY = frozenset({"current_date"})
NOW = frozenset({"now", "current_timestamp"})


class Unknown(Exception):  # noqa: N818 - never leaves this package
    """An expression says something that cannot be carried over."""


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


def facing(operation: Operation) -> Operation:
    """Return a comparison with its constant on the right."""
    if operation.op in MIRRORED and isinstance(operation.args[0], Const):
        return Operation(op=MIRRORED[operation.op], args=(operation.args[1], operation.args[0]))
    return operation


def uncast(expression: Expression) -> Expression:
    """Return an expression without a cast around it."""
    while isinstance(expression, Operation) and expression.op == "cast":
        expression = expression.args[0]
    return expression


def constant(value: Const, kind: PythonType | None) -> Any:
    """Return a constant as a Python value of the type that it is compared with."""
    text = value.value
    if text is None or isinstance(text, bool):
        return text
    category = kind.category if kind else None
    try:
        if value.is_number or category in NUMERIC:
            number = Decimal(text)
            return int(number) if number == number.to_integral_value() and category != "decimal" else number
        if category == "date":
            return dt.date.fromisoformat(text)
        if category == "time":
            return dt.time.fromisoformat(text)
        if category in ("timestamp", "local_timestamp"):
            moment = dt.datetime.fromisoformat(text)
            aware = category == "timestamp" and moment.tzinfo is None
            return moment.replace(tzinfo=dt.UTC) if aware else moment
    except (ValueError, InvalidOperation) as error:
        raise Unknown(text) from error
    return text


def kind_of(expression: Expression, types: Mapping[str, PythonType]) -> PythonType | None:
    """Return the type that a comparison's other side has to have."""
    expression = uncast(expression)
    if isinstance(expression, ColumnRef):
        return types.get(expression.name)
    if isinstance(expression, Operation) and expression.op in ("coalesce", "+", "-", "*", "%", "neg"):
        return next((kind for part in expression.args if (kind := kind_of(part, types))), None)
    return None


def kind_beside(operation: Operation, types: Mapping[str, PythonType]) -> PythonType | None:
    """Return the type of the first argument that has one; the constants beside it are of that type."""
    return next((found for part in operation.args if (found := kind_of(part, types))), None)


def mixes_zones(operation: Operation, types: Mapping[str, PythonType]) -> bool:
    """Whether moments with a zone meet such without one: only the database knows which zone those are of."""
    found = {kind.category for part in operation.args if (kind := kind_of(part, types))}
    return {"timestamp", "local_timestamp"} <= found


def is_array(expression: Expression, types: Mapping[str, PythonType]) -> bool:
    """Whether an expression is a column of arrays."""
    found = kind_of(expression, types)
    return found is not None and found.category == "array"


# ------------------------------------------------------------------------------------------------------------ patterns

_FOREIGN = re.compile(r"\\[^dswDSW.\\/+*?()\[\]{}|^$-]|\(\?|\[\[|\*\*\*")
_CLASSES = {"[:digit:]": "0-9", "[:alpha:]": "A-Za-z", "[:alnum:]": "A-Za-z0-9", "[:upper:]": "A-Z",
            "[:lower:]": "a-z", "[:space:]": r"\s"}  # fmt: skip


def portable_pattern(pattern: str) -> str | None:
    """Return a PostgreSQL pattern that means the same in Python, in Rust and in JSON Schema, else None."""
    for name, letters in _CLASSES.items():
        pattern = pattern.replace(name, letters)
    if _FOREIGN.search(pattern):
        return None
    try:
        re.compile(pattern)
    except re.error:
        return None
    return pattern
