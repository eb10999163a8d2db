"""Checks over a row as TypeScript over `row`, in the words of the application's `core/api/rules.ts`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runner.ddl.model import ColumnRef, Const, Expression, Operation
from runner.generation.fastapi.python_types import NUMERIC, PythonType
from runner.generation.fastapi.rule_expressions import (
    LENGTHS,
    NOW,
    TODAY,
    Unknown,
    constant,
    is_array,
    kind_beside,
    mixes_zones,
    portable_pattern,
)
from runner.generation.react.javascript_patterns import javascript_pattern
from runner.generation.react.typescript_source import Call as Source
from runner.generation.react.typescript_source import Code, string

_NAMES = {
    "=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "in": "oneOf",
    "and": "allOf", "or": "anyOf", "not": "not", "+": "add", "-": "sub", "*": "mul",
    "coalesce": "coalesce", "lower": "lower", "upper": "upper", "trim": "trim", "btrim": "trim",
}  # fmt: skip
_OF_ANYTHING = {"is null": "isNull", "num_nonnulls": "countKnown"}
_SAFE = 2**53  # from here on a double loses digits
_ARITHMETIC = frozenset("+-*")
_WRAPPED = {"integer": "num", "decimal": "num", "time": "clock", "timestamp": "moment", "local_timestamp": "moment"}
_PLAIN = frozenset({"text", "uuid", "enum", "boolean", "date", "number", "array"})


def rule_source(
    expression: Expression, types: Mapping[str, PythonType], fields: Mapping[str, str]
) -> Source | Code | None:
    """Return an expression as source, or None where it says what only the server can tell; `fields` by column."""
    try:
        return _Writer(types, fields).write(expression)
    except Unknown:
        return None


@dataclass(frozen=True, slots=True)
class _Writer:
    types: Mapping[str, PythonType]
    fields: Mapping[str, str]

    def write(self, expression: Expression, kind: PythonType | None = None) -> Source | Code:
        """Return the source of an expression; `kind` is the type of what it is compared with."""
        if isinstance(expression, ColumnRef):
            return self._column(expression)
        if isinstance(expression, Const):
            return _constant_source(constant(expression, kind), kind)
        if expression.op in _SPECIAL:
            return _SPECIAL[expression.op](self, expression, kind)
        return self._operation(expression, kind)

    def _column(self, column: ColumnRef) -> Source | Code:
        category = self._type(column.name).category
        if category in _WRAPPED:
            return _sql(_WRAPPED[category], self._value(column))
        if category not in _PLAIN:
            raise Unknown(column.name)
        return self._value(column)

    def _type(self, name: str) -> PythonType:
        if name not in self.types or name not in self.fields:
            raise Unknown(name)
        return self.types[name]

    def _value(self, column: Expression) -> Code:
        """Return a column's value as it is."""
        if not isinstance(column, ColumnRef) or column.name not in self.fields:
            raise Unknown(str(column))
        return Code(f"row.{self.fields[column.name]}")

    def _operation(self, operation: Operation, kind: PythonType | None) -> Source:
        """Write an operation that is a function of the same arguments."""
        beside = kind_beside(operation, self.types)
        if mixes_zones(operation, self.types):
            raise Unknown(operation.op)
        if operation.op in _OF_ANYTHING:
            return _sql(_OF_ANYTHING[operation.op], *(self._value(argument) for argument in operation.args))
        if operation.op in LENGTHS:
            return _sql("length", self._value(operation.args[0]))
        exact = beside is not None and beside.category in NUMERIC - {"number"}
        if operation.op not in _NAMES or (operation.op in _ARITHMETIC and not exact):
            raise Unknown(operation.op)
        inner = None if operation.op in ("and", "or", "not") else beside or kind
        return _sql(_NAMES[operation.op], *(self.write(argument, inner) for argument in operation.args))

    def is_not_null(self, operation: Operation, _kind: PythonType | None) -> Source:
        return _sql("not", _sql("isNull", self._value(operation.args[0])))

    def match(self, operation: Operation, _kind: PythonType | None) -> Source:
        value, pattern = operation.args
        portable = portable_pattern(str(pattern.value)) if isinstance(pattern, Const) else None
        found = None if portable is None else javascript_pattern(portable)
        if found is None or is_array(value, self.types):
            raise Unknown(operation.op)
        return _sql("matches", self.write(value), Code(f"/{found}/u"))

    def contained(self, operation: Operation, _kind: PythonType | None) -> Source:
        items, choices = operation.args
        if not isinstance(choices, Operation) or choices.op != "array":
            raise Unknown(operation.op)
        values = [constant(choice, None) for choice in choices.args if isinstance(choice, Const)]
        if len(values) != len(choices.args) or not all(isinstance(value, str) for value in values):
            raise Unknown(operation.op)
        return _sql("contained", self._value(items), values)

    def cast(self, operation: Operation, kind: PythonType | None) -> Source | Code:
        """Write what is cast: a constant takes the type of what it is beside, a column keeps its own."""
        return self.write(operation.args[0], kind)


_SPECIAL: Mapping[str, Callable[[_Writer, Operation, PythonType | None], Source | Code]] = {
    "is not null": _Writer.is_not_null,
    "~": _Writer.match,
    "<@": _Writer.contained,
    "cast": _Writer.cast,
    **dict.fromkeys(TODAY, lambda _writer, _operation, _kind: _sql("today")),
    **dict.fromkeys(NOW, lambda _writer, _operation, _kind: _sql("now")),
}


def _sql(name: str, *arguments: Any) -> Source:
    return Source(f"sql.{name}", arguments)


def _constant_source(value: Any, kind: PythonType | None) -> Source | Code:
    if isinstance(value, bool) or value is None:
        return Code({True: "true", False: "false", None: "null"}[value])
    if isinstance(value, int | Decimal):
        is_float = kind is not None and kind.category == "number"
        return Code(str(value)) if is_float else _sql("num", _number(value))
    if isinstance(value, dt.datetime):
        return _sql("moment", value.isoformat())
    if isinstance(value, dt.date):
        return Code(f'"{value.isoformat()}"')
    if isinstance(value, dt.time):
        return _sql("clock", value.isoformat())
    return Code(string(str(value)))


def _number(value: int | Decimal) -> int | str:
    is_safe = value == int(value) and -_SAFE < value < _SAFE
    return int(value) if is_safe else f"{Decimal(value):f}"
