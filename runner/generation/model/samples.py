"""One value that a field accepts, and one that it refuses, by its type and bounds."""

from __future__ import annotations

import base64
import datetime as dt
import math
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runner.generation.model.clock_spans import parse_span
from runner.generation.model.field_types import MOMENTS, NUMERIC, FieldType, Kind
from runner.generation.model.native_values import CHECKED, NATIVE_SERIES, NATIVE_TEXTS
from runner.generation.model.numbered_text import numbered
from runner.generation.model.series import Counter, Cycle, DayCounter, Series, value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from runner.generation.model.fields import Field
    from runner.generation.model.series import RangeCounter

TRIED = (1, 12, 123456)  # rows whose text has to be accepted
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
_MANY, _ENDLESS = 50, 10_000  # rows: more than a test makes, more than all tests make
_EXACT_STEP = Decimal("0.0625")  # a multiple of it is a floating-point number without rounding
_BROKEN = ("?", "", "0", "a", " ", "\u00e9")
_FIRST = dt.date(2024, 1, 15)
DAYS = (_FIRST, *(dt.date(2024, month, 15) for month in (2, 3, 4)), dt.date(2034, 1, 15))
APART = 1_000  # numbers or days between the series of two fields that a rule orders: more than a test makes rows
_WORD = "sample"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """An accepted value: as JSON, and as the Python value that conditions are tried with.

    `series` gives another one for each row, where it has to differ. The sample of an array has that of its `item`.
    `is_guess` is whether the database may refuse it: the application does not know the type.
    """

    json: Any
    value: Any
    series: Series | None = None
    item: Sample | None = None
    is_guess: bool = False

    def at(self, number: int) -> Any:
        """Return the Python value of row `number`."""
        found = self.value if self.series is None else value_at(self.series, number)
        read = _READERS.get(type(self.value))
        return read(found) if read is not None and isinstance(found, str) else found

    @property
    def most_rows(self) -> int | None:
        """In how many rows one after the other it differs; None for more than a test makes."""
        if self.item is not None:
            return self.item.most_rows
        if isinstance(self.series, Cycle):
            return len(self.series.values)
        if isinstance(self.series, Counter):
            return self.series.modulus if self.series.modulus and self.series.modulus < _MANY else None
        return 1 if self.series is None else None


_READERS: Mapping[type, Callable[[str], Any]] = {
    Decimal: Decimal,
    dt.time: dt.time.fromisoformat,
    dt.timedelta: lambda text: dt.timedelta(days=int(text[1:-1])) if text.startswith("P") else parse_span(text),
    bytes: base64.b64decode,
}


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
    if type_.kind == "text":
        return _text(field)
    if type_.kind in NUMERIC:
        return _number(field, distinct=distinct)
    if field.item is not None:
        return _array_of(sample_of(field.item, distinct=distinct), type_)
    return _of_type(type_, distinct=distinct)


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


def _of_type(type_: FieldType, *, distinct: bool) -> Sample:
    """Return a value of a type that has no bounds."""
    if type_.item is not None:
        return _array_of(_item(type_.item, distinct=distinct), type_)
    if type_.kind == "native":
        return _native(type_, distinct=distinct)
    if type_.kind == "bytes" and type_.max_length is not None and type_.max_length < _BYTES:
        return constant_sample(base64.b64encode(_WORD.encode()[: type_.max_length]).decode())
    if type_.kind == "bytes" and type_.max_length is not None and type_.is_padded:
        zeros = bytes(type_.max_length - _BYTES)
        series = replace(_BASE64, after=base64.b64encode(zeros).decode())  # of whole groups of three bytes before it
        return Sample(json=series.text(1), value=base64.b64decode(series.text(1)), series=series)
    if distinct and type_.kind in MOMENTS:
        return moment_series(type_.kind, _FIRST)
    return _DISTINCT.get(type_.kind, _PLAIN[type_.kind]) if distinct else _PLAIN[type_.kind]


def _array_of(item: Sample, type_: FieldType) -> Sample:
    """Return an array of one item, in as many dimensions as its type has."""
    for _ in range(type_.dimensions):
        item = Sample(json=[item.json], value=[item.value], item=item, is_guess=item.is_guess)
    return item


def _item(type_: FieldType, *, distinct: bool) -> Sample:
    """Return an item of an array."""
    if type_.values:
        return constant_sample(type_.values[0])
    if type_.name == "inet":  # of a whole address PostgreSQL shows no mask in an array
        address = Counter(is_text=True, before="192.0.2.", modulus=250)
        return text_sample(address) if distinct else constant_sample("192.0.2.1")
    if type_.kind == "text":
        is_short = type_.max_length is not None and type_.max_length < len(_WORD) + 4
        counter = Counter(is_text=True) if is_short else Counter(is_text=True, before=f"{_WORD}-")
        return text_sample(counter) if distinct else constant_sample(_WORD[: type_.max_length])
    if type_.kind in ("integer", "number"):
        return Sample(json=1, value=1, series=Counter() if distinct else None)
    if type_.kind == "decimal":
        return constant_sample(f"{1:.{max(type_.places or 0, 0)}f}", Decimal(1))
    return _of_type(type_, distinct=distinct)


def _native(type_: FieldType, *, distinct: bool) -> Sample:
    """Return a value of a type of PostgreSQL that the application handles as text."""
    if type_.attributes:
        return constant_sample("(" + "," * (type_.attributes - 1) + ")")  # whose attributes are all null
    base, _, arguments = type_.name.rpartition(".")[2].partition("(")
    series = NATIVE_SERIES.get(base)
    if distinct and series is not None:
        return text_sample(series)
    if base == "bit":
        return constant_sample("1".zfill(int(arguments.rstrip(")") or 1)))
    if base in ("vector", "halfvec"):  # of pgvector, with a number of dimensions
        return constant_sample(f"[{','.join('1' * int(arguments.rstrip(')') or 1))}]")
    known = NATIVE_TEXTS.get(base.strip('"')) if type_.domain is None else None
    return Sample(json=known or "1", value=known or "1", is_guess=known is None)


_DISTINCT: Mapping[Kind, Sample] = {
    "time": Sample(
        json="08:01:00",
        value=dt.time(8, 1),
        series=Counter(is_text=True, before="08:", width=2, after=":00", modulus=60),
    ),
    "span": Sample(
        json="08:01:00",
        value=dt.timedelta(hours=8, minutes=1),
        series=Counter(is_text=True, before="08:", width=2, after=":00", modulus=60),
    ),
    "interval": Sample(
        json="P1D", value=dt.timedelta(days=1), series=Counter(is_text=True, before="P", after="D", modulus=300)
    ),
}
_MORNING = dt.datetime(2024, 1, 15, 8, tzinfo=dt.UTC)
_UUID = Counter(is_text=True, before="00000000-0000-4000-8000-", width=12)
_BASE64 = Counter(is_text=True, width=8)
_BYTES = 6  # that these are the base64 of
_PLAIN: Mapping[Kind, Sample] = {
    "boolean": constant_sample(json=True),
    "date": constant_sample(_FIRST.isoformat(), _FIRST),
    "time": constant_sample("08:00:00", dt.time(8)),
    "span": constant_sample("08:00:00", dt.timedelta(hours=8)),
    "timestamp": constant_sample("2024-01-15T08:00:00Z", _MORNING),
    "local_timestamp": constant_sample("2024-01-15T08:00:00", _MORNING.replace(tzinfo=None)),
    "interval": constant_sample("P1D", dt.timedelta(days=1)),
    "json": constant_sample({"key": "value"}),
    "uuid": Sample(json=_UUID.text(1), value=_UUID.text(1), series=_UUID),
    "bytes": Sample(json=_BASE64.text(1), value=base64.b64decode(_BASE64.text(1)), series=_BASE64),
}


def moment_series(kind: Kind, first: dt.date, step: int = 1) -> Sample:
    """Return a day or a moment for each row, each `step` days after the one before."""
    time = {"timestamp": "T08:00:00Z", "local_timestamp": "T08:00:00"}.get(kind, "")
    series = DayCounter(first=first, time=time, step=step)
    value = value_at(series, 1)
    return Sample(json=f"{first + dt.timedelta(days=step)}{time}", value=value, series=series)


# ---------------------------------------------------------------------------------------------------------------- text


def _text(field: Field) -> Sample:
    for form in _forms(field):
        for tried in (form, bounded(form)):
            if all(accepts(field, text_of(tried, number)) for number in TRIED):
                return text_sample(tried)
    return text_sample(Counter(is_text=True))


def _forms(field: Field) -> Iterable[Counter | str]:
    """Yield texts from the most natural to the plainest."""
    most = field.bounds.max_length
    fewest = field.bounds.min_length or 0
    yield from (form for word, form in _NATURAL if word in field.column.name.lower())
    if field.bounds.pattern is not None:
        if found := numbered(field.bounds.pattern, most, fewest):
            yield found
        yield from (form for _, form in _NATURAL)
    label = field.label if field.label.isascii() else "Text"
    padding = fewest - len(label) - 1
    yield Counter(is_text=True, before=f"{label} ", width=padding if padding > 1 else 0)
    yield from (Counter(is_text=True, width=max(width, fewest)) for width in (10, 6, 4, 2, 1))
    yield "x" * max(fewest, 1)


def fitting(field: Field, form: Counter | str) -> Iterable[Sample]:
    """Yield the sample of a form, where the field accepts it in all rows."""
    tried = bounded(form)
    if all(accepts(field, text_of(tried, number)) for number in TRIED):
        yield text_sample(tried)


def bounded(form: Counter | str) -> Counter | str:
    """Return a form whose number never has more digits than its width."""
    return replace(form, modulus=10**form.width) if isinstance(form, Counter) and form.width else form


def text_of(form: Counter | str, number: int) -> str:
    """Return the text of a form in row `number`."""
    return form if isinstance(form, str) else form.text(number)


def text_sample(form: Counter | RangeCounter | str) -> Sample:
    """Return a form as a sample."""
    if isinstance(form, str):
        return constant_sample(form)
    return Sample(json=form.text(1), value=form.text(1), series=form)


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text; `$` is the end of the text."""
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
        if all(accepts(field, text_of(tried, number)) for number in TRIED):
            yield text_sample(tried)


def accepts(field: Field, text: Any) -> bool:
    """Whether the application accepts a value for a field of text."""
    if not isinstance(text, str):
        return False
    bounds = field.bounds
    if bounds.max_length is not None and len(text) > bounds.max_length:
        return False
    if bounds.min_length is not None and len(text) < bounds.min_length:
        return False
    return bounds.pattern is None or matches(bounds.pattern, text)


# ------------------------------------------------------------------------------------------------------------- numbers


def limits(field: Field) -> tuple[Decimal, Decimal]:
    """Return the least and the greatest number that a field accepts, in steps of its last digit."""
    type_, numbers = field.type, field.bounds.numbers
    step = _step(type_)
    if type_.kind == "decimal" and type_.digits is not None:
        most = Decimal(10) ** (type_.digits - (type_.places or 0)) - step
    else:
        most = Decimal(2 ** ((type_.bits if type_.kind == "integer" else 16) - 1) - 1)
        if type_.kind == "number":
            most = max([most, *(abs(bound) + most for bound in numbers.values())])
    low = max([-most, *(numbers[name] + (step if name == "gt" else 0) for name in ("ge", "gt") if name in numbers)])
    high = min([most, *(numbers[name] - (step if name == "lt" else 0) for name in ("le", "lt") if name in numbers)])
    return low, high


def _step(type_: FieldType) -> Decimal:
    """Return the difference of two numbers next to each other; of floating-point numbers one that is exact."""
    if type_.kind == "decimal":
        return Decimal(1).scaleb(-(type_.places or 0))
    return _EXACT_STEP if type_.kind == "number" else Decimal(1)


def number_sample(field: Field, number: Decimal) -> Sample:
    """Return a number as a field of its type has it."""
    if field.type.kind == "number":
        return constant_sample(float(number))
    if field.type.kind == "integer":
        return constant_sample(int(number))
    places = field.type.places or 0
    if places < 0:  # PostgreSQL rounds digits before the point
        number = Decimal(int(number) // 10**-places * 10**-places)
    return constant_sample(f"{number:.{max(places, 0)}f}", number)


def number_series(field: Field, first: Decimal) -> Sample | None:
    """Return a number for each row, one more than in the row before; None where fewer than two are accepted."""
    is_text, places = field.type.kind == "decimal", field.type.places or 0
    unit = 10 ** max(-places, 0)  # more than one where digits before the point are rounded
    start = max(-(-math.ceil(first) // unit), 1) if unit > 1 else math.ceil(first)
    span = math.floor(limits(field)[1]) // unit - start + 1
    if span <= 1:
        return None
    counter = Counter(
        start=start - 1 or None if span > _ENDLESS else start,
        modulus=None if span > _ENDLESS else span,
        is_text=is_text,
        after="0" * -places or ("." + "0" * places if is_text and places else ""),
    )
    json = value_at(counter, 1)
    return Sample(json=json, value=Decimal(json) if is_text else json, series=counter)


def _number(field: Field, *, distinct: bool) -> Sample:
    low, high = limits(field)
    base = min(max(Decimal(1), _step(field.type), low), high)
    series = (number_series(field, base), _fractions(field, base)) if distinct else ()
    found = [sample for sample in series if sample is not None]
    return max(found, key=lambda sample: sample.most_rows or _ENDLESS, default=number_sample(field, base))


def _fractions(field: Field, base: Decimal) -> Sample | None:
    """Return a decimal for each row that differs in the digits after the point."""
    places, whole = field.type.places or 0, math.floor(base)
    low, high = limits(field)
    if field.type.kind != "decimal" or places < 1 or whole < low or whole < 0 or whole + 1 - _step(field.type) > high:
        return None
    counter = Counter(is_text=True, before=f"{whole}.", width=places, modulus=10**places)
    return Sample(json=counter.text(1), value=Decimal(counter.text(1)), series=counter)


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
    elif type_.kind not in ("json", "native", "bytes") or type_.name.partition("(")[0] in CHECKED:
        yield "not of this type"
