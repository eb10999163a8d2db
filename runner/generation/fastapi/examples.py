"""Values that a table's constraints accept, for tests, `.http` files and the examples in the API's description.

A sample is Python source in `n`, a number that grows with every row a test makes, and the value it has for one `n`.
Samples of columns that a rule ties together are chosen so that the rule holds.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runner.generation.fastapi.rule_expressions import Unknown
from runner.generation.fastapi.samples import DAYS, Sample, constant_sample, limits, refused, sample_of
from runner.generation.fastapi.values import evaluate

if TYPE_CHECKING:
    from runner.generation.fastapi.checks import RowRule
    from runner.generation.fastapi.model_columns import ColumnView
    from runner.generation.fastapi.python_types import PythonType

_MOST_COMBINATIONS = 20_000


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
        name: sample_of(view, counted=name in told_apart)
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
        for value in refused(view, is_reference=name in referring)
    }
    return Examples(bodies=bodies, invalid=invalid, broken=broken)


def _filled_in(view: ColumnView) -> bool:
    """Whether the database's own value is as good as any."""
    return view.default is not None and (view.default.moment or view.type.category == "json")


def _python(samples: Mapping[str, Sample]) -> dict[str, Any]:
    return {name: sample.python for name, sample in samples.items()}


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
        found += [constant_sample(value) for value in choices[1:5]]
    elif kind.category == "boolean":
        found.append(constant_sample(value=False))
    elif counted:
        pass
    elif kind.category in ("integer", "decimal"):
        low, high = limits(view)
        wanted = (Decimal(2), Decimal(10), Decimal(0), low, high)
        numbers = dict.fromkeys(min(max(number, low), high) for number in wanted)
        if kind.category == "integer":
            found += [constant_sample(int(number)) for number in numbers]
        else:
            found += [constant_sample(f"{number:.{kind.places or 0}f}", number) for number in numbers]
    elif kind.category == "time":
        found += [constant_sample(f"{hour:02d}:00:00", dt.time(hour)) for hour in (9, 10)]
    elif kind.category == "date":
        found += [constant_sample(day.isoformat(), day) for day in DAYS[1:]]
    elif kind.category in ("timestamp", "local_timestamp"):
        found += [_moment(day, kind) for day in DAYS[1:]]
    if view.nullable:
        found.append(Sample(source="None", json=None, python=None))
    return found


def _moment(day: dt.date, kind: PythonType) -> Sample:
    zone = dt.UTC if kind.category == "timestamp" else None
    moment = dt.datetime(day.year, day.month, day.day, 8, tzinfo=zone)
    return constant_sample(f"{day.isoformat()}T08:00:00{'Z' if zone else ''}", moment)


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
