"""Column types of dates, times and intervals, which also hold what Python has no type for (see `raw_values`)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from app.core.raw_values import RawText
from app.core.settings import get_settings


def utc_now() -> dt.datetime:
    """Return the current time, for columns that record when a row was changed."""
    return dt.datetime.now(dt.UTC)


def zone_of(name: str) -> dt.tzinfo:
    """Return a time zone by its IANA name; raises ValueError where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError("is not the IANA name of a time zone") from None


def local_zone() -> ZoneInfo:
    """Return the time zone of the application."""
    return ZoneInfo(get_settings().time_zone)


def local_now() -> dt.datetime:
    """Return the current date and time in the time zone of the application, without the zone."""
    return dt.datetime.now(local_zone()).replace(tzinfo=None)


def local_today() -> dt.date:
    """Return the current date in the time zone of the application."""
    return local_now().date()


def local_time() -> dt.time:
    """Return the current time of day in the time zone of the application."""
    return local_now().time()


class _SqliteMoment(TypeDecorator[Any]):
    """A date or time on SQLite, which stores the text of a value that Python has no type for."""

    def bind_processor(self, dialect: Dialect) -> Any:
        """Return a function that binds such a text where it sorts as the value does; it raises ValueError elsewhere."""
        plain: Any = super().bind_processor(dialect)

        def process(value: Any) -> Any:
            if not isinstance(value, RawText):
                return plain(value)
            if _SORTED_AS_TEXT.fullmatch(value.text) or isinstance(self, _SqliteInterval):
                return value.text
            raise ValueError(f"SQLite has no years before 1 or after 9999: {value}")

        return process

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Return a function that reads such a text."""
        plain: Any = super().result_processor(dialect, coltype)

        def process(value: Any) -> Any:
            try:
                return plain(value)
            except ValueError:
                return RawText(str(value))

        return process


_EPOCH = sa.Interval.epoch
_SORTED_AS_TEXT = re.compile(r"-?infinity|24:00.*")  # before and after all digits


class _SqliteDate(_SqliteMoment):
    impl = sa.Date
    cache_ok = True


class _SqliteTime(_SqliteMoment):
    impl = sa.Time
    cache_ok = True


class _SqliteLocalTimestamp(_SqliteMoment):
    impl = sa.DateTime
    cache_ok = True


class _SqliteInterval(_SqliteMoment):
    """An interval as the moment that it ends at when it begins with 1970; one with months is text."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.timedelta | None, dialect: Dialect) -> Any:
        """Add the beginning."""
        return None if value is None else _EPOCH + value

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.timedelta | None:
        """Subtract the beginning."""
        return None if value is None else value - _EPOCH


class _SqliteTimestamp(_SqliteMoment):
    """A timestamp in UTC: SQLite stores no time zone."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        """Convert to UTC and drop the zone."""
        return None if value is None else value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        """Attach UTC."""
        return None if value is None else value.replace(tzinfo=dt.UTC)


Date = sa.Date().with_variant(_SqliteDate(), "sqlite")
Time = sa.Time().with_variant(_SqliteTime(), "sqlite")
# A timestamp with time zone. Values are read in UTC, which every PostgreSQL connection sets as its time zone.
Timestamp = sa.DateTime(timezone=True).with_variant(_SqliteTimestamp(), "sqlite")
LocalTimestamp = sa.DateTime().with_variant(_SqliteLocalTimestamp(), "sqlite")
Interval = postgresql.INTERVAL().with_variant(_SqliteInterval(), "sqlite")
