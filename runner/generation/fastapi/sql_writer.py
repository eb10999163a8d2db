"""Expressions of any dialect as SQL of one database: what both databases write alike.

An expression is written from its parsed form and the types of its columns, so that operators keep the meaning that
they have in the dialect of the DDL. What cannot be written with the same meaning raises `Unknown`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.fastapi.constant_values import JSON_OPS, constant_text, json_value, number_text, truth
from runner.generation.fastapi.expression_types import ARITHMETIC, BITWISE, CONDITIONS, ExpressionTypes
from runner.generation.model.check_expressions import MIRRORED, Unknown
from runner.generation.model.field_types import NUMERIC, FieldType

Place = Literal["default", "check", "generated", "index"]

_LOOSE = CONDITIONS | ARITHMETIC | BITWISE | {"||", "neg"}  # in parentheses inside another operation


@dataclass(frozen=True, kw_only=True)
class SqlWriter(ExpressionTypes):
    """Writes expressions of the dialect `source` over columns of these `types`, for one `place` of a table.

    `names` are those of the columns that have another name in the database.
    """

    place: Place
    names: Mapping[str, str] = field(default_factory=dict)

    true: ClassVar[str] = "true"
    false: ClassVar[str] = "false"
    null_words: ClassVar[Mapping[str, str]] = {
        "is distinct from": "IS DISTINCT FROM", "is not distinct from": "IS NOT DISTINCT FROM"
    }  # fmt: skip

    @property
    def operations(self) -> Mapping[str, Callable[..., str]]:
        """The operators and functions that a database has its own words for."""
        raise NotImplementedError

    def write(self, expression: Expression, like: FieldType | None = None) -> str:
        """Return an expression as SQL; `like` is the type that a constant is written as.

        Raises:
            Unknown: this database cannot say the same.

        """
        if isinstance(expression, ColumnRef):
            if expression.name not in self.types:
                raise Unknown(expression.name)
            return quote(self.names.get(expression.name, expression.name))
        if isinstance(expression, Const):
            return self.constant(expression, like)
        own = self.operations.get(expression.op) or _SHARED.get(expression.op)
        if own is None:
            raise Unknown(expression.op)
        return own(self, expression, like)

    def default(self, expression: Expression, like: FieldType | None) -> str:
        """Return an expression as the default of a column of a type."""
        return self.write(expression, like)

    def computed(self, expression: Expression, like: FieldType | None) -> str:
        """Return an expression as the value of a computed column of a type."""
        return self.write(expression, like)

    def text(self, part: Expression) -> str:
        """Return an operand as text."""
        raise NotImplementedError

    def inner(self, part: Expression, like: FieldType | None = None) -> str:
        """Return an expression as an operand."""
        text = self.write(part, like)
        return f"({text})" if isinstance(part, Operation) and part.op in _LOOSE else text

    # ------------------------------------------------------------------------------------------------------ constants

    def constant(self, constant: Const, like: FieldType | None) -> str:
        """Return a constant as SQL."""
        value = constant.value
        if value is None:
            return "NULL"
        if like is not None and like.kind == "boolean":
            return self.true if truth(constant) else self.false
        if isinstance(value, bool):
            return self.true if value else self.false
        if like is not None and like.kind in NUMERIC and not constant.is_number:
            return self.number_constant(value)
        if constant.is_number and (like is None or like.kind not in ("text", "span")):
            return value
        return text_sql(value) if like is None else self.typed(value, like)

    def number_constant(self, text: str) -> str:
        """Return the text of a constant as a number."""
        return text_sql(text) if number_text(text) and self.place == "default" else number_text(text)

    def typed(self, text: str, like: FieldType) -> str:
        """Return the text of a constant as a value of a type."""
        del like
        return text_sql(text)

    # ----------------------------------------------------------------------------------------------------- conditions

    def condition(self, expression: Expression) -> str:
        """Return an expression as a condition: what is no truth value is compared with zero."""
        return f"({self.inner(expression)} <> 0)" if self._is_number(expression) else self.inner(expression)

    def whole_condition(self, expression: Expression) -> str:
        """Return an expression as a condition of its own, without parentheses around it."""
        return f"{self.inner(expression)} <> 0" if self._is_number(expression) else self.write(expression)

    def _is_number(self, expression: Expression) -> bool:
        return self.kind(expression) in NUMERIC

    def comparison(self, operation: Operation, _like: FieldType | None = None) -> str:
        """Return a comparison of two values, also one in which NULL is a value like others."""
        like, word = self.common_type(operation.args), self.null_words.get(operation.op, operation.op)
        return f" {word} ".join(self.inner(part, like) for part in operation.args)

    def choice(self, operation: Operation, _like: FieldType | None = None) -> str:
        """Return `value IN (…)`."""
        like = self.common_type(operation.args)
        value, *choices = (self.inner(part, like) for part in operation.args)
        return f"{value} IN ({', '.join(choices)})"

    def call(self, operation: Operation, like: FieldType | None = None, name: str = "") -> str:
        """Return a function that has the same name and meaning everywhere."""
        like = self.common_type(operation.args) or like
        return f"{name or operation.op}({', '.join(self.write(part, like) for part in operation.args)})"

    def case(self, operation: Operation, like: FieldType | None = None) -> str:
        """Return a CASE."""
        *branches, default = operation.args
        like = self.type_of(operation) or like
        written = " ".join(
            f"WHEN {self.condition(test)} THEN {self.write(value, like)}"
            for test, value in zip(branches[::2], branches[1::2], strict=True)
        )
        return f"CASE {written} ELSE {self.write(default, like)} END"


def _comparison(writer: SqlWriter, operation: Operation, like: FieldType | None) -> str:
    return writer.comparison(operation, like)


def _json_constant(_writer: SqlWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return JSON that is built of constants."""
    return text_sql(json.dumps(json_value(operation), ensure_ascii=False))


def _bitwise(writer: SqlWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return an operation on the bits of integers."""
    if any(writer.kind(part) != "integer" for part in operation.args):
        raise Unknown(operation.op)
    return f" {operation.op} ".join(map(writer.inner, operation.args))


def _null_test(writer: SqlWriter, operation: Operation, _like: FieldType | None) -> str:
    return f"{writer.inner(operation.args[0])} {operation.op.upper()}"


def _junction(writer: SqlWriter, operation: Operation, _like: FieldType | None) -> str:
    return f" {operation.op.upper()} ".join(writer.condition(part) for part in operation.args)


def _joined(writer: SqlWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return concat_ws(), which passes over NULL."""
    separator, *values = operation.args
    mark = constant_text(separator)
    if not mark:
        raise Unknown(operation.op)
    parts = (f"coalesce({text_sql(mark)} || {writer.text(value)}, '')" for value in values)
    return f"substr({' || '.join(parts)}, {len(mark) + 1})"


_SHARED: Mapping[str, Callable[..., str]] = {
    **dict.fromkeys((*MIRRORED, *SqlWriter.null_words), _comparison),
    **dict.fromkeys(("and", "or"), _junction),
    **dict.fromkeys(("is null", "is not null"), _null_test),
    **dict.fromkeys(("lower", "upper", "trim", "ltrim", "rtrim", "replace", "coalesce", "nullif"), SqlWriter.call),
    **dict.fromkeys(JSON_OPS, _json_constant),
    **dict.fromkeys(BITWISE, _bitwise),
    "abs": SqlWriter.call,
    "case": SqlWriter.case,
    "concat_ws": _joined,
    "in": SqlWriter.choice,
    "not": lambda writer, operation, _like: f"NOT {writer.condition(operation.args[0])}",
    "neg": lambda writer, operation, _like: f"-{writer.inner(operation.args[0])}",
}
