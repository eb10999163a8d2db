"""Functions of MySQL, MariaDB and SQLite in PostgreSQL's SQL: random values, bytes, and SQLite's forms of a moment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.generation.encoders.sql_text import text_sql
from runner.generation.fastapi.constant_values import constant_text, random_length
from runner.generation.fastapi.expression_types import NOW, RANDOM_BYTES, UUID_OPS
from runner.generation.model.check_expressions import Unknown
from runner.generation.model.field_types import NUMERIC

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.generation.fastapi.postgresql_sql import PostgresqlWriter
    from runner.generation.model.field_types import FieldType

_UTC_NOW = "CURRENT_TIMESTAMP AT TIME ZONE 'UTC'"
_RANDOM_DIGITS = "md5(CAST(gen_random_uuid() AS text))"  # 32 hexadecimal digits, without the extension pgcrypto
_MOST_BYTES = 64  # that are made of those
_CODES = {
    "%Y": "YYYY", "%m": "MM", "%d": "DD", "%H": "HH24", "%M": "MI", "%S": "SS", "%f": "SS.MS", "%j": "DDD",
}  # fmt: skip
_FORM_PART = re.compile(r"%[YmdHMSfj]|[^%A-Za-z]|([A-Za-z]+)")
_FORMS_BY_FUNCTION = {"date": "%Y-%m-%d", "time": "%H:%M:%S", "datetime": "%Y-%m-%d %H:%M:%S"}
_SHIFT = re.compile(r"([+-]?\d+) (second|minute|hour|day)s?")
_START = re.compile(r"start of (day|month|year)")
_PARTS = frozenset({"year", "month", "day", "hour", "minute"})


def form_of_text(form: str) -> str:
    """Return a form of strftime() as one of to_char().

    Raises:
        Unknown: it has codes without an equivalent.

    """
    parts = list(_FORM_PART.finditer(form))
    if "".join(part[0] for part in parts) != form:
        raise Unknown(form)
    return "".join(f'"{part[1]}"' if part[1] else _CODES.get(part[0], part[0]) for part in parts)


def text_of(time: str, form: str) -> str:
    """Return SQL for a moment as a text in a form of strftime()."""
    return f"to_char({time}, {text_sql(form_of_text(form))})"


def formatted_now(writer: PostgresqlWriter, operation: Operation, like: FieldType | None) -> str:
    """Return SQLite's strftime(), date(), time() and datetime() of the present moment, moved by modifiers."""
    times = list(operation.args)
    if (column := _moment_column(writer, times)) is not None:
        return _of_column(writer, operation, column, like)
    form = constant_text(times.pop(0)) if operation.op == "strftime" else _FORMS_BY_FUNCTION[operation.op]
    if times and not _is_now(times[0]):
        raise Unknown(operation.op)
    if form == "%s" and len(times) <= 1:
        return seconds(writer, operation, like)
    moved = _moved([constant_text(part).lower() for part in times[1:]])
    kind = like.kind if like is not None else "text"
    if kind == "text":
        return text_of(moved, form)
    if moved == _UTC_NOW:
        return writer.now(Operation(op="now"), like)
    if kind == "date":
        return f"CAST({moved} AS date)"
    if kind != "local_timestamp":
        raise Unknown(operation.op)
    return moved


def _moment_column(writer: PostgresqlWriter, times: list[Expression]) -> ColumnRef | None:
    """Return the column whose moment a function of SQLite is over, without modifiers."""
    last = times[-1] if times else None
    alone = len([time for time in times if not isinstance(time, Const)]) == 1
    is_moment = isinstance(last, ColumnRef) and alone and writer.kind(last) in ("date", "timestamp", "local_timestamp")
    return last if is_moment and isinstance(last, ColumnRef) else None


def _of_column(writer: PostgresqlWriter, operation: Operation, column: ColumnRef, like: FieldType | None) -> str:
    """Return strftime() of a moment, or date() and datetime() of a column that holds nothing else."""
    kind, text = writer.kind(column), writer.write(column)
    form = constant_text(operation.args[0])
    as_text = like is None or like.kind == "text"
    if operation.op == "strftime" and as_text and kind != "timestamp":
        return text_of(text, form) if writer.place in ("default", "check") else _text_of_parts(text, form)
    if operation.op == "strftime" and not as_text and (kind, form) == ("date", "%Y-%m-%d"):
        return text
    if (operation.op, kind) in (("date", "date"), ("datetime", "local_timestamp"), ("datetime", "timestamp")):
        return text
    raise Unknown(operation.op)


def _text_of_parts(time: str, form: str) -> str:
    """Return a moment as a text without to_char(), which computed columns and indexes may not call.

    Raises:
        Unknown: the form has other parts than whole numbers.

    """
    parts = []
    for part in re.findall(r"%.|[^%]+", form):
        unit, width = _NUMBERS.get(part, ("", 0))
        if part.startswith("%") and not unit:
            raise Unknown(form)
        number = f"lpad(CAST(CAST(extract({unit} FROM {time}) AS integer) AS text), {width}, '0')"
        parts.append(number if unit else text_sql(part))
    return " || ".join(parts)


_NUMBERS = {"%Y": ("year", 4), "%m": ("month", 2), "%d": ("day", 2), "%H": ("hour", 2), "%M": ("minute", 2)}


def _is_now(time: Expression) -> bool:
    if isinstance(time, Const):
        return str(time.value).lower() == "now"
    return isinstance(time, Operation) and time.op in NOW


def _moved(modifiers: list[str]) -> str:
    """Return the present moment after SQLite's modifiers; those of months overflow into the next month there."""
    local = modifiers[:1] == ["localtime"]
    text = "LOCALTIMESTAMP" if local else _UTC_NOW
    for modifier in modifiers[int(local) :]:
        if shift := _SHIFT.fullmatch(modifier):
            text = f"{text} + INTERVAL '{int(shift[1])} {shift[2]}'"
        elif start := _START.fullmatch(modifier):
            text = f"date_trunc('{start[1]}', {text})"
        else:
            raise Unknown(modifier)
    return text


def seconds(_writer: PostgresqlWriter, operation: Operation, like: FieldType | None) -> str:
    """Return the seconds since 1970 of the present moment: whole ones, but for SQLite's `subsec`."""
    now = "extract(epoch FROM CURRENT_TIMESTAMP)"
    words = {str(part.value).lower() for part in operation.args if isinstance(part, Const)} - {"now", "%s"}
    if any(not isinstance(part, Const) and not _is_now(part) for part in operation.args):
        raise Unknown(operation.op)
    if words and not words <= {"subsec", "subsecond"}:
        raise Unknown(operation.op)
    text = now if words else f"CAST(floor({now}) AS bigint)"
    if like is not None and like.kind not in (*NUMERIC, "text"):
        raise Unknown(operation.op)
    return f"CAST({text} AS text)" if like is not None and like.kind == "text" else text


def _julian_day(writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    column = _moment_column(writer, list(operation.args))
    if column is None and not all(map(_is_now, operation.args)):
        raise Unknown(operation.op)
    time = writer.write(column) if column else "CURRENT_TIMESTAMP"
    return f"(extract(epoch FROM {time}) / 86400.0 + 2440587.5)"


def _extract(writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    unit, time = operation.args
    if not isinstance(unit, Const) or unit.value not in _PARTS:
        raise Unknown(operation.op)
    return f"CAST(extract({unit.value} FROM {writer.inner(time)}) AS integer)"


def _random(writer: PostgresqlWriter, _operation: Operation, _like: FieldType | None) -> str:
    """Return a random number: from 0 up to 1, or an integer of 64 bits, as SQLite does."""
    if not writer.source.sqlite_compatible:
        return "random()"
    return f"CAST(CAST('x' || {_RANDOM_DIGITS} AS bit(64)) AS bigint)"


def _random_digits(operation: Expression) -> str:
    """Return the hexadecimal digits of random bytes, in lower case."""
    if not isinstance(operation, Operation) or operation.op not in RANDOM_BYTES:
        raise Unknown("digits")
    length = random_length(operation)
    if not 0 < length <= _MOST_BYTES:
        raise Unknown(operation.op)
    text = " || ".join([_RANDOM_DIGITS] * -(-length // 16))
    return text if length % 16 == 0 else f"left({text}, {2 * length})"


def _random_bytes(_writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    return f"decode({_random_digits(operation)}, 'hex')"


def _lower(writer: PostgresqlWriter, operation: Operation, like: FieldType | None) -> str:
    """Return a text in lower case; hexadecimal digits are so already."""
    value = operation.args[0]
    if isinstance(value, Operation) and value.op == "hex":
        digits = _random_digits(value.args[0])
        return f"({digits})" if " || " in digits and not digits.startswith("left(") else digits
    return writer.call(operation, like)


def _bytes_of(writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return the bytes of a UUID or of hexadecimal digits."""
    value = operation.args[0]
    if operation.op == "unhex":
        return f"decode({writer.text(value)}, 'hex')"
    if len(operation.args) != 1 or not isinstance(value, Operation) or value.op not in UUID_OPS:
        raise Unknown(operation.op)
    return "uuid_send(gen_random_uuid())"


def _bytes(_writer: PostgresqlWriter, operation: Operation, like: FieldType | None) -> str:
    digits = constant_text(operation.args[0])
    if like is not None and like.kind in NUMERIC:
        return str(int(digits or "0", 16))
    if like is not None and like.kind != "bytes":
        raise Unknown(operation.op)
    return f"'\\x{digits}'"


def _zeros(_writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    length = random_length(operation)
    if length > _MOST_BYTES:
        raise Unknown(operation.op)
    return f"'\\x{'00' * length}'"


def _quotient(writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return MySQL's DIV, whose result has no decimal places."""
    left, right = operation.args
    text = f"{writer.number(left)} / NULLIF({writer.number(right)}, 0)"
    return text if writer.kind(left) == writer.kind(right) == "integer" else f"trunc({text})"


def _part_of_text(writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return substr(), left() or right(); what is counted from the end means something else everywhere."""
    value, *places = operation.args
    if any(isinstance(place, Const) and not str(place.value).isdigit() for place in places):
        raise Unknown(operation.op)
    numbers = (
        str(place.value) if isinstance(place, Const) else f"CAST({writer.number(place)} AS integer)" for place in places
    )
    return f"{operation.op}({', '.join((writer.text(value), *numbers))})"


def _padded(writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    value, length, filling = operation.args
    return f"{operation.op}({writer.text(value)}, {writer.write(length)}, {writer.text(filling)})"


def _split(writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    value, separator, number = operation.args
    return f"split_part({writer.text(value)}, {writer.text(separator)}, {writer.write(number)})"


def _storage_class(writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return typeof() of a column of SQLite, whose type allows one storage class in PostgreSQL."""
    (value,) = operation.args
    word = _STORAGE_CLASSES.get(writer.kind(value) or "native")
    if word is None or not isinstance(value, ColumnRef):
        raise Unknown(operation.op)
    return f"CASE WHEN {writer.write(value)} IS NULL THEN 'null' ELSE '{word}' END"


_STORAGE_CLASSES: Mapping[str, str] = {
    "integer": "integer", "boolean": "integer", "number": "real", "text": "text", "bytes": "blob",
}  # fmt: skip


def _array_size(writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    return f"jsonb_array_length(CAST({writer.write(operation.args[0])} AS jsonb))"


FUNCTIONS: Mapping[str, Callable[..., str]] = {
    **dict.fromkeys(("strftime", "date", "time", "datetime"), formatted_now),
    **dict.fromkeys(("unixepoch", "unix_timestamp"), seconds),
    **dict.fromkeys(RANDOM_BYTES, _random_bytes),
    **dict.fromkeys(("substr", "left", "right"), _part_of_text),
    **dict.fromkeys(("unhex", "uuid_to_bin"), _bytes_of),
    **dict.fromkeys(("lpad", "rpad"), _padded),
    "bytes": _bytes,
    "div": _quotient,
    "extract": _extract,
    "hex": lambda _writer, operation, _like: f"upper({_random_digits(operation.args[0])})",
    "json_array_size": _array_size,
    "julianday": _julian_day,
    "lower": _lower,
    "md5": lambda writer, operation, _like: f"md5({writer.text(operation.args[0])})",
    "octet_length": lambda writer, operation, _like: f"octet_length({writer.write(operation.args[0])})",
    "random": _random,
    "reverse": lambda writer, operation, _like: f"reverse({writer.text(operation.args[0])})",
    "split_part": _split,
    "typeof": _storage_class,
    "zeroblob": _zeros,
}
