"""Records as JSON values and back: one conversion for events, the state file, reports and plans.

A record is a dataclass whose fields hold texts, numbers, booleans, None, times, `StrEnum`s, tuples and other records.
"""

from __future__ import annotations

import dataclasses
import operator
import types
import typing
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_UNCHANGED = frozenset({str, int, float, bool, type(None)})


def iso(moment: datetime) -> str:
    """Return ISO 8601 UTC with six fractional digits: sorts as text, and reads the same everywhere."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{utc.isoformat(timespec='microseconds')[:-6]}Z"


def to_json_value(value: Any) -> Any:
    """Return a value of a record as JSON: times as ISO 8601, tuples as lists, records as mappings by field name."""
    kind: Any = type(value)
    return value if kind in _UNCHANGED else _conversion(kind)(value)


@cache
def _conversion(kind: Any) -> Callable[[Any], Any]:
    """Return what converts values of a type."""
    if issubclass(kind, datetime):
        return iso
    if issubclass(kind, StrEnum):
        return operator.attrgetter("value")
    if issubclass(kind, tuple):
        return lambda items: [to_json_value(item) for item in items]
    if dataclasses.is_dataclass(kind):
        names = field_names(cast("Any", kind))
        get = _getter(names)
        return lambda record: dict(zip(names, map(to_json_value, get(record)), strict=True))
    return lambda value: value


def from_json_value(kind: Any, value: Any, *, ignore_unknown: bool = False) -> Any:
    """Return `value` as the annotated type `kind`; fields that a mapping lacks get the record's defaults.

    Raises TypeError for a mapping that lacks a required field or, unless they are ignored, has unknown ones, and
    ValueError for text that is no time or no member of an enum.
    """
    kind = without_none(kind)
    if value is None:
        return None
    if typing.get_origin(kind) is tuple:
        (item_kind, _) = typing.get_args(kind)
        return tuple(from_json_value(item_kind, item, ignore_unknown=ignore_unknown) for item in value)
    if dataclasses.is_dataclass(kind):
        record: Any = kind
        hints = field_types(record)
        values = {
            name: from_json_value(hints.get(name), item, ignore_unknown=ignore_unknown)
            for name, item in value.items()
            if name in hints or not ignore_unknown
        }
        return record(**values)
    if kind is datetime:
        return datetime.fromisoformat(value)
    return kind(value) if isinstance(kind, type) and issubclass(kind, StrEnum) else value


@cache
def field_names(cls: Any) -> tuple[str, ...]:
    """Return the names of a record's fields, in order."""
    return tuple(field.name for field in dataclasses.fields(cls))


def values_of(record: Any) -> tuple[Any, ...]:
    """Return the values of a record's fields, in order."""
    kind: Any = type(record)
    return _getter(field_names(kind))(record)


@cache
def _getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads these attributes of an object, faster than one by one."""
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda record: tuple(getattr(record, name) for name in names)


@cache
def field_types(cls: Any) -> dict[str, Any]:
    """Return the annotated types of a record's fields by name."""
    return typing.get_type_hints(cls)


def without_none(kind: Any) -> Any:
    """Return `X` for `X | None`, any other type unchanged."""
    if typing.get_origin(kind) in {types.UnionType, typing.Union}:
        choices = [arg for arg in typing.get_args(kind) if arg is not type(None)]
        return choices[0] if len(choices) == 1 else kind
    return kind
