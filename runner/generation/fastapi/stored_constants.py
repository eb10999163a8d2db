"""The text in which a generated backend keeps constants in SQLite: moments, lengths of time, UUIDs, bytes and JSON."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING
from uuid import UUID

from runner.generation.fastapi.constant_values import day, moment, span_of
from runner.generation.model.check_expressions import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.generation.model.field_types import FieldType

_INTERVAL = re.compile(
    r"(?:([+-]?\d+(?:\.\d+)?)\s*(week|day|hour|minute|second|min|sec|[dhms])s?"
    r"|([+-]?)(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?)(?:\s+|$)",
    re.IGNORECASE,
)
_SECONDS = {"week": 604_800, "day": 86_400, "d": 86_400, "hour": 3600, "h": 3600, "minute": 60, "min": 60, "m": 60,
            "second": 1, "sec": 1, "s": 1}  # fmt: skip
_ISO_INTERVAL = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.IGNORECASE)
_LONG_INTERVAL = re.compile(
    r"(?:\+?(-?\d+) *years?)? *(?:\+?(-?\d+) *mon(?:th)?s?)? *(?:\+?(-?\d+) *days?)?"
    r" *(?:\+?(-?)(\d+):(\d+)(?::([\d.]+))?)?"
)


def interval_seconds(text: str) -> float:
    """Return the length of an interval of weeks, days and shorter units in seconds.

    Raises:
        Unknown: it has months or years, whose length depends on where they begin, or another form.

    """
    text = text.strip()
    if (iso := _ISO_INTERVAL.fullmatch(text)) and text.upper() != "P":
        days, hours, minutes, seconds = (float(part or 0) for part in iso.groups())
        return _plain_number(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    if re.fullmatch(r"[+-]?\d+(?:\.\d+)?", text):
        return _plain_number(float(text))
    found = list(_INTERVAL.finditer(text))
    if not found or "".join(match[0] for match in found) != text:
        raise Unknown(text)
    return _plain_number(sum(map(_seconds_of, found)))


def _seconds_of(part: re.Match[str]) -> float:
    """Return the seconds of one part of an interval: a number with its unit, or hours, minutes and seconds."""
    number, unit, sign, hours, minutes, seconds = part.groups()
    if unit:
        return float(number) * _SECONDS[unit.lower()]
    length = (int(hours) * 60 + int(minutes)) * 60 + float(seconds or 0)
    return -length if sign == "-" else length


def _plain_number(seconds: float) -> float:
    """Return whole seconds as an integer, which is written without a decimal point."""
    return int(seconds) if seconds == int(seconds) else seconds


def iso_interval(text: str) -> str | None:
    """Return an interval with years or months in ISO 8601, as a backend stores it; None for one without."""
    found = _LONG_INTERVAL.fullmatch(text.strip())
    if found is None or not (found[1] or found[2]):
        return text if re.match(r"P[^T]*[YM]", text) else None
    parts = "".join(f"{number}{unit}" for number, unit in zip(found.groups(), "YMD", strict=False) if number)
    sign, *clock = found.groups()[3:]
    time = "".join(
        f"{sign}{float(number):g}{unit}" for number, unit in zip(clock, "HMS", strict=True) if float(number or 0)
    )
    return f"P{parts}T{time}" if time else f"P{parts}"


def _stored_moment(text: str, like: FieldType) -> str:
    found = moment(text)
    if found.tzinfo is not None and like.kind == "timestamp":
        found = found.astimezone(dt.UTC)
    return found.replace(tzinfo=None).isoformat(" ", "microseconds")


def _stored_time(text: str, _like: FieldType) -> str:
    if re.fullmatch(r"24:00(:00(\.0+)?)?", text):
        return "24:00:00"
    try:
        return dt.time.fromisoformat(text).replace(tzinfo=None).isoformat("microseconds")
    except ValueError as error:
        raise Unknown(text) from error


def _stored_uuid(text: str, _like: FieldType) -> str:
    try:
        return UUID(text).hex
    except ValueError as error:
        raise Unknown(text) from error


def _stored_interval(text: str, _like: FieldType) -> str:
    return _after_epoch(dt.timedelta(seconds=interval_seconds(text)))


def _after_epoch(span: dt.timedelta) -> str:
    """Return a length of time as the moment that it ends at when it begins with 1970."""
    return (dt.datetime(1970, 1, 1) + span).isoformat(" ", "microseconds")  # noqa: DTZ001 - SQLAlchemy's epoch


def stored_bytes(text: str, *, postgresql: bool) -> bytes:
    """Return the bytes of a constant: PostgreSQL's hexadecimal form, or the text itself."""
    if postgresql and text.startswith("\\x"):
        try:
            return bytes.fromhex(text[2:])
        except ValueError as error:
            raise Unknown(text) from error
    if postgresql and "\\" in text:
        raise Unknown(text)  # the escape form
    return text.encode()


def _stored_json(text: str, _like: FieldType) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError as error:
        raise Unknown(text) from error


def _not_stored(text: str, _like: FieldType) -> str:
    raise Unknown(text)


STORED: Mapping[str, Callable[[str, FieldType], str]] = {
    "date": lambda text, _like: day(text).isoformat(),
    "time": _stored_time,
    "timestamp": _stored_moment,
    "local_timestamp": _stored_moment,
    "interval": _stored_interval,
    "span": lambda text, _like: _after_epoch(span_of(text)),
    "uuid": _stored_uuid,
    "json": _stored_json,
    "array": _not_stored,
}
