"""Conditions as TypeScript over `row`, in the functions of the application's `core/api/rules.ts`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runner.generation.encoders import Code
from runner.generation.encoders.typescript_text import string
from runner.generation.model.check_expressions import Unknown
from runner.generation.model.clock_spans import span_text
from runner.generation.model.conditions import Computed, Condition, ConstantValue, FieldValue
from runner.generation.model.field_types import NUMERIC, Kind
from runner.generation.react.javascript_patterns import javascript_pattern
from runner.generation.react.typescript_source import Call

_FUNCTIONS = {
    "=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "in": "oneOf", "and": "allOf", "or": "anyOf",
    "not": "not", "+": "add", "-": "sub", "*": "mul", "coalesce": "coalesce", "lower": "lower", "upper": "upper",
    "trim": "trim", "today": "today", "now": "now",
}  # fmt: skip
_OF_PLAIN_VALUES = {"is null": "isNull", "count known": "countKnown", "length": "length"}
_SAFE = 2**53  # from here on a double loses digits
_ARITHMETIC = frozenset("+-*")
_EXACT = NUMERIC - {"number"}
_WRAPPED: Mapping[Kind, str] = {
    "integer": "num", "decimal": "num", "time": "timeOfDay", "span": "span", "timestamp": "timestamp",
    "local_timestamp": "timestamp",
}  # fmt: skip
_PLAIN: frozenset[Kind] = frozenset({"text", "uuid", "enum", "boolean", "date", "number", "array"})


def condition_source(condition: Condition, fields: Mapping[str, str]) -> Call | Code | None:
    """Return a condition as source; None where only the server can evaluate it. `fields` are names by column."""
    try:
        return _RuleWriter(fields).write(condition)
    except Unknown:
        return None


@dataclass(frozen=True, slots=True)
class _RuleWriter:
    fields: Mapping[str, str]

    def write(self, condition: Condition) -> Call | Code:
        if isinstance(condition, FieldValue):
            return self._field(condition)
        if isinstance(condition, ConstantValue):
            return _constant(condition)
        if condition.op in _OF_PLAIN_VALUES:
            return _sql(_OF_PLAIN_VALUES[condition.op], *map(self._plain, condition.arguments))
        if condition.op == "matches":
            return self._matches(*condition.arguments)
        if condition.op == "contained":
            return self._contained(*condition.arguments)
        inexact = condition.op in _ARITHMETIC and (condition.type is None or condition.type.kind not in _EXACT)
        if condition.op not in _FUNCTIONS or inexact:
            raise Unknown(condition.op)
        return _sql(_FUNCTIONS[condition.op], *map(self.write, condition.arguments))

    def _field(self, value: FieldValue) -> Call | Code:
        if value.type.kind in _WRAPPED:
            return _sql(_WRAPPED[value.type.kind], self._plain(value))
        if value.type.kind not in _PLAIN:
            raise Unknown(value.column)
        return self._plain(value)

    def _plain(self, value: Condition) -> Code:
        """Return a field's value as it is."""
        if not isinstance(value, FieldValue):
            raise Unknown(str(value))
        return Code(f"row.{self.fields[value.column]}")

    def _matches(self, value: Condition, pattern: Condition) -> Call:
        found = javascript_pattern(pattern.value) if isinstance(pattern, ConstantValue) else None
        if found is None:
            raise Unknown(str(pattern))
        return _sql("matches", self.write(value), Code(f"/{found}/u"))

    def _contained(self, items: Condition, choices: Condition) -> Call:
        parts = choices.arguments if isinstance(choices, Computed) else ()
        values = [part.value for part in parts if isinstance(part, ConstantValue) and isinstance(part.value, str)]
        if len(values) != len(parts):
            raise Unknown("contained")
        return _sql("contained", self._plain(items), values)


def _sql(name: str, *arguments: Any) -> Call:
    return Call(f"sql.{name}", arguments)


def _constant(constant: ConstantValue) -> Call | Code:
    value = constant.value
    if isinstance(value, bool) or value is None:
        return Code({True: "true", False: "false", None: "null"}[value])
    if isinstance(value, int | Decimal):
        is_float = constant.type is not None and constant.type.kind == "number"
        return Code(str(value)) if is_float else _sql("num", _number(value))
    if isinstance(value, dt.datetime):
        return _sql("timestamp", value.isoformat())
    if isinstance(value, dt.date):
        return Code(f'"{value.isoformat()}"')
    if isinstance(value, dt.time):
        return _sql("timeOfDay", value.isoformat())
    return _sql("span", span_text(value)) if isinstance(value, dt.timedelta) else Code(string(str(value)))


def _number(value: int | Decimal) -> int | str:
    is_safe = value == int(value) and -_SAFE < value < _SAFE
    return int(value) if is_safe else f"{Decimal(value):f}"
