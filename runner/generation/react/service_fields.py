"""Fields of a table as source in the words of the application's `core/api/fields.ts`. Pure functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from runner.generation.fastapi.samples import sample_of
from runner.generation.react.javascript_patterns import javascript_pattern
from runner.generation.react.typescript_source import Call, Code

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from runner.generation.fastapi.model_columns import ColumnView
    from runner.generation.fastapi.python_types import Category, PythonType

MOST_BITS = 32  # of a whole number that is one here too; more are kept as digits
_MAKERS: Mapping[Category, str] = {
    "text": "text", "number": "float", "decimal": "decimal", "boolean": "bool", "date": "date", "time": "time",
    "timestamp": "timestamp", "local_timestamp": "localTimestamp", "interval": "interval", "uuid": "uuid",
    "json": "json", "bytes": "bytes", "native": "native",
}  # fmt: skip


def choice_source(view: ColumnView) -> Call | None:
    """Return the list of values that a column, or an item of it, is one of."""
    kind = view.type
    if kind.category == "array":
        kind = kind.item or kind
    elif view.bounds.choices is not None:
        values = list(view.bounds.choices)
        return Call("f.textChoice" if kind.category == "text" else "f.intChoice", (values,))
    if not kind.values:
        return None
    return Call("f.textChoice" if kind.category == "text" else "f.choice", (list(kind.values),))


def maker_source(kind: PythonType, *, bounded: bool = False) -> Call:
    """Return what makes the schema of a type; `bounded` gives items of an array what bounds their own type has."""
    if kind.category == "integer":
        return Call(f"f.int{kind.bits}")
    if kind.category == "array" and kind.item is not None:
        item = maker_source(kind.item)
        bounds = _item_bounds(kind.item) if bounded else {}
        return arrays_of(Call(item.name, (bounds,)) if bounds else item, kind, "")
    return Call(f"f.{_MAKERS.get(kind.category, 'native')}")


def _item_bounds(kind: PythonType) -> Mapping[str, Any]:
    if kind.category == "decimal" and kind.digits is not None:
        return {"digits": kind.digits, "places": kind.places or 0}
    return {"max": kind.max_length} if kind.category == "text" and kind.max_length is not None else {}


def arrays_of(item: Any, kind: PythonType, suffix: str) -> Call:
    """Return arrays, as many in each other as the type has dimensions, around an item."""
    for _ in range(kind.field.count("list[") - 1):
        item = Call("f.array", (item,))
    return Call("f.array", (item,), suffix)


def bounds_of(view: ColumnView) -> Mapping[str, Any]:
    """Return the bounds of a field."""
    kind, bounds = view.type, view.bounds
    found: dict[str, Any] = {}
    if kind.category == "decimal" and kind.digits is not None:
        found |= {"digits": kind.digits, "places": kind.places or 0}
    if kind.category in ("integer", "number", "decimal"):
        as_text = kind.category == "decimal" or kind.bits > MOST_BITS
        found |= {name: _bound(value, as_text=as_text) for name, value in sorted(bounds.numbers.items())}
    if kind.category == "text":
        found |= {name: value for name, value in _lengths(view).items() if value is not None}
        pattern = None if bounds.pattern is None else javascript_pattern(bounds.pattern)
        if pattern is not None:
            found["pattern"] = Code(f"/{pattern}/u")
            found |= _like(view)
    return found


def _lengths(view: ColumnView) -> Mapping[str, int | None]:
    return {"min": view.bounds.min_length, "max": view.bounds.max_length}


def _like(view: ColumnView) -> Mapping[str, str]:
    """Return a text that the pattern of a column accepts, if one is known."""
    text = sample_of(view, counted=True).json
    accepted = isinstance(text, str) and re.search(view.bounds.pattern or "", text) is not None
    return {"like": text} if accepted else {}


def _bound(value: Decimal, *, as_text: bool) -> Any:
    if as_text:
        return f"{value:f}"
    return int(value) if value == value.to_integral_value() else float(value)
