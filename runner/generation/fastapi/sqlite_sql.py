"""Expressions in SQLite's SQL, over values in the form in which a generated backend stores them there.

Moments and dates are text in ISO form, moments with a zone in UTC; booleans are 0 and 1, UUIDs 32 hexadecimal digits,
arrays JSON. Numbers of more than 15 digits are text, with which SQLite cannot compute.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.generation.encoders.sql_text import text_sql
from runner.generation.fastapi.constant_values import bit_text, constant_text, like_parts, like_text
from runner.generation.fastapi.expression_types import NOW, UUID_OPS, cast_kind
from runner.generation.fastapi.json_parts import SQLITE_JSON, is_part, sqlite_number
from runner.generation.fastapi.sql_writer import SqlWriter
from runner.generation.fastapi.sqlite_functions import FUNCTIONS
from runner.generation.fastapi.sqlite_texts import TEXT_FUNCTIONS
from runner.generation.fastapi.stored_constants import STORED, interval_seconds, iso_interval, stored_bytes
from runner.generation.model.check_expressions import LENGTHS, Unknown, is_array
from runner.generation.model.field_types import EXACT_DIGITS, NUMERIC, FieldType

if TYPE_CHECKING:
    from collections.abc import Callable

_FORMS = {
    "timestamp": "'%Y-%m-%d %H:%M:%f000'", "local_timestamp": "'%Y-%m-%d %H:%M:%f000'", "date": "'%Y-%m-%d'",
    "time": "'%H:%M:%f000'", "span": "'1970-01-01 %H:%M:%f000'", "text": "'%Y-%m-%d %H:%M:%S'",
}  # fmt: skip
_CUT_FORMS = {unit: f"'%Y-%m-%d %H:{rest}.000000'" for unit, rest in
              (("hour", "00:00"), ("minute", "%M:00"), ("second", "%M:%S"))}  # fmt: skip
_UNITS = {"year": "%Y", "month": "%m", "day": "%d", "hour": "%H", "minute": "%M", "dow": "%w", "doy": "%j"}
_MOST_FACTORS = 4  # of a power that is written as a product
_MOMENTS = frozenset({"date", "time", "span", "timestamp", "local_timestamp"})
_WITHOUT_END = re.compile("[+-]?infinity", re.IGNORECASE)  # sorted before and after all digits
_NOT_FINITE = {"nan": "'NaN'", "infinity": "9e999", "+infinity": "9e999", "-infinity": "-9e999"}
_HEX = "lower(hex(randomblob({})))"
_UUID_PARTS = (
    _HEX.format(4),
    _HEX.format(2),
    f"'4' || substr({_HEX.format(2)}, 2)",
    f"'8' || substr({_HEX.format(2)}, 2)",
    _HEX.format(6),
)  # fmt: skip - random, with the bits of version 4


@dataclass(frozen=True, kw_only=True)
class SqliteWriter(SqlWriter):
    """Writes expressions for SQLite."""

    true: ClassVar[str] = "1"
    false: ClassVar[str] = "0"
    null_words: ClassVar[Mapping[str, str]] = {"is distinct from": "IS NOT", "is not distinct from": "IS"}

    @property
    def operations(self) -> Mapping[str, Callable[..., str]]:
        """The operators and functions that SQLite has its own words for."""
        return _OPERATIONS

    # ------------------------------------------------------------------------------------------------------ constants

    def number_constant(self, text: str) -> str:
        """Return the text of a constant as a number; NaN is text, which SQLite sorts after all numbers."""
        return _NOT_FINITE.get(text.strip().lower()) or super().number_constant(text)

    def typed(self, text: str, like: FieldType) -> str:
        """Return the text of a constant in the form in which a value of its type is stored."""
        if like.kind in (*_MOMENTS, "interval") and _WITHOUT_END.fullmatch(text):
            return text_sql(text.lower().lstrip("+"))
        if like.kind == "interval" and self.place == "default" and (months := iso_interval(text)):
            return text_sql(months)
        if like.kind == "bytes":
            return f"X'{stored_bytes(text, postgresql=self.source.postgresql_compatible).hex()}'"
        write = STORED.get(like.kind)
        if write is None:
            return text_sql(text.rstrip(" ") if like.is_padded else text)
        return text_sql(write(text, like))

    def default(self, expression: Expression, like: FieldType | None) -> str:
        """Return an expression as a column's default; a number of an integer is rounded, as the others do it."""
        text = self.write(expression, like)
        is_cut = isinstance(expression, Operation) and expression.op in ("floor", "ceil", "/")
        if like is not None and like.kind == "integer" and not isinstance(expression, Const) and not is_cut:
            return f"CAST(round({text}) AS INTEGER)" if self.kind(expression) in ("number", "decimal") else text
        return text

    def computed(self, expression: Expression, like: FieldType | None) -> str:
        """Return an expression as the value of a computed column; NULL for a text that is no number but should be."""
        kind = self.kind(expression)
        if like is None or kind not in ("text", "json") or like.kind not in NUMERIC:
            return self.write(expression, like)
        if is_part(expression):
            return sqlite_number(self, expression)
        text = self.inner(expression)
        digits = f"ltrim({text}, '+-')"
        is_number = f"{digits} <> '' AND {digits} NOT GLOB '*[^0-9{'' if like.kind == 'integer' else '.'}]*'"
        return f"CASE WHEN {is_number} THEN CAST({text} AS {'INTEGER' if like.kind == 'integer' else 'NUMERIC'}) END"

    # ------------------------------------------------------------------------------------------------------- moments

    def now(self, operation: Operation, like: FieldType | None) -> str:
        """Return the present moment, in the form of a type."""
        return self.moment(operation, like or FieldType(kind="timestamp", name="timestamp"))

    def moment(self, expression: Expression, like: FieldType) -> str:
        """Return a moment or a date that is computed from another."""
        form = _FORMS.get(like.kind)
        if isinstance(expression, Operation) and expression.op == "date_trunc":
            unit = constant_text(expression.args[0])
            if unit in _CUT_FORMS:
                form = _CUT_FORMS[unit] if like.kind in ("timestamp", "local_timestamp") else None
                expression = expression.args[1]
        if form is None:
            raise Unknown(like.name)
        return f"strftime({', '.join((form, *self.moment_arguments(expression)))})"

    def moment_arguments(self, expression: Expression) -> tuple[str, ...]:
        """Return the time value and the modifiers of SQLite's date functions for a moment."""
        if isinstance(expression, ColumnRef) and self.kind(expression) in ("date", "timestamp", "local_timestamp"):
            return (self.write(expression),)
        if not isinstance(expression, Operation):
            raise Unknown("moment")
        op, args = expression.op, expression.args
        if op in NOW or op in ("current_date", "current_time", "localtime", "localtimestamp"):
            if self.place != "default":
                raise Unknown(op)  # SQLite refuses it in checks and generated columns
            return ("'now'", "'start of day'") if op == "current_date" else ("'now'",)
        if op == "timezone" and constant_text(args[0]).lower() in ("utc", "gmt"):
            return self.moment_arguments(args[1])
        if op == "cast" and cast_kind(expression) in ("date", "timestamp", "local_timestamp", "time"):
            inner = self.moment_arguments(args[0])
            return (*inner, "'start of day'") if cast_kind(expression) == "date" else inner
        if op == "date_trunc" and isinstance(args[0], Const) and args[0].value in ("day", "month", "year"):
            return (*self.moment_arguments(args[1]), f"'start of {args[0].value}'")
        if op in ("+", "-") and len(args) == 2:  # noqa: PLR2004 - both sides
            return (*self.moment_arguments(args[0]), *self._modifiers(op, args[0], args[1]))
        raise Unknown(op)

    def _modifiers(self, sign: str, left: Expression, right: Expression) -> tuple[str, ...]:
        if isinstance(right, Operation) and right.op == "interval" and isinstance(right.args[0], Const):
            seconds = interval_seconds(str(right.args[0].value))
            return (text_sql(f"{'-' if (sign == '-') == (seconds >= 0) else '+'}{abs(seconds)} seconds"),)
        whole = isinstance(right, Const) and right.is_number and str(right.value).isdigit()
        if whole and self.kind(left) == "date" and isinstance(right, Const):
            return (text_sql(f"{sign}{right.value} days"),)
        raise Unknown(sign)

    # ----------------------------------------------------------------------------------------------------- arithmetic

    def arithmetic(self, operation: Operation, like: FieldType | None) -> str:
        """Return a computation: of numbers of up to 15 digits, or of dates."""
        kinds = [self.kind(part) for part in operation.args]
        if kinds == ["date", "date"] and operation.op == "-":
            left, right = map(self.write, operation.args)
            return f"CAST(julianday({left}) - julianday({right}) AS INTEGER)"
        if kinds[0] in ("date", "timestamp", "local_timestamp"):
            return self.moment(
                operation, like or self.type_of(operation.args[0]) or FieldType(kind="date", name="date")
            )
        if any(kind not in (*NUMERIC, "boolean") for kind in kinds) or any(map(self._is_long, operation.args)):
            raise Unknown(operation.op)
        parts = [self.inner(part) for part in operation.args]
        exact = self.kind(operation) == "decimal"
        is_real = any("." in constant_text(part) for part in operation.args)
        if operation.op == "/" and (exact or self.source.divides_exactly) and not is_real:
            parts[0] = f"CAST({parts[0]} AS REAL)"
        if operation.op == "%" and exact:
            raise Unknown(operation.op)  # SQLite's % is of integers
        text = f" {operation.op} ".join(parts)
        return f"round({text}, {self._places(operation)})" if exact and operation.op != "/" else text

    def _seconds_between(self, end: Expression, start: Expression) -> str:
        if {self.kind(end), self.kind(start)} - {"timestamp", "local_timestamp"}:
            raise Unknown("interval")
        return f"round((julianday({self.write(end)}) - julianday({self.write(start)})) * 86400.0, 3)"

    def _is_long(self, part: Expression) -> bool:
        """Whether numbers of a column can have more digits than SQLite computes with."""
        found = self.type_of(part)
        return isinstance(part, ColumnRef) and found is not None and found.is_long

    def _places(self, expression: Expression) -> int:
        """Return how many decimal places an exact result can have."""
        if isinstance(expression, Const):
            return len(str(expression.value).partition(".")[2])
        if isinstance(expression, ColumnRef):
            return max(self.types[expression.name].places or 0, 0)
        places = [self._places(part) for part in expression.args]
        return min(sum(places) if expression.op == "*" else max(places, default=EXACT_DIGITS), EXACT_DIGITS)

    def comparison(self, operation: Operation, _like: FieldType | None = None) -> str:
        """Return a comparison; a long number, which may be text, is compared with a constant as a double."""
        if len(_MOMENTS.intersection(map(self.kind, operation.args))) > 1:
            raise Unknown(operation.op)  # their texts have different forms
        left, right = operation.args
        if isinstance(left, Operation) and left.op == "-" and isinstance(right, Operation) and right.op == "interval":
            seconds = interval_seconds(constant_text(right.args[0]))
            return f"{self._seconds_between(*left.args)} {operation.op} {seconds}"
        long = [self._is_long(part) for part in operation.args]
        if not any(long):
            return super().comparison(operation)
        if all(long) or not any(isinstance(part, Const) for part in operation.args):
            raise Unknown(operation.op)
        like = self.common_type(operation.args)
        parts = (f"CAST({self.write(part)} AS REAL)" if is_long else self.inner(part, like)
                 for part, is_long in zip(operation.args, long, strict=True))  # fmt: skip
        return f" {operation.op} ".join(parts)

    # ---------------------------------------------------------------------------------------------------------- texts

    def text(self, part: Expression) -> str:
        """Return an operand as text."""
        kind = self.kind(part)
        if kind not in (None, "text", "enum", "integer"):
            raise Unknown("text")
        return self.inner(part)

    def concatenation(self, operation: Operation, _like: FieldType | None) -> str:
        """Return texts one after another; PostgreSQL's concat() takes NULL for an empty text."""
        parts = [self.text(part) for part in operation.args]
        if operation.op == "concat" and self.source.postgresql_compatible:
            parts = [f"coalesce({part}, '')" for part in parts]
        return " || ".join(parts)

    def in_case(self, operation: Operation, like: FieldType | None) -> str:
        """Return lower() or upper() of a text; those of a range are its bounds."""
        if self.kind(operation.args[0]) == "native":
            raise Unknown(operation.op)
        return self.call(operation, like)

    def like(self, operation: Operation, _like: FieldType | None) -> str:
        """Return LIKE: with regard to case as GLOB, without over lower case; a backend sets case_sensitive_like."""
        value, pattern = operation.args
        if not isinstance(pattern, Const) or self.kind(value) not in ("text", "enum"):
            raise Unknown(operation.op)
        parts = like_parts(str(pattern.value), escapes=self.source.like_escapes)
        if operation.op == "like" and not self.source.like_ignores_case:
            glob = "".join({"%": "*", "_": "?"}.get(mark, mark) if mark else _glob(text) for mark, text in parts)
            return f"{self.inner(value)} GLOB {text_sql(glob)}"
        plain = like_text((mark, text.lower()) for mark, text in parts)
        escape = " ESCAPE '\\'" if "\\" in plain else ""
        return f"lower({self.write(value)}) LIKE {text_sql(plain)}{escape}"

    # ------------------------------------------------------------------------------------------------------ functions

    def cast(self, operation: Operation, like: FieldType | None) -> str:
        """Return what is cast, converted where SQLite converts as the other database does."""
        value, kind = operation.args[0], cast_kind(operation)
        own = self.kind(value)
        if isinstance(value, Const) and kind is not None:
            return self.write(value, FieldType(kind=kind, name=kind))
        limited = "(" in str(operation.args[1].value) if isinstance(operation.args[1], Const) else True
        if kind in ("date", "timestamp", "local_timestamp", "time") and kind != own:
            return self.moment(operation, like or FieldType(kind=kind, name=kind))
        is_same = kind == own and kind is not None and not (limited and kind == "decimal")
        if is_same or (kind, own) == ("integer", "boolean"):
            return self.inner(value)
        if kind == "text" and (own in ("integer", "enum") or (isinstance(value, Operation) and value.op in UUID_OPS)):
            text = self.write(value, FieldType(kind="text", name="text"))
            return text if own is None else f"CAST({text} AS TEXT)"
        if kind in ("number", "decimal") and own in NUMERIC and not limited:
            return self.inner(value)
        if kind == "integer" and own in ("decimal", "number"):
            return f"CAST(round({self.write(value)}) AS INTEGER)"
        raise Unknown(operation.op)

    def length(self, operation: Operation, _like: FieldType | None) -> str:
        """Return the length of a text or of an array; that of an empty array is NULL for `array_length`."""
        value = operation.args[0]
        if not is_array(value, self.types):
            return f"length({self.inner(value)})"
        text = f"json_array_length({self.inner(value)})"
        return f"nullif({text}, 0)" if operation.op == "array_length" else text

    def extract(self, operation: Operation, _like: FieldType | None) -> str:
        """Return a part of a moment."""
        unit = operation.args[0]
        form = _UNITS.get(constant_text(unit))
        is_now = isinstance(operation.args[1], Operation) and operation.args[1].op in NOW
        if is_now and self.place == "default" and unit == Const(value="epoch"):
            return "((julianday('now') - 2440587.5) * 86400.0)"
        if form is None or (self.kind(operation.args[1]) == "timestamp" and not is_now):
            raise Unknown("extract")
        return f"CAST(strftime('{form}', {', '.join(self.moment_arguments(operation.args[1]))}) AS INTEGER)"

    def extreme(self, operation: Operation, like: FieldType | None) -> str:
        """Return the greatest or the least value; PostgreSQL passes over NULL, the others do not."""
        like = self.common_type(operation.args) or like
        parts = [self.write(part, like) for part in operation.args]
        if self.source.postgresql_compatible:
            parts = [f"coalesce({', '.join(parts[place:] + parts[:place])})" for place in range(len(parts))]
        return f"{'max' if operation.op == 'greatest' else 'min'}({', '.join(parts)})"

    def power(self, operation: Operation, _like: FieldType | None) -> str:
        """Return a small whole power as a product: not every SQLite has the function."""
        base, exponent = operation.args
        number = constant_text(exponent)
        if not number.isdigit() or not 1 <= int(number) <= _MOST_FACTORS or self.kind(base) not in NUMERIC:
            raise Unknown("power")
        return " * ".join([self.inner(base)] * int(number))

    def bits(self, operation: Operation, like: FieldType | None) -> str:
        """Return a bit string, which is text here."""
        return bit_text(operation, like, text_sql)

    def interval(self, operation: Operation, _like: FieldType | None) -> str:
        """Return a length of time, in the form in which one is stored."""
        (text,) = (str(part.value) for part in operation.args if isinstance(part, Const))
        return self.typed(text, FieldType(kind="interval", name="interval"))

    def uuid(self, operation: Operation, like: FieldType | None) -> str:
        """Return a random UUID of version 4 in a default."""
        if self.place != "default":
            raise Unknown(operation.op)
        separator = " || " if like is not None and like.kind == "uuid" else " || '-' || "
        return separator.join(_UUID_PARTS)


def _glob(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)


_OPERATIONS: Mapping[str, Callable[..., str]] = {
    **FUNCTIONS,
    **TEXT_FUNCTIONS,
    **SQLITE_JSON,
    "div": lambda writer, operation, _like: _quotient(writer, operation),
    **dict.fromkeys(("+", "-", "*", "/", "%"), SqliteWriter.arithmetic),
    **dict.fromkeys(SqlWriter.null_words, SqlWriter.comparison),
    **dict.fromkeys(("||", "concat"), SqliteWriter.concatenation),
    **dict.fromkeys(("like", "ilike"), SqliteWriter.like),
    **dict.fromkeys(LENGTHS, SqliteWriter.length),
    **dict.fromkeys(("greatest", "least"), SqliteWriter.extreme),
    **dict.fromkeys(("lower", "upper"), SqliteWriter.in_case),
    **dict.fromkeys((*NOW, "current_date", "current_time", "localtime", "timezone"), SqliteWriter.now),
    **dict.fromkeys(UUID_OPS, SqliteWriter.uuid),
    **dict.fromkeys(("date_trunc", "utc_timestamp"), SqliteWriter.now),
    "date": lambda writer, operation, _like: writer.moment(
        Operation(op="cast", args=(*operation.args, Const(value="date"))), FieldType(kind="date", name="date")
    ),
    "bits": SqliteWriter.bits,
    "cast": SqliteWriter.cast,
    "extract": SqliteWriter.extract,
    "interval": SqliteWriter.interval,
    "power": SqliteWriter.power,
    "round": SqliteWriter.call,
    "num_nonnulls": lambda writer, operation, _like: " + ".join(
        f"({writer.inner(part)} IS NOT NULL)" for part in operation.args
    ),
    "strpos": lambda writer, operation, _like: SqlWriter.call(writer, operation, name="instr"),
}


def _quotient(writer: SqliteWriter, operation: Operation) -> str:
    """Return MySQL's DIV, whose result has no decimal places."""
    if any(writer.kind(part) != "integer" for part in operation.args):
        raise Unknown(operation.op)
    return " / ".join(map(writer.inner, operation.args))
