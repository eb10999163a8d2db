"""Constants of the DDL as values, which each database writes in its own form."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from runner.ddl.expression_tree import Const, Expression, Operation
from runner.generation.model.check_expressions import Unknown
from runner.generation.model.clock_spans import parse_span
from runner.generation.model.field_types import NUMERIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.generation.model.field_types import FieldType

JSON_OPS = frozenset({
    "json", "json_array", "json_object", "json_build_array", "json_build_object", "jsonb_build_array",
    "jsonb_build_object",
})  # fmt: skip


def constant_text(expression: Expression) -> str:
    """Return the text of a constant; empty for any other expression."""
    return str(expression.value) if isinstance(expression, Const) else ""


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


def json_value(expression: Expression) -> object:
    """Return JSON that is built of constants.

    Raises:
        Unknown: it has other parts, or is no JSON.

    """
    if isinstance(expression, Const):
        return json.loads(str(expression.value)) if expression.is_number else expression.value
    if not isinstance(expression, Operation) or expression.op not in JSON_OPS:
        raise Unknown("json")
    if expression.op == "json":
        try:
            return json.loads(str(json_value(expression.args[0])))
        except ValueError as error:
            raise Unknown("json") from error
    parts = list(map(json_value, expression.args))
    return parts if expression.op.endswith("array") else dict(zip(map(str, parts[::2]), parts[1::2], strict=True))


def random_length(operation: Operation) -> int:
    """Return how many random bytes are asked for.

    Raises:
        Unknown: that is no constant.

    """
    (length,) = operation.args
    if not isinstance(length, Const) or not str(length.value).isdigit():
        raise Unknown(operation.op)
    return int(str(length.value))


def like_parts(pattern: str, *, escapes: bool) -> list[tuple[str, str]]:
    """Return a LIKE pattern in parts: `%` and `_` as ("%", ""), text as ("", text)."""
    found = re.findall(r"\\(.)|([%_])|(.)" if escapes else r"(\0\0)|([%_])|(.)", pattern, re.DOTALL)
    return [(mark, escaped or plain) for escaped, mark, plain in found]


def like_text(parts: Iterable[tuple[str, str]]) -> str:
    """Return the pattern of these parts, in which a backslash makes text of `%` and `_`."""
    return "".join(mark or re.sub(r"([\\%_])", r"\\\1", text) for mark, text in parts)
