"""Records as text to be digested: equal texts for equal values, and nothing that reads them back."""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from runner.records.json_values import field_names, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def digest_text(
    special: Mapping[type, Callable[[Any], Any]] = MappingProxyType({}), *, without: str = ""
) -> Callable[[Any], str]:
    """Return what encodes a value as JSON: a record as its type and the values of its fields, a set sorted.

    `special` converts values of these types to what JSON has a form for. Fields called `without` are left out.
    """

    @cache
    def conversion(kind: Any) -> Callable[[Any], Any]:
        """Return what converts values of a type: a schema has many records of a few types."""
        name = kind.__name__
        if kind in special:
            return special[kind]
        if not is_dataclass(kind):
            return sorted if issubclass(kind, frozenset) else repr
        names = field_names(cast("Any", kind))
        if without not in names:
            return lambda record: (name, *values_of(record))
        place = names.index(without)
        return lambda record: (name, *(each for number, each in enumerate(values_of(record)) if number != place))

    def converted(value: Any) -> Any:
        kind: Any = type(value)
        return conversion(kind)(value)

    return json.JSONEncoder(default=converted, check_circular=False).encode
