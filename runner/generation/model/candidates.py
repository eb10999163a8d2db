"""Values of a field that the search for examples tries: usual ones, constants of its rules, values next to them."""

from __future__ import annotations

import base64
import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runner.generation.model.clock_spans import span_text
from runner.generation.model.conditions import Computed, Condition, ConstantValue, FieldValue, constants_in
from runner.generation.model.field_types import MOMENTS, NUMERIC
from runner.generation.model.pattern_samples import pattern_numbers, pattern_samples
from runner.generation.model.samples import (
    APART,
    DAYS,
    Sample,
    constant_sample,
    fitting,
    limits,
    moment_series,
    number_sample,
    number_series,
    text_variants,
)
from runner.generation.model.series import Counter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from runner.generation.model.checks import RowRule
    from runner.generation.model.field_types import FieldType, Kind
    from runner.generation.model.fields import Field

NULL = Sample(json=None, value=None)
_STEP = 10  # days
_LONGEST, _MOST_ITEMS = 300, 10  # characters or bytes, and items, of what is made as long as a rule wants it
_FIRSTS = (dt.date(2024, 2, 1), dt.date(2024, 9, 1))  # of a month: a Thursday and a Sunday
_OTHER_UUID = Counter(is_text=True, before="00000000-0000-4000-9000-", width=12)
_OTHERS: Mapping[Kind, Sequence[Sample]] = {
    "uuid": (Sample(json=_OTHER_UUID.text(1), value=_OTHER_UUID.text(1), series=_OTHER_UUID),),
    "interval": (
        constant_sample("P30D", dt.timedelta(days=30)),
        constant_sample("PT1H", dt.timedelta(hours=1)),
        constant_sample("PT1M", dt.timedelta(minutes=1)),
    ),
    "json": tuple(map(constant_sample, ([], ["sample"], "sample", 1, {}))),
    "bytes": (),
}


def candidates(field: Field, sample: Sample, rules: Sequence[RowRule], *, distinct: bool) -> list[Sample]:
    """Return values of a field to try where these rules tie it to others, to constants or to patterns, likely first."""
    column = field.column.name
    patterns = [pattern for rule in rules for pattern in _patterns(rule.condition, column)]
    found = [
        sample,
        *_other_values(field, sample, _constants(rules, column), distinct=distinct),
        *pattern_samples(field, patterns, distinct=distinct),
        *pattern_numbers(field, patterns, distinct=distinct),
    ]
    return [*found, NULL] if field.nullable else found


def _other_values(field: Field, sample: Sample, constants: Sequence[Any], *, distinct: bool) -> Iterable[Sample]:
    type_ = field.type
    choices = field.bounds.choices or type_.values
    if choices:
        return map(constant_sample, choices[1:5])
    if type_.kind == "boolean":
        return [constant_sample(json=False)]
    if type_.is_textual:
        return [*text_variants(field, sample), *_texts(field, constants, distinct=distinct)]
    if type_.kind == "array" and type_.item is not None:
        return _arrays(sample, type_, constants)
    if type_.kind in _OTHERS:
        return [*_OTHERS[type_.kind], *_of_lengths(constants)] if type_.kind == "bytes" else _OTHERS[type_.kind]
    return [*(_later(field, sample) if distinct else ()), *_numbers_or_moments(field, constants)]


def _texts(field: Field, constants: Sequence[Any], *, distinct: bool) -> Iterable[Sample]:
    """Yield texts of constants with a number in, after and before them, and texts as long as a constant says.

    Texts that are `distinct` may have to differ in their first or last characters.
    """
    forms: list[Counter | str] = [Counter(is_text=True, after=f" {field.label.lower()}")] if distinct else []
    for text in (one for one in constants if isinstance(one, str)):
        head, wildcard, tail = text.rpartition("%")  # of LIKE
        if wildcard:
            forms.append(Counter(is_text=True, before=head.replace("%", "x"), after=tail))
        forms += [text, Counter(is_text=True, before=text), Counter(is_text=True, after=text)]
        forms.append(Counter(is_text=True, after=f"{text}x"))
    forms += [Counter(is_text=True, width=size) for size in _sizes(constants)]
    return (sample for form in forms for sample in fitting(field, form))


def _sizes(constants: Sequence[Any]) -> list[int]:
    """Return the constants that may be lengths, and the next greater ones."""
    numbers = [int(one) for one in constants if isinstance(one, int | Decimal) and not isinstance(one, bool)]
    return list(dict.fromkeys(size for one in numbers for size in (one, one + 1) if 0 < size <= _LONGEST))


def _of_lengths(constants: Sequence[Any]) -> Iterable[Sample]:
    """Yield bytes, as many as a constant says."""
    for size in _sizes(constants):
        yield constant_sample(base64.b64encode(bytes(size)).decode(), bytes(size))


def _arrays(sample: Sample, type_: FieldType, constants: Sequence[Any]) -> Iterable[Sample]:
    """Yield arrays of a constant, and arrays with as many items as a constant says."""
    if type_.item is not None and type_.item.kind in ("text", "enum"):
        yield from (_nested(text, type_.dimensions) for text in constants if isinstance(text, str))
    for size in _sizes(constants):
        if size <= _MOST_ITEMS and sample.value is not None:  # NULL, where a rule leaves nothing else
            yield constant_sample(sample.json * size, sample.value * size)


def _later(field: Field, sample: Sample) -> Iterable[Sample]:
    """Yield values that differ from row to row as well, and are greater than the sample's in every row.

    The last ones are within a step of each other, so that the ranges between them do not overlap.
    """
    if field.type.kind in MOMENTS:
        yield moment_series(field.type.kind, DAYS[0] + dt.timedelta(days=APART))
        yield moment_series(field.type.kind, DAYS[0], _STEP)
        yield moment_series(field.type.kind, DAYS[0] + dt.timedelta(days=_STEP // 2), _STEP)
    elif field.type.kind in NUMERIC and sample.value is not None:  # NULL, where a rule is not known
        for more in (APART, 1):
            series = number_series(field, Decimal(sample.value) + more)
            if series is not None and series.most_rows is None:
                yield series


def _numbers_or_moments(field: Field, constants: Sequence[Any]) -> Iterable[Sample]:
    """Yield usual values of a field, and those of the constants of its rules and next to them."""
    type_ = field.type
    if type_.kind in NUMERIC:
        low, high = limits(field)
        of_rules = [Decimal(one) for one in constants if isinstance(one, int | Decimal) and not isinstance(one, bool)]
        wanted = [*map(Decimal, (2, 10, 0, -1)), *(one + by for one in of_rules for by in (0, 1, -1)), low, high]
        bounded = dict.fromkeys(min(max(one, low), high) for one in wanted)
        yield from (number_sample(field, number) for number in bounded)
    elif type_.kind == "time":
        yield from (constant_sample(f"{hour:02d}:00:00", dt.time(hour)) for hour in (9, 10))
    elif type_.kind == "span":
        spans = [dt.timedelta(hours=9), *(one for one in constants if isinstance(one, dt.timedelta))]
        tried = dict.fromkeys(one + dt.timedelta(minutes=by) for one in spans for by in (0, 60, -60))
        yield from (constant_sample(span_text(one), one) for one in tried)
    elif type_.kind in MOMENTS:
        dates = [one.date() if isinstance(one, dt.datetime) else one for one in constants]
        near = [one + dt.timedelta(days=shift) for one in dates if isinstance(one, dt.date) for shift in (0, 1, -1)]
        later = [DAYS[0] + dt.timedelta(days=days) for days in _sizes(constants)]
        for day in (*DAYS[1:], *near, *_FIRSTS, *later):
            yield constant_sample(day.isoformat(), day) if type_.kind == "date" else _moment(day, type_)


def _nested(item: str, dimensions: int) -> Sample:
    found = constant_sample(item)
    for _ in range(dimensions):
        found = Sample(json=[found.json], value=[found.value], item=found)
    return found


def _patterns(condition: Condition, column: str) -> Iterator[str]:
    """Yield the patterns that a condition matches a column, or its digits, with."""
    if isinstance(condition, Computed):
        first, *rest = condition.arguments or (None,)
        if isinstance(first, Computed) and first.op == "as text":
            (first,) = first.arguments
        if condition.op == "matches" and isinstance(first, FieldValue) and first.column == column:
            yield from (part.value for part in rest if isinstance(part, ConstantValue))
        for part in condition.arguments:
            yield from _patterns(part, column)


def _moment(day: dt.date, type_: FieldType) -> Sample:
    zone = dt.UTC if type_.kind == "timestamp" else None
    moment = dt.datetime(day.year, day.month, day.day, 8, tzinfo=zone)
    return constant_sample(f"{day.isoformat()}T08:00:00{'Z' if zone else ''}", moment)


def _constants(rules: Iterable[RowRule], column: str) -> tuple[Any, ...]:
    """Return the constants of the rules over a column, each once."""
    found = [value for rule in rules if column in rule.columns for value in constants_in(rule.condition)]
    return tuple(dict.fromkeys(value for value in found if value is not None))
