"""Field types of requests and responses: they accept what the column types of the database accept, and no more."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
)


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


def reject_unstorable(value: Any, depth: int = 0) -> None:
    """Raise ValueError for a JSON value that the database cannot store or that could not be read back."""
    if depth >= MAX_NESTING and isinstance(value, (dict, list)):
        raise ValueError(f"must not be nested more than {MAX_NESTING} levels deep")
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("must not contain the character U+0000")
        if any("\ud800" <= character <= "\udfff" for character in value):
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


def _utc(value: dt.datetime) -> dt.datetime:
    try:
        return value.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


def _decode(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("must be base64") from None


def _finite(value: float) -> float | str:
    """Return a number as JSON: what JSON has no number for as the text that is accepted for it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_EXACT_DIGITS = 15  # that any JSON number keeps on its way through a floating-point number


def _exact(value: Any) -> Any:
    """Reject a JSON number that has lost digits already."""
    if isinstance(value, float) and len(Decimal(repr(value)).as_tuple().digits) > _EXACT_DIGITS:
        raise ValueError(
            f"has more than {_EXACT_DIGITS} digits, which only text keeps: send a string"
        )
    return value


def _not_null(value: Any) -> Any:
    if value is None:
        raise ValueError("must not be null")
    return value


def _as_text(value: Any) -> Any:
    """Return the text form of an object that the driver created, such as an IP address or a range."""
    return value if value is None or isinstance(value, (int, list, dict)) else str(value)


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


Int16 = Annotated[int, Field(ge=-(2**15), le=2**15 - 1)]
Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Number = Annotated[  # JSON has no number for NaN and infinity: they are texts
    float, PlainSerializer(_finite, return_type=float | str, when_used="json")
]
Exact = BeforeValidator(_exact)  # of a decimal, after its bounds: only so are they documented
Timestamp = Annotated[AwareDatetime, AfterValidator(_utc)]  # requires an offset; converted to UTC
Bytes = Annotated[
    bytes,
    BeforeValidator(_decode),
    PlainSerializer(_encode, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "byte"}),
]
NotNull = Annotated[Any, AfterValidator(_not_null)]  # any JSON value except null
Native = Annotated[str, BeforeValidator(_as_text)]  # a PostgreSQL type in its text form
