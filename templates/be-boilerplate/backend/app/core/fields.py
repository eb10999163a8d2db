"""Types of fields in requests and answers: what the database's own types allow, and no more."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
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
    """Base of what clients send: a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        refuse_unstorable(value)
        return value


class Row(BaseModel):
    """Base of what clients get: made from a row of the database."""

    model_config = ConfigDict(from_attributes=True)


# Default of a field that may be left out. It is never stored: only what a client sent is.
omitted: Any = Field(default_factory=lambda: None)


MOST_NESTED = 100  # lists and objects within each other: what is read must be JSON again


def refuse_unstorable(value: Any, depth: int = 0) -> None:
    """Raise ValueError for what JSON can say and no database can keep."""
    if depth >= MOST_NESTED and isinstance(value, (dict, list)):
        raise ValueError(f"must not be nested more than {MOST_NESTED} deep")
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("must not contain the character U+0000")
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise ValueError("must not contain half of a surrogate pair")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must not be NaN or infinite")
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_unstorable(key, depth)
            refuse_unstorable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            refuse_unstorable(item, depth + 1)


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


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("must not be null")
    return value


def _as_text(value: Any) -> Any:
    """Return what a driver made of a value as text again: an address, a range."""
    return value if value is None or isinstance(value, (int, list, dict)) else str(value)


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


Int16 = Annotated[int, Field(ge=-(2**15), le=2**15 - 1)]
Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Timestamp = Annotated[AwareDatetime, AfterValidator(_utc)]  # with an offset; in UTC once read
Bytes = Annotated[
    bytes,
    BeforeValidator(_decode),
    PlainSerializer(_encode, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "byte"}),
]
NotNull = Annotated[Any, AfterValidator(_given)]  # any JSON but null
Native = Annotated[str, BeforeValidator(_as_text)]  # a PostgreSQL type as text
