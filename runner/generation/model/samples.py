"""One value that a field accepts, and one that it refuses, by its type and bounds."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runner.generation.model.field_types import MOMENTS, NUMERIC, FieldType, Kind
from runner.generation.model.numbered_text import numbered
from runner.generation.model.series import Counter, Cycle, DayCounter, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from runner.generation.model.fields import Field

_TRIED = (1, 12, 123456)  # rows whose text has to be accepted
_NATURAL: tuple[tuple[str, Counter | str], ...] = (
    ("email", Counter(is_text=True, before="user", after="@example.com")),
    ("url", Counter(is_text=True, before="https://example.com/")),
    ("website", Counter(is_text=True, before="https://example.com/")),
    ("phone", Counter(is_text=True, before="+62812", width=8)),
    ("mobile", Counter(is_text=True, before="+62812", width=8)),
    ("file", Counter(is_text=True, before="file-", after=".pdf")),
    ("mime", "application/pdf"),
    ("academic_year", "2024/2025"),
    ("locale", "en-US"),
)
_LONGEST = 10_000  # characters of a text in a test; a number is refused as well
_BROKEN = ("?", "", "0", "a", " ", "\u00e9")
DAYS = tuple(dt.date(2024, month, 15) for month in (1, 2, 3, 4))


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """An accepted value: as JSON, and as the Python value that conditions are tried with.

    `series` gives another one for each row, where it has to differ. The sample of an array has that of its `item`.
    """

    json: Any
    value: Any
    series: Series | None = None
    item: Sample | None = None


def sample_of(field: Field, *, distinct: bool, in_turns: bool = False) -> Sample:
    """Return a value that a field accepts; a series of values where every row must have a `distinct` one.

    `in_turns` is whether a field of few values has each in turn.
    """
    type_ = field.type
    choices = few_values(field)
    if in_turns and choices:
        return cycle(choices)
    if choices and type_.kind != "boolean":
        return constant_sample(choices[0])
    series = _NATIVE_SERIES.get(type_.name.rpartition(".")[2]) if type_.kind == "native" else None
    if distinct and series is not None and type_.domain is None:
        return _text_sample(series)
    if type_.kind == "text":
        return _text(field)
    if type_.kind in NUMERIC:
        return _number(field, distinct=distinct)
    return _day_sample(type_.kind) if distinct and type_.kind in MOMENTS else _unbounded(type_)


def constant_sample(json: Any, value: Any = None) -> Sample:
    """Return a value that is the same in every row."""
    return Sample(json=json, value=json if value is None else value)


def few_values(field: Field) -> tuple[str | int | bool, ...]:
    """Return all values of a field that has few of them; nothing for any other."""
    if field.type.kind == "boolean":
        return (True, False)
    return field.bounds.choices or field.type.values


def cycle(values: Sequence[str | int | bool]) -> Sample:
    """Return the values that a field can have, in turns."""
    first = values[1 % len(values)]
    return Sample(json=first, value=first, series=Cycle(values=tuple(values)))


def _item(type_: FieldType) -> Sample:
    if type_.values:
        return constant_sample(type_.values[0])
    if type_.name == "inet":  # of a whole address PostgreSQL shows no mask in an array
        return constant_sample("192.0.2.1")
    if type_.kind == "text":
        return constant_sample("sample"[: type_.max_length or 6])
    if type_.kind in ("integer", "number"):
        return constant_sample(1)
    if type_.kind == "decimal":
        return constant_sample("1.00"[: 2 + (type_.places or 0)], Decimal(1))
    return _unbounded(type_)


def _unbounded(type_: FieldType) -> Sample:
    """Return a value of a type that has no bounds."""
    if type_.item is not None:
        found = _item(type_.item)
        for _ in range(type_.dimensions):
            found = Sample(json=[found.json], value=[found.value], item=found)
        return found
    if type_.kind == "native":
        width = re.fullmatch(r"bit\((\d+)\)", type_.name)
        known = NATIVE_TEXTS.get(type_.name.split("(")[0]) if type_.domain is None else None
        known = "1".zfill(int(width[1])) if width else known
        return constant_sample(known or _vector(type_.name) or "1")
    return _PLAIN[type_.kind]


def _vector(type_name: str) -> str | None:
    """Return a value of a type of pgvector, which has a number of dimensions; None for other types."""
    found = re.fullmatch(r"(?:\w+\.)?(?:vector|halfvec)(?:\((\d+)\))?", type_name)
    return f"[{','.join('1' * int(found[1] or 1))}]" if found else None


_NATIVE_SERIES: Mapping[str, Counter] = {
    "inet": Counter(is_text=True, before="192.0.2.", after="/32", modulus=250),
    "cidr": Counter(is_text=True, before="192.0.", after=".0/24", modulus=250),
    "macaddr": Counter(is_text=True, before="08:00:2b:01:02:", width=2, modulus=90),
    "citext": Counter(is_text=True, before="sample-"),
    "ltree": Counter(is_text=True, before="a.b"),
}
NATIVE_TEXTS: Mapping[str, str] = {
    "inet": "192.0.2.1/32", "cidr": "192.0.2.0/24", "macaddr": "08:00:2b:01:02:03", "xml": "<a/>", "point": "(1,2)",
    "int4range": "[1,5)", "int8range": "[1,5)", "numrange": "[1,5)", "daterange": "[2024-01-01,2024-02-01)",
    "time with time zone": "08:00:00+00", "money": "$1.00", "tsvector": "'a'", "tsquery": "'a'", "box": "(2,2),(1,1)",
    "circle": "<(1,2),3>", "path": "((1,2),(3,4))", "polygon": "((1,2),(3,4))", "lseg": "[(1,2),(3,4)]",
    "line": "{1,2,3}", "jsonpath": "$",
}  # fmt: skip


_MORNING = dt.datetime(2024, 1, 15, 8, tzinfo=dt.UTC)
_UUID = Counter(is_text=True, before="00000000-0000-4000-8000-", width=12)
_BASE64 = Counter(is_text=True, width=8)  # of six bytes
_PLAIN: Mapping[Kind, Sample] = {
    "boolean": constant_sample(json=True),
    "date": constant_sample(DAYS[0].isoformat(), DAYS[0]),
    "time": constant_sample("08:00:00", dt.time(8)),
    "timestamp": constant_sample("2024-01-15T08:00:00Z", _MORNING),
    "local_timestamp": constant_sample("2024-01-15T08:00:00", _MORNING.replace(tzinfo=None)),
    "interval": constant_sample("P1D", dt.timedelta(days=1)),
    "json": constant_sample({"key": "value"}),
    "uuid": Sample(json=_UUID.text(1), value="uuid", series=_UUID),
    "bytes": Sample(json=_BASE64.text(1), value=b"00000001", series=_BASE64),
}


def _day_sample(kind: Kind) -> Sample:
    day = DAYS[0] + dt.timedelta(days=1)
    if kind == "date":
        return Sample(json=day.isoformat(), value=day, series=DayCounter(first=DAYS[0]))
    time = "T08:00:00Z" if kind == "timestamp" else "T08:00:00"
    moment = dt.datetime.combine(day, dt.time(8), tzinfo=dt.UTC if kind == "timestamp" else None)
    return Sample(json=f"{day}{time}", value=moment, series=DayCounter(first=DAYS[0], time=time))


# ---------------------------------------------------------------------------------------------------------------- text


def _text(field: Field) -> Sample:
    for form in _forms(field):
        for tried in (form, _bounded(form)):
            if all(fits(field, _text_of(tried, number)) for number in _TRIED):
                return _text_sample(tried)
    return _text_sample(Counter(is_text=True))


def pattern_samples(field: Field, patterns: Iterable[str], *, distinct: bool) -> Iterable[Sample]:
    """Yield texts that the field and one of the patterns accept."""
    for pattern in patterns if field.type.kind == "text" else ():
        form = numbered(pattern, field.bounds.max_length)
        if form is None or (distinct and isinstance(form, str)):
            continue
        tried = _bounded(form)
        texts = [_text_of(tried, number) for number in _TRIED]
        if all(fits(field, text) and _found(pattern, text) for text in texts):
            yield _text_sample(tried)


def _forms(field: Field) -> Iterable[Counter | str]:
    """Yield texts from the most natural to the plainest."""
    most = field.bounds.max_length
    fewest = field.bounds.min_length or 0
    yield from (form for word, form in _NATURAL if word in field.column.name.lower())
    for pattern in filter(None, (field.bounds.pattern, field.bounds.database_pattern)):
        if found := numbered(pattern, most):
            yield found
        yield from (form for _, form in _NATURAL)
    label = field.label if field.label.isascii() else "Text"
    padding = fewest - len(label) - 1
    yield Counter(is_text=True, before=f"{label} ", width=padding if padding > 1 else 0)
    yield from (Counter(is_text=True, width=max(width, fewest)) for width in (10, 6, 4, 2, 1))
    yield "x" * max(fewest, 1)


def _bounded(form: Counter | str) -> Counter | str:
    """Return a form whose number never has more digits than its width."""
    return replace(form, modulus=10**form.width) if isinstance(form, Counter) and form.width else form


def _text_of(form: Counter | str, number: int) -> str:
    return form if isinstance(form, str) else form.text(number)


def _text_sample(form: Counter | str) -> Sample:
    if isinstance(form, str):
        return constant_sample(form)
    return Sample(json=form.text(1), value=form.text(1), series=form)


def fits(field: Field, text: Any) -> bool:
    """Whether application and database accept a value for a field of text."""
    pattern = field.bounds.database_pattern
    return accepts(field, text) and (pattern is None or _found(pattern, text))


def _found(pattern: str, text: str) -> bool:
    return re.search(pattern.replace("$", r"\Z"), text) is not None


def text_variants(field: Field, sample: Sample) -> Iterable[Sample]:
    """Yield a text in lower and upper case and without blanks, each as the field accepts it."""
    changes: tuple[Callable[[str], str], ...] = (
        str.lower, str.upper, lambda text: text.lower().replace(" ", "-"), lambda text: text.upper().replace(" ", "")
    )  # fmt: skip
    for change in changes:
        form = sample.series if isinstance(sample.series, Counter) else None
        tried = (
            replace(form, before=change(form.before), after=change(form.after)) if form else change(str(sample.json))
        )
        if all(fits(field, _text_of(tried, number)) for number in _TRIED):
            yield _text_sample(tried)


def accepts(field: Field, text: Any) -> bool:
    """Whether the application accepts a value for a field of text."""
    if not isinstance(text, str):
        return False
    bounds = field.bounds
    if bounds.max_length is not None and len(text) > bounds.max_length:
        return False
    if bounds.min_length is not None and len(text) < bounds.min_length:
        return False
    return bounds.pattern is None or _found(bounds.pattern, text)


# ------------------------------------------------------------------------------------------------------------- numbers


def limits(field: Field) -> tuple[Decimal, Decimal]:
    """Return the least and the greatest number that a field accepts, in steps of its last digit."""
    type_, numbers = field.type, field.bounds.numbers
    step = Decimal(1).scaleb(-(type_.places or 0)) if type_.kind == "decimal" else Decimal(1)
    if type_.kind == "decimal" and type_.digits is not None:
        most = Decimal(10) ** (type_.digits - (type_.places or 0)) - step
    else:
        most = Decimal(2 ** ((type_.bits if type_.kind == "integer" else 16) - 1) - 1)
    low = max([-most, *(numbers[name] + (step if name == "gt" else 0) for name in ("ge", "gt") if name in numbers)])
    high = min([most, *(numbers[name] - (step if name == "lt" else 0) for name in ("le", "lt") if name in numbers)])
    return low, high


def _number(field: Field, *, distinct: bool) -> Sample:
    low, high = limits(field)
    base = min(max(Decimal(1), low), high)
    type_ = field.type
    if type_.kind == "number":
        return constant_sample(float(base))
    if type_.kind == "decimal":
        return _decimal(base, int(high - base), type_.places or 0, distinct=distinct)
    if not distinct:
        return constant_sample(int(base))
    span = int(high - base) + 1
    value = int(base) + 1 % span
    endless = span > 10**6 and base == 1
    return Sample(json=value, value=value, series=Counter() if endless else Counter(start=int(base), modulus=span))


def _decimal(base: Decimal, span: int, places: int, *, distinct: bool) -> Sample:
    if not distinct or span <= 10**3:
        return constant_sample(f"{base:.{max(places, 0)}f}", base)
    zeros = "." + "0" * places if places > 0 else ""
    series = Counter(start=int(base), modulus=span, is_text=True, after=zeros)
    return Sample(json=f"{int(base) + 1:.{max(places, 0)}f}", value=base + 1, series=series)


# ------------------------------------------------------------------------------------------------------------- refused


def refused(field: Field, *, is_reference: bool) -> Iterable[Any]:
    """Yield one JSON value that the field's type or bounds refuse, nothing where there is none to be sure of."""
    type_, bounds = field.type, field.bounds
    if bounds.choices is not None or type_.values:
        yield "no such value"
    elif type_.kind == "text":
        for text in _BROKEN:
            if not accepts(field, text):
                yield text
                return
        yield "x" * (bounds.max_length + 1) if bounds.max_length and bounds.max_length < _LONGEST else 1
    elif type_.kind in ("integer", "decimal") and bounds.numbers and not is_reference:
        low, high = limits(field)
        value = low - 1 if "ge" in bounds.numbers or "gt" in bounds.numbers else high + 1
        yield int(value) if value == value.to_integral_value() else str(value)
    elif type_.kind == "array":
        yield "not a list"
    elif type_.kind not in ("json", "native", "bytes"):
        yield "not of this type"
