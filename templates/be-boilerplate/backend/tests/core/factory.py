"""Creation of rows for tests, including the rows that they refer to."""

from __future__ import annotations

import importlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.core.fields import Body
from app.core.repository import Repository
from app.core.resource import Resource

Json = dict[str, Any]
_numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A foreign key: `fields` refer to `target_fields` of the table of the package `module`.

    That over a `period` may refer to several rows, and is not expanded.
    """

    module: str
    fields: tuple[str, ...]
    target_fields: tuple[str, ...]
    required: bool = True
    period: bool = False


@dataclass(frozen=True, kw_only=True)
class Case:
    """The test data of a table. All names and values are those of the JSON representation.

    `mark` separates count and export from `path`. `body` returns a valid row without its references, a different one for each number. `invalid` holds an invalid
    value by field, `broken` holds values that violate a rule by its name, and `unique` holds sets of unique fields.
    A table whose key has few values holds at most `most_rows` rows. Of a table that is not creatable, no row is known that
    the database accepts.
    """

    path: str
    mark: str = "/"
    resource: Resource[Any, Any]
    create: type[Body]
    update: type[Body] | None = None
    body: Callable[[int], Json]
    key: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    required: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    most_rows: int | None = None
    is_creatable: bool = True
    invalid: Mapping[str, Any] = field(default_factory=dict)
    broken: Mapping[str, Json] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the table's package."""
        return self.resource.package

    @cached_property
    def changes(self) -> tuple[str, ...]:
        """The fields that can be updated."""
        fields = self.update.model_fields if self.update else {}
        return tuple(info.alias or name for name, info in fields.items())

    @property
    def secrets(self) -> set[str]:
        """The fields that clients write and never read."""
        return {*self.resource.secrets.values()}

    def shown(self, body: Json) -> Json:
        """Return the fields of a body that clients can read."""
        return {field: value for field, value in body.items() if field not in self.secrets}

    @cached_property
    def not_null(self) -> tuple[str, ...]:
        """The updatable fields whose columns are NOT NULL."""
        table = self.resource.model.__table__
        names = table.info["fields"]
        required = {names[column.key] for column in table.columns if not column.nullable}
        return tuple(name for name in self.changes if name in required)


class Factory:
    """Adds rows in one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.made: Counter[str] = Counter()

    def body(self, case: Case, like: Json | None = None, /, **chosen: Any) -> Json:
        """Return the JSON of a new row, after adding every row that it must refer to.

        References with a `chosen` field are those of the row `like`, if there is one.
        """
        self.made[case.name] += 1
        if case.most_rows is not None and self.made[case.name] > case.most_rows:
            pytest.skip(f"{case.name} can hold {case.most_rows} rows only")
        body = {**case.body(next(_numbers[case.name])), **chosen}
        for reference in case.references:
            if like is not None and not chosen.keys().isdisjoint(reference.fields):
                body |= {field: like[field] for field in reference.fields}
            if reference.required and not set(reference.fields) <= set(body):
                pairs = zip(reference.fields, reference.target_fields, strict=True)
                known = {target: body[own] for own, target in pairs if own in body}
                row = self.make(load_case(reference.module), **known)
                body |= {
                    own: row[target]
                    for own, target in zip(reference.fields, reference.target_fields, strict=True)
                }
        return body

    def make(self, case: Case, **chosen: Any) -> Json:
        """Add a row and return its JSON."""
        body = case.create.model_validate(self.body(case, **chosen))
        row = Repository(case.resource, self.session).create(body)
        return row.model_dump(mode="json", by_alias=True)


def load_case(module: str) -> Case:
    """Return the test data of another table; skips the test if that table was not generated."""
    try:
        case = importlib.import_module(f"tests.{module}.case").CASE
    except ModuleNotFoundError:
        pytest.skip(f"requires a row of {module}, which was not generated")
    assert isinstance(case, Case)
    return case
