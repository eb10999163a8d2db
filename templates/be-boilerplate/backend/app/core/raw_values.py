"""Values that PostgreSQL holds and Python has no type for: infinity, years before 1, 24:00, intervals with months.

Such a value is read, sent and accepted as its text, so one of them does not make its table unreadable. An interval
with months keeps them: how many days a month has depends on where it begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Dumper, Loader
from psycopg.pq import Format
from pydantic import (
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SerializationInfo,
    ValidationError,
)
from pydantic_core import CoreSchema, core_schema

_TYPES = ("date", "time", "timestamp", "timestamptz", "interval")
_PART = re.compile(r"\+?(-?\d+) (year|mon|day)s?")
_TIME = re.compile(r"([+-]?)(\d+):(\d+):(\d+(?:\.\d+)?)$")
_LETTERS = {"year": "Y", "mon": "M", "day": "D"}


class RawText:
    """The text of a value that Python has no type for. It is no `str`, which Pydantic would convert."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RawText) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text


# ------------------------------------------------------------------------------------------------ requests and responses


@dataclass(frozen=True)
class OrRaw:
    """Annotates a type whose values Python cannot hold all: `pattern` matches the texts of the others.

    A text that begins as `unlike` does is not offered to Python, which would change its value.
    """

    pattern: str
    unlike: str = r"(?!)"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the schema of the type itself, with a way around it for the other values."""
        return core_schema.no_info_wrap_validator_function(
            self._validate,
            handler(source),
            serialization=core_schema.wrap_serializer_function_ser_schema(
                _serialize, info_arg=True
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the JSON Schema of both forms."""
        return {"anyOf": [handler(schema), {"type": "string", "pattern": f"^({self.pattern})$"}]}

    def _validate(self, value: Any, plain: Callable[[Any], Any]) -> Any:
        if isinstance(value, RawText):
            return value
        is_raw = isinstance(value, str) and re.fullmatch(self.pattern, value)
        if isinstance(value, str) and re.match(self.unlike, value):
            if not is_raw:
                raise ValueError("must have a sign before each number, and no T without a time")
            return RawText(value)
        try:
            return plain(value)
        except ValidationError:
            if is_raw:
                return RawText(value)
            raise


def _serialize(value: Any, plain: Callable[[Any], Any], info: SerializationInfo) -> Any:
    if isinstance(value, RawText):
        return value.text if info.mode_is_json() else value
    return plain(value)


# -------------------------------------------------------------------------------------------------------------- database


def keep_raw_values(connection: psycopg.Connection[Any], _record: object = None) -> None:
    """Make a connection return such values as `RawText`."""
    _register(connection.adapters)


def array_items(text: str, type_name: str) -> list[Any]:
    """Return the items of an array that is still text, since psycopg knows no arrays of enums and domains.

    `type_name` is the SQL name of the items' base type; items of a type that psycopg does not know remain texts.
    """
    known = psycopg.adapters.types.get(type_name.partition("(")[0].lower())
    oid = (known or psycopg.adapters.types["text"]).array_oid
    loader = _Context.adapters.get_loader(oid, Format.TEXT)
    items: list[Any] = loader(oid, _Context()).load(text.encode()) if loader else []
    return items


class _RawTextDumper(Dumper):
    """Sends the text without a type: the statement has the column's type."""

    def dump(self, obj: RawText) -> bytes:
        return obj.text.encode()


psycopg.adapters.register_dumper(RawText, _RawTextDumper)


def _register(adapters: AdaptersMap) -> AdaptersMap:
    for name in _TYPES:
        oid = psycopg.adapters.types[name].oid
        loader = adapters.get_loader(oid, Format.TEXT)
        if loader is not None:
            adapters.register_loader(oid, _tolerant(loader, is_interval=name == "interval"))
    return adapters


def _tolerant(loader: type[Any], *, is_interval: bool) -> type[Loader]:
    """Return a loader that falls back to the text where another one refuses or would change a value."""

    class TolerantLoader(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._load = loader(oid, context).load

        def load(self, data: Buffer) -> Any:
            text = bytes(data).decode()
            if is_interval and any(word in text for word in ("infinity", "mon", "year")):
                return RawText(_iso_interval(text))
            try:
                return self._load(data)
            except psycopg.DataError:
                return RawText(_iso_interval(text) if is_interval else text)

    return TolerantLoader


def _iso_interval(text: str) -> str:
    """Return PostgreSQL's text of an interval in ISO 8601; one without an end has no such form."""
    if "infinity" in text:
        return text
    parts = "".join(f"{number}{_LETTERS[unit]}" for number, unit in _PART.findall(text))
    time = _TIME.search(text)
    sign, *clock = time.groups() if time else ("", "0", "0", "0")
    numbers = [Decimal(number).normalize() for number in clock]
    pairs = [pair for pair in zip(numbers, "HMS", strict=True) if pair[0]]
    times = "".join(f"{sign.strip('+')}{number:f}{letter}" for number, letter in pairs)
    return f"P{parts}T{times}" if times else f"P{parts or '0D'}"


class _Context:
    """What psycopg needs to load a value outside a connection."""

    adapters = _register(AdaptersMap(psycopg.adapters))
    connection = None
