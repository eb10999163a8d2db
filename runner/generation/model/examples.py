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
from runner.generation.model.conditions import Computed, Condition, ConstantValue, FieldValue, constants_in
from runner.generation.model.evaluation import evaluate
from runner.generation.model.samples import (
    DAYS,
    Sample,
    constant_sample,
    fits,
    limits,
    pattern_samples,
    refused,
    sample_of,
    text_variants,
)
from runner.generation.model.series import DayCounter, value_at

if TYPE_CHECKING:
    from runner.generation.model.checks import RowRule
    from runner.generation.model.field_types import FieldType
    from runner.generation.model.fields import Field
    from runner.generation.model.series import Series

_MOST_COMBINATIONS = 20_000
_ROWS = (1, 2, 3, 50)  # numbers of rows in which rules over series have to hold


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """Accepted and refused values of a table's fields, by the fields' names; values that are refused are JSON.

    `body` is a new row without its references and what the database fills in as well; `referring` are the columns of
    optional references that a row needs for the sake of a rule; `invalid` has a refused value
    of single fields, `broken` by the name of a rule the fields of a row that breaks this rule alone.
    """

    body: Mapping[str, Sample]
    referring: frozenset[str]
    invalid: Mapping[str, Any]
    broken: Mapping[str, Mapping[str, Any]]


def make_examples(
    fields: Mapping[str, Field],
    rules: Sequence[RowRule],
    references: Iterable[str],
    unique: Iterable[str],
    in_turns: Collection[str] = (),
) -> Examples:
    """Return examples of a table, whose `fields` are by column.

    `references` are the columns of foreign keys, `unique` those of any key or unique index; those of few values that
    alone distinguish rows have each value `in_turns`.
    """
    referring, distinct = set(references), set(unique)
    samples = {
        column: sample_of(field, distinct=column in distinct, in_turns=column in in_turns)
        for column, field in fields.items()
        if field.writable and column not in referring
    }
    fixed: dict[str, Any] = {
        column: None if field.nullable or field.is_read_only else 1 for column, field in fields.items()
    }
    ruled = {column for rule in rules for column in rule.columns}
    options = {
        column: _options(fields[column], sample, rules, distinct=column in distinct)
        for column, sample in samples.items()
        if column in ruled
    }
    options |= {
        column: [Sample(json=None, value=None), constant_sample(1)]
        for column in ruled & referring
        if fields[column].nullable and fields[column].writable
    }
    assigned = frozenset(column for column, field in fields.items() if field.is_read_only)
    chosen_references: set[str] = set()
    for group in _groups(rules):
        chosen = _choose(group, options, {**fixed, **_values(samples)}, samples, assigned)
        chosen_references |= {column for column in chosen if column in referring and chosen[column].value is not None}
        fixed |= {column: sample.value for column, sample in chosen.items() if column in referring}
        samples.update({column: sample for column, sample in chosen.items() if column not in referring})
    row = {**fixed, **_values(samples)}
    return Examples(
        body={
            fields[column].name: sample
            for column, sample in samples.items()
            if column in ruled or not _filled_in(fields[column])
        },
        referring=frozenset(chosen_references),
        invalid={
            field.name: value
            for column, field in fields.items()
            if field.writable
            for value in refused(field, is_reference=column in referring)
        },
        broken={
            rule: {fields[column].name: sample.json for column, sample in broken.items()}
            for rule, broken in _break(rules, {c: found for c, found in options.items() if c not in referring}, row)
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


def _constants(rules: Iterable[RowRule], column: str) -> tuple[Any, ...]:
    """Return the constants of the rules over a column, each once."""
    found = [value for rule in rules if column in rule.columns for value in constants_in(rule.condition)]
    return tuple(dict.fromkeys(value for value in found if value is not None))


def _options(field: Field, sample: Sample, rules: Sequence[RowRule], *, distinct: bool) -> list[Sample]:
    """Return values to try where these rules tie a field to others, to constants or to patterns."""
    column = field.column.name
    patterns = [pattern for rule in rules for pattern in _patterns(rule.condition, column)]
    found = [
        sample,
        *_other_values(field, sample, _constants(rules, column), distinct=distinct),
        *pattern_samples(field, patterns, distinct=distinct),
    ]
    return [*found, Sample(json=None, value=None)] if field.nullable else found


def _other_values(field: Field, sample: Sample, constants: Sequence[Any], *, distinct: bool) -> Iterable[Sample]:
    type_ = field.type
    choices = field.bounds.choices or type_.values
    if choices:
        return map(constant_sample, choices[1:5])
    if type_.kind == "boolean":
        return [constant_sample(json=False)]
    if type_.kind == "text":
        of_rules = [] if distinct else [constant_sample(text) for text in constants if fits(field, text)]
        return [*text_variants(field, sample), *of_rules]
    if type_.kind == "array" and type_.item is not None and type_.item.kind in ("text", "enum"):
        return [_nested(text, type_.dimensions) for text in constants if isinstance(text, str)]
    return () if distinct else _numbers_or_moments(field)


def _numbers_or_moments(field: Field) -> Iterable[Sample]:
    type_ = field.type
    if type_.kind == "number":
        return map(constant_sample, (2.0, 10.0, 0.0, -1.0))
    if type_.kind in ("integer", "decimal"):
        low, high = limits(field)
        wanted = (Decimal(2), Decimal(10), Decimal(0), low, high)
        numbers = dict.fromkeys(min(max(number, low), high) for number in wanted)
        if type_.kind == "integer":
            return [constant_sample(int(number)) for number in numbers]
        return [constant_sample(f"{number:.{max(type_.places or 0, 0)}f}", number) for number in numbers]
    if type_.kind == "time":
        return [constant_sample(f"{hour:02d}:00:00", dt.time(hour)) for hour in (9, 10)]
    if type_.kind == "date":
        return [constant_sample(day.isoformat(), day) for day in DAYS[1:]]
    return [_moment(day, type_) for day in DAYS[1:]] if type_.kind in ("timestamp", "local_timestamp") else ()


def _nested(item: str, dimensions: int) -> Sample:
    found = constant_sample(item)
    for _ in range(dimensions):
        found = Sample(json=[found.json], value=[found.value], item=found)
    return found


def _patterns(condition: Condition, column: str) -> Iterator[str]:
    """Yield the patterns that a condition matches a column with."""
    if isinstance(condition, Computed):
        first, *rest = condition.arguments or (None,)
        if condition.op == "matches" and isinstance(first, FieldValue) and first.column == column:
            yield from (part.value for part in rest if isinstance(part, ConstantValue))
        for part in condition.arguments:
            yield from _patterns(part, column)


def _moment(day: dt.date, type_: FieldType) -> Sample:
    zone = dt.UTC if type_.kind == "timestamp" else None
    moment = dt.datetime(day.year, day.month, day.day, 8, tzinfo=zone)
    return constant_sample(f"{day.isoformat()}T08:00:00{'Z' if zone else ''}", moment)


def _choose(
    rules: Sequence[RowRule],
    options: Mapping[str, list[Sample]],
    row: Mapping[str, Any],
    samples: Mapping[str, Sample],
    assigned: frozenset[str],
) -> dict[str, Sample]:
    """Return samples with which every rule of a group holds; none where no combination that was tried does.

    Where a sample is a series, the rules must hold in several rows. A rule over columns whose values the database has
    `assigned` should hold whatever these values are.
    """
    unsure: dict[str, Sample] = {}
    for chosen in _combinations(options, {column for rule in rules for column in rule.columns}):
        tried = {**row, **_values(chosen)}
        series = {column: sample.series for column, sample in {**samples, **chosen}.items() if sample.series}
        later = [rule for rule in rules if not series.keys().isdisjoint(rule.columns)]
        if not all(_holds(rule, tried) for rule in rules) or not all(
            _holds(rule, {**tried, **_row(series, number)}) for number in _ROWS for rule in later
        ):
            continue
        if all(_outcome(rule, tried) for rule in rules if not assigned.isdisjoint(rule.columns)):
            return chosen
        unsure = unsure or chosen
    return unsure


def _row(series: Mapping[str, Series], number: int) -> dict[str, Any]:
    return {column: value_at(found, number) for column, found in series.items() if not isinstance(found, DayCounter)}


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
    return _outcome(rule, row) is not False


def _outcome(rule: RowRule, row: Mapping[str, Any]) -> bool | None:
    try:
        found: bool | None = evaluate(rule.condition, row)
    except Unknown:
        return True
    return found
