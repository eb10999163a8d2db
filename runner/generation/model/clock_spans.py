"""MySQL's TIME: a span of time in the form of a clock, which may exceed a day and be negative.

See "The TIME Type" in the manuals of MySQL 8.4 and MariaDB 10.11.
"""

from __future__ import annotations

import datetime as dt
import re

_CLOCK = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<days>\d{1,2}) +)?(?P<hours>\d{1,3})(?::(?P<minutes>[0-5]?\d))?"
    r"(?::(?P<seconds>[0-5]?\d)(?P<fraction>\.\d*)?)?"
)
_DIGITS = re.compile(r"(?P<sign>[+-]?)(?P<hours>\d{0,3}?)(?P<minutes>\d{0,2}?)(?P<seconds>\d{1,2})(?P<fraction>\.\d*)?")
_LONGEST = dt.timedelta(hours=838, minutes=59, seconds=59)


def parse_span(text: str) -> dt.timedelta:
    """Return the span of a constant: `100:00`, `-10:20:30.5`, `1 02:00:00`, or `102030` for 10:20:30.

    Raises:
        ValueError: it is no span, or longer than 838:59:59.

    """
    found = _DIGITS.fullmatch(text.strip()) or _CLOCK.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    sign, *numbers = (found.groupdict().get(name) or "0" for name in ("sign", "days", "hours", "minutes", "seconds"))
    days, hours, minutes, seconds = map(int, numbers)
    fraction = float(found["fraction"] or 0) if (found["fraction"] or "") != "." else 0
    span = dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds + fraction)
    if max(minutes, seconds) > 59 or span > _LONGEST:  # noqa: PLR2004 - of an hour, of a minute
        raise ValueError(text)
    return -span if sign == "-" else span


def span_text(span: dt.timedelta) -> str:
    """Return a span as MySQL and PostgreSQL write it: `100:00:00`, `-00:30:00.500000`."""
    seconds, fraction = divmod(abs(span), dt.timedelta(seconds=1))
    hours, rest = divmod(seconds, 3600)
    text = f"{'-' if span < dt.timedelta(0) else ''}{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{text}.{fraction.microseconds:06d}" if fraction else text
