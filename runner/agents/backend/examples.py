"""Values that a table's constraints accept, for tests, `.http` files and the examples in the API's description.

A sample is Python source in `n`, a number that grows with every row a test makes, and the value it has for one `n`.
Samples of columns that a rule ties together are chosen so that the rule holds.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runner.agents.backend.checks import RowRule
from runner.agents.backend.columns import ColumnView
from runner.agents.backend.expressions import Unknown, evaluate
from runner.agents.backend.patterns import numbered
from runner.agents.backend.types import PythonType
from runner.agents.source_text import literal

_TRIED = (1, 12, 123456)  # numbers for which a format has to give an accepted text
_MOST_COMBINATIONS = 20_000
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
_DAYS = tuple(dt.date(2024, month, 15) for month in (1, 2, 3, 4))


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One accepted value: `source` in `n`, `json` for n = 1, and the `python` value that rules are tried with."""

    source: str
    json: Any
    python: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """What tests know of a table: accepted values, refused ones, and rows that break a rule.

    All are by column name. `bodies` leaves out what the database fills in and optional references.
    """

    bodies: Mapping[str, Sample]
    invalid: Mapping[str, Any]
    broken: tuple[tuple[str, Mapping[str, Any]], ...]


def make_examples(
    views: Mapping[str, ColumnView],
    rules: Sequence[RowRule],
    references: Iterable[str],
    unique: Iterable[str],
) -> Examples:
    """Return examples of a table; `references` are columns of foreign keys, `unique` those of any key."""
    referring = set(references)
    told_apart = set(unique)
    samples = {
        name: _sample(view, counted=name in told_apart)
        for name, view in views.items()
        if view.writable and name not in referring
    }
    types = {name: view.type for name, view in views.items()}
    fixed: dict[str, Any] = {name: (None if view.nullable else 1) for name, view in views.items()}
    ruled = {name for rule in rules for name in rule.columns}
    options = {
        name: _options(views[name], samples[name], counted=name in told_apart) for name in samples if name in ruled
    }
    for group in _groups(rules):
        chosen = _choose(group, options, {**fixed, **_python(samples)}, types)
        samples.update(chosen)
    bodies = {name: sample for name, sample in samples.items() if name in ruled or not _filled_in(views[name])}
    broken = tuple(_break(rules, options, {**fixed, **_python(samples)}, types))
    invalid = {
        views[name].field: value
        for name, view in views.items()
        if view.writable
        for value in _invalid(view, is_reference=name in referring)
    }
    return Examples(bodies=bodies, invalid=invalid, broken=broken)


def _filled_in(view: ColumnView) -> bool:
    """Whether the database's own value is as good as any."""
    return view.default is not None and (view.default.moment or view.type.category == "json")


def _python(samples: Mapping[str, Sample]) -> dict[str, Any]:
    return {name: sample.python for name, sample in samples.items()}


# ------------------------------------------------------------------------------------------------------- one column


def _sample(view: ColumnView, *, counted: bool) -> Sample:
    kind = view.type
    if view.bounds.choices is not None:
        return _constant(view.bounds.choices[0])
    if kind.values and kind.category != "array":
        return _constant(kind.values[0])
    if kind.category == "text":
        return _text(view)
    if kind.category in ("integer", "number", "decimal"):
        return _number(view, counted=counted)
    if kind.category == "array":
        inner = _item(kind.item) if kind.item else _constant("a")
        return Sample(source=f"[{inner.source}]", json=[inner.json], python=[inner.python])
    if kind.category in ("date", "timestamp", "local_timestamp") and counted:
        return _counted_moment(kind)
    return _plain(kind)


def _constant(value: Any, python: Any = None) -> Sample:
    return Sample(source=literal(value), json=value, python=value if python is None else python)


def _item(kind: PythonType) -> Sample:
    if kind.values:
        return _constant(kind.values[0])
    if kind.category == "text":
        return _constant("sample"[: kind.max_length or 6])
    if kind.category in ("integer", "number"):
        return _constant(1)
    return _constant("1.00"[: 2 + (kind.places or 0)], Decimal(1)) if kind.category == "decimal" else _plain(kind)


def _plain(kind: PythonType) -> Sample:
    day = _DAYS[0]
    noon = dt.datetime(2024, 1, 15, 8, tzinfo=dt.UTC)
    match kind.category:
        case "boolean":
            return _constant(value=True)
        case "date":
            return _constant(day.isoformat(), day)
        case "time":
            return _constant("08:00:00", dt.time(8))
        case "timestamp":
            return _constant("2024-01-15T08:00:00Z", noon)
        case "local_timestamp":
            return _constant("2024-01-15T08:00:00", noon.replace(tzinfo=None))
        case "interval":
            return _constant("P1D", dt.timedelta(days=1))
        case "uuid":
            source = 'f"00000000-0000-4000-8000-{n:012d}"'
            return Sample(source=source, json="00000000-0000-4000-8000-000000000001", python="uuid")
        case "json":
            return _constant({"key": "value"})
        case "bytes":
            return Sample(source='f"{n:08d}"', json="00000001", python=b"00000001")  # base64 of six bytes
        case _:
            return _constant(_NATIVE.get(kind.postgresql.split("(")[0], "1"))


_NATIVE = {
    "inet": "192.0.2.1", "cidr": "192.0.2.0/24", "macaddr": "08:00:2b:01:02:03", "xml": "<a/>", "point": "(1,2)",
    "int4range": "[1,5)", "int8range": "[1,5)", "numrange": "[1,5)", "daterange": "[2024-01-01,2024-02-01)",
    "time with time zone": "08:00:00+00", "money": "$1.00", "tsvector": "'a'", "tsquery": "'a'", "box": "(2,2),(1,1)",
    "circle": "<(1,2),3>", "path": "((1,2),(3,4))", "polygon": "((1,2),(3,4))", "lseg": "[(1,2),(3,4)]",
    "line": "{1,2,3}", "jsonpath": "$",
}  # fmt: skip


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
    return Sample(source=f"f{literal(form)}", json=text, python=text) if "{n" in form else _constant(text)


def _accepts(view: ColumnView, text: str) -> bool:
    bounds = view.bounds
    if bounds.max_length is not None and len(text) > bounds.max_length:
        return False
    if bounds.min_length is not None and len(text) < bounds.min_length:
        return False
    return bounds.pattern is None or re.search(bounds.pattern.replace("$", r"\Z"), text) is not None


def _limits(view: ColumnView) -> tuple[Decimal, Decimal]:
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
    low, high = _limits(view)
    base = min(max(Decimal(1), low), high)
    kind = view.type
    if kind.category == "integer":
        if not counted:
            return _constant(int(base))
        span = int(high - base) + 1
        source = "n" if span > 10**6 and base == 1 else f"{int(base)} + n % {span}"
        value = int(base) + 1 % span
        return Sample(source=source, json=value, python=value)
    if kind.category == "number":
        return _constant(float(base))
    places = kind.places or 0
    if counted and int(high - base) > 10**3:
        source = f'f"{{{int(base)} + n % {int(high - base)}}}{"." + "0" * places if places else ""}"'
        return Sample(source=source, json=f"{int(base) + 1:.{places}f}", python=base + 1)
    return _constant(f"{base:.{places}f}", base)


def _invalid(view: ColumnView, *, is_reference: bool) -> Iterable[Any]:
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
        low, high = _limits(view)
        value = low - 1 if "ge" in bounds.numbers or "gt" in bounds.numbers else high + 1
        yield int(value) if value == value.to_integral_value() else str(value)
    elif kind.category == "array":
        yield "not a list"
    elif kind.category not in ("json", "native", "bytes"):
        yield "not of this type"


# ------------------------------------------------------------------------------------------------ columns tied together


def _groups(rules: Sequence[RowRule]) -> list[list[RowRule]]:
    """Return the rules in groups that have no column in common."""
    groups: list[tuple[set[str], list[RowRule]]] = []
    for rule in rules:
        columns, members = set(rule.columns), [rule]
        apart = []
        for other_columns, others in groups:
            if columns & other_columns:
                columns |= other_columns
                members = [*others, *members]
            else:
                apart.append((other_columns, others))
        groups = [*apart, (columns, members)]
    return [members for _, members in groups]


def _options(view: ColumnView, sample: Sample, *, counted: bool) -> list[Sample]:
    """Return values to try where a rule ties this column to others."""
    found = [sample]
    kind = view.type
    choices = view.bounds.choices or (kind.values if kind.category != "array" else ())
    if choices:
        found += [_constant(value) for value in choices[1:5]]
    elif kind.category == "boolean":
        found.append(_constant(value=False))
    elif counted:
        pass
    elif kind.category in ("integer", "decimal"):
        low, high = _limits(view)
        wanted = (Decimal(2), Decimal(10), Decimal(0), low, high)
        numbers = dict.fromkeys(min(max(number, low), high) for number in wanted)
        if kind.category == "integer":
            found += [_constant(int(number)) for number in numbers]
        else:
            found += [_constant(f"{number:.{kind.places or 0}f}", number) for number in numbers]
    elif kind.category == "time":
        found += [_constant(f"{hour:02d}:00:00", dt.time(hour)) for hour in (9, 10)]
    elif kind.category == "date":
        found += [_constant(day.isoformat(), day) for day in _DAYS[1:]]
    elif kind.category in ("timestamp", "local_timestamp"):
        found += [_moment(day, kind) for day in _DAYS[1:]]
    if view.nullable:
        found.append(Sample(source="None", json=None, python=None))
    return found


def _moment(day: dt.date, kind: PythonType) -> Sample:
    zone = dt.UTC if kind.category == "timestamp" else None
    moment = dt.datetime(day.year, day.month, day.day, 8, tzinfo=zone)
    return _constant(f"{day.isoformat()}T08:00:00{'Z' if zone else ''}", moment)


def _choose(
    rules: Sequence[RowRule],
    options: Mapping[str, list[Sample]],
    row: Mapping[str, Any],
    types: Mapping[str, PythonType],
) -> dict[str, Sample]:
    """Return samples with which every rule of a group holds; nothing where none of those tried does."""
    names = [name for name in options if any(name in rule.columns for rule in rules)]
    for combination in itertools.islice(itertools.product(*(options[name] for name in names)), _MOST_COMBINATIONS):
        chosen = dict(zip(names, combination, strict=True))
        if all(_holds(rule, {**row, **_python(chosen)}, types) for rule in rules):
            return chosen
    return {}


def _break(
    rules: Sequence[RowRule],
    options: Mapping[str, list[Sample]],
    row: Mapping[str, Any],
    types: Mapping[str, PythonType],
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Give for each rule the columns of a row that breaks this one alone."""
    for rule in rules:
        names = [name for name in options if name in rule.columns]
        for combination in itertools.islice(itertools.product(*(options[name] for name in names)), _MOST_COMBINATIONS):
            chosen = dict(zip(names, combination, strict=True))
            tried = {**row, **_python(chosen)}
            others = (other for other in rules if other is not rule)
            if not _holds(rule, tried, types) and all(_holds(other, tried, types) for other in others):
                yield rule.name, {name: sample.json for name, sample in chosen.items()}
                break


def _holds(rule: RowRule, row: Mapping[str, Any], types: Mapping[str, PythonType]) -> bool:
    try:
        return evaluate(rule.expression, row, types) is not False
    except Unknown:
        return True
