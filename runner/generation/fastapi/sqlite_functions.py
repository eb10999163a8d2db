"""Functions of PostgreSQL and MySQL in SQLite's SQL: random values, bytes, rounding and the form of moments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.ddl.expression_tree import Const, Expression, Operation
from runner.generation.fastapi.constant_values import random_length
from runner.generation.fastapi.expression_types import NOW, RANDOM_BYTES, UUID_OPS, is_random
from runner.generation.model.check_expressions import Unknown
from runner.generation.model.field_types import NUMERIC

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.generation.fastapi.sqlite_sql import SqliteWriter
    from runner.generation.model.field_types import FieldType

# What strftime() writes as Python does; letters that are no code may mean something in the form of another database.
_TIME_FORM = re.compile(r"(?:%[YmdHMSj]|[^%A-Za-z])*")


def _in_defaults(writer: SqliteWriter, operation: Operation) -> None:
    """Raise `Unknown` outside of defaults: SQLite computes nothing random elsewhere."""
    if writer.place != "default":
        raise Unknown(operation.op)


def _random(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return a number from 0 up to 1; SQLite's random() is an integer of 64 bits."""
    _in_defaults(writer, operation)
    return "(random() / 18446744073709551616.0 + 0.5)"


def _random_bytes(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    _in_defaults(writer, operation)
    return f"randomblob({random_length(operation)})"


def _random_hexadecimal(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return the digits of random bytes: of `md5(random())`, `encode(gen_random_bytes(8), 'hex')` or `hex(…)`."""
    value = operation.args[0]
    if operation.op == "md5" and is_random(value):
        _in_defaults(writer, operation)
        return "lower(hex(randomblob(16)))"
    if not isinstance(value, Operation) or value.op not in RANDOM_BYTES:
        raise Unknown(operation.op)
    digits = f"hex({_random_bytes(writer, value, None)})"
    if operation.op == "hex":
        return digits
    if operation.op != "encode" or operation.args[1:] != (Const(value="hex"),):
        raise Unknown(operation.op)
    return f"lower({digits})"


def _bytes_of_uuid(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return the 16 bytes of a random UUID, or those of hexadecimal digits."""
    value = operation.args[0]
    if isinstance(value, Const) and re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", str(value.value)):
        return f"X'{str(value.value).lower()}'"
    without_hyphens = isinstance(value, Operation) and value.op == "replace" and value.args[1:] == _NO_HYPHENS
    if without_hyphens and isinstance(value, Operation):
        value = value.args[0]
    if not isinstance(value, Operation) or value.op not in UUID_OPS or without_hyphens == (operation.op != "unhex"):
        raise Unknown(operation.op)
    _in_defaults(writer, operation)
    return "randomblob(16)"


_NO_HYPHENS = (Const(value="-"), Const(value=""))


def _decoded(writer: SqliteWriter, operation: Operation, like: FieldType | None) -> str:
    value, form = operation.args
    if form != Const(value="hex") or not isinstance(value, Const):
        raise Unknown(operation.op)
    return _bytes_of_uuid(writer, operation, like)


def _whole(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return floor() or ceil(), which not every SQLite has; a random number is none below zero here."""
    (value,) = operation.args
    text = writer.inner(value)
    cut = f"CAST({text} AS INTEGER)"
    if is_random(value):
        if operation.op == "ceil" or not _grows_from_zero(value):
            raise Unknown(operation.op)
        return cut
    return f"({cut} - ({text} < {cut}))" if operation.op == "floor" else f"({cut} + ({text} > {cut}))"


def _grows_from_zero(value: Expression) -> bool:
    """Whether a random number is one from 0 to 1, perhaps times a number."""
    if not isinstance(value, Operation):
        return isinstance(value, Const) and value.is_number and not str(value.value).startswith("-")
    return value.op == "random" or (value.op in ("*", "+") and all(map(_grows_from_zero, value.args)))


def _formatted(writer: SqliteWriter, operation: Operation, like: FieldType | None) -> str:
    """Return a moment in a form, which the parser has written in Python's codes."""
    form, time = operation.args
    if not isinstance(form, Const) or not _TIME_FORM.fullmatch(str(form.value)):
        raise Unknown(operation.op)
    if like is not None and like.kind != "text":
        raise Unknown(operation.op)
    return f"strftime({', '.join((writer.write(form), *writer.moment_arguments(time)))})"


def _seconds(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return MySQL's unix_timestamp() of the present moment."""
    _in_defaults(writer, operation)
    if not all(isinstance(part, Operation) and part.op in NOW for part in operation.args):
        raise Unknown(operation.op)
    return "CAST(strftime('%s', 'now') AS INTEGER)"


def _json_kind(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return PostgreSQL's word for the kind of a JSON value."""
    kind = f"json_type({writer.write(operation.args[0])})"
    words = {"text": "string", "integer": "number", "real": "number", "true": "boolean", "false": "boolean"}
    cases = " ".join(f"WHEN '{word}' THEN '{meaning}'" for word, meaning in words.items())
    return f"CASE {kind} {cases} ELSE {kind} END"


def _bytes_in_text(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    return f"length(CAST({writer.write(operation.args[0])} AS BLOB))"


def _cut(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return a number without its decimal places; SQLite's cast takes the leading digits of a text."""
    (value,) = operation.args
    if writer.kind(value) not in NUMERIC:
        raise Unknown(operation.op)
    return f"CAST({writer.write(value)} AS INTEGER)"


def _nulls(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    return " + ".join(f"({writer.inner(part)} IS NULL)" for part in operation.args)


def _finite(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    (value,) = operation.args
    if writer.kind(value) not in ("date", "timestamp", "local_timestamp"):
        raise Unknown(operation.op)
    return f"({writer.write(value)} NOT IN ('infinity', '-infinity'))"


FUNCTIONS: Mapping[str, Callable[..., str]] = {
    **dict.fromkeys(("md5", "encode", "hex"), _random_hexadecimal),
    **dict.fromkeys(RANDOM_BYTES, _random_bytes),
    **dict.fromkeys(("floor", "ceil"), _whole),
    **dict.fromkeys(("unhex", "uuid_to_bin"), _bytes_of_uuid),
    "bytes": lambda _writer, operation, _like: f"X'{operation.args[0].value}'",
    **dict.fromkeys(("json_typeof", "jsonb_typeof"), _json_kind),
    "decode": _decoded,
    "isfinite": _finite,
    "jsonb_array_length": lambda writer, operation, _like: f"json_array_length({writer.write(operation.args[0])})",
    "num_nulls": _nulls,
    "octet_length": _bytes_in_text,
    "random": _random,
    "strftime": _formatted,
    "trunc": _cut,
    "unix_timestamp": _seconds,
}
