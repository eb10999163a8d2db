"""One plausible row: values that rules agree with, and that no other row has where rows must differ."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.rules import Rule
from app.core.seeding.fields import Field, Subject
from app.core.seeding.order import Step, is_required
from app.core.seeding.references import References
from app.core.seeding.values import NoValueError, Values, accept

Row = dict[str, Any]

_MENDS = 300  # changes to one row until its rules hold
_FAR_OFF = 40  # rows that are tried until one differs from all others
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(?<![\w.])(-?\d+(?:\.\d+)?)")
_OPTIONAL_REFERENCE = 0.8  # how often a row refers to another where it need not


class NoRowError(Exception):
    """No row was found that the table accepts."""


class Rows:
    """Makes the rows of one table."""

    def __init__(
        self, subject: Subject, step: Step, references: References, values: Values
    ) -> None:
        self.subject = subject
        self.step = step
        self.references = references
        self.values = values
        self._unique = _unique_sets(subject)
        self._seen: list[set[tuple[Any, ...]]] = [set() for _ in self._unique]
        self._placeholders = 0
        keys = subject.table.foreign_key_constraints
        self._referring_names = {
            subject.attribute(column) for key in keys for column in key.columns
        }

    def know(self, session: Session) -> None:
        """Take note of the rows that are there, so that new ones differ."""
        model = self.subject.model
        for names, seen in zip(self._unique, self._seen, strict=True):
            seen.update(
                map(tuple, session.execute(sa.select(*(getattr(model, name) for name in names))))
            )

    def make(self) -> Row:
        """Return a row like no other. Raises `NoRowError` with the reason where none was found."""
        for _ in range(_FAR_OFF):
            row = self._mended(self._draft())
            if not self._is_known(row):
                return row
        what = " or ".join(", ".join(names) for names in self._unique)
        raise NoRowError(f"no more rows differ in {what}")

    def added(self, row: Mapping[str, Any]) -> None:
        """Take note of a row that was stored."""
        for names, seen in zip(self._unique, self._seen, strict=True):
            key = _key(row, names)
            if key is not None:
                seen.add(key)

    def accepts(self, row: Mapping[str, Any], changed: Iterable[str]) -> bool:
        """Whether every rule holds for a row with these changes, and no other is like it."""
        return self._broken(row) is None and not self._is_known(row, set(changed))

    def _is_known(self, row: Mapping[str, Any], changed: set[str] | None = None) -> bool:
        """Whether another row has the same where rows must differ; only where a change made a difference."""
        return any(
            _key(row, names) in seen
            for names, seen in zip(self._unique, self._seen, strict=True)
            if changed is None or changed.intersection(names)
        )

    # ----------------------------------------------------------------------------------------------------- making

    def _draft(self) -> Row:
        self.values.next_row()
        row = self._referring()
        try:
            for name, field in self.subject.fields.items():
                if name not in row:
                    row[name] = None if self.values.is_empty(field) else self.values.value(field)
        except NoValueError as error:
            raise NoRowError(str(error)) from error
        return row

    def _referring(self) -> Row:
        """Return the columns of all references, chosen so that those with a column in common agree."""
        row: Row = {}
        fields = self.subject.fields
        for key in self.step.now:
            names = [self.subject.attribute(element.parent) for element in key.elements]
            if not set(names) <= set(self.subject.fields):
                continue  # the database works a column out
            wanted = is_required(key) or self.values.random.random() < _OPTIONAL_REFERENCE
            fitting = self.references.fitting(self.subject, key, row, self.values.random)
            found = next(fitting, None) if wanted else None
            if found is None and is_required(key):
                target = key.referred_table.fullname
                raise NoRowError(
                    f"{', '.join(names)} must refer to {target}, which has no fitting row"
                )
            row |= found or {
                name: None for name in names if name not in row and fields[name].nullable
            }
        for key in self.step.later:
            self._placeholders += 1
            for element in key.elements:
                name, column = self.subject.attribute(element.parent), element.parent
                if name not in row:
                    row[name] = (
                        None if column.nullable else _placeholder(column, self._placeholders)
                    )
        return row

    # ------------------------------------------------------------------------------------------------------ rules

    def _broken(self, row: Mapping[str, Any]) -> Rule | None:
        known = {name: row.get(name) for name in self.subject.attributes}
        return next((rule for rule in self.subject.rules if rule.holds(known) is False), None)

    def _mended(self, row: Row) -> Row:
        """Return a row with changes until every rule holds."""
        rule = None
        for _ in range(_MENDS):
            rule = self._broken(row)
            if rule is None:
                return row
            self._change(row, rule)
        raise NoRowError(f"no row was found that satisfies {rule.text if rule else 'its rules'}")

    def _change(self, row: Row, rule: Rule) -> None:
        """Change a field that a rule speaks of: swap two, empty one, take a value of its text, or a new one."""
        random, fields = self.values.random, self.subject.fields
        free = [
            name for name in rule.fields if name in fields and name not in self._referring_names
        ]
        empty = [name for name in rule.fields if name in fields and fields[name].nullable]
        way = random.choice(("swap", "empty", "text", "new"))
        if way == "empty" and empty:
            row[random.choice(empty)] = None
        elif way == "swap" and len(free) > 1:
            one, other = random.sample(free, 2)
            if type(row[one]) is type(row[other]):
                row[one], row[other] = row[other], row[one]
        elif free:
            field = self.subject.fields[random.choice(free)]
            row[field.attribute] = (
                self._of_text(field, rule) if way == "text" else self.values.value(field)
            )

    def _of_text(self, field: Field, rule: Rule) -> Any:
        """Return one of the values that a rule's text names, or a value near it."""
        found = [text.replace("''", "'") or number for text, number in _LITERAL.findall(rule.text)]
        value = accept(field, self._items(field, found)) if found else None
        return self.values.value(field) if value is None else self._near(value)

    def _items(self, field: Field, found: Sequence[str]) -> Any:
        chosen = self.values.random.choice(found)
        return [chosen] if field.accepted.kind == "array" else chosen

    def _near(self, value: Any) -> Any:
        """Return a moment some days after the one that a rule names; other values as they are."""
        return (
            value + dt.timedelta(days=self.values.random.randrange(28))
            if isinstance(value, dt.date)
            else value
        )


def _key(row: Mapping[str, Any], names: Iterable[str]) -> tuple[Any, ...] | None:
    """Return what must differ from other rows; None where something is unknown, which differs from everything."""
    key = tuple(row.get(name) for name in names)
    return None if None in key else key


def _placeholder(column: sa.Column[Any], number: int) -> Any:
    """Return a value that stands for a reference until there is something to refer to."""
    if isinstance(column.type, sa.Uuid):
        return UUID(int=number)
    return str(number) if isinstance(column.type, sa.String) else -number


def _unique_sets(subject: Subject) -> list[tuple[str, ...]]:
    """Return the attributes that tell rows apart, by constraint."""
    table = subject.table
    sets = [[*table.primary_key.columns]]
    sets += [
        [*found.columns] for found in table.constraints if isinstance(found, sa.UniqueConstraint)
    ]
    for index in table.indexes:
        partial = any(
            index.dialect_options[name].get("where") is not None
            for name in ("postgresql", "sqlite")
        )
        if index.unique and not partial and len(index.expressions) == len(index.columns):
            sets.append([*index.columns])
    names = {tuple(subject.attribute(column) for column in columns) for columns in sets if columns}
    return sorted(key for key in names if set(key) <= set(subject.fields))
