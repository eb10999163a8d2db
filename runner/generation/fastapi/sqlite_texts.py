"""Parts of texts in SQLite's SQL, which counts characters from 1 as the other databases do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders.sql_text import text_sql
from runner.generation.fastapi.constant_values import constant_text
from runner.generation.model.check_expressions import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.ddl.expression_tree import Expression, Operation
    from runner.generation.fastapi.sqlite_sql import SqliteWriter
    from runner.generation.model.field_types import FieldType

_LONGEST = 200  # characters of a filling
_MOST_PARTS = 2  # of a text that is split: each is found in what follows the one before


def _integer(part: Expression, op: str) -> int:
    """Return a constant whole number.

    Raises:
        Unknown: it is none.

    """
    text = constant_text(part)
    if not text.removeprefix("-").isdigit():
        raise Unknown(op)
    return int(text)


def _substring(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return a part of a text; a position before the first character means something else everywhere."""
    value, *places = operation.args
    numbers = [_integer(place, "substr") for place in places]
    if min(numbers) < 0:
        raise Unknown("substr")
    return f"substr({', '.join((writer.text(value), *map(str, numbers)))})"


def _beginning(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return left(): the first characters, or all but the last ones in PostgreSQL."""
    text, size = writer.text(operation.args[0]), _integer(operation.args[1], "left")
    if size < 0 and writer.source.postgresql_compatible:
        return f"substr({text}, 1, max(length({text}) - {-size}, 0))"
    return f"substr({text}, 1, {max(size, 0)})"


def _end(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return right(): the last characters, or all but the first ones in PostgreSQL."""
    text, size = writer.text(operation.args[0]), _integer(operation.args[1], "right")
    if size < 0 and writer.source.postgresql_compatible:
        return f"substr({text}, {1 - size})"
    return f"substr({text}, {-size})" if size > 0 else f"substr({text}, 1, 0)"


def _trimmed(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return trim() of some characters, each of which SQLite and PostgreSQL remove; MySQL removes the whole text."""
    value, characters = operation.args
    text = constant_text(characters)
    if not text or (len(text) > 1 and not writer.source.postgresql_compatible):
        raise Unknown(operation.op)
    return f"{operation.op.removesuffix(' of')}({writer.text(value)}, {text_sql(text)})"


def _part(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return split_part(): what is between one separator and the next; nothing after the last one."""
    value, separator, number = operation.args
    mark = constant_text(separator)
    count = _integer(number, operation.op)
    if not mark or not 1 <= count <= _MOST_PARTS:
        raise Unknown(operation.op)
    text, by = writer.text(value), text_sql(mark)
    for _ in range(count - 1):
        text = f"CASE instr({text}, {by}) WHEN 0 THEN '' ELSE substr({text}, instr({text}, {by}) + {len(mark)}) END"
    return f"CASE instr({text}, {by}) WHEN 0 THEN {text} ELSE substr({text}, 1, instr({text}, {by}) - 1) END"


def _padded(writer: SqliteWriter, operation: Operation, _like: FieldType | None) -> str:
    """Return lpad() or rpad(): a text of exactly so many characters."""
    value, length, filling = operation.args
    size, fill = _integer(length, operation.op), constant_text(filling)
    if not fill or not 0 < size <= _LONGEST:
        raise Unknown(operation.op)
    text = f"CAST({writer.text(value)} AS TEXT)" if writer.kind(value) == "integer" else writer.text(value)
    if operation.op == "rpad":
        return f"substr({text} || {text_sql((fill * size)[:size])}, 1, {size})"
    missing = f"substr({text_sql((fill * size)[:size])}, 1, {size} - length({text}))"
    return f"CASE WHEN length({text}) < {size} THEN {missing} || {text} ELSE substr({text}, 1, {size}) END"


TEXT_FUNCTIONS: Mapping[str, Callable[..., str]] = {
    **dict.fromkeys(("trim of", "ltrim of", "rtrim of"), _trimmed),
    **dict.fromkeys(("lpad", "rpad"), _padded),
    "left": _beginning,
    "right": _end,
    "split_part": _part,
    "substr": _substring,
}
