"""Generation of rows that satisfy the rules and unique constraints of a table."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.rules import Rule, enforce
from app.core.seeding.fields import Field, TableSpec
from app.core.seeding.order import Step, is_required
from app.core.seeding.references import References
from app.core.seeding.values import NoValueError, Values, accept

Row = dict[str, Any]

_MAX_REPAIRS = 300  # changes to one row until it satisfies the rules
_MAX_DRAFTS = 40  # rows generated until one is unique
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(?<![\w.])(-?\d+(?:\.\d+)?)")
_OPTIONAL_REFERENCE = 0.8  # probability that an optional reference is set


class NoRowError(Exception):
    """No acceptable row was found."""


class RowFactory:
    """Generates the rows of one table."""

    def __init__(self, spec: TableSpec, step: Step, references: References, values: Values) -> None:
        self.spec = spec
        self.step = step
        self.references = references
        self.values = values
        self._key = [spec.attribute(column) for column in spec.table.primary_key.columns]
        self._unique = _unique_sets(spec)
        self._seen: list[set[tuple[Any, ...]]] = [set() for _ in self._unique]
        distinct = {name for names in self._unique for name in names}
        self._example = {
            name: value for name, value in spec.example.items() if name not in distinct
        }
        self._placeholders = 0
        self._of_assigned = [rule for rule in spec.rules if not {*rule.fields} <= {*spec.fields}]
        keys = spec.table.foreign_key_constraints
        self._foreign_key_names = {spec.attribute(column) for key in keys for column in key.columns}

    def load_existing(self, session: Session) -> None:
        """Read the unique values of existing rows, so that new rows differ from them."""
        model = self.spec.model
        for names, seen in zip(self._unique, self._seen, strict=True):
            stored = session.execute(sa.select(*(getattr(model, name) for name in names)))
            seen.update(tuple(map(_hashable, row)) for row in stored)

    def make(self, *, like_example: bool = False) -> Row:
        """Return a row that satisfies all rules and is unique; all else is that of the example if it is to be like it.

        Raises `NoRowError` with the reason.
        """
        for _ in range(_MAX_DRAFTS):
            row = self._completed({**self._draft(), **(self._example if like_example else {})})
            if any(isinstance(row.get(name), list) for name in self._key):
                raise NoRowError("its key is a list, which SQLAlchemy cannot keep track of")
            if not self._is_duplicate(row):
                return row
        names = " or ".join(", ".join(names) for names in self._unique)
        raise NoRowError(f"no unused values were found for {names}")

    def record(self, row: Mapping[str, Any]) -> None:
        """Record the unique values of a stored row."""
        for names, seen in zip(self._unique, self._seen, strict=True):
            key = _key(row, names)
            if key is not None:
                seen.add(key)

    def check_assigned(self, model: DeclarativeBase) -> None:
        """Raise a problem if a stored row violates a rule over values that the database has assigned."""
        for rule in self._of_assigned:
            enforce([rule], {name: getattr(model, name) for name in rule.fields})

    def accepts(self, row: Mapping[str, Any], changed: Iterable[str]) -> bool:
        """Whether a row satisfies all rules, and all unique constraints that include a `changed` attribute."""
        return self._violated_rule(row) is None and not self._is_duplicate(row, set(changed))

    def _is_duplicate(self, row: Mapping[str, Any], changed: set[str] | None = None) -> bool:
        """Whether another row has the same unique values; `changed` limits which constraints are checked."""
        return any(
            _key(row, names) in seen
            for names, seen in zip(self._unique, self._seen, strict=True)
            if changed is None or changed.intersection(names)
        )

    # ----------------------------------------------------------------------------------------------------- drafts

    def _draft(self) -> Row:
        self.values.next_row()
        row = self._foreign_key_values()
        try:
            for name, field in self.spec.fields.items():
                if name not in row:
                    row[name] = None if self.values.is_empty(field) else self.values.value(field)
        except NoValueError as error:
            raise NoRowError(str(error)) from error
        return row

    def _foreign_key_values(self) -> Row:
        """Return values for all foreign key columns; foreign keys that share a column agree on its value."""
        row: Row = {}
        fields = self.spec.fields
        for key in self.step.immediate:
            names = [self.spec.attribute(element.parent) for element in key.elements]
            if not set(names) <= set(fields):
                continue  # the database computes one of the columns
            is_set = is_required(key) or self.values.random.random() < _OPTIONAL_REFERENCE
            candidates = self.references.candidates(self.spec, key, row, self.values.random)
            values = next(candidates, None) if is_set else None
            if values is None and is_required(key):
                target = key.referred_table.fullname
                raise NoRowError(
                    f"{', '.join(names)} must refer to {target}, which has no suitable row"
                )
            row |= values or {
                name: None for name in names if name not in row and fields[name].nullable
            }
        for key in self.step.postponed:
            self._placeholders += 1
            for element in key.elements:
                name, column = self.spec.attribute(element.parent), element.parent
                if name not in row:
                    row[name] = (
                        None if column.nullable else _placeholder(column, self._placeholders)
                    )
        return row

    # ------------------------------------------------------------------------------------------------------ rules

    def _violated_rule(self, row: Mapping[str, Any], certain: Sequence[Rule] = ()) -> Rule | None:
        """Return a rule that does not hold, or of which it is not `certain` that it holds."""
        values = {name: row.get(name) for name in self.spec.attributes}
        violated = (rule for rule in self.spec.rules if rule.holds(values) is False)
        unknown = (rule for rule in certain if not rule.holds(values))
        return next(itertools.chain(violated, unknown), None)

    def _completed(self, row: Row) -> Row:
        """Return a row that satisfies all rules, if possible whatever the database assigns. Raises `NoRowError`."""
        if self._of_assigned:
            try:
                return self._repaired({**row}, self._of_assigned)
            except NoRowError:
                pass  # the values that the database assigns decide
        try:
            return self._repaired({**row})
        except NoRowError:
            return self._repaired({**row, **self._example})

    def _repaired(self, row: Row, certain: Sequence[Rule] = ()) -> Row:
        """Change a row at random until it satisfies every rule, and return it. Raises `NoRowError`."""
        rule = None
        for _ in range(_MAX_REPAIRS):
            rule = self._violated_rule(row, certain)
            if rule is None:
                return row
            self._change(row, rule)
        raise NoRowError(f"no row was found that satisfies {rule.text if rule else 'its rules'}")

    def _change(self, row: Row, rule: Rule) -> None:
        """Change one or two fields of a rule: swap them, clear one, or assign a literal of the rule or a new value."""
        random, fields = self.values.random, self.spec.fields
        free = [
            name for name in rule.fields if name in fields and name not in self._foreign_key_names
        ]
        nullable = [name for name in rule.fields if name in fields and fields[name].nullable]
        action = random.choice(("swap", "clear", "literal", "new"))
        if action == "clear" and nullable:
            row[random.choice(nullable)] = None
        elif action == "swap" and len(free) > 1:
            one, other = random.sample(free, 2)
            if type(row[one]) is type(row[other]):
                row[one], row[other] = row[other], row[one]
        elif free:
            field = self.spec.fields[random.choice(free)]
            row[field.attribute] = (
                self._literal(field, rule) if action == "literal" else self.values.value(field)
            )

    def _literal(self, field: Field, rule: Rule) -> Any:
        """Return one of the literals in a rule's SQL text, or a date close to it."""
        texts = [text.replace("''", "'") or number for text, number in _LITERAL.findall(rule.text)]
        if " ~ " in rule.text:
            texts += [self.values.matching(text) for text in texts]
        value = accept(field, self._items(field, texts)) if texts else None
        return self.values.value(field) if value is None else self._near(value)

    def _items(self, field: Field, texts: Sequence[str]) -> Any:
        chosen = self.values.random.choice(texts)
        return [chosen] if field.type.kind == "array" else chosen

    def _near(self, value: Any) -> Any:
        """Return a date up to four weeks after a date; other values unchanged."""
        return (
            value + dt.timedelta(days=self.values.random.randrange(28))
            if isinstance(value, dt.date)
            else value
        )


def _key(row: Mapping[str, Any], names: Iterable[str]) -> tuple[Any, ...] | None:
    """Return the values of a unique constraint; None if one of them is NULL, which equals nothing."""
    key = tuple(_hashable(row.get(name)) for name in names)
    return None if None in key else key


def _hashable(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    return repr(value) if isinstance(value, dict) else value


def _placeholder(column: sa.Column[Any], number: int) -> Any:
    """Return a unique placeholder for a foreign key value that is set later."""
    if isinstance(column.type, sa.Uuid):
        return UUID(int=number)
    return str(number) if isinstance(column.type, sa.String) else -number


def _unique_sets(spec: TableSpec) -> list[tuple[str, ...]]:
    """Return the attributes of the primary key and of each unique constraint or index."""
    table = spec.table
    sets = [[*table.primary_key.columns]]
    sets += [
        [*unique.columns] for unique in table.constraints if isinstance(unique, sa.UniqueConstraint)
    ]
    for index in table.indexes:
        partial = any(
            index.dialect_options[name].get("where") is not None
            for name in ("postgresql", "sqlite")
        )
        if index.unique and not partial and len(index.expressions) == len(index.columns):
            sets.append([*index.columns])
    names = {tuple(spec.attribute(column) for column in columns) for columns in sets if columns}
    return sorted(key for key in names if set(key) <= set(spec.fields))
