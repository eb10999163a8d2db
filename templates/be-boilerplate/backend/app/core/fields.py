"""Field types of requests and responses: they accept what the column types of the database accept, and no more."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    NaiveDatetime,
    PlainSerializer,
    WithJsonSchema,
    WrapValidator,
    field_validator,
)
from pydantic_core import CoreSchema, core_schema

from app.core.raw_values import OrRaw, RawText


class Body(BaseModel):
    """Base of request bodies. Unknown fields are rejected."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        reject_unstorable(value)
        return value


class Row(BaseModel):
    """Base of response bodies, built from a row of the database."""

    model_config = ConfigDict(from_attributes=True)


# Default of a field that may be left out. It is never stored: only fields that the client sent are written.
omitted: Any = Field(default_factory=lambda: None)


MAX_NESTING = (
    100  # levels of lists and objects; deeper values could be stored but not serialized again
)


_SURROGATE = re.compile("[\ud800-\udfff]")


def reject_unstorable(value: Any, depth: int = 0) -> None:
    """Raise ValueError for a JSON value that the database cannot store or that could not be read back."""
    if depth >= MAX_NESTING and isinstance(value, (dict, list)):
        raise ValueError(f"must not be nested more than {MAX_NESTING} levels deep")
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("must not contain the character U+0000")
        if _SURROGATE.search(value):
            raise ValueError("must not contain an unpaired surrogate")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must not be NaN or infinite")
    elif isinstance(value, dict):
        for key, item in value.items():
            reject_unstorable(key, depth)
            reject_unstorable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            reject_unstorable(item, depth + 1)


def is_storable(key: Any) -> bool:
    """Whether a row with this key can exist at all."""
    try:
        reject_unstorable(list(key) if isinstance(key, tuple) else key)
    except ValueError:
        return False
    return True


class _AnyDimension:
    """Annotates the list of an array: PostgreSQL ignores how many dimensions a column declares."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return a schema that also takes lists of lists."""
        return core_schema.no_info_wrap_validator_function(
            _each_list,
            handler(source),
            serialization=core_schema.wrap_serializer_function_ser_schema(_each_list),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the JSON Schema of a list whose items may be lists."""
        found = handler(schema)
        return {**found, "items": {"anyOf": [*found["items"]["anyOf"], {"type": "array"}]}}


def _each_list(value: Any, plain: Callable[[Any], Any]) -> Any:
    """Validate or serialize the innermost lists of an array."""
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return [_each_list(item, plain) for item in value]
    return plain(value)


def _utc(value: dt.datetime) -> dt.datetime:
    try:
        return value.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


def _decode(value: Any) -> Any:
    """Decode base64 or base64url (RFC 4648), with or without padding."""
    if not isinstance(value, str):
        return value
    text = value.translate(_STANDARD).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("must be base64 or base64url") from None


_STANDARD = str.maketrans("-_", "+/")  # base64url, which a path needs, in the standard alphabet


def _finite(value: float) -> float | str:
    """Return a number as JSON: what JSON has no number for as the text that is accepted for it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


class _NonFinite:
    """Annotates numbers that may also be one of the texts `NaN`, `Infinity` and `-Infinity`."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the JSON Schema of a number or one of these texts."""
        found = handler(schema)
        if {"type": "string"} in found.get("anyOf", ()):  # any text is one of its forms
            return found
        return {"anyOf": [found, {"type": "string", "enum": _NON_FINITE}]}


_NON_FINITE = ["NaN", "Infinity", "-Infinity"]
_EXACT_DIGITS = 15  # that any JSON number keeps on its way through a floating-point number


class _Exact(_NonFinite):
    """Annotates a decimal: rejects a JSON number that has lost digits already."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return a schema that checks how a number was sent."""
        return core_schema.no_info_wrap_validator_function(_exact, handler(source))


def _exact(value: Any, plain: Callable[[Any], Any]) -> Any:
    if isinstance(value, float) and len(Decimal(repr(value)).as_tuple().digits) > _EXACT_DIGITS:
        raise ValueError(
            f"has more than {_EXACT_DIGITS} digits, which only text keeps: send a string"
        )
    if value in _NON_FINITE or (isinstance(value, Decimal) and not value.is_finite()):
        return Decimal(value)
    return plain(value)


def _not_null(value: Any) -> Any:
    if value is None:
        raise ValueError("must not be null")
    return value


def _as_text(value: Any) -> Any:
    """Return the text form of an object that the driver created, such as an IP address or a range."""
    return value if value is None or isinstance(value, (int, list, dict)) else str(value)


def _span(value: Any, plain: Callable[[Any], dt.timedelta]) -> dt.timedelta | RawText:
    if isinstance(value, RawText):  # of months, which another program has stored
        return value
    if not isinstance(value, str):
        return plain(value)
    found = re.fullmatch(_SPAN, value)
    if found is None:
        raise ValueError("must be a span of time up to 838:59:59, such as 100:00:00")
    hours, minutes, seconds = (int(found[part] or 0) for part in (2, 3, 4))
    micros = int((found[5] or "").ljust(6, "0"))
    span = dt.timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=micros)
    return -span if found[1] else span


def _clock(value: dt.timedelta | RawText) -> str:
    if isinstance(value, RawText):
        return value.text
    seconds, fraction = divmod(abs(value), dt.timedelta(seconds=1))
    minutes, seconds = divmod(seconds, 60)
    text = (
        f"{'-' if value < dt.timedelta() else ''}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    )
    return f"{text}.{fraction.microseconds:06}" if fraction else text


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


Int16 = Annotated[int, Field(ge=-(2**15), le=2**15 - 1)]
Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Number = Annotated[  # JSON has no number for NaN and infinity: they are texts
    float, PlainSerializer(_finite, return_type=float | str, when_used="json"), _NonFinite()
]
Exact = _Exact()  # of a decimal, after its bounds: only so are they documented
ExactDecimal = Annotated[Decimal, Exact]


def _far(rest: str = "") -> str:
    """Return a pattern of dates before the year 1, after 9999, and without an end; `rest` follows the day."""
    day = rf"-\d\d-\d\d{rest}"
    return rf"-?infinity|\d{{4,}}{day} BC|\d{{5,}}{day}"


def _local(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a time without offset, which RFC 3339 requires of `time` and `date-time`."""
    return {"type": "string", "format": f"{name}-local"}  # names of the OpenAPI format registry


_CLOCK = r"[ T]\d\d:\d\d(:\d\d(\.\d+)?)?"
_OFFSET = r"(Z|[+-]\d\d(:?\d\d){0,2})"
_HOURS = "[0-7]?[0-9]?[0-9]|8[0-2][0-9]|83[0-8]"
_SPAN = rf"(-?)({_HOURS}):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{{1,6}}))?)?"
_DURATION = r"P(?=.)([+-]?\d+(\.\d+)?[YMWD])*(T([+-]?\d+(\.\d+)?[HMS])+)?"

Date = Annotated[dt.date, OrRaw(_far())]
Time = Annotated[dt.time, WithJsonSchema(_local("time")), OrRaw(r"24:00(:00(\.0+)?)?")]
Timestamp = Annotated[  # requires an offset; converted to UTC
    AwareDatetime, AfterValidator(_utc), OrRaw(_far(_CLOCK + _OFFSET))
]
LocalTimestamp = Annotated[NaiveDatetime, WithJsonSchema(_local("date-time")), OrRaw(_far(_CLOCK))]
Interval = Annotated[  # a month is not a number of days
    dt.timedelta, OrRaw(f"-?infinity|{_DURATION}", unlike="[+-]?P[^T]*[YM]")
]
Span = Annotated[  # a span as on a clock, up to MySQL's longest: `100:00:00`
    dt.timedelta,
    WrapValidator(_span),
    PlainSerializer(_clock, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": f"^{_SPAN}$"}),
]
Item = TypeVar("Item")
Array = Annotated[list[Item | None], _AnyDimension()]
Bytes = Annotated[
    bytes,
    BeforeValidator(_decode),
    PlainSerializer(_encode, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "byte"}),
]


def padded(size: int) -> AfterValidator:
    """Return the validator that fills bytes up with zeros to a fixed number of bytes, as MySQL does."""
    return AfterValidator(lambda value: value.ljust(size, b"\0"))


NotNull = Annotated[Any, AfterValidator(_not_null)]  # any JSON value except null
Native = Annotated[str, BeforeValidator(_as_text)]  # a PostgreSQL type in its text form
