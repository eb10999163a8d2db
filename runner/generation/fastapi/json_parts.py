"""Parts of JSON values in the SQL of both databases.

PostgreSQL has NULL for the text of a JSON null, MySQL the text `null`. SQLite has values of SQL's own types, and 1 and
0 for true and false.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.ddl.expression_tree import Const, Expression, Operation
from runner.generation.encoders.sql_text import text_sql
from runner.generation.model.check_expressions import Unknown

_PLAIN = re.compile(r"(?!(?i:null)$)[A-Za-z_]\w*", re.ASCII)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from runner.generation.fastapi.postgresql_sql import PostgresqlWriter
    from runner.generation.fastapi.sql_writer import SqlWriter
    from runner.generation.fastapi.sqlite_sql import SqliteWriter
    from runner.generation.model.field_types import FieldType


def _value(writer: SqlWriter, operation: Operation) -> str:
    """Return the whole that a part is of.

    Raises:
        Unknown: it may be no JSON.

    """
    if writer.kind(operation.args[0]) != "json":
        raise Unknown(operation.op)
    return writer.inner(operation.args[0])


def _keys(keys: Iterable[Expression]) -> list[Const]:
    found = [key for key in keys if isinstance(key, Const)]
    if any('"' in str(key.value) or "\\" in str(key.value) for key in found):
        raise Unknown("json")
    return found


def _quoted(key: Const) -> str:
    """Return a key in a path, in quotes where it is not a plain word."""
    text = str(key.value)
    return text if key.is_number or _PLAIN.fullmatch(text) else f'"{text}"'


def is_part(expression: Expression) -> bool:
    """Whether an expression is a part of a JSON value, as JSON or as text."""
    if not isinstance(expression, Operation):
        return False
    if expression.op == "json_unquote":
        return is_part(expression.args[0])
    return expression.op in ("json part", "json text", "json scalar")


def _of_number(expression: Expression) -> Operation:
    """Return the operation that leads to a part, for which `is_part` holds."""
    if not isinstance(expression, Operation):
        raise Unknown("json")
    return _of_number(expression.args[0]) if expression.op == "json_unquote" else expression


def _unquoted(operation: Operation) -> Operation:
    """Return the operation whose text json_unquote() of MySQL is."""
    (part,) = operation.args
    if not isinstance(part, Operation) or part.op != "json part":
        raise Unknown(operation.op)
    return Operation(op="json text", args=part.args)


# ---------------------------------------------------------------------------------------------------------- PostgreSQL


def _postgresql_path(operation: Operation) -> str:
    return text_sql(f"{{{','.join(map(_quoted, _keys(operation.args[1:])))}}}")


def _postgresql_part(writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    return f"({_value(writer, operation)} #> {_postgresql_path(operation)})"


def _postgresql_text(writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    value, path = _value(writer, operation), _postgresql_path(operation)
    return f"coalesce({value} #>> {path}, CAST({value} #> {path} AS text))"


def postgresql_number(writer: PostgresqlWriter, expression: Expression, type_: str) -> str:
    """Return a part of a JSON value as a number; NULL where it is none."""
    part = _of_number(expression)
    value, path, like = _value(writer, part), _postgresql_path(part), writer.type_of(part.args[0])
    kind = "jsonb_typeof" if like is not None and like.name == "jsonb" else "json_typeof"
    return f"CASE {kind}({value} #> {path}) WHEN 'number' THEN CAST({value} #>> {path} AS {type_}) END"


def _postgresql_scalar(writer: PostgresqlWriter, operation: Operation, _like: FieldType | None) -> str:
    value, path = _value(writer, operation), _postgresql_path(operation)
    kind = f"jsonb_typeof(CAST({value} AS jsonb) #> {path})"
    return f"CASE WHEN {kind} IN ('object', 'array') THEN NULL ELSE {value} #>> {path} END"


POSTGRESQL_JSON: Mapping[str, Callable[..., str]] = {
    "json part": _postgresql_part,
    "json text": _postgresql_text,
    "json scalar": _postgresql_scalar,
    "json_unquote": lambda writer, operation, like: _postgresql_text(writer, _unquoted(operation), like),
}


# -------------------------------------------------------------------------------------------------------------- SQLite


def _sqlite_path(operation: Operation) -> str:
    return text_sql("$" + "".join(map(_sqlite_key, _keys(operation.args[1:]))))


def _sqlite_key(key: Const) -> str:
    if not key.is_number:
        return f".{_quoted(key)}"
    return f"[{key.value}]" if str(key.value).isdigit() else f"[#{key.value}]"  # from the end


def _sqlite_text(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return a part as text, in the words of JSON for what is no text."""
    part = f"{_value(writer, operation)}, {_sqlite_path(operation)}"
    words = {word: f"'{word}'" for word in ("true", "false")}
    if operation.op == "json scalar":
        words |= dict.fromkeys(("object", "array"), "NULL")
    elif not writer.source.postgresql_compatible:
        words["null"] = "'null'"
    cases = " ".join(f"WHEN '{kind}' THEN {word}" for kind, word in words.items())
    return f"CASE json_type({part}) {cases} ELSE CAST(json_extract({part}) AS TEXT) END"


def sqlite_number(writer: SqliteWriter, expression: Expression) -> str:
    """Return a part of a JSON value as a number; NULL where it is none."""
    part = _of_number(expression)
    place = f"{_value(writer, part)}, {_sqlite_path(part)}"
    return f"CASE WHEN json_type({place}) IN ('integer', 'real') THEN json_extract({place}) END"


def _sqlite_part(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return a part as JSON."""
    part = f"{_value(writer, operation)}, {_sqlite_path(operation)}"
    words = " ".join(f"WHEN '{word}' THEN '{word}'" for word in ("true", "false", "null"))
    quoted = f"CASE json_type({part}) {words} ELSE json_quote(json_extract({part})) END"
    return f"CASE WHEN json_type({part}) IS NOT NULL THEN {quoted} END"


SQLITE_JSON: Mapping[str, Callable[..., str]] = {
    **dict.fromkeys(("json text", "json scalar"), _sqlite_text),
    "json part": _sqlite_part,
    "json_unquote": lambda writer, operation, like: _sqlite_text(writer, _unquoted(operation), like),
}
