"""Expressions in SQLite's SQL: from their parsed form, or from text where that certainly means the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runner.ddl.model import ColumnRef, Const, Expression, Operation
from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.model.check_expressions import LENGTHS, MIRRORED, Unknown, is_array
from runner.generation.model.field_types import FieldType

_INFIX = {**{op: op for op in MIRRORED}, "and": "AND", "or": "OR", "+": "+", "-": "-", "*": "*", "%": "%", "||": "||",
          "like": "LIKE"}  # fmt: skip
_LOOSE = frozenset({"and", "or", "not", "in", "||", *MIRRORED})  # in parentheses inside another operation
_TIGHT, _SUMS = frozenset({"*", "%", "-"}), frozenset({"+", "-", "*", "%"})


def sqlite_sql(expression: Expression, types: Mapping[str, FieldType]) -> str | None:
    """Return an expression in SQLite's SQL; None where SQLite has no equivalent."""
    try:
        return _SqlWriter(types).write(expression)
    except Unknown:
        return None


@dataclass(frozen=True, slots=True)
class _SqlWriter:
    types: Mapping[str, FieldType]

    def write(self, expression: Expression) -> str:
        if isinstance(expression, ColumnRef):
            return quote(expression.name)
        if isinstance(expression, Const):
            return _sqlite_constant(expression)
        op, args = expression.op, expression.args
        if op in _INFIX:
            return f" {_INFIX[op]} ".join(self.inner(part, tight=op in _TIGHT) for part in args)
        if op in _SPECIAL:
            return _SPECIAL[op](self, expression)
        if op in LENGTHS:
            function = "json_array_length" if is_array(args[0], self.types) else "length"
            return f"{function}({self.inner(args[0])})"
        if op in _SQLITE_FUNCTIONS:
            return f"{op}({', '.join(self.write(part) for part in args)})"
        raise Unknown(op)

    def inner(self, part: Expression, *, tight: bool = False) -> str:
        text = self.write(part)
        bracketed = isinstance(part, Operation) and (part.op in _LOOSE or (tight and part.op in _SUMS))
        return f"({text})" if bracketed else text

    def cast(self, operation: Operation) -> str:
        if not isinstance(operation.args[0], Const | ColumnRef):
            raise Unknown(operation.op)
        return self.inner(operation.args[0])

    def choice(self, operation: Operation) -> str:
        return f"{self.inner(operation.args[0])} IN ({', '.join(self.inner(part) for part in operation.args[1:])})"

    def null(self, operation: Operation) -> str:
        return f"{self.inner(operation.args[0])} {operation.op.upper()}"

    def known(self, operation: Operation) -> str:
        return " + ".join(f"({self.inner(part)} IS NOT NULL)" for part in operation.args)


_SPECIAL: Mapping[str, Callable[[_SqlWriter, Operation], str]] = {
    "cast": _SqlWriter.cast,
    "in": _SqlWriter.choice,
    "is null": _SqlWriter.null,
    "is not null": _SqlWriter.null,
    "not": lambda writer, operation: f"NOT {writer.inner(operation.args[0])}",
    "neg": lambda writer, operation: f"-{writer.inner(operation.args[0])}",
    "num_nonnulls": _SqlWriter.known,
}


_SQLITE_FUNCTIONS = frozenset({"coalesce", "lower", "upper", "trim", "abs", "round", "nullif"})


def _sqlite_constant(value: Const) -> str:
    if value.value is None:
        return "NULL"
    if isinstance(value.value, bool):
        return "1" if value.value else "0"
    return value.value if value.is_number else text_sql(value.value)


_CAST = re.compile(
    r"::\s*(?:character varying|double precision|timestamp with(?:out)? time zone|[\w.]+)"
    r"(?:\(\d+(?:,\s*\d+)?\))?(?:\[\])*"
)
_CALLED = re.compile(r"\b(\w+)\s*\(")
_PLAIN_WORDS = frozenset({"and", "or", "not", "in", "is"}) | _SQLITE_FUNCTIONS | {"length", "substr", "replace"}


def plain_sql(text: str) -> str | None:
    """Return SQL text in a form that SQLite accepts too; None where that is not certain."""
    text = _CAST.sub("", text.replace("`", '"'))
    if any(mark in text for mark in ("~", "::", "[", "@", "#", "->", "E'")):
        return None
    called = {name.lower() for name in _CALLED.findall(text)}
    words = set(re.findall(r"[a-z_]+", re.sub(r"'(?:[^']|'')*'", "", text.lower())))
    risky = words & {"any", "all", "array", "interval", "extract", "similar", "ilike", "now", "current_date"}
    return None if risky or called - _PLAIN_WORDS else text
