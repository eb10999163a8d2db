"""Fields of a table as source in the functions of the application's `core/api/fields.ts`. Pure functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from runner.generation.encoders import Code
from runner.generation.model.field_types import NUMERIC, Kind
from runner.generation.model.samples import sample_of
from runner.generation.react.javascript_patterns import javascript_pattern
from runner.generation.react.typescript_source import Call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from runner.generation.model.field_types import FieldType
    from runner.generation.model.fields import Field

MOST_BITS = 32  # of an integer that is a number in the frontend; one of more bits is text
# The function that makes the schema of each kind; arrays are made around that of their items.
_MAKERS: Mapping[Kind, str] = {
    "text": "f.text",
    "integer": "f.int{bits}",
    "number": "f.float",
    "decimal": "f.decimal",
    "boolean": "f.bool",
    "date": "f.date",
    "time": "f.time",
    "span": "f.span",
    "timestamp": "f.timestamp",
    "local_timestamp": "f.localTimestamp",
    "interval": "f.interval",
    "uuid": "f.uuid",
    "json": "f.json",
    "bytes": "f.bytes",
    "native": "f.native",
    "enum": "f.native",
}  # fmt: skip - an enum has its choices in place of a maker


def choice_source(field: Field) -> Call | None:
    """Return the list of values that a field, or an item of it, is one of."""
    type_ = field.type.item or field.type
    choices = (field.item or field).bounds.choices
    if choices is not None:
        return Call("f.textChoice" if type_.kind == "text" else "f.intChoice", (list(choices),))
    if not type_.values:
        return None
    return Call("f.textChoice" if type_.kind == "text" else "f.choice", (list(type_.values),))


def maker_source(type_: FieldType, *, bounded: bool = False, item_field: Field | None = None) -> Call:
    """Return what makes the schema of a type; `bounded` gives items of an array their own bounds."""
    if type_.item is None:
        return Call(_MAKERS[type_.kind].format(bits=type_.bits))
    item = maker_source(type_.item)
    own = _item_bounds(type_.item) if item_field is None else bounds_of(item_field)
    bounds = own if bounded else {}
    return arrays_of(Call(item.name, (bounds,)) if bounds else item, type_, "")


def _item_bounds(type_: FieldType) -> Mapping[str, Any]:
    if type_.kind == "text" and type_.max_length is not None:
        return {"max": type_.max_length}
    return _digits(type_)


def _digits(type_: FieldType) -> dict[str, Any]:
    return {} if type_.digits is None else {"digits": type_.digits, "places": type_.places or 0}


def arrays_of(item: Call | Code, type_: FieldType, suffix: str) -> Call:
    """Return arrays in arrays around an item, as many as the type has dimensions."""
    for _ in range(type_.dimensions - 1):
        item = Call("f.array", (item,))
    return Call("f.array", (item,), suffix)


def bounds_of(field: Field) -> Mapping[str, Any]:
    """Return the bounds of a field."""
    type_, bounds = field.type, field.bounds
    found: dict[str, Any] = _digits(type_)
    if type_.kind in NUMERIC:
        as_text = type_.kind == "decimal" or (type_.kind == "integer" and type_.bits > MOST_BITS)
        found |= {name: _bound(value, as_text=as_text) for name, value in sorted(bounds.numbers.items())}
    if type_.kind == "text":
        lengths = {"min": bounds.min_length, "max": bounds.max_length}
        found |= {name: length for name, length in lengths.items() if length is not None}
        pattern = None if bounds.pattern is None else javascript_pattern(bounds.pattern)
        if pattern is not None:
            found["pattern"] = Code(f"/{pattern}/u")
            found |= _like(field)
    return found


def _like(field: Field) -> Mapping[str, str]:
    """Return a text that the pattern of a field accepts, if one is known."""
    text = sample_of(field, distinct=True).json
    accepted = isinstance(text, str) and re.search(field.bounds.pattern or "", text) is not None
    return {"like": text} if accepted else {}


def _bound(value: Decimal, *, as_text: bool) -> Any:
    if as_text:
        return f"{value:f}"
    return int(value) if value == value.to_integral_value() else float(value)
