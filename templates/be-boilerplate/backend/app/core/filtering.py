"""Filters by one field: its operators, and the SQL condition for a value from a URL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Annotated, Any, Literal, get_args, get_origin

import sqlalchemy as sa
from pydantic import BeforeValidator, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from sqlalchemy.orm import InstrumentedAttribute

from app.core import columns
from app.core.texts import Char

Condition = sa.ColumnElement[bool]
Operator = Callable[[Any, Any], Condition]

_EQUALITY = ("eq", "ne", "in")
_ORDER = ("lt", "lte", "gt", "gte")
_TEXT = ("like", "ilike", "contains")
_INCOMPLETE_ESCAPE = re.compile(r"(?<!\\)(\\\\)*\\\Z")  # at the end of a LIKE pattern
_DECODED_PLUS = re.compile(r" (?=\d\d:?\d\d$)")  # an unescaped + in a URL is decoded to a space


@dataclass(frozen=True, kw_only=True)
class Filterable:
    """A field that a list can be filtered by."""

    name: str
    column: InstrumentedAttribute[Any]
    operators: tuple[str, ...]
    adapter: TypeAdapter[Any]

    @property
    def sortable(self) -> bool:
        """Whether lists can be sorted by this field."""
        return "eq" in self.operators


_boolean: TypeAdapter[bool] = TypeAdapter(bool)
_COMPARISONS: Mapping[str, Operator] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column != value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "like": lambda column, value: column.like(value, escape="\\"),
    "ilike": lambda column, value: column.ilike(value, escape="\\"),
}


def make_filterable(
    name: str, column: InstrumentedAttribute[Any], info: FieldInfo
) -> Filterable | None:
    """Return the filter of a column, or None where its type has no operators."""
    operators = _operators(column.type, nullable=bool(column.nullable))
    if not operators:
        return None
    adapter = value_adapter(info, of_items=_is_array(column.type))
    return Filterable(name=name, column=column, operators=operators, adapter=adapter)


def value_adapter(info: FieldInfo, *, of_items: bool = False) -> TypeAdapter[Any]:
    """Return the adapter for values of a field except null, or for the items of an array."""
    kind = _without_null(info.annotation)
    if get_origin(kind) is Literal and not isinstance(get_args(kind)[0], str):
        kind = Annotated[kind, BeforeValidator(partial(_choice, get_args(kind)))]
    if info.metadata:
        kind = Annotated[(kind, *info.metadata)]
    kind = _item(kind) if of_items else kind
    try:
        return _shared_adapter(kind)
    except TypeError:  # a part of the type has no hash
        return TypeAdapter(kind)


@cache
def _shared_adapter(kind: Any) -> TypeAdapter[Any]:
    """Return the adapter of a type; most fields of many tables have the same few types."""
    return TypeAdapter(kind)


def _choice(choices: Sequence[Any], value: Any) -> Any:
    """Return the number, say, that a text of a URL stands for; the text itself where it is none."""
    return next((choice for choice in choices if value == str(choice)), value)


def condition(filterable: Filterable, operator: str, text: str) -> Condition:
    """Return the SQL condition of a filter; raises ValueError for a value that does not fit the field."""
    column = filterable.column
    if operator == "is_null":
        return column.is_(None) if boolean_value(text) else column.is_not(None)
    if operator == "contains":
        return _contains(column, filterable.adapter, text)
    if operator == "in":
        return column.in_([_value(filterable, part) for part in text.split(",")])
    if operator in _TEXT:
        if _INCOMPLETE_ESCAPE.search(text):
            raise ValueError("must not end with an incomplete escape")
        is_padded = isinstance(column.type, Char)  # LIKE would match the padding
        return _COMPARISONS[operator](sa.func.rtrim(column) if is_padded else column, text)
    return _COMPARISONS[operator](column, _value(filterable, text))


def boolean_value(text: str) -> bool:
    """Return the value of a boolean in a URL; raises ValueError."""
    return _boolean.validate_python(text)


def _contains(
    column: InstrumentedAttribute[Any], adapter: TypeAdapter[Any], text: str
) -> Condition:
    if not _is_array(column.type):
        return column.icontains(text, autoescape=True)
    value = adapter.validate_strings(text)
    return columns.array_contains(column, value)


def _value(filterable: Filterable, text: str) -> Any:
    """Parse a value from a URL; raises ValueError."""
    has_zone = getattr(filterable.column.type, "timezone", False)
    return filterable.adapter.validate_strings(_DECODED_PLUS.sub("+", text) if has_zone else text)


def error_message(error: ValueError) -> str:
    """Return the message of an error that a parser or validator raised."""
    if isinstance(error, ValidationError):
        return error.errors(include_url=False, include_input=False)[0]["msg"]
    return str(error)


def _operators(kind: sa.types.TypeEngine[Any], *, nullable: bool) -> tuple[str, ...]:
    null = ("is_null",) if nullable else ()
    if isinstance(kind, columns.Array):
        is_json = isinstance(kind.item_type, sa.JSON)  # which has no equality in SQL
        return null if is_json else ("contains", *null)
    if isinstance(kind, (sa.Enum, sa.Boolean, sa.Uuid, sa.LargeBinary)):
        return (*_EQUALITY, *null)
    if isinstance(kind, (sa.String, Char)):
        return (*_EQUALITY, *_TEXT, *null)
    if isinstance(kind, columns.Native) and kind.is_range:
        return ("eq", "ne", *null)
    if isinstance(kind, (sa.JSON, columns.Native)):
        return null
    return (*_EQUALITY, *_ORDER, *null)


def _is_array(kind: sa.types.TypeEngine[Any]) -> bool:
    return isinstance(kind, columns.Array)


def _without_null(annotation: Any) -> Any:
    """Return a field's type without `| None`."""
    plain = [part for part in get_args(annotation) if part is not type(None)]
    return plain[0] if type(None) in get_args(annotation) and len(plain) == 1 else annotation


def _item(annotation: Any) -> Any:
    """Return the type of an array's items except null, with its bounds."""
    plain = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if get_origin(plain) is not list:
        return annotation
    return _item(_without_null(get_args(plain)[0]))


def parameter_schema(filterable: Filterable, operator: str) -> dict[str, Any]:
    """Return the JSON Schema of a filter's value."""
    if operator == "is_null":
        return {"type": "boolean"}
    if operator in _TEXT and not _is_array(filterable.column.type):
        return {"type": "string"}
    if operator == "in":
        return {"type": "string", "description": "Comma-separated values."}
    return _json_schema(filterable.adapter)


@cache
def _json_schema(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    return adapter.json_schema(mode="validation")
