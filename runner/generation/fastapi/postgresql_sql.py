"""Expressions of MySQL, MariaDB and SQLite in PostgreSQL's SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.ddl.expression_tree import Const, Expression, Operation
from runner.generation.encoders.sql_text import text_sql
from runner.generation.fastapi.constant_values import bit_text, day, like_parts, like_text, moment, span_of
from runner.generation.fastapi.expression_types import NOW, cast_kind
from runner.generation.fastapi.json_parts import POSTGRESQL_JSON, is_part, postgresql_number
from runner.generation.fastapi.postgresql_functions import FUNCTIONS, formatted_now, seconds, text_of
from runner.generation.fastapi.sql_writer import SqlWriter
from runner.generation.model.check_expressions import LENGTHS, Unknown
from runner.generation.model.clock_spans import span_text
from runner.generation.model.field_types import MOMENTS, NUMERIC, FieldType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_INTERVAL = re.compile(r"[+-]?\d+ (microsecond|second|minute|hour|day|week|month|year)s?", re.IGNORECASE)
_UTC_NOW = "CURRENT_TIMESTAMP AT TIME ZONE 'UTC'"
_CASTS = {"text": "text", "integer": "bigint", "number": "double precision", "decimal": "numeric"}


@dataclass(frozen=True, kw_only=True)
class PostgresqlWriter(SqlWriter):
    """Writes expressions for PostgreSQL."""

    @property
    def operations(self) -> Mapping[str, Callable[..., str]]:
        """The operators and functions that PostgreSQL has its own words for."""
        return _OPERATIONS

    def typed(self, text: str, like: FieldType) -> str:
        """Return the text of a constant; one that is no date of the calendar is none of PostgreSQL's."""
        if like.kind in MOMENTS:
            (day if like.kind == "date" else moment)(text)
        if like.kind == "span":
            return text_sql(span_text(span_of(text)))
        return text_sql(text)

    # -------------------------------------------------------------------------------------------------------- moments

    def now(self, operation: Operation, like: FieldType | None) -> str:
        """Return the present moment, in the form of a type; text and numbers are SQLite's forms of a moment."""
        kind = like.kind if like else "date" if operation.op == "current_date" else "timestamp"
        if kind == "text":
            form = {"current_date": "%Y-%m-%d", "current_time": "%H:%M:%S"}.get(operation.op, "%Y-%m-%d %H:%M:%S")
            return text_of(_UTC_NOW, form)
        words = {"timestamp": "CURRENT_TIMESTAMP", "date": "CURRENT_DATE", "time": "LOCALTIME",
                 "span": "CAST(LOCALTIME AS interval)"}  # fmt: skip
        if kind == "local_timestamp":
            in_utc = self.source.sqlite_compatible or operation.op == "utc_timestamp"
            return _UTC_NOW if in_utc else "CURRENT_TIMESTAMP"
        if kind not in words:
            raise Unknown(operation.op)
        return words[kind]

    # ------------------------------------------------------------------------------------------------------ operators

    def arithmetic(self, operation: Operation, like: FieldType | None) -> str:
        """Return a moment moved by an interval, or a computation of numbers.

        Division by zero gives NULL in MySQL and SQLite.
        """
        *moment, moved = operation.args
        if isinstance(moved, Operation) and moved.op == "interval" and len(moment) == 1:
            return f"{self.inner(moment[0], like)} {operation.op} {self.write(moved)}"
        if operation.op == "-" and [self.kind(part) for part in operation.args] == ["date", "date"]:
            return " - ".join(map(self.inner, operation.args))
        parts = [self.number(part) for part in operation.args]
        if operation.op in ("/", "%"):
            if operation.op == "/" and self.source.divides_exactly and self.kind(operation.args[0]) == "integer":
                parts[0] = f"CAST({parts[0]} AS numeric)"
            parts[1:] = [
                part if isinstance(of, Const) and str(of.value) != "0" else f"NULLIF({part}, 0)"
                for part, of in zip(parts[1:], operation.args[1:], strict=True)
            ]
        return f" {operation.op} ".join(parts)

    def interval(self, operation: Operation, _like: FieldType | None) -> str:
        """Return an interval, in units that PostgreSQL has as well."""
        (length,) = operation.args
        if not isinstance(length, Const) or not _INTERVAL.fullmatch(str(length.value)):
            raise Unknown(operation.op)
        return f"INTERVAL {text_sql(str(length.value))}"

    def default(self, expression: Expression, like: FieldType | None) -> str:
        """Return an expression as a column's default: PostgreSQL makes no number of a truth value, nor the reverse."""
        text, kind = self.write(expression, like), self.kind(expression)
        if like is not None and like.kind in NUMERIC and kind == "boolean":
            return f"CAST(({text}) AS integer)"
        if like is not None and like.kind == "boolean" and kind in NUMERIC and isinstance(expression, Operation):
            return f"(({text}) <> 0)"
        return text

    def computed(self, expression: Expression, like: FieldType | None) -> str:
        """Return an expression as the value of a computed column; NULL for a text that is no number but should be."""
        kind = self.kind(expression)
        if like is None or kind not in ("text", "json") or like.kind in (kind, "text", "enum", "native", "array"):
            return self.default(expression, like)
        type_ = {16: "smallint", 32: "integer", 64: "bigint"}.get(like.bits) if like.kind == "integer" else None
        type_ = type_ or {"decimal": "numeric", "number": "double precision"}.get(like.kind)
        if type_ is None:  # dates of texts depend on settings of the session, which a computed column may not
            raise Unknown(like.kind)
        if is_part(expression):
            return postgresql_number(self, expression, type_)
        text, places = self.write(expression), "" if like.kind == "integer" else r"(\.[0-9]+)?"
        return f"CASE WHEN {text} ~ '^[+-]?[0-9]+{places}$' THEN CAST({text} AS {type_}) END"

    def number(self, part: Expression) -> str:
        """Return an operand of arithmetic; a truth value is 0 or 1."""
        kind = self.kind(part)
        if kind == "boolean":
            return f"CAST({self.inner(part)} AS integer)"
        if isinstance(part, Operation) and part.op == "strftime":  # '%s'
            return seconds(self, part, None)
        if kind not in NUMERIC:
            raise Unknown("number")
        return self.inner(part)

    def concatenation(self, operation: Operation, _like: FieldType | None) -> str:
        """Return texts one after another. PostgreSQL's concat() is not allowed in generated columns."""
        return " || ".join(map(self.text, operation.args))

    def text(self, part: Expression) -> str:
        """Return an operand as text."""
        kind = self.kind(part)
        if kind in (None, "text"):
            return self.inner(part, FieldType(kind="text", name="text"))
        if kind not in (*NUMERIC, "uuid"):
            raise Unknown("text")
        return f"CAST({self.write(part)} AS text)"

    def like(self, operation: Operation, _like: FieldType | None) -> str:
        """Return LIKE, which has no regard to case in MySQL and SQLite."""
        value, pattern = operation.args
        if not isinstance(pattern, Const):
            raise Unknown(operation.op)
        parts = like_parts(str(pattern.value), escapes=self.source.like_escapes)
        return f"{self.text(value)} ILIKE {text_sql(like_text(parts))}"

    def matches(self, operation: Operation, _like: FieldType | None) -> str:
        """Return a match of a regular expression."""
        value, pattern = operation.args
        if not isinstance(pattern, Const):
            raise Unknown(operation.op)
        return f"{self.text(value)} {operation.op} {text_sql(str(pattern.value))}"

    # ------------------------------------------------------------------------------------------------------ functions

    def cast(self, operation: Operation, like: FieldType | None) -> str:
        """Return a cast between numbers, or of a number to text."""
        value, kind = operation.args[0], cast_kind(operation)
        if isinstance(value, Operation) and value.op == "strftime" and kind == "integer":
            return formatted_now(self, value, FieldType(kind="integer", name="bigint"))
        own = self.kind(value)
        if kind == own and kind is not None:
            return self.inner(value, like)
        if kind not in _CASTS or own not in NUMERIC:
            raise Unknown(operation.op)
        return f"CAST({self.write(value)} AS {_CASTS[kind]})"

    def rounded(self, operation: Operation, _like: FieldType | None) -> str:
        """Return a rounded number, exactly."""
        value, *places = operation.args
        return f"round({', '.join((f'CAST({self.number(value)} AS numeric)', *map(self.write, places)))})"

    def length(self, operation: Operation, _like: FieldType | None) -> str:
        """Return the length of a text in characters, or that of bytes."""
        value = operation.args[0]
        name = "octet_length" if self.kind(value) == "bytes" else "length"
        return f"{name}({self.write(value) if name == 'octet_length' else self.text(value)})"

    def extreme(self, operation: Operation, like: FieldType | None) -> str:
        """Return the greatest or the least value; NULL where one is, which PostgreSQL passes over."""
        like = self.common_type(operation.args) or like
        parts = [self.inner(part, like) for part in operation.args]
        nulls = " OR ".join(f"{part} IS NULL" for part in parts)
        return f"CASE WHEN {nulls} THEN NULL ELSE {operation.op}({', '.join(parts)}) END"

    def uuid(self, operation: Operation, like: FieldType | None) -> str:
        """Return a random UUID."""
        del operation
        return "CAST(gen_random_uuid() AS text)" if like is not None and like.kind == "text" else "gen_random_uuid()"

    def bits(self, operation: Operation, like: FieldType | None) -> str:
        """Return a bit string, filled up from the left."""
        return bit_text(operation, like, lambda digits: f"B'{digits}'")

    def json_valid(self, operation: Operation, _like: FieldType | None) -> str:
        """Return TRUE for what can hold nothing but JSON."""
        if self.kind(operation.args[0]) != "json":
            raise Unknown(operation.op)
        return "true"


_OPERATIONS: Mapping[str, Callable[..., str]] = {
    **FUNCTIONS,
    **POSTGRESQL_JSON,
    **dict.fromkeys(("+", "-", "*", "/", "%"), PostgresqlWriter.arithmetic),
    **dict.fromkeys(("||", "concat"), PostgresqlWriter.concatenation),
    **dict.fromkeys(("like", "ilike"), PostgresqlWriter.like),
    **dict.fromkeys(("~", "~*"), PostgresqlWriter.matches),
    **dict.fromkeys(LENGTHS, PostgresqlWriter.length),
    **dict.fromkeys(("greatest", "least"), PostgresqlWriter.extreme),
    **dict.fromkeys((*NOW, "current_date", "current_time", "localtime"), PostgresqlWriter.now),
    **dict.fromkeys(("uuid", "gen_random_uuid"), PostgresqlWriter.uuid),
    **dict.fromkeys(("ceil", "floor", "power", "strpos"), PostgresqlWriter.call),
    "interval": PostgresqlWriter.interval,
    "bits": PostgresqlWriter.bits,
    "cast": PostgresqlWriter.cast,
    "json_valid": PostgresqlWriter.json_valid,
    "round": PostgresqlWriter.rounded,
}
