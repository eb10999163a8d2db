"""Conditions over the fields of a row, as trees that each target writes in its own language.

They are made from the DDL's checks, as far as an application can evaluate these: each operator has one name, casts are
removed and constants have values. SQL's three-valued logic holds: a condition whose value is unknown passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.ddl.model import ColumnRef, Const, Expression, Operation
from runner.generation.model.check_expressions import (
    LENGTHS,
    MIRRORED,
    Unknown,
    constant,
    is_array,
    type_of,
    type_of_arguments,
)
from runner.generation.model.field_types import NUMERIC, FieldType, Kind
from runner.generation.model.portable_patterns import portable_pattern

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
    """A constant: None, bool, int, Decimal, str, date, time or datetime. `type` is that of what it is compared with."""

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
    parts = condition.arguments if isinstance(condition, Computed) and condition.op != "matches" else ()
    return tuple(value for part in parts for value in constants_in(part))


def make_condition(expression: Expression, types: Types) -> Condition | None:
    """Return an expression over columns of these types as a condition; None where only its database can evaluate it."""
    try:
        return _convert(expression, types)
    except Unknown:
        return None


def _convert(expression: Expression, types: Types, compared: FieldType | None = None) -> Condition:
    """Return the condition of an expression; `compared` is the type of what it is compared with."""
    if isinstance(expression, ColumnRef):
        if expression.name not in types:
            raise Unknown(expression.name)
        return FieldValue(column=expression.name, type=types[expression.name])
    if isinstance(expression, Const):
        return ConstantValue(value=constant(expression, compared), type=compared)
    convert = _SPECIAL.get(expression.op, _convert_operation)
    return convert(expression, types, compared)


def _convert_operation(operation: Operation, types: Types, compared: FieldType | None) -> Condition:
    op, arguments = operation.op, operation.args
    name = op if op in _SAME or op in _ARITHMETIC else _RENAMED.get(op)
    own = type_of_arguments(operation, types)
    if name is None or _mixes_zones(operation, types) or (op in _ARITHMETIC and not _is_numeric(own)):
        raise Unknown(op)
    inner = None if name in _UNTYPED else own or compared
    if name == "length":
        arguments = arguments[:1]  # a second one is the dimension
    return Computed(op=name, arguments=tuple(_convert(part, types, inner) for part in arguments), type=own)


def _is_not_null(operation: Operation, types: Types, _compared: FieldType | None) -> Condition:
    return Computed(op="not", arguments=(Computed(op="is null", arguments=(_convert(operation.args[0], types),)),))


def _cast(cast: Operation, types: Types, compared: FieldType | None) -> Condition:
    """Return what is cast, where the cast changes no value or writes an integer as text."""
    value, target = cast.args
    kinds = _UNCHANGED.get(str(target.value)) if isinstance(target, Const) else None
    is_text = isinstance(value, Operation) and value.op in ("lower", "upper", "trim")
    own = FieldType(kind="text", name="text") if is_text else type_of(value, types)
    if kinds is not None and "text" in kinds and own is not None and own.kind == "integer":
        return Computed(op="as text", arguments=(_convert(value, types),))
    if not isinstance(value, Const) and (kinds is None or own is None or own.kind not in kinds):
        raise Unknown(cast.op)
    return _convert(value, types, compared)


def _matches(operation: Operation, types: Types, _compared: FieldType | None) -> Condition:
    value, pattern = operation.args
    portable = portable_pattern(str(pattern.value)) if isinstance(pattern, Const) else None
    if portable is None or is_array(value, types):
        raise Unknown(operation.op)
    return Computed(op="matches", arguments=(_convert(value, types), ConstantValue(value=portable)))


def _contained(operation: Operation, types: Types, _compared: FieldType | None) -> Condition:
    items, choices = operation.args
    if not isinstance(choices, Operation) or choices.op != "array":
        raise Unknown(operation.op)
    array = Computed(op="array", arguments=tuple(_convert(choice, types) for choice in choices.args))
    return Computed(op="contained", arguments=(_convert(items, types), array))


_SPECIAL: Mapping[str, Callable[[Operation, Types, FieldType | None], Condition]] = {
    "is not null": _is_not_null,
    "cast": _cast,
    "~": _matches,
    "<@": _contained,
    "current_date": lambda *_: Computed(op="today"),
    "now": lambda *_: Computed(op="now"),
    "current_timestamp": lambda *_: Computed(op="now"),
}


def _is_numeric(type_: FieldType | None) -> bool:
    return type_ is not None and type_.kind in NUMERIC


def _mixes_zones(operation: Operation, types: Types) -> bool:
    """Whether moments with a time zone meet such without: only the database knows the zone of the latter."""
    found = {found.kind for part in operation.args if (found := type_of(part, types))}
    return {"timestamp", "local_timestamp"} <= found
