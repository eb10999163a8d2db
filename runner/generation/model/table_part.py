"""What generating one table may read of an application. Equal parts give equal files, whatever else changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from runner.generation.model.application_tables import ApplicationTable
from runner.generation.model.schema_names import CommonNames
from runner.records.json_values import values_of

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True, slots=True)
class TablePart:
    """A table with what it needs of the other ones.

    `dialect` is the name of the DDL's; `is_creatable` says whether a row is known that the database accepts, with all
    that it must refer to.
    """

    dialect: str
    names: CommonNames
    table: ApplicationTable
    is_creatable: bool

    def digest(self) -> str:
        """Return a digest of all values, in hexadecimal."""
        return hashlib.sha256(_ENCODER.encode(values_of(self)).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return what JSON has no form for: a record as the values of its fields, without what it has cached."""
    kind: Any = type(value)
    return _conversion(kind)(value)


@cache
def _conversion(kind: Any) -> Callable[[Any], Any]:
    """Return what converts values of a type. A table has some hundred records of a few types."""
    name = kind.__name__
    if kind is CommonNames:
        return _names
    if is_dataclass(kind):
        return lambda record: (name, *values_of(record))
    return sorted if issubclass(kind, frozenset) else repr


def _names(names: CommonNames) -> list[Any]:
    return [*((str(name), class_name) for name, class_name in names.enums.items()), names.home, names.others]


_ENCODER = json.JSONEncoder(default=_plain, check_circular=False)
