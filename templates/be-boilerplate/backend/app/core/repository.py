"""Reading and writing the rows of one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, Self

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core.access.access import access_of
from app.core.access.references import require_visible_references
from app.core.bulk import (
    Change,
    Item,
    checked_values,
    delete_rows,
    find_dangling,
    find_rejected,
    no_such_row,
    refresh_rows,
    rows_by_key,
    visible_row,
    within,
)
from app.core.export import Blocks
from app.core.fields import Body, is_storable
from app.core.hooks import (
    HookPoint,
    after_create,
    after_delete,
    after_update,
    before_create,
    before_delete,
    before_update,
)
from app.core.integrity import explain
from app.core.listing import Count, CsvQuery, ExportQuery, ListQuery, Page, WorkbookQuery
from app.core.lists import read_count, read_csv, read_page, read_workbook
from app.core.problems import ProblemError, not_found, precondition_failed
from app.core.resource import Model, Read, Resource
from app.core.responses import entity_tag, matches_etag, to_json
from app.core.rules import RuleValues, enforce

AnyChange = Change[Any, Any]


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
        self.access = access_of(session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.session.close()

    def page(self, query: ListQuery) -> Page[Read]:
        """Return a page; raises a problem 422 for an invalid query, or 400 for an invalid cursor."""
        return read_page(self.resource, self.session, query)

    def csv(self, query: CsvQuery, timeout: float) -> Blocks:
        """Return a CSV file with all rows that match a query, in blocks of lines; `timeout` is in seconds."""
        return read_csv(self.resource, self.session, query, timeout)

    def workbook(self, query: WorkbookQuery, timeout: float) -> Blocks:
        """Return an XLSX file with all rows that match a query, in blocks; `timeout` is in seconds."""
        return read_workbook(self.resource, self.session, query, timeout)

    def count(self, query: ExportQuery) -> Count:
        """Return the exact number of rows that match a query."""
        return read_count(self.resource, self.session, query)

    def get(self, *key: Any) -> Read:
        """Return the row with this key; raises a problem 404 if it does not exist or is not visible."""
        self.access.require("read", self.resource)
        return self._to_read(self.row(*key))

    def create(self, body: Body) -> Read:
        """Add a row; raises a problem 409 or 422 if it violates a rule or a constraint."""
        row, values = self._new(body)
        with self._saving(values):
            self._insert(row, values)
            # Before the commit: what cannot be read is not stored
            return self._written([row], after_create)[0]

    def create_many(self, bodies: Sequence[Body]) -> list[Read]:
        """Add all rows by batches, or none. If one is rejected, the problem's fields are prefixed with its index."""
        return self._write_many(bodies, bodies, self._add_all, self._add_one, after_create)

    def update_many(self, changes: Sequence[AnyChange]) -> list[Read]:
        """Update all rows by batches, or none; problems are those of `create_many`, and 404 for a missing row."""
        self.access.require("update", self.resource)
        bodies = [change.changes for change in changes]
        return self._write_many(changes, bodies, self._change_all, self._change_one, after_update)

    def replace(self, body: Body, *key: Any) -> Read:
        """Replace a row with the values of `body`; fields that it leaves out get their defaults.

        Secrets and fields that the actor may not write keep their values.
        """
        sent = body.model_dump(exclude_unset=True)
        self.access.require_fields("update", self.resource, sent)
        kept = {*sent, *self.resource.secrets, *self.access.kept(self.resource)}
        missing = type(body).model_fields.keys() - kept
        defaults = {name: self.resource.default(name) for name in missing}
        return self._update(defaults | sent, *key)

    def update(self, body: Body, *key: Any) -> Read:
        """Update the fields of a row that `body` sets, and keep the others."""
        return self._update(body.model_dump(exclude_unset=True), *key)

    def delete(self, *key: Any) -> None:
        """Delete a row."""
        self.access.require("delete", self.resource)
        row = self._row_to_change(*key)
        with self._saving(None):
            before_delete(self.session, row)
            self.session.delete(row)
            if after_delete.concerns(self.resource.model):
                self.session.flush()
                after_delete(self.session, row)

    def delete_many(self, keys: Sequence[Any]) -> int:
        """Delete all existing rows with these keys or none, and return how many were deleted."""
        self.access.require("delete", self.resource)
        keys = [key for key in keys if is_storable(key)]
        with self._saving(None):
            return delete_rows(self.session, self.resource.model, keys)

    def row(self, *key: Any, lock: bool = False) -> Model:
        """Return the model of the row with this key; raises a problem 404 if it does not exist or is not visible."""
        row = None
        if is_storable(key):
            row = visible_row(self.session, self.resource.model, key, lock=lock)
        if row is None:
            raise not_found(f"There is no {self.resource.label} {', '.join(map(str, key))}.")
        return row

    def _write_many(
        self,
        items: Sequence[Item],
        bodies: Sequence[Body],
        write_all: Callable[[Sequence[Item], int], Sequence[Model]],
        write_one: Callable[[Item], object],
        after: HookPoint,
    ) -> list[Read]:
        try:
            read = self._written(write_all(items, 0), after)
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
        values = checked_values(self.session, self.resource, body)
        row = self.resource.model(**values)
        before_create(self.session, row)
        return row, values

    def _insert(self, row: Model, values: Mapping[str, Any]) -> None:
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
        self.access.require("update", self.resource)
        row = self._row_to_change(*key)
        merged = self._change(row, values)
        with self._saving(merged):
            self.session.flush()
            return self._written([row], after_update)[0]

    def _change_all(self, changes: Sequence[AnyChange], start: int) -> list[Model]:
        """Update rows by batches; a problem's fields are prefixed with the index of its row, counted from `start`."""
        keys = [change.identity for change in changes if is_storable(change.identity)]
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
        self.access.require_fields("update", self.resource, values)
        names = [attribute.key for attribute in sa.inspect(self.resource.model).column_attrs]
        before = {name: getattr(row, name) for name in names}
        merged = {**before, **values}
        enforce(self.resource.rules, RuleValues(merged), values)
        require_visible_references(self.session, self.resource.model, merged, before)
        for name, value in values.items():
            setattr(row, name, value)
        before_update(self.session, row)
        return merged

    def _written(self, rows: Sequence[Model], after: HookPoint) -> list[Read]:
        """Return written rows as stored, after rounding, defaults and triggers; raises a problem 403 if one is hidden."""
        refresh_rows(self.session, rows)
        self.access.require_visible(self.session, rows)
        for row in rows:
            after(self.session, row)
        return [self._to_read(row) for row in rows]

    def _to_read(self, row: Model) -> Read:
        read = self.resource.read.model_validate(row)
        self.access.hide(self.resource, [read])
        return read

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
