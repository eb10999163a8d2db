"""Expressions of any dialect as SQL of one database: what both databases write alike.

An expression is written from its parsed form and the types of its columns, so that operators keep the meaning that
they have in the dialect of the DDL. What cannot be written with the same meaning raises `Unknown`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import ClassVar, Literal

from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.ddl.syntax.dialect import Dialect
from runner.generation.encoders.sql_text import quote, text_sql
from runner.generation.model.check_expressions import LENGTHS, MIRRORED, Unknown
from runner.generation.model.clock_spans import parse_span
from runner.generation.model.field_types import NUMERIC, FieldType, Kind

Place = Literal["default", "check", "generated", "index"]

_CONDITIONS = frozenset(
    {
        "and",
        "or",
        "not",
        "in",
        "is null",
        "is not null",
        "is distinct from",
        "is not distinct from",
        "like",
        "ilike",
        "~",
        "~*",
        *MIRRORED,
    }
)
_TEXTS = frozenset({
    "||", "concat", "lower", "upper", "trim", "ltrim", "rtrim", "replace", "substr", "left", "right", "split_part",
    "trim of", "ltrim of", "rtrim of", "lpad", "rpad", "reverse", "concat_ws", "json text", "json scalar",
    "json_unquote",
})  # fmt: skip
_COUNTS = LENGTHS | {
    "strpos", "octet_length", "num_nonnulls", "num_nulls", "extract", "json_array_size", "jsonb_array_length",
}  # fmt: skip
_ALIKE = frozenset(
    {"coalesce", "nullif", "greatest", "least", "abs", "round", "ceil", "floor", "neg", "power", "trunc"}
)
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "div"})
_BITWISE = frozenset({"&", "|", "<<", ">>"})
_LOOSE = _CONDITIONS | _ARITHMETIC | _BITWISE | {"||", "neg"}  # in parentheses inside another operation
RANDOM_BYTES = frozenset({"gen_random_bytes", "random_bytes", "randomblob"})
UUID_OPS = frozenset(
    {"gen_random_uuid", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "uuid", "uuidv4", "uuidv7"}
)
_RANDOM = RANDOM_BYTES | UUID_OPS | {"random"}
NOW: frozenset[str] = frozenset({"now", "current_timestamp", "localtimestamp", "transaction_timestamp",
                                  "statement_timestamp", "clock_timestamp", "sysdate", "utc_timestamp"})  # fmt: skip
_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(_CONDITIONS, "boolean"),
    **dict.fromkeys(_TEXTS, "text"),
    **dict.fromkeys((*_COUNTS, *_BITWISE, "unixepoch", "unix_timestamp"), "integer"),
    **dict.fromkeys(("hex", "md5", "strftime", "typeof", "jsonb_typeof", "json_typeof"), "text"),
    "julianday": "number",
    "json part": "json",
    **dict.fromkeys(NOW, "timestamp"),
    "current_date": "date",
}
_CAST_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("text", "varchar", "character varying", "char", "character", "bpchar"), "text"),
    **dict.fromkeys(("int", "integer", "bigint", "smallint", "int2", "int4", "int8", "signed", "unsigned"), "integer"),
    **dict.fromkeys(("numeric", "decimal", "dec"), "decimal"),
    **dict.fromkeys(("real", "float", "double", "double precision", "float4", "float8"), "number"),
    **dict.fromkeys(("timestamp", "datetime", "timestamp without time zone"), "local_timestamp"),
    **dict.fromkeys(("timestamptz", "timestamp with time zone"), "timestamp"),
    **{kind: kind for kind in ("date", "time", "boolean", "uuid", "json")},
    "jsonb": "json",
    "bool": "boolean",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SqlWriter:
    """Writes expressions of the dialect `source` over columns of these `types`, for one `place` of a table.

    `names` are those of the columns that have another name in the database.
    """

    types: Mapping[str, FieldType]
    source: Dialect
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

    # ---------------------------------------------------------------------------------------------------------- types

    def type_of(self, expression: Expression) -> FieldType | None:
        """Return the type of an expression; None where only its surroundings decide it."""
        if isinstance(expression, ColumnRef):
            return self.types.get(expression.name)
        if isinstance(expression, Const):
            return self._type_of_constant(expression)
        if expression.op == "cast":
            return _plain(cast_kind(expression))
        if expression.op in _ARITHMETIC:
            return self._type_of_arithmetic(expression)
        return self._type_of_call(expression)

    def _type_of_call(self, operation: Operation) -> FieldType | None:
        op, args = operation.op, operation.args
        if op == "case" or op in _ALIKE:
            results = (*args[1::2], args[-1]) if op == "case" else args
            return next((found for part in results if (found := self.type_of(part))), None)
        if op == "random":
            return _plain("integer" if self.source.sqlite_compatible else "number")
        if op == "extract" and args[0] == Const(value="epoch"):
            return _plain("number")
        return _plain(_KINDS.get(op))

    def _type_of_constant(self, constant: Const) -> FieldType | None:
        if isinstance(constant.value, bool):
            return _plain("boolean")
        if constant.is_number:
            return _plain("integer" if str(constant.value).lstrip("+-").isdigit() else "decimal")
        return None

    def _type_of_arithmetic(self, operation: Operation) -> FieldType | None:
        found = [self.kind(part) for part in operation.args]
        moments = {"date", "timestamp", "local_timestamp"}.intersection(found)
        if moments:
            differs = operation.op == "-" and len(found) > 1 and found[0] == found[1] == "date"
            moved = operation.args[1]
            if isinstance(moved, Operation) and moved.op == "interval" and found[0] != "date":
                return _plain(found[0])
            return _plain("integer") if differs else _plain("date") if "date" in moments else None
        exact = operation.op == "/" and self.source.divides_exactly
        order: tuple[Kind, ...] = ("number", "decimal", "integer")
        kind = next((kind for kind in order if kind in found), None)
        return None if kind is None else _plain("decimal" if exact and kind == "integer" else kind)

    def kind(self, expression: Expression) -> Kind | None:
        """Return the kind of an expression's type."""
        found = self.type_of(expression)
        return found.kind if found else None

    def common_type(self, parts: tuple[Expression, ...]) -> FieldType | None:
        """Return the type of the parts of a comparison, that of a column before that of a constant."""
        known = [part for part in parts if not isinstance(part, Const)]
        return next((found for part in known if (found := self.type_of(part))), None)

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
        """Return a comparison of two values."""
        like = self.common_type(operation.args)
        return f" {operation.op} ".join(self.inner(part, like) for part in operation.args)

    def comparison_of_nulls(self, operation: Operation, _like: FieldType | None = None) -> str:
        """Return a comparison in which NULL is a value like others."""
        like = self.common_type(operation.args)
        return f" {self.null_words[operation.op]} ".join(self.inner(part, like) for part in operation.args)

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


def is_random(expression: Expression) -> bool:
    """Whether an expression has another value each time."""
    return isinstance(expression, Operation) and (expression.op in _RANDOM or any(map(is_random, expression.args)))


def _plain(kind: Kind | None) -> FieldType | None:
    return None if kind is None else FieldType(kind=kind, name=kind)


def cast_kind(cast: Operation) -> Kind | None:
    """Return what kind a cast makes of its value; None for a type that is not known here."""
    target = cast.args[1]
    return _CAST_KINDS.get(str(target.value).split("(")[0].strip()) if isinstance(target, Const) else None


def truth(constant: Const) -> bool:
    """Return a constant that is compared with a boolean.

    Raises:
        Unknown: it is neither true nor false.

    """
    text = str(constant.value).lower()
    if text in ("1", "t", "true", "yes", "on"):
        return True
    if text in ("0", "f", "false", "no", "off"):
        return False
    raise Unknown(text)


def number_text(text: str) -> str:
    """Return the text of a number as SQL.

    Raises:
        Unknown: it is no number, or has no digits (NaN, Infinity).

    """
    try:
        if Decimal(text).is_finite():
            return text.strip()
    except InvalidOperation:
        pass
    raise Unknown(text)


def day(text: str) -> dt.date:
    """Return the date of a constant; `epoch` is PostgreSQL's word for the first of 1970.

    Raises:
        Unknown: it is no date of the calendar, such as MySQL's zero date, infinity or `today`.

    """
    return moment(text).date()


def moment(text: str) -> dt.datetime:
    """Return the moment of a constant, without a zone where the constant has none.

    Raises:
        Unknown: it is no moment of the calendar.

    """
    try:
        return dt.datetime.fromisoformat("1970-01-01T00:00:00Z" if text.strip() == "epoch" else text.strip())
    except ValueError as error:
        raise Unknown(text) from error


def span_of(text: str) -> dt.timedelta:
    """Return the span of a constant.

    Raises:
        Unknown: it is none of MySQL's.

    """
    try:
        return parse_span(text)
    except ValueError as error:
        raise Unknown(text) from error


def bit_text(operation: Operation, like: FieldType | None, quoted: Callable[[str], str]) -> str:
    """Return a bit string as a value of a type; one of bits is filled up from the left, as MySQL does it."""
    (digits,) = (str(part.value) for part in operation.args if isinstance(part, Const))
    if like is not None and like.kind in NUMERIC:
        return str(int(digits, 2))
    width = re.search(r"\((\d+)\)", like.name) if like is not None else None
    return quoted(digits.zfill(int(width[1]) if width else 0))


def _json_constant(_writer: SqlWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return JSON that is built of constants."""
    return text_sql(json.dumps(_json_value(operation), ensure_ascii=False))


def _json_value(expression: Expression) -> object:
    if isinstance(expression, Const):
        return json.loads(str(expression.value)) if expression.is_number else expression.value
    if not isinstance(expression, Operation) or expression.op not in _JSON:
        raise Unknown("json")
    if expression.op == "json":
        try:
            return json.loads(str(_json_value(expression.args[0])))
        except ValueError as error:
            raise Unknown("json") from error
    parts = list(map(_json_value, expression.args))
    return parts if expression.op.endswith("array") else dict(zip(map(str, parts[::2]), parts[1::2], strict=True))


_JSON = frozenset({
    "json", "json_array", "json_object", "json_build_array", "json_build_object", "jsonb_build_array",
    "jsonb_build_object",
})  # fmt: skip


def _bitwise(writer: SqlWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return an operation on the bits of integers."""
    if any(writer.kind(part) != "integer" for part in operation.args):
        raise Unknown(operation.op)
    return f" {operation.op} ".join(map(writer.inner, operation.args))


def _null_test(writer: SqlWriter, operation: Operation, _like: FieldType | None) -> str:
    return f"{writer.inner(operation.args[0])} {operation.op.upper()}"


def _junction(writer: SqlWriter, operation: Operation, _like: FieldType | None) -> str:
    return f" {operation.op.upper()} ".join(writer.condition(part) for part in operation.args)


_SHARED: Mapping[str, Callable[..., str]] = {
    **dict.fromkeys(MIRRORED, SqlWriter.comparison),
    **dict.fromkeys(("and", "or"), _junction),
    **dict.fromkeys(("is null", "is not null"), _null_test),
    **dict.fromkeys(("lower", "upper", "trim", "ltrim", "rtrim", "replace", "coalesce", "nullif"), SqlWriter.call),
    **dict.fromkeys(_JSON, _json_constant),
    **dict.fromkeys(_BITWISE, _bitwise),
    "abs": SqlWriter.call,
    "case": SqlWriter.case,
    "in": SqlWriter.choice,
    **dict.fromkeys(("is distinct from", "is not distinct from"), SqlWriter.comparison_of_nulls),
    "not": lambda writer, operation, _like: f"NOT {writer.condition(operation.args[0])}",
    "neg": lambda writer, operation, _like: f"-{writer.inner(operation.args[0])}",
}
