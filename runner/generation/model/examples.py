"""Rows that a table's constraints accept and rows that they refuse, for tests and documentation.

Samples of fields that a rule ties together are chosen so that the rule holds.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.generation.model.candidates import NULL, candidates
from runner.generation.model.check_expressions import Unknown
from runner.generation.model.checks import RowRule
from runner.generation.model.distinctions import Distinction
from runner.generation.model.evaluation import evaluate
from runner.generation.model.samples import (
    Sample,
    constant_sample,
    few_values,
    refused,
    sample_of,
)

if TYPE_CHECKING:
    from runner.generation.model.fields import Field

    _Tie = RowRule | Distinction  # what ties fields, or the rows of a table, together

_MOST_COMBINATIONS, _MOST_CHANGES = 20_000, 5_000  # that are tried
_ROWS = (1, 2, 3, 50)  # numbers of rows in which rules over series have to hold
_DISTINCT_ROWS = (*_ROWS, 9, 10, 11, 12, 99, 100, 101, 110, 111)  # with common digits: distinctions hold in these


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """Accepted and refused values of a table's fields, by the fields' names; values that are refused are JSON.

    `body` is a new row without its references and what the database fills in as well; `referring` are the columns of
    optional references that a row needs for the sake of a rule; `invalid` has a refused value
    of single fields, `broken` by the name of a rule the fields of a row that breaks this rule alone, those of the key
    only where no other fields do. No more than `most_rows` rows differ; None for any number. `unknown` are columns
    that need a value and whose type is not known here, `unmet` the checks that the body may not satisfy: the database
    may refuse it. `alike` are the indexes and exclusions that may refuse a second row.
    """

    body: Mapping[str, Sample]
    referring: frozenset[str]
    invalid: Mapping[str, Any]
    broken: Mapping[str, Mapping[str, Any]]
    most_rows: int | None
    unknown: tuple[str, ...]
    unmet: tuple[str, ...]
    alike: tuple[str, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the database is sure to accept the body."""
        return not self.unknown and not self.unmet


def make_examples(
    fields: Mapping[str, Field],
    rules: Sequence[RowRule],
    references: Iterable[str],
    unique: Collection[Collection[str]],
    opaque: Mapping[str, Collection[str]],
    distinctions: Sequence[Distinction] = (),
) -> Examples:
    """Return examples of a table, whose `fields` are by column.

    `references` are the columns of foreign keys in order, `unique` each set of columns that is unique in all or in some
    rows, `opaque` the columns of each check that nothing is known about here. `distinctions` are tried where all of
    their columns are given by clients.
    """
    referring = dict.fromkeys(references)
    distinct = {column for columns in unique for column in columns}
    in_turns = _in_turns(fields, unique, referring)
    samples = {
        column: sample_of(field, distinct=column in distinct, in_turns=column in in_turns)
        for column, field in fields.items()
        if field.writable and column not in referring
    }
    unknown = [column for column, sample in samples.items() if sample.is_guess]
    doubtful = {column for columns in opaque.values() for column in columns}.union(unknown)
    doubtful |= {column for column in samples if fields[column].type.attributes}  # all null, which SQL takes for null
    samples |= {column: NULL for column in samples if column in doubtful and not fields[column].required}
    ties: list[_Tie] = [*rules, *distinctions]
    ruled = {column for tie in ties for column in tie.columns}
    fixed: dict[str, Any] = {
        column: None if fields[column].nullable else number
        for number, column in enumerate(referring, start=1)
        if column in ruled and fields[column].writable
    }
    options = {
        column: candidates(fields[column], sample, (*rules, *_as_rules(distinctions)), distinct=column in distinct)
        for column, sample in samples.items()
        if column in ruled
    }
    options |= {
        column: [NULL, constant_sample(1)]
        for column in ruled.intersection(referring)
        if fields[column].nullable and fields[column].writable
    }
    assigned = frozenset(column for column, field in fields.items() if field.is_read_only)
    chosen_references: set[str] = set()
    unmet = [name for name, columns in opaque.items() if any(fields[column].required for column in columns)]
    alike: list[Distinction] = []
    for group in _groups(ties):
        chosen = _choose(group, options, fixed, samples, assigned)
        checks = [one for one in group if isinstance(one, RowRule)]
        if chosen is None and len(checks) < len(group):
            alike += [one for one in group if isinstance(one, Distinction)]
            chosen = _choose(checks, options, fixed, samples, assigned)
        if chosen is None:
            unmet += [rule.name for rule in checks if referring.keys().isdisjoint(rule.columns)]
            continue
        chosen_references |= {column for column in chosen if column in referring and chosen[column].value is not None}
        fixed |= {column: sample.value for column, sample in chosen.items() if column in referring}
        samples.update({column: sample for column, sample in chosen.items() if column not in referring})
    rows_of_alike = {one.name: _rows_apart(one, fixed, samples) for one in alike}
    key = {column for column, field in fields.items() if field.is_key}
    own_options = {column: found for column, found in options.items() if column not in referring}
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
            for rule, broken in _break(rules, own_options, fixed, samples, key)
        },
        most_rows=min(filter(None, [_most_rows(unique, samples), *rows_of_alike.values()]), default=None),
        unknown=tuple(column for column in unknown if fields[column].required),
        unmet=tuple(unmet),
        alike=tuple(rows_of_alike),
    )


def _as_rules(distinctions: Iterable[Distinction]) -> Iterator[RowRule]:
    """Yield the parts of distinctions as rules, whose constants and patterns suggest values."""
    for one in distinctions:
        for part in one.parts:
            if part.condition is not None:
                columns, condition = part.columns, part.condition
                yield RowRule(name=one.name, columns=columns, text="", condition=condition, enforced=False)


def _in_turns(
    fields: Mapping[str, Field], unique: Collection[Collection[str]], referring: Collection[str]
) -> frozenset[str]:
    """Return the columns of few values that alone distinguish rows: of each such set that with the most."""
    found = set()
    for columns in unique:
        counts = {column: len(few_values(fields[column])) for column in columns}
        if all(counts.values()) and not any(column in referring for column in columns):
            found.add(max(counts, key=lambda column: counts[column]))
    return frozenset(found)


def _most_rows(unique: Iterable[Collection[str]], samples: Mapping[str, Sample]) -> int | None:
    """Return in how many rows every unique set differs; None for any number.

    References refer to a row of their own, and what the database assigns differs.
    """
    bounds = []
    for columns in unique:
        found = [samples[column] for column in columns if column in samples]
        differences = [sample.most_rows for sample in found if sample.json is not None]
        if len(differences) == len(columns) and None not in differences:
            bounds.append(max(filter(None, differences)))
    return min(bounds, default=None)


def _rows_apart(distinction: Distinction, fixed: Mapping[str, Any], samples: Mapping[str, Sample]) -> int:
    """Return in how many rows, one after the other, a distinction holds with these samples."""
    own = {column: samples[column] for column in distinction.columns if column in samples}
    rows: list[dict[str, Any]] = []
    for number in range(1, _ROWS[-1]):
        rows.append({**fixed, **{column: sample.at(number) for column, sample in own.items()}})
        if not distinction.holds(rows):
            break
    return max(len(rows) - 1, 1)


def _filled_in(field: Field) -> bool:
    """Whether the database's own value is as good as any; one database may lack what another's function returns."""
    default = field.default
    return default is not None and default.kind != "function" and (default.varies or field.type.kind == "json")


# ------------------------------------------------------------------------------------------------- fields tied together


def _groups(rules: Sequence[_Tie]) -> list[list[_Tie]]:
    """Return the rules in groups that have no column in common."""
    groups: list[tuple[set[str], list[_Tie]]] = []
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


def _choose(
    rules: Sequence[_Tie],
    options: Mapping[str, list[Sample]],
    fixed: Mapping[str, Any],
    samples: Mapping[str, Sample],
    assigned: frozenset[str],
) -> dict[str, Sample] | None:
    """Return samples with which every rule of a group holds in every row; None where no combination tried is one.

    A rule over columns whose values the database has `assigned` should hold whatever these values are.
    """
    unsure: dict[str, Sample] | None = None
    columns = {column for rule in rules for column in rule.columns}
    for chosen in _solutions(rules, options, fixed, samples):
        rows = _rows(fixed, samples, chosen, columns)
        own = (rule for rule in rules if isinstance(rule, RowRule) and not assigned.isdisjoint(rule.columns))
        if all(_outcome(rule, rows[0]) for rule in own):
            return chosen
        unsure = chosen if unsure is None else unsure
    return unsure


def _solutions(
    rules: Sequence[_Tie],
    options: Mapping[str, list[Sample]],
    fixed: Mapping[str, Any],
    samples: Mapping[str, Sample],
) -> Iterator[dict[str, Sample]]:
    """Yield combinations with which the rules hold: a rule is tried as soon as all of its columns are chosen."""
    columns = dict.fromkeys(column for rule in rules for column in rule.columns if column in options)
    chosen: list[tuple[dict[str, Sample], list[str]]] = [({}, [*columns])]
    for _ in range(_MOST_COMBINATIONS):
        if not chosen:
            return
        found, rest = chosen.pop()
        decided = (rule for rule in rules if set(rest).isdisjoint(rule.columns))
        if not all(_holds_in(rule, fixed, samples, found) for rule in decided):
            continue
        if not rest:
            yield found
            continue
        column, *others = rest
        chosen += [({**found, column: sample}, others) for sample in reversed(options[column])]


def _rows(
    fixed: Mapping[str, Any],
    samples: Mapping[str, Sample],
    chosen: Mapping[str, Sample],
    columns: Iterable[str],
    of: Sequence[int] = _ROWS,
) -> list[dict[str, Any]]:
    """Return these columns of several rows, where some samples were chosen instead; one row if all are equal."""
    own = {column: chosen.get(column, samples.get(column)) for column in columns}
    found = {column: sample for column, sample in own.items() if sample is not None}
    numbers = of if any(sample.series for sample in found.values()) else of[:1]
    return [{**fixed, **{column: sample.at(number) for column, sample in found.items()}} for number in numbers]


def _break(
    rules: Sequence[RowRule],
    options: Mapping[str, list[Sample]],
    fixed: Mapping[str, Any],
    samples: Mapping[str, Sample],
    key: Collection[str],
) -> Iterator[tuple[str, Mapping[str, Sample]]]:
    """Yield for each rule columns that break it alone in every row; columns of the key only where it takes them."""
    for rule in rules:
        if not rule.enforced:
            continue
        others = [other for other in rules if other is not rule and not set(rule.columns).isdisjoint(other.columns)]
        columns = {column for one in (rule, *others) for column in one.columns}
        own = {column: samples[column] for column in rule.columns if column in options}
        outside = {column: sample for column, sample in own.items() if column not in key}
        for chosen in itertools.chain(_changed(outside, options), _changed(own, options) if outside != own else ()):
            rows = _rows(fixed, samples, chosen, columns)
            if all(not _holds(rule, row) and all(_holds(other, row) for other in others) for row in rows):
                yield rule.name, chosen
                break


def _changed(own: Mapping[str, Sample], options: Mapping[str, list[Sample]]) -> Iterator[dict[str, Sample]]:
    """Yield these columns with one, two or all of them changed, up to a limit; each is the same in every row."""
    first = {
        column: [constant_sample(sample.json, sample.value) for sample in (own[column], *options[column])]
        for column in own
    }
    subsets = (names for size in sorted({1, 2, len(own)}) for names in itertools.combinations(own, size))
    values = ((names, found) for names in subsets for found in itertools.product(*(first[name] for name in names)))
    for names, found in itertools.islice(values, _MOST_CHANGES):
        yield {**{column: first[column][0] for column in own}, **dict(zip(names, found, strict=True))}


def _holds_in(
    rule: _Tie, fixed: Mapping[str, Any], samples: Mapping[str, Sample], chosen: Mapping[str, Sample]
) -> bool:
    """Whether a rule holds in every row."""
    numbers = _DISTINCT_ROWS if isinstance(rule, Distinction) else _ROWS
    rows = _rows(fixed, samples, chosen, rule.columns, numbers)
    if isinstance(rule, Distinction):
        return rule.holds(rows if len(rows) > 1 else [*rows, *rows])  # one row stands for many that are equal
    return all(_holds(rule, row) for row in rows)


def _holds(rule: RowRule, row: Mapping[str, Any]) -> bool:
    return _outcome(rule, row) is not False


def _outcome(rule: RowRule, row: Mapping[str, Any]) -> bool | None:
    try:
        found: bool | None = evaluate(rule.condition, row)
    except Unknown:
        return rule.enforced
    return found
