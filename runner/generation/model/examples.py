"""Rows that a table's constraints accept and rows that they refuse, for tests and documentation.

Samples of fields that a rule ties together are chosen so that the rule holds.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from runner.generation.model.check_expressions import Unknown
from runner.generation.model.evaluation import evaluate
from runner.generation.model.samples import DAYS, Sample, constant_sample, limits, refused, sample_of

if TYPE_CHECKING:
    from runner.generation.model.checks import RowRule
    from runner.generation.model.field_types import FieldType
    from runner.generation.model.fields import Field

_MOST_COMBINATIONS = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """Accepted and refused values of a table's fields, by the fields' names; values that are refused are JSON.

    `body` is a new row without its references and what the database fills in as well; `invalid` has a refused value
    of single fields, `broken` by the name of a rule the fields of a row that breaks this rule alone.
    """

    body: Mapping[str, Sample]
    invalid: Mapping[str, Any]
    broken: Mapping[str, Mapping[str, Any]]


def make_examples(
    fields: Mapping[str, Field], rules: Sequence[RowRule], references: Iterable[str], unique: Iterable[str]
) -> Examples:
    """Return examples of a table, whose `fields` are by column.

    `references` are the columns of foreign keys, `unique` those of any key or unique index.
    """
    referring, distinct = set(references), set(unique)
    samples = {
        column: sample_of(field, distinct=column in distinct)
        for column, field in fields.items()
        if field.writable and column not in referring
    }
    fixed: dict[str, Any] = {column: (None if field.nullable else 1) for column, field in fields.items()}
    ruled = {column for rule in rules for column in rule.columns}
    options = {
        column: _options(fields[column], sample, distinct=column in distinct)
        for column, sample in samples.items()
        if column in ruled
    }
    for group in _groups(rules):
        samples.update(_choose(group, options, {**fixed, **_values(samples)}))
    row = {**fixed, **_values(samples)}
    return Examples(
        body={
            fields[column].name: sample
            for column, sample in samples.items()
            if column in ruled or not _filled_in(fields[column])
        },
        invalid={
            field.name: value
            for column, field in fields.items()
            if field.writable
            for value in refused(field, is_reference=column in referring)
        },
        broken={
            rule: {fields[column].name: sample.json for column, sample in broken.items()}
            for rule, broken in _break(rules, options, row)
        },
    )


def _filled_in(field: Field) -> bool:
    """Whether the database's own value is as good as any."""
    return field.default is not None and (field.default.varies or field.type.kind == "json")


def _values(samples: Mapping[str, Sample]) -> dict[str, Any]:
    return {column: sample.value for column, sample in samples.items()}


# ------------------------------------------------------------------------------------------------- fields tied together


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


def _options(field: Field, sample: Sample, *, distinct: bool) -> list[Sample]:
    """Return values to try where a rule ties this field to others."""
    found = [sample]
    type_ = field.type
    choices = field.bounds.choices or type_.values
    if choices:
        found += [constant_sample(value) for value in choices[1:5]]
    elif type_.kind == "boolean":
        found.append(constant_sample(json=False))
    elif distinct:
        pass
    elif type_.kind in ("integer", "decimal"):
        low, high = limits(field)
        wanted = (Decimal(2), Decimal(10), Decimal(0), low, high)
        numbers = dict.fromkeys(min(max(number, low), high) for number in wanted)
        if type_.kind == "integer":
            found += [constant_sample(int(number)) for number in numbers]
        else:
            found += [constant_sample(f"{number:.{max(type_.places or 0, 0)}f}", number) for number in numbers]
    elif type_.kind == "time":
        found += [constant_sample(f"{hour:02d}:00:00", dt.time(hour)) for hour in (9, 10)]
    elif type_.kind == "date":
        found += [constant_sample(day.isoformat(), day) for day in DAYS[1:]]
    elif type_.kind in ("timestamp", "local_timestamp"):
        found += [_moment(day, type_) for day in DAYS[1:]]
    if field.nullable:
        found.append(Sample(json=None, value=None))
    return found


def _moment(day: dt.date, type_: FieldType) -> Sample:
    zone = dt.UTC if type_.kind == "timestamp" else None
    moment = dt.datetime(day.year, day.month, day.day, 8, tzinfo=zone)
    return constant_sample(f"{day.isoformat()}T08:00:00{'Z' if zone else ''}", moment)


def _choose(rules: Sequence[RowRule], options: Mapping[str, list[Sample]], row: Mapping[str, Any]) -> dict[str, Sample]:
    """Return samples with which every rule of a group holds; none where no combination that was tried does."""
    for chosen in _combinations(options, {column for rule in rules for column in rule.columns}):
        if all(_holds(rule, {**row, **_values(chosen)}) for rule in rules):
            return chosen
    return {}


def _break(
    rules: Sequence[RowRule], options: Mapping[str, list[Sample]], row: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Sample]]]:
    """Yield for each rule the columns of a row that breaks this rule alone."""
    for rule in rules:
        for chosen in _combinations(options, rule.columns):
            tried = {**row, **_values(chosen)}
            others = (other for other in rules if other is not rule)
            if not _holds(rule, tried) and all(_holds(other, tried) for other in others):
                yield rule.name, chosen
                break


def _combinations(options: Mapping[str, list[Sample]], columns: Collection[str]) -> Iterator[dict[str, Sample]]:
    """Yield samples of these columns in each combination of their options, up to a limit."""
    chosen = {column: samples for column, samples in options.items() if column in columns}
    for combination in itertools.islice(itertools.product(*chosen.values()), _MOST_COMBINATIONS):
        yield dict(zip(chosen, combination, strict=True))


def _holds(rule: RowRule, row: Mapping[str, Any]) -> bool:
    try:
        return evaluate(rule.condition, row) is not False
    except Unknown:
        return True
