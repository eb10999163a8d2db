"""Expressions of the schema (checks, defaults) in three more forms: Python source, SQLite's SQL, and a value.

Each function returns None for an expression, or raises `Unknown` inside one, that it cannot carry over; the database
then keeps the rule alone.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from runner.agents.backend.types import NUMERIC, PythonType, quote
from runner.agents.source_text import literal
from runner.ddl.model import Call, ColumnRef, Const, Expression

_COMPARISONS = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
LENGTHS = frozenset({"length", "char_length", "character_length", "cardinality", "array_length", "json_array_length"})
_FUNCTIONS = {
    "coalesce": "coalesce", "lower": "lower", "upper": "upper", "trim": "trim", "btrim": "trim",
    "num_nonnulls": "count_known",
}  # fmt: skip
_TODAY = frozenset({"current_date"})
_NOW = frozenset({"now", "current_timestamp"})


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
    if isinstance(expression, Call) and expression.op == "and":
        return tuple(part for argument in expression.args for part in conjuncts(argument))
    return (expression,)


def facing(call: Call) -> Call:
    """Return a comparison with its constant on the right."""
    if call.op in _MIRRORED and isinstance(call.args[0], Const):
        return Call(op=_MIRRORED[call.op], args=(call.args[1], call.args[0]))
    return call


def uncast(expression: Expression) -> Expression:
    """Return an expression without a cast around it."""
    while isinstance(expression, Call) and expression.op == "cast":
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


def _kind(expression: Expression, types: Mapping[str, PythonType]) -> PythonType | None:
    """Return the type that a comparison's other side has to have."""
    expression = uncast(expression)
    if isinstance(expression, ColumnRef):
        return types.get(expression.name)
    if isinstance(expression, Call) and expression.op in ("coalesce", "+", "-", "*", "neg"):
        return next((kind for part in expression.args if (kind := _kind(part, types))), None)
    return None


# ------------------------------------------------------------------------------------------------------ Python source


def python_source(expression: Expression, types: Mapping[str, PythonType], attributes: Mapping[str, str]) -> str | None:
    """Return an expression as Python over `row`, in the words of the generated `app.core.rules`."""
    try:
        return _source(expression, types, attributes, None)
    except Unknown:
        return None


def _source(
    expression: Expression,
    types: Mapping[str, PythonType],
    attributes: Mapping[str, str],
    kind: PythonType | None,
) -> str:
    if isinstance(expression, ColumnRef):
        if expression.name not in attributes:
            raise Unknown(expression.name)
        return f'row["{attributes[expression.name]}"]'
    if isinstance(expression, Const):
        return _source_constant(constant(expression, kind))

    def inner(part: Expression, kind: PythonType | None = None) -> str:
        return _source(part, types, attributes, kind)

    op, args = expression.op, expression.args
    if op == "cast":
        return _source_cast(expression, types, attributes, kind)
    if op in _COMPARISONS or op == "in":
        beside = next((found for part in args if (found := _kind(part, types))), None)
        name = _COMPARISONS.get(op, "one_of")
        return f"{name}({', '.join(inner(part, beside) for part in args)})"
    if op in ("and", "or"):
        return f"{'all_of' if op == 'and' else 'any_of'}({', '.join(inner(part) for part in args)})"
    if op == "not":
        return f"not_({inner(args[0])})"
    if op in ("is null", "is not null"):
        test = f"is_null({inner(args[0])})"
        return test if op == "is null" else f"not_({test})"
    if op in LENGTHS:
        return f"length({inner(args[0])})"
    if op in _FUNCTIONS:
        beside = kind or next((found for part in args if (found := _kind(part, types))), None)
        return f"{_FUNCTIONS[op]}({', '.join(inner(part, beside) for part in args)})"
    return _source_rest(expression, types, inner)


def _source_rest(expression: Call, types: Mapping[str, PythonType], inner: Callable[..., str]) -> str:
    op, args = expression.op, expression.args
    if op == "~" and isinstance(args[1], Const):
        pattern = portable_pattern(str(args[1].value))
        if pattern is None or _is_array(args[0], types):
            raise Unknown(op)
        return f"matches({inner(args[0])}, {literal(pattern)})"
    if op in ("+", "-", "*") and len(args) > 1:
        beside = next((found for part in args if (found := _kind(part, types))), None)
        if beside is None or beside.category not in NUMERIC:
            raise Unknown(op)
        return f"{ {'+': 'add', '-': 'sub', '*': 'mul'}[op] }({inner(args[0], beside)}, {inner(args[1], beside)})"
    if op in _TODAY:
        return "today()"
    if op in _NOW:
        return "now()"
    if op == "<@" and isinstance(args[1], Call) and args[1].op == "array":
        choices = ", ".join(inner(part) for part in args[1].args)
        return f"contained({inner(args[0])}, [{choices}])"
    raise Unknown(op)


def _source_cast(
    expression: Call,
    types: Mapping[str, PythonType],
    attributes: Mapping[str, str],
    kind: PythonType | None,
) -> str:
    value = expression.args[0]
    target = expression.args[1]
    harmless = isinstance(target, Const) and str(target.value).split("(")[0] in _HARMLESS_CASTS
    if isinstance(value, Const) or harmless:
        return _source(value, types, attributes, kind)
    raise Unknown("cast")


_HARMLESS_CASTS = frozenset({"text", "varchar", "character varying", "numeric", "integer", "int", "bigint", "bpchar"})


def _is_array(expression: Expression, types: Mapping[str, PythonType]) -> bool:
    found = _kind(expression, types)
    return found is not None and found.category == "array"


def _source_constant(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(int(value)) if value == value.to_integral_value() else f'Decimal("{value}")'
    if isinstance(value, dt.datetime):
        return f'dt.datetime.fromisoformat("{value.isoformat()}")'
    if isinstance(value, dt.date):
        return f"dt.date({value.year}, {value.month}, {value.day})"
    if isinstance(value, dt.time):
        return f'dt.time.fromisoformat("{value.isoformat()}")'
    return literal(value)


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


# -------------------------------------------------------------------------------------------------------- SQLite's SQL


def sqlite_sql(expression: Expression, types: Mapping[str, PythonType]) -> str | None:
    """Return an expression as SQLite's SQL."""
    try:
        return _sqlite(expression, types, None)
    except Unknown:
        return None


def _sqlite(expression: Expression, types: Mapping[str, PythonType], kind: PythonType | None) -> str:
    if isinstance(expression, ColumnRef):
        return quote(expression.name)
    if isinstance(expression, Const):
        return _sqlite_constant(expression)
    op, args = expression.op, expression.args

    def inner(part: Expression) -> str:
        text = _sqlite(part, types, kind)
        loose = isinstance(part, Call) and (part.op in ("and", "or", "not", "in", "||") or part.op in _MIRRORED)
        return f"({text})" if loose else text

    if op == "cast" and isinstance(args[0], Const | ColumnRef):
        return inner(args[0])
    if op in ("and", "or"):
        return f" {op.upper()} ".join(inner(part) for part in args)
    if op in _MIRRORED or op in ("+", "-", "*", "||"):
        return f" {op} ".join(inner(part) for part in args)
    if op == "in":
        return f"{inner(args[0])} IN ({', '.join(inner(part) for part in args[1:])})"
    if op == "not":
        return f"NOT {inner(args[0])}"
    if op in ("is null", "is not null"):
        return f"{inner(args[0])} {op.upper()}"
    if op == "neg":
        return f"-{inner(args[0])}"
    if op == "like":
        return f"{inner(args[0])} LIKE {inner(args[1])}"
    if op == "num_nonnulls":
        return " + ".join(f"({inner(part)} IS NOT NULL)" for part in args)
    if op in LENGTHS:
        function = "json_array_length" if _is_array(args[0], types) else "length"
        return f"{function}({inner(args[0])})"
    if op in _SQLITE_FUNCTIONS:
        return f"{op}({', '.join(_sqlite(part, types, kind) for part in args)})"
    raise Unknown(op)


_SQLITE_FUNCTIONS = frozenset({"coalesce", "lower", "upper", "trim", "abs", "round", "nullif"})


def _sqlite_constant(value: Const) -> str:
    if value.value is None:
        return "NULL"
    if isinstance(value.value, bool):
        return "1" if value.value else "0"
    return value.value if value.is_number else "'" + value.value.replace("'", "''") + "'"


_CAST = re.compile(
    r"::\s*(?:character varying|double precision|timestamp with(?:out)? time zone|[\w.]+)(?:\(\d+(?:,\s*\d+)?\))?(?:\[\])*"
)
_CALLED = re.compile(r"\b(\w+)\s*\(")
_PLAIN_WORDS = frozenset({"and", "or", "not", "in", "is"}) | _SQLITE_FUNCTIONS | {"length", "substr", "replace"}


def plain_sql(text: str) -> str | None:
    """Return SQL text that was not parsed in a form that SQLite also takes, or None where that is not certain."""
    text = _CAST.sub("", text.replace("`", '"'))
    if any(mark in text for mark in ("~", "::", "[", "@", "#", "->", "E'")):
        return None
    called = {name.lower() for name in _CALLED.findall(text)}
    words = set(re.findall(r"[a-z_]+", re.sub(r"'(?:[^']|'')*'", "", text.lower())))
    risky = words & {"any", "all", "array", "interval", "extract", "similar", "ilike", "now", "current_date"}
    return None if risky or called - _PLAIN_WORDS else text


# -------------------------------------------------------------------------------------------------------------- values


def evaluate(expression: Expression, row: Mapping[str, Any], types: Mapping[str, PythonType]) -> Any:
    """Return the value of an expression for a row of Python values; raises `Unknown`."""
    return _value(expression, row, types, None)


def _value(
    expression: Expression, row: Mapping[str, Any], types: Mapping[str, PythonType], kind: PythonType | None
) -> Any:
    if isinstance(expression, ColumnRef):
        return row.get(expression.name)
    if isinstance(expression, Const):
        return constant(expression, kind)
    op, args = expression.op, expression.args
    beside = kind or next((found for part in args if (found := _kind(part, types))), None)
    if op == "cast":
        return _value(args[0], row, types, kind)
    if op in _TODAY or op in _NOW:
        moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # any moment will do, so long as it never changes
        return moment.date() if op in _TODAY else moment
    if op == "array":
        return [_value(part, row, types, None) for part in args]
    values = [_value(part, row, types, beside) for part in args]
    if op in ("and", "or"):
        decisive = op == "or"
        if any(value is decisive for value in values):
            return decisive
        return None if None in values else not decisive
    if op in ("is null", "is not null"):
        return (values[0] is None) is (op == "is null")
    if op == "coalesce":
        return next((value for value in values if value is not None), None)
    if op == "num_nonnulls":
        return sum(value is not None for value in values)
    if op == "in":
        return None if values[0] is None else values[0] in values[1:]
    return _known_value(op, values)


def _known_value(op: str, values: list[Any]) -> Any:
    if any(value is None for value in values):
        return None
    try:
        return _OPERATIONS[op](*values)
    except (KeyError, TypeError, re.error) as error:
        raise Unknown(op) from error


_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "neg": lambda a: -a,
    "not": lambda a: not a,
    "~": lambda a, b: re.search(b, a) is not None,
    "<@": lambda a, b: all(item in b for item in a),
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "btrim": str.strip,
    **{name: (lambda a, *_: len(a)) for name in LENGTHS},
}
