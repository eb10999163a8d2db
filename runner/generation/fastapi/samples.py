"""One value that a column accepts, and one that it refuses, by its type and bounds."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runner.generation.fastapi.patterns import numbered
from runner.generation.fastapi.python_types import NUMERIC, Category, PythonType
from runner.generation.source_text import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.generation.fastapi.model_columns import ColumnView

_TRIED = (1, 12, 123456)  # numbers for which a format has to give an accepted text
_NATURAL = (
    ("email", "user{n}@example.com"),
    ("url", "https://example.com/{n}"),
    ("website", "https://example.com/{n}"),
    ("phone", "+62812{n:08d}"),
    ("mobile", "+62812{n:08d}"),
    ("file", "file-{n}.pdf"),
    ("mime", "application/pdf"),
    ("academic_year", "2024/2025"),
    ("locale", "en-US"),
)
_PADDED = re.compile(r"\{n:0(\d+)d\}")
_MODULUS = re.compile(r"\{n % (\d+):")
_BROKEN = ("?", "", "0", "a", " ", "\u00e9")
DAYS = tuple(dt.date(2024, month, 15) for month in (1, 2, 3, 4))
_MOMENTS = frozenset({"date", "timestamp", "local_timestamp"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One accepted value: `source` in `n`, `json` for n = 1, and the `python` value that rules are tried with."""

    source: str
    json: Any
    python: Any


def sample_of(view: ColumnView, *, counted: bool) -> Sample:
    """Return a value that a column accepts; another one for each row where it is `counted`."""
    kind = view.type
    if view.bounds.choices is not None:
        return constant_sample(view.bounds.choices[0])
    if kind.values and kind.category != "array":
        return constant_sample(kind.values[0])
    if kind.category == "text":
        return _text(view)
    if kind.category in NUMERIC:
        return _number(view, counted=counted)
    return _counted_moment(kind) if counted and kind.category in _MOMENTS else _plain(kind)


def constant_sample(value: Any, python: Any = None) -> Sample:
    """Return a value that is the same in every row."""
    return Sample(source=literal(value), json=value, python=value if python is None else python)


def _item(kind: PythonType) -> Sample:
    if kind.values:
        return constant_sample(kind.values[0])
    if kind.category == "text":
        return constant_sample("sample"[: kind.max_length or 6])
    if kind.category in ("integer", "number"):
        return constant_sample(1)
    return constant_sample("1.00"[: 2 + (kind.places or 0)], Decimal(1)) if kind.category == "decimal" else _plain(kind)


def _plain(kind: PythonType) -> Sample:
    """Return a value of a type that has no bounds."""
    if kind.category == "array":
        found = _item(kind.item) if kind.item else constant_sample("a")
        for _ in range(kind.field.count("list[")):  # one for each dimension
            found = Sample(source=f"[{found.source}]", json=[found.json], python=[found.python])
        return found
    if kind.category == "native":
        return constant_sample(NATIVE_TEXTS.get(kind.postgresql.split("(")[0], "1"))
    return _PLAIN[kind.category]


NATIVE_TEXTS: Mapping[str, str] = {
    "inet": "192.0.2.1", "cidr": "192.0.2.0/24", "macaddr": "08:00:2b:01:02:03", "xml": "<a/>", "point": "(1,2)",
    "int4range": "[1,5)", "int8range": "[1,5)", "numrange": "[1,5)", "daterange": "[2024-01-01,2024-02-01)",
    "time with time zone": "08:00:00+00", "money": "$1.00", "tsvector": "'a'", "tsquery": "'a'", "box": "(2,2),(1,1)",
    "circle": "<(1,2),3>", "path": "((1,2),(3,4))", "polygon": "((1,2),(3,4))", "lseg": "[(1,2),(3,4)]",
    "line": "{1,2,3}", "jsonpath": "$",
}  # fmt: skip


_NOON = dt.datetime(2024, 1, 15, 8, tzinfo=dt.UTC)
_PLAIN: Mapping[Category, Sample] = {
    "boolean": constant_sample(value=True),
    "date": constant_sample(DAYS[0].isoformat(), DAYS[0]),
    "time": constant_sample("08:00:00", dt.time(8)),
    "timestamp": constant_sample("2024-01-15T08:00:00Z", _NOON),
    "local_timestamp": constant_sample("2024-01-15T08:00:00", _NOON.replace(tzinfo=None)),
    "interval": constant_sample("P1D", dt.timedelta(days=1)),
    "json": constant_sample({"key": "value"}),
    "uuid": Sample(
        source='f"00000000-0000-4000-8000-{n:012d}"', json="00000000-0000-4000-8000-000000000001", python="uuid"
    ),
    "bytes": Sample(source='f"{n:08d}"', json="00000001", python=b"00000001"),  # base64 of six bytes
}


def _counted_moment(kind: PythonType) -> Sample:
    if kind.category == "date":
        source = "(dt.date(2024, 1, 15) + dt.timedelta(days=n)).isoformat()"
        return Sample(source=source, json="2024-01-16", python=dt.date(2024, 1, 16))
    zone = "Z" if kind.category == "timestamp" else ""
    source = f'f"{{dt.date(2024, 1, 15) + dt.timedelta(days=n)}}T08:00:00{zone}"'
    moment = dt.datetime(2024, 1, 16, 8, tzinfo=dt.UTC if zone else None)
    return Sample(source=source, json=f"2024-01-16T08:00:00{zone}", python=moment)


def _text(view: ColumnView) -> Sample:
    for form in _formats(view):
        for tried in (form, _bounded(form)):
            if all(_accepts(view, eval_format(tried, number)) for number in _TRIED):
                return _formatted(tried)
    return _formatted("{n}")


def _formats(view: ColumnView) -> Iterable[str]:
    """Give formats from the most natural to the plainest."""
    most = view.bounds.max_length
    fewest = view.bounds.min_length or 0
    yield from (form for word, form in _NATURAL if word in view.name.lower())
    if view.bounds.pattern:
        if found := numbered(view.bounds.pattern, most):
            yield found
        yield from (form for _, form in _NATURAL)
    label = view.label if view.label.isascii() else "Text"
    padding = fewest - len(label) - 1
    yield f"{label} {{n:0{padding}d}}" if padding > 1 else f"{label} {{n}}"
    yield from (f"{{n:0{max(width, fewest)}d}}" for width in (10, 6, 4, 2, 1))
    yield "x" * max(fewest, 1)


def _bounded(form: str) -> str:
    """Return a format whose number never outgrows its width."""
    width = _PADDED.search(form)
    return form.replace("{n:", f"{{n % {10 ** int(width[1])}:") if width else form


def eval_format(form: str, number: int) -> str:
    """Return what a format gives for a number."""
    modulus = _MODULUS.search(form)
    if modulus:
        return form.replace(f"n % {modulus[1]}:", "n:").format(n=number % int(modulus[1]))
    return form.format(n=number)


def _formatted(form: str) -> Sample:
    text = eval_format(form, 1)
    return Sample(source=f"f{literal(form)}", json=text, python=text) if "{n" in form else constant_sample(text)


def _accepts(view: ColumnView, text: str) -> bool:
    bounds = view.bounds
    if bounds.max_length is not None and len(text) > bounds.max_length:
        return False
    if bounds.min_length is not None and len(text) < bounds.min_length:
        return False
    return bounds.pattern is None or re.search(bounds.pattern.replace("$", r"\Z"), text) is not None


def limits(view: ColumnView) -> tuple[Decimal, Decimal]:
    """Return the least and the greatest number that a column takes, in steps of its last digit."""
    kind, numbers = view.type, view.bounds.numbers
    step = Decimal(1).scaleb(-(kind.places or 0)) if kind.category == "decimal" else Decimal(1)
    if kind.category == "decimal" and kind.digits is not None:
        most = Decimal(10) ** (kind.digits - (kind.places or 0)) - step
    else:
        most = Decimal(2 ** ((kind.bits or 16) - 1) - 1)
    low = max([-most, *(numbers[name] + (step if name == "gt" else 0) for name in ("ge", "gt") if name in numbers)])
    high = min([most, *(numbers[name] - (step if name == "lt" else 0) for name in ("le", "lt") if name in numbers)])
    return low, high


def _number(view: ColumnView, *, counted: bool) -> Sample:
    low, high = limits(view)
    base = min(max(Decimal(1), low), high)
    kind = view.type
    if kind.category == "integer":
        if not counted:
            return constant_sample(int(base))
        span = int(high - base) + 1
        source = "n" if span > 10**6 and base == 1 else f"{int(base)} + n % {span}"
        value = int(base) + 1 % span
        return Sample(source=source, json=value, python=value)
    if kind.category == "number":
        return constant_sample(float(base))
    places = kind.places or 0
    if counted and int(high - base) > 10**3:
        source = f'f"{{{int(base)} + n % {int(high - base)}}}{"." + "0" * places if places else ""}"'
        return Sample(source=source, json=f"{int(base) + 1:.{places}f}", python=base + 1)
    return constant_sample(f"{base:.{places}f}", base)


def refused(view: ColumnView, *, is_reference: bool) -> Iterable[Any]:
    """Give one value that the column's type or bounds refuse."""
    kind, bounds = view.type, view.bounds
    if bounds.choices is not None or kind.values:
        yield ["no such value"] if kind.category == "array" else "no such value"
    elif kind.category == "text":
        for text in _BROKEN:
            if not _accepts(view, text):
                yield text
                return
        yield "x" * (bounds.max_length + 1) if bounds.max_length else 1
    elif kind.category in ("integer", "decimal") and bounds.numbers and not is_reference:
        low, high = limits(view)
        value = low - 1 if "ge" in bounds.numbers or "gt" in bounds.numbers else high + 1
        yield int(value) if value == value.to_integral_value() else str(value)
    elif kind.category == "array":
        yield "not a list"
    elif kind.category not in ("json", "native", "bytes"):
        yield "not of this type"
