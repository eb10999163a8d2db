"""How MySQL and MariaDB store what other column types of the application are there: moments, spans, sets, bits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from app.core.raw_values import RawText

Processor = Callable[[Any], Any]


class _Moment(sa.DateTime):
    """A date with a time. One with a time zone is stored in UTC, the zone of every connection."""

    def bind_processor(self, dialect: Dialect) -> Processor | None:
        """Return a function that converts to UTC and drops the zone."""
        return _without_zone if self.timezone else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        """Return a function that attaches UTC, and keeps the text of a date that no calendar has."""
        return _with_zone if self.timezone else _date


def _without_zone(value: dt.datetime | None) -> Any:
    return value if value is None else value.astimezone(dt.UTC).replace(tzinfo=None)


def _with_zone(value: Any) -> Any:
    return value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) else _date(value)


def _date(value: Any) -> Any:
    return RawText(value) if isinstance(value, str) else value


class _Date(sa.Date):
    """A date, or the text of one that no calendar has, such as 0000-00-00."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        """Return a function that keeps such a text."""
        return _date


class _Span(sa.types.UserDefinedType[dt.timedelta]):
    """TIME: a span of up to 838 hours. The driver reads it as such, and does not write negative ones."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        """Return the type in SQL."""
        return "TIME(6)"

    def bind_processor(self, dialect: Dialect) -> Processor:
        """Return a function that writes a span as text."""
        return _span_text


def _span_text(value: dt.timedelta | None) -> str | None:
    if value is None:
        return None
    minutes, rest = divmod(abs(value), dt.timedelta(minutes=1))
    sign = "-" if value < dt.timedelta() else ""
    seconds = f"{rest.seconds:02}.{rest.microseconds:06}"
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}:{seconds}"


class _Set(sa.types.UserDefinedType[list[str]]):
    """SET: a list of its members, as text with commas."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        """Return a type that such a text can be cast to."""
        return "CHAR"

    def bind_processor(self, dialect: Dialect) -> Processor:
        """Return a function that joins the members."""
        return _joined

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        """Return a function that splits the text."""
        return _split


def _joined(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if not all(isinstance(item, str) for item in value):
        raise ValueError("a set has only its members, each of them a text")
    return ",".join(value)


def _split(value: Any) -> Any:
    return [part for part in value.split(",") if part] if isinstance(value, str) else value


class _Boolean(sa.Boolean):
    """A truth value: TINYINT(1), or BIT(1), which the driver reads as bytes."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        """Return a function that reads either."""
        return _truth


def _truth(value: Any) -> bool | None:
    if isinstance(value, bytes):
        return any(value)
    return None if value is None else bool(value)


COLUMN_TYPES: dict[type[TypeEngine[Any]], type[TypeEngine[Any]]] = {
    sa.Boolean: _Boolean,
    sa.Date: _Date,
    sa.DateTime: _Moment,
    postgresql.ARRAY: _Set,
    postgresql.INTERVAL: _Span,
}
