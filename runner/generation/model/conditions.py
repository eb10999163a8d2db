"""Conditions over the fields of a row, as trees that each target writes in its own language.

They are made from the DDL's checks, as far as an application can evaluate these: each operator has one name, casts are
removed and constants have values. SQL's three-valued logic holds: a condition whose value is unknown passes.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.generation.model.check_expressions import (
    LENGTHS,
    MIRRORED,
    Unknown,
    constant,
    is_array,
    type_of,
    type_of_arguments,
)
from runner.generation.model.field_types import MOMENTS, NUMERIC, FieldType, Kind
from runner.generation.model.portable_patterns import portable_pattern, python_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Types = Mapping[str, FieldType]  # of columns, by name


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldValue:
    """The value of a column's field."""

    column: str
    type: FieldType


@dataclass(frozen=True, kw_only=True, slots=True)
class ConstantValue:
    """A constant: None, bool, int, Decimal, str, date, time, datetime or timedelta.

    `type` is that of what it is compared with.
    """

    value: Any
    type: FieldType | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Computed:
    """An operator or a function of its arguments.

    `op` is one of `and or not`, `= <> < <= > >=`, `in` (the value, then the choices), `is null`, `+ - * %`,
    `matches` (text, then the pattern as a constant), `contained` (an array, then the `array` that it is part of),
    `array` (its elements), `as text` (of an integer), `coalesce`, `lower`, `upper`, `trim`, `length` (of text or an
    array), `count known` (how many arguments are not null), `today` or `now`. `type` is that of its arguments, where
    they have one.
    """

    op: str
    arguments: tuple[Condition, ...] = ()
    type: FieldType | None = None


Condition = FieldValue | ConstantValue | Computed

_SAME = frozenset({"and", "or", "not", "is null", "in", "coalesce", "lower", "upper", "trim", *MIRRORED})
_RENAMED = {"btrim": "trim", "num_nonnulls": "count known", **dict.fromkeys(LENGTHS, "length")}
_OF_TEXT = frozenset({"lower", "upper", "trim"})
# Operators that samples are tried with and that no target writes.
OF_SAMPLES = frozenset({
    "like", "ilike", "case", "abs", "round", "neg", "/", "||", "greatest", "least", "strpos", "substr", "left", "right",
    "replace", "octet_length", "extract", "jsonb_typeof", "json_typeof", "json_valid", "int4range", "int8range",
    "numrange", "daterange", "tsrange", "tstzrange",
})  # fmt: skip
_SPANS = re.compile(r"(\d+(?:\.\d+)?)\s*(second|minute|hour|day|week)s?")
_ARITHMETIC = frozenset({"+", "-", "*", "%"})
_UNTYPED = frozenset({"and", "or", "not", "is null", "length"})  # whose arguments need no common type
# Kinds of values that a cast to a type leaves as they are.
_UNCHANGED: Mapping[str, frozenset[Kind]] = {
    **dict.fromkeys(("text", "varchar", "character varying", "bpchar"), frozenset[Kind]({"text", "enum"})),
    **dict.fromkeys(("numeric", "decimal"), frozenset[Kind]({"integer", "decimal"})),
    **dict.fromkeys(("bigint", "int8", "integer", "int"), frozenset[Kind]({"integer"})),
}


def constants_in(condition: Condition) -> tuple[Any, ...]:
    """Return the values of the constants of a condition, in order; patterns are none."""
    if isinstance(condition, ConstantValue):
        return (condition.value,)
    is_pattern = isinstance(condition, Computed) and condition.op == "matches"
    parts = condition.arguments if isinstance(condition, Computed) and not is_pattern else ()
    return tuple(value for part in parts for value in constants_in(part))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scope:
    """The types of the columns; `of_samples` is whether operators count that only samples are tried with."""

    types: Types
    of_samples: bool


def make_condition(expression: Expression, types: Types, *, of_samples: bool = False) -> Condition | None:
    """Return an expression over columns of these types as a condition; None where only its database can evaluate it.

    A condition `of_samples` may have operators that no target writes: examples are tried with it, as PostgreSQL would.
    """
    try:
        return _convert(expression, _Scope(types=types, of_samples=of_samples))
    except Unknown:
        return None


def _convert(expression: Expression, scope: _Scope, compared: FieldType | None = None) -> Condition:
    """Return the condition of an expression; `compared` is the type of what it is compared with."""
    if isinstance(expression, ColumnRef):
        if expression.name not in scope.types:
            raise Unknown(expression.name)
        return FieldValue(column=expression.name, type=scope.types[expression.name])
    if isinstance(expression, Const):
        return ConstantValue(value=constant(expression, compared), type=compared)
    convert = _SPECIAL.get(expression.op, _convert_operation)
    return convert(expression, scope, compared)


def _convert_operation(operation: Operation, scope: _Scope, compared: FieldType | None) -> Condition:
    op, arguments = operation.op, operation.args
    is_known = op in _SAME or op in _ARITHMETIC or (scope.of_samples and op in OF_SAMPLES)
    name = op if is_known else _RENAMED.get(op)
    own = type_of_arguments(operation, scope.types)
    if name is None or _mixes_zones(operation, scope) or (op in _ARITHMETIC and not _is_numeric(own, scope)):
        raise Unknown(op)
    if name in _OF_TEXT and own is not None and not (own.is_textual or own.kind == "enum"):
        raise Unknown(op)  # of a range, `lower` is its bound
    inner = None if name in _UNTYPED or name in OF_SAMPLES else own or compared
    if name == "length":
        arguments = arguments[:1]  # a second one is the dimension
    return Computed(op=name, arguments=tuple(_convert(part, scope, inner) for part in arguments), type=own)


def _is_not_null(operation: Operation, scope: _Scope, _compared: FieldType | None) -> Condition:
    return Computed(op="not", arguments=(Computed(op="is null", arguments=(_convert(operation.args[0], scope),)),))


def _cast(cast: Operation, scope: _Scope, compared: FieldType | None) -> Condition:
    """Return what is cast, where the cast changes no value or writes an integer as text."""
    value, target = cast.args
    kinds = _UNCHANGED.get(str(target.value)) if isinstance(target, Const) else None
    is_text = isinstance(value, Operation) and value.op in ("lower", "upper", "trim")
    own = FieldType(kind="text", name="text") if is_text else type_of(value, scope.types)
    if kinds is not None and "text" in kinds and own is not None and own.kind == "integer":
        return Computed(op="as text", arguments=(_convert(value, scope),))
    if not isinstance(value, Const) and (kinds is None or own is None or own.kind not in kinds):
        raise Unknown(cast.op)
    return _convert(value, scope, compared)


def _matches(operation: Operation, scope: _Scope, _compared: FieldType | None) -> Condition:
    value, pattern = operation.args
    make = python_pattern if scope.of_samples else portable_pattern
    any_case = operation.op == "~*"
    portable = make(str(pattern.value), any_case=any_case) if isinstance(pattern, Const) else None
    if portable is None or is_array(value, scope.types):
        raise Unknown(operation.op)
    return Computed(op="matches", arguments=(_convert(value, scope), ConstantValue(value=portable)))


def _of_samples_only(
    convert: Callable[[Operation, _Scope, FieldType | None], Condition],
) -> Callable[[Operation, _Scope, FieldType | None], Condition]:
    def converted(operation: Operation, scope: _Scope, compared: FieldType | None) -> Condition:
        if not scope.of_samples:
            raise Unknown(operation.op)
        return convert(operation, scope, compared)

    return converted


def _span(operation: Operation, _scope: _Scope, _compared: FieldType | None) -> Condition:
    """Return a constant interval that has no months, whose lengths differ."""
    (text,) = operation.args
    parts = _SPANS.findall(str(text.value)) if isinstance(text, Const) else []
    if not parts or _SPANS.sub("", str(getattr(text, "value", ""))).strip():
        raise Unknown(operation.op)
    return ConstantValue(value=sum((dt.timedelta(**{f"{unit}s": float(size)}) for size, unit in parts), dt.timedelta()))


def _contained(operation: Operation, scope: _Scope, _compared: FieldType | None) -> Condition:
    items, choices = operation.args
    if not isinstance(choices, Operation) or choices.op != "array":
        raise Unknown(operation.op)
    array = Computed(op="array", arguments=tuple(_convert(choice, scope) for choice in choices.args))
    return Computed(op="contained", arguments=(_convert(items, scope), array))


_SPECIAL: Mapping[str, Callable[[Operation, _Scope, FieldType | None], Condition]] = {
    "is not null": _is_not_null,
    "cast": _cast,
    "~": _matches,
    "~*": _matches,
    "interval": _of_samples_only(_span),
    "<@": _contained,
    "current_date": lambda *_: Computed(op="today"),
    "now": lambda *_: Computed(op="now"),
    "current_timestamp": lambda *_: Computed(op="now"),
}


def _is_numeric(type_: FieldType | None, scope: _Scope) -> bool:
    return type_ is not None and (type_.kind in NUMERIC or (scope.of_samples and type_.kind in MOMENTS))


def _mixes_zones(operation: Operation, scope: _Scope) -> bool:
    """Whether moments with a time zone meet such without: only the database knows the zone of the latter."""
    found = {found.kind for part in operation.args if (found := type_of(part, scope.types))}
    return {"timestamp", "local_timestamp"} <= found
