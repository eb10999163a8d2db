"""Values that PostgreSQL holds and Python has no type for: infinity, years before 1, 24:00, intervals with months.

Such a value is read as its text, so one of them does not make its table unreadable. An interval with months keeps
them: how many days a month has depends on where it begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from pydantic import BaseModel, ValidationError

Read = TypeVar("Read", bound=BaseModel)
_TYPES = ("date", "time", "timestamp", "timestamptz", "interval")
_PART = re.compile(r"([+-]?\d+) (year|mon|day)s?")
_TIME = re.compile(r"([+-]?)(\d+):(\d+):(\d+(?:\.\d+)?)$")
_LETTERS = {"year": "Y", "mon": "M", "day": "D"}


@dataclass(frozen=True, slots=True)
class RawText:
    """The text of a value that Python has no type for. It is no `str`, which Pydantic would convert."""

    text: str


def keep_raw_values(connection: psycopg.Connection[Any], _record: object = None) -> None:
    """Make a connection return such values as `RawText`."""
    for name in _TYPES:
        oid = psycopg.adapters.types[name].oid
        loader = connection.adapters.get_loader(oid, Format.TEXT)
        if loader is not None:
            connection.adapters.register_loader(
                oid, _tolerant(loader, is_interval=name == "interval")
            )


def read_row(read: type[Read], row: Any) -> Read:
    """Return the response body of a row. A row with raw values is not validated: no type fits them."""
    try:
        return read.model_validate(row)
    except ValidationError:
        values = {name: getattr(row, name) for name in read.model_fields}
        shown = {name: _shown(value) for name, value in values.items()}
        if shown == values:
            raise
        return read.model_construct(**shown)


def _shown(value: Any) -> Any:
    """Return a value with the texts of raw ones."""
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return value.text if isinstance(value, RawText) else value


def _tolerant(loader: type[Any], *, is_interval: bool) -> type[Loader]:
    """Return a loader that falls back to the text where another one refuses or would change a value."""

    class TolerantLoader(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._load = loader(oid, context).load

        def load(self, data: Buffer) -> Any:
            if is_interval and (raw := _raw_interval(bytes(data).decode())) is not None:
                return raw
            try:
                return self._load(data)
            except psycopg.DataError:
                return RawText(bytes(data).decode())

    return TolerantLoader


def _raw_interval(text: str) -> RawText | None:
    """Return an interval with months, or without an end, as text (ISO 8601 where it has that form)."""
    if "infinity" in text:
        return RawText(text)
    if "mon" not in text and "year" not in text:
        return None
    parts = "".join(f"{number}{_LETTERS[unit]}" for number, unit in _PART.findall(text))
    time = _TIME.search(text)
    if time is None:
        return RawText(f"P{parts}")
    sign, hours, minutes, seconds = time.groups()
    return RawText(f"P{parts}T{sign}{int(hours)}H{sign}{int(minutes)}M{sign}{float(seconds):g}S")
