"""Samples as Python source in `n`, the number of the row that a test makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.generation.encoders.python_text import literal
from runner.generation.fastapi.generated_names import source
from runner.generation.fragments import Fragment
from runner.generation.model.series import Counter, Cycle, RangeCounter

if TYPE_CHECKING:
    import datetime as dt

    from runner.generation.model.samples import Sample
    from runner.generation.model.series import DayCounter


def sample_source(sample: Sample) -> Fragment:
    """Return the source of a sample."""
    if sample.item is not None:
        return source("[{}]", sample_source(sample.item))
    if sample.series is None:
        return Fragment(literal(sample.json))
    if isinstance(sample.series, Cycle):
        return Fragment(f"{literal(sample.series.values)}[n % {len(sample.series.values)}]")
    if isinstance(sample.series, Counter):
        return Fragment(_counter(sample.series))
    if isinstance(sample.series, RangeCounter):
        return _range(sample.series)
    return _day(sample.series)


def _counter(counter: Counter) -> str:
    number = f"n % {counter.modulus}" if counter.modulus else "n"
    number = number if counter.start is None else f"{counter.start} + {number}"
    if not counter.is_text:
        return number
    before, after = (text.replace("{", "{{").replace("}", "}}") for text in (counter.before, counter.after))
    width = f":0{counter.width}d" if counter.width else ""
    return f"f{literal(f'{before}{{{number}{width}}}{after}')}"


def _range(counter: RangeCounter) -> Fragment:
    if counter.first is None:
        return Fragment('f"[{n},{n + 1})"')
    bounds = [f"{{{_date(counter.first, days)}}}{counter.time}" for days in ("n", "n + 1")]
    lower, upper = (f'"{bound}"' if counter.time else bound for bound in bounds)
    return source("{}", f"f'[{lower},{upper})'" if counter.time else f'f"[{lower},{upper})"', uses="dt")


def _date(first: dt.date, days: str) -> str:
    return f"dt.date({first.year}, {first.month}, {first.day}) + dt.timedelta(days={days})"


def _day(counter: DayCounter) -> Fragment:
    day = _date(counter.first, "n" if counter.step == 1 else f"n * {counter.step}")
    text = f'f"{{{day}}}{counter.time}"' if counter.time else f"({day}).isoformat()"
    return source("{}", text, uses="dt")
