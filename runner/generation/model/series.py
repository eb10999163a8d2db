"""Values that differ from row to row, by the row's number `n`, which counts from 1."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Counter:
    """`start + n % modulus`: as an integer, or as text that has it between `before` and `after`.

    Without `start` it begins at 0, without `modulus` it has no end. `width` is the fewest digits of text.
    """

    start: int | None = None
    modulus: int | None = None
    is_text: bool = False
    width: int = 0
    before: str = ""
    after: str = ""

    def text(self, number: int) -> str:
        """Return the text of row `number`."""
        counted = (self.start or 0) + (number % self.modulus if self.modulus else number)
        return f"{self.before}{counted:0{self.width}d}{self.after}"


@dataclass(frozen=True, kw_only=True, slots=True)
class DayCounter:
    """The day `n * step` days after `first`, as ISO text; with a time of day that follows it for a moment."""

    first: dt.date
    time: str = ""
    step: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class RangeCounter:
    """The range from `n` up to the next number, as PostgreSQL's text; of days or moments after `first` if there is one.

    The bounds of moments have a `time` of day.
    """

    first: dt.date | None = None
    time: str = ""

    def text(self, number: int) -> str:
        """Return the text of row `number`."""
        if self.first is None:
            return f"[{number},{number + 1})"
        days = (self.first + dt.timedelta(days=number + more) for more in (0, 1))
        lower, upper = (f'"{day}{self.time}"' if self.time else str(day) for day in days)
        return f"[{lower},{upper})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cycle:
    """One value after another, and the first one again after the last."""

    values: tuple[str | int | bool, ...]


Series = Counter | DayCounter | RangeCounter | Cycle


def value_at(series: Series, number: int) -> Any:
    """Return the value of row `number`, as the Python value that conditions are tried with."""
    if isinstance(series, Cycle):
        return series.values[number % len(series.values)]
    if isinstance(series, Counter):
        if series.is_text:
            return series.text(number)
        return (series.start or 0) + (number % series.modulus if series.modulus else number)
    if isinstance(series, RangeCounter):
        return series.text(number)
    day = series.first + dt.timedelta(days=number * series.step)
    return dt.datetime.fromisoformat(f"{day}{series.time}") if series.time else day
