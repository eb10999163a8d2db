"""Checks as Python source over `row`, in the words of the generated `app.core.rules`."""

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
from runner.generation.source_text import literal

_COMPARISONS = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "in": "one_of"}
_CONNECTIVES = {"and": "all_of", "or": "any_of", "not": "not_", "is null": "is_null"}
_ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "%": "rem"}
_FUNCTIONS = {
    "coalesce": "coalesce", "lower": "lower", "upper": "upper", "trim": "trim", "btrim": "trim",
    "num_nonnulls": "count_known",
}  # fmt: skip
_HARMLESS_CASTS = frozenset({"text", "varchar", "character varying", "numeric", "integer", "int", "bigint", "bpchar"})


def python_source(expression: Expression, types: Mapping[str, PythonType], attributes: Mapping[str, str]) -> str | None:
    """Return an expression as Python, or None where it says what the application cannot know."""
    try:
        return _Writer(types, attributes).write(expression)
    except Unknown:
        return None


@dataclass(frozen=True, slots=True)
class _Writer:
    types: Mapping[str, PythonType]
    attributes: Mapping[str, str]

    def write(self, expression: Expression, kind: PythonType | None = None) -> str:
        """Return the source of an expression; `kind` is the type of what it is compared with."""
        if isinstance(expression, ColumnRef):
            if expression.name not in self.attributes:
                raise Unknown(expression.name)
            return f'row["{self.attributes[expression.name]}"]'
        if isinstance(expression, Const):
            return _constant_source(constant(expression, kind))
        if expression.op in _SPECIAL:
            return _SPECIAL[expression.op](self, expression, kind)
        return self._operation(expression, kind)

    def _operation(self, operation: Operation, kind: PythonType | None) -> str:
        """Write an operation that is a function of the same arguments."""
        beside = kind_beside(operation, self.types)
        if mixes_zones(operation, self.types):
            raise Unknown(operation.op)
        if operation.op in _COMPARISONS:
            return self._named(_COMPARISONS[operation.op], operation.args, beside)
        if operation.op in _CONNECTIVES:
            return self._named(_CONNECTIVES[operation.op], operation.args, None)
        if operation.op in LENGTHS:
            return self._named("length", operation.args[:1], None)
        if operation.op in _FUNCTIONS:
            return self._named(_FUNCTIONS[operation.op], operation.args, kind or beside)
        if operation.op in _ARITHMETIC and beside is not None and beside.category in NUMERIC:
            return self._named(_ARITHMETIC[operation.op], operation.args, beside)
        raise Unknown(operation.op)

    def _named(self, name: str, arguments: tuple[Expression, ...], kind: PythonType | None) -> str:
        return f"{name}({', '.join(self.write(argument, kind) for argument in arguments)})"

    def is_not_null(self, operation: Operation, _kind: PythonType | None) -> str:
        return f"not_(is_null({self.write(operation.args[0])}))"

    def match(self, operation: Operation, _kind: PythonType | None) -> str:
        value, pattern = operation.args
        found = portable_pattern(str(pattern.value)) if isinstance(pattern, Const) else None
        if found is None or is_array(value, self.types):
            raise Unknown(operation.op)
        return f"matches({self.write(value)}, {literal(found)})"

    def contained(self, operation: Operation, _kind: PythonType | None) -> str:
        items, choices = operation.args
        if not isinstance(choices, Operation) or choices.op != "array":
            raise Unknown(operation.op)
        return f"contained({self.write(items)}, [{', '.join(self.write(choice) for choice in choices.args)}])"

    def cast(self, operation: Operation, kind: PythonType | None) -> str:
        value, target = operation.args
        harmless = isinstance(target, Const) and str(target.value).split("(")[0] in _HARMLESS_CASTS
        if not isinstance(value, Const) and not harmless:
            raise Unknown(operation.op)
        return self.write(value, kind)


_SPECIAL: Mapping[str, Callable[[_Writer, Operation, PythonType | None], str]] = {
    "is not null": _Writer.is_not_null,
    "~": _Writer.match,
    "<@": _Writer.contained,
    "cast": _Writer.cast,
    **dict.fromkeys(TODAY, lambda _writer, _operation, _kind: "today()"),
    **dict.fromkeys(NOW, lambda _writer, _operation, _kind: "now()"),
}


def _constant_source(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(int(value)) if value == value.to_integral_value() else f'Decimal("{value}")'
    if isinstance(value, dt.datetime):
        return f'dt.datetime.fromisoformat("{value.isoformat()}")'
    if isinstance(value, dt.date):
        return f"dt.date({value.year}, {value.month}, {value.day})"
    if isinstance(value, dt.time):
        return f'dt.time.fromisoformat("{value.isoformat()}")'
    return literal(value)
