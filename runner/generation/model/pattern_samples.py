"""Values that a field and a regular expression accept, for the search for examples."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from runner.generation.model.numbered_text import numbered
from runner.generation.model.samples import (
    TRIED,
    Sample,
    accepts,
    bounded,
    matches,
    number_sample,
    number_series,
    text_of,
    text_sample,
)
from runner.generation.model.series import Counter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.generation.model.fields import Field


def pattern_samples(field: Field, patterns: Iterable[str], *, distinct: bool) -> Iterable[Sample]:
    """Yield texts that the field and one of the patterns accept."""
    for pattern in patterns if field.type.is_textual else ():
        form = numbered(pattern, field.bounds.max_length)
        counters = [form] if isinstance(form, Counter) else [] if form is None else [Counter(is_text=True, before=form)]
        for one in counters if distinct or not isinstance(form, str) else [form]:
            tried = bounded(one)
            texts = [text_of(tried, number) for number in TRIED]
            if all(accepts(field, text) and matches(pattern, text) for text in texts):
                yield text_sample(tried)


def pattern_numbers(field: Field, patterns: Iterable[str], *, distinct: bool) -> Iterable[Sample]:
    """Yield integers whose digits one of the patterns accepts."""
    for pattern in patterns if field.type.kind == "integer" else ():
        form = numbered(pattern, None)
        if form is None:
            continue
        starts = (1, 10 ** (form.width - 1)) if isinstance(form, Counter) and form.width else (1,)
        for text in (text_of(form, start) for start in starts):
            if not text.isdecimal() or str(int(text)) != text or not matches(pattern, text):
                continue
            series = number_series(field, Decimal(text)) if distinct else None
            if series is None:
                yield number_sample(field, Decimal(text))
            elif all(matches(pattern, str(series.at(number))) for number in TRIED[:-1]):
                yield series
