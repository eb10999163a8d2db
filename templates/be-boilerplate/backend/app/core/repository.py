"""Reading and writing the rows of one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, Self

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.schema import CallableColumnDefault

from app.core.bulk import (
    Change,
    Item,
    delete_rows,
    find_dangling,
    find_rejected,
    no_such_row,
    refresh_rows,
    rows_by_key,
    within,
)
from app.core.export import CsvBlocks
from app.core.fields import Body, reject_unstorable
from app.core.hooks import before_create, before_delete, before_update
from app.core.integrity import explain
from app.core.listing import Count, ExportQuery, ListQuery, Page
from app.core.lists import read_count, read_csv, read_page
from app.core.problems import ProblemError, not_found, precondition_failed
from app.core.resource import Model, Read, Resource
from app.core.responses import entity_tag, matches_etag, to_json
from app.core.rules import enforce

AnyChange = Change[Any, Any]


class _RuleValues(dict[str, Any]):
    """Values of a row by attribute, as rules see them: None stands for values that are not known yet."""

    def __missing__(self, name: str) -> None:
        return None

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        return None if isinstance(value, sa.ClauseElement) else value


class Repository(Generic[Model, Read]):
    """The rows of one table, within one session. Every change is committed before its method returns.

    `if_match` is the `If-Match` header of the request, if any. As a context manager, the repository releases its
    connection at the end, so that no connection is held while a response is sent.
    """

    def __init__(
        self, resource: Resource[Model, Read], session: Session, if_match: str | None = None
    ) -> None:
        self.resource = resource
        self.session = session
        self.if_match = if_match

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.session.close()

    def page(self, query: ListQuery) -> Page[Read]:
        """Return a page; raises a problem 422 for an invalid query, or 400 for an invalid cursor."""
        return read_page(self.resource, self.session, query)

    def csv(self, query: ExportQuery, timeout: float) -> CsvBlocks:
        """Return a CSV file with all rows that match a query, in blocks of lines; `timeout` is in seconds."""
        return read_csv(self.resource, self.session, query, timeout)

    def count(self, query: ExportQuery) -> Count:
        """Return the exact number of rows that match a query."""
        return read_count(self.resource, self.session, query)

    def get(self, *key: Any) -> Read:
        """Return the row with this key; raises a problem 404 if it does not exist."""
        return self._to_read(self.row(*key))

    def create(self, body: Body) -> Read:
        """Add a row; raises a problem 409 or 422 if it violates a rule or a constraint."""
        row, values = self._new(body)
        with self._saving(values):
            self._insert(row, values)
            return self._refreshed(row)  # before the commit: what cannot be read is not stored

    def create_many(self, bodies: Sequence[Body]) -> list[Read]:
        """Add all rows by batches, or none. If one is rejected, the problem's fields are prefixed with its index."""
        return self._write_many(bodies, bodies, self._add_all, self._add_one)

    def update_many(self, changes: Sequence[AnyChange]) -> list[Read]:
        """Update all rows by batches, or none; problems are those of `create_many`, and 404 for a missing row."""
        bodies = [change.changes for change in changes]
        return self._write_many(changes, bodies, self._change_all, self._change_one)

    def replace(self, body: Body, *key: Any) -> Read:
        """Replace a row with the values of `body`; fields that it leaves out get their defaults, secrets are kept."""
        sent = body.model_dump(exclude_unset=True)
        names = [name for name in type(body).model_fields if name not in self.resource.secrets]
        values = {name: sent.get(name, self._default(name)) for name in names} | sent
        return self._update(values, *key)

    def update(self, body: Body, *key: Any) -> Read:
        """Update the fields of a row that `body` sets, and keep the others."""
        return self._update(body.model_dump(exclude_unset=True), *key)

    def delete(self, *key: Any) -> None:
        """Delete a row."""
        row = self._row_to_change(*key)
        with self._saving(None):
            before_delete(self.session, row)
            self.session.delete(row)

    def delete_many(self, keys: Sequence[Any]) -> int:
        """Delete all existing rows with these keys or none, and return how many were deleted."""
        keys = [key for key in keys if _is_storable(key)]
        with self._saving(None):
            return delete_rows(self.session, self.resource.model, keys)

    def row(self, *key: Any, lock: bool = False) -> Model:
        """Return the model of the row with this key; raises a problem 404 if it does not exist."""
        row = None
        if _is_storable(key):
            row = self.session.get(self.resource.model, key, with_for_update=True if lock else None)
        if row is None:
            raise not_found(f"There is no {self.resource.label} {', '.join(map(str, key))}.")
        return row

    def _write_many(
        self,
        items: Sequence[Item],
        bodies: Sequence[Body],
        write_all: Callable[[Sequence[Item], int], Sequence[Model]],
        write_one: Callable[[Item], object],
    ) -> list[Read]:
        try:
            rows = write_all(items, 0)
            refresh_rows(self.session, rows)
            read = [self._to_read(row) for row in rows]
            self.session.commit()
        except ProblemError:
            self.session.rollback()
            raise
        except DBAPIError as error:
            self.session.rollback()
            problem = find_rejected(self.session, items, write_all, write_one)
            problem = problem or find_dangling(self.session, self.resource.model, bodies)
            problem = problem or explain(error, self.session, self.resource.model, {})
            raise problem or error from error
        return read

    def _add_all(self, bodies: Sequence[Body], start: int) -> list[Model]:
        """Add rows by batches; a problem's fields are prefixed with the index of its row, counted from `start`.

        Where a rule mentions a value that the database assigns, rows are added one by one: the next attempt would get
        other numbers, so a rejected row could not be found again.
        """
        fields = type(bodies[0]).model_fields.keys()
        if not all(fields >= {*rule.fields} for rule in self.resource.rules):
            rows: list[Model] = []
            for number, body in enumerate(bodies, start):
                with within(number):
                    rows.append(self._add_one(body))
            return rows
        created: list[tuple[Model, Mapping[str, Any]]] = []
        for number, body in enumerate(bodies, start):
            with within(number):
                created.append(self._new(body))
            self.session.add(created[-1][0])
        self.session.flush()
        for number, (row, values) in enumerate(created, start):
            with within(number):
                self._check_assigned(row, values)
        return [row for row, _ in created]

    def _add_one(self, body: Body) -> Model:
        row, values = self._new(body)
        with self._saving(values, commit=False):
            self._insert(row, values)
        return row

    def _new(self, body: Body) -> tuple[Model, Mapping[str, Any]]:
        values = body.model_dump(exclude_unset=True)
        enforce(self.resource.rules, _RuleValues(values))
        row = self.resource.model(**values)
        before_create(self.session, row)
        return row, values

    def _insert(self, row: Model, values: Mapping[str, Any]) -> None:
        """Add a row."""
        self.session.add(row)
        self.session.flush()
        self._check_assigned(row, values)

    def _check_assigned(self, row: Model, values: Mapping[str, Any]) -> None:
        """Check the rules over values that only the database knew, such as a number."""
        rules = [rule for rule in self.resource.rules if not values.keys() >= {*rule.fields}]
        enforce(rules, {name: getattr(row, name) for rule in rules for name in rule.fields})

    def _row_to_change(self, *key: Any) -> Model:
        """Return a row that is about to be changed; raises a problem 412 if `If-Match` excludes its version."""
        if self.if_match is None:
            return self.row(*key)
        row = self.row(*key, lock=True)  # no other transaction can change the row until the commit
        if not matches_etag(entity_tag(to_json(self._to_read(row))), self.if_match):
            raise precondition_failed(f"The {self.resource.label} was changed by somebody else.")
        return row

    def _update(self, values: Mapping[str, Any], *key: Any) -> Read:
        row = self._row_to_change(*key)
        merged = self._change(row, values)
        with self._saving(merged):
            self.session.flush()
            return self._refreshed(row)

    def _change_all(self, changes: Sequence[AnyChange], start: int) -> list[Model]:
        """Update rows by batches; a problem's fields are prefixed with the index of its row, counted from `start`."""
        keys = [change.identity for change in changes if _is_storable(change.identity)]
        found = rows_by_key(self.session, self.resource.model, keys)
        rows: list[Model] = []
        for number, change in enumerate(changes, start):
            with within(number):
                rows.append(found.get(change.identity) or self._row_of(change))
                self._change(rows[-1], change.changes.model_dump(exclude_unset=True))
        self.session.flush()
        return rows

    def _change_one(self, change: AnyChange) -> None:
        merged = self._change(self._row_of(change), change.changes.model_dump(exclude_unset=True))
        with self._saving(merged, commit=False):
            self.session.flush()

    def _row_of(self, change: AnyChange) -> Model:
        try:
            return self.row(*change.identity)
        except ProblemError as problem:
            raise no_such_row(problem) from problem

    def _change(self, row: Model, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set fields of a row, and return the values of all of them; raises a problem 422 if a rule is violated."""
        names = [attribute.key for attribute in sa.inspect(self.resource.model).column_attrs]
        merged = {**{name: getattr(row, name) for name in names}, **values}
        enforce(self.resource.rules, _RuleValues(merged), values)
        for name, value in values.items():
            setattr(row, name, value)
        before_update(self.session, row)
        return merged

    def _refreshed(self, row: Model) -> Read:
        """Return a row as stored: after rounding, defaults and triggers."""
        self.session.refresh(row)
        return self._to_read(row)

    def _to_read(self, row: Model) -> Read:
        return self.resource.read.model_validate(row)

    def _default(self, name: str) -> Any:
        """Return the default of a column, as a value or as an SQL expression; None where it has no default."""
        column = sa.inspect(self.resource.model).attrs[name].columns[0]
        if isinstance(column.default, CallableColumnDefault):
            make_default: Any = column.default.arg
            return make_default(None)
        return getattr(column.server_default, "arg", None)

    @contextmanager
    def _saving(self, values: Mapping[str, Any] | None, *, commit: bool = True) -> Iterator[None]:
        """Commit at the end of the block. On an error, roll back and raise the problem that explains it."""
        try:
            yield
            if commit:
                self.session.commit()
        except ProblemError:
            self.session.rollback()
            raise
        except DBAPIError as error:
            self.session.rollback()
            problem = explain(error, self.session, self.resource.model, values)
            raise problem or error from error


def _is_storable(key: Any) -> bool:
    """Whether a row with this key can exist at all."""
    try:
        reject_unstorable(list(key) if isinstance(key, tuple) else key)
    except ValueError:
        return False
    return True
