"""Reading and writing the rows of one table: what all tables have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Generic, Self, TypeVar

import sqlalchemy as sa
from fastapi import Depends, Header
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.schema import CallableColumnDefault

from app.core.answers import as_json, entity_tag, is_expected
from app.core.database import get_session
from app.core.expansion import References
from app.core.export import csv_blocks
from app.core.fields import Body, refuse_unstorable
from app.core.filtering import Condition
from app.core.hooks import before_create, before_delete, before_update
from app.core.integrity import dangling, explain, table_of
from app.core.listing import Count, ExportQuery, Filters, ListQuery, Page
from app.core.problems import ProblemError, not_found, stale
from app.core.rules import Rule, enforce

Model = TypeVar("Model", bound=DeclarativeBase)
Read = TypeVar("Read", bound=BaseModel)


class Resource(Generic[Model, Read]):
    """A table as clients know it: its model, the shape that is read, and its rules."""

    def __init__(
        self, model: type[Model], read: type[Read], *, label: str, rules: Sequence[Rule] = ()
    ) -> None:
        self.model = model
        self.read = read
        self.page: Any = Page[read]  # type: ignore[valid-type]
        self.label = label
        self.rules = rules
        self.filters = Filters(model, read)
        mapper = sa.inspect(model)
        self.key = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        fields = {
            column.key: info.serialization_alias or name
            for name, info in read.model_fields.items()
            for column in mapper.attrs[name].columns
        }
        table_of(model).info.update(fields=fields, resource=self)
        self.references = References(model)

    def list_docs(self) -> dict[str, Any]:
        """Return the OpenAPI description of the filters, for a route's `openapi_extra`."""
        return {"parameters": self.filters.parameters()}

    def repository(self) -> Callable[..., Awaitable[Repository[Model, Read]]]:
        """Return the dependency that gives a request its repository."""

        async def give(
            session: Annotated[Session, Depends(get_session)],
        ) -> Repository[Model, Read]:
            return Repository(self, session)

        return give

    def guarded(self) -> Callable[..., Awaitable[Repository[Model, Read]]]:
        """Return the same for changes: with `If-Match`, only a row that is as the client knows it is changed."""

        async def give(
            session: Annotated[Session, Depends(get_session)],
            if_match: Annotated[
                str | None, Header(description="The row's `ETag`, to change no other version.")
            ] = None,
        ) -> Repository[Model, Read]:
            return Repository(self, session, if_match)

        return give


class _Known(dict[str, Any]):
    """Values of a row, by attribute; what is not known yet is None."""

    def __missing__(self, name: str) -> None:
        return None

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        return None if isinstance(value, sa.ClauseElement) else value


class Repository(Generic[Model, Read]):
    """The rows of one table, within one session. Every change is committed before its method returns.

    `expected` is what a client says that the version of the row to be changed must be. As a context manager it gives
    the connection back at the end, so that none is held while an answer is sent.
    """

    def __init__(
        self, resource: Resource[Model, Read], session: Session, expected: str | None = None
    ) -> None:
        self.resource = resource
        self.session = session
        self.expected = expected

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.session.close()

    def page(self, query: ListQuery) -> Page[Read]:
        """Return the part of the list that a request asks for."""
        filters = self.resource.filters
        conditions = filters.conditions(query)
        order = filters.order(query.sort)
        named = self.resource.references.named(query.expand)
        statement = sa.select(self.resource.model).where(*conditions).order_by(*order)
        rows = self.session.scalars(statement.limit(query.limit).offset(query.offset)).all()
        found = {"items": rows, "limit": query.limit, "offset": query.offset}
        found["total"] = self._count(conditions)
        if named:
            found["expanded"] = {
                reference.name: reference.rows(self.session, rows) for reference in named
            }
        page: Page[Read] = self.resource.page.model_validate(found)
        return page

    def csv(self, query: ExportQuery) -> Iterator[str]:
        """Return a CSV file, block by block, with all rows that a request's filters leave, read bit by bit."""
        filters = self.resource.filters
        conditions, order = filters.conditions(query), filters.order(query.sort)
        statement = sa.select(self.resource.model).where(*conditions).order_by(*order)
        rows = self.session.scalars(statement.execution_options(yield_per=500))
        return csv_blocks(self.resource.read, (self._shown(row) for row in rows))

    def count(self, query: ListQuery) -> Count:
        """Return how many rows a request's filters leave."""
        return Count(count=self._count(self.resource.filters.conditions(query)))

    def get(self, *key: Any) -> Read:
        """Return the row with this key; a problem 404 where there is none."""
        return self._shown(self.row(*key))

    def create(self, body: Body) -> Read:
        """Add a row."""
        row, values = self._new(body)
        with self._saving(values):
            self.session.add(row)
        return self._refreshed(row)

    def create_many(self, bodies: Sequence[Body]) -> list[Read]:
        """Add rows: all, or none where one is refused; its number is then in front of every field at fault."""
        rows: list[Model] = []
        written: list[Mapping[str, Any]] = []
        for number, body in enumerate(bodies):
            try:
                row, values = self._new(body)
                with self._saving(values, commit=False):
                    self.session.add(row)
                    self.session.flush()
            except ProblemError as problem:
                self.session.rollback()
                raise problem.within(str(number)) from problem
            rows.append(row)
            written.append(values)
        try:
            with self._saving({}):  # what is deferred is held now
                self.session.flush()
        except ProblemError as problem:
            raise self._dangling(written) or problem from problem
        return [self._refreshed(row) for row in rows]

    def replace(self, body: Body, *key: Any) -> Read:
        """Give a row the values of `body`; what that leaves out gets its default."""
        sent = body.model_dump(exclude_unset=True)
        values = {name: sent.get(name, self._default(name)) for name in type(body).model_fields}
        return self._update(values, *key)

    def update(self, body: Body, *key: Any) -> Read:
        """Give a row the values that `body` holds, and leave the others as they are."""
        return self._update(body.model_dump(exclude_unset=True), *key)

    def delete(self, *key: Any) -> None:
        """Take a row away."""
        row = self._expected_row(*key)
        with self._saving(None):
            before_delete(self.session, row)
            self.session.delete(row)

    def delete_many(self, keys: Sequence[Any]) -> int:
        """Take rows away, all or none, and return how many there were."""
        keys = [key for key in keys if _can_be_stored(key)]
        columns = sa.inspect(self.resource.model).primary_key
        chosen = columns[0].in_(keys) if len(columns) == 1 else sa.tuple_(*columns).in_(keys)
        rows = self.session.scalars(sa.select(self.resource.model).where(chosen)).all()
        with self._saving(None):
            for row in rows:
                before_delete(self.session, row)
                self.session.delete(row)
        return len(rows)

    def row(self, *key: Any, lock: bool = False) -> Model:
        """Return the model of the row with this key; a problem 404 where there is none."""
        row = None
        if _can_be_stored(key):
            row = self.session.get(self.resource.model, key, with_for_update=True if lock else None)
        if row is None:
            raise not_found(f"There is no {self.resource.label} {', '.join(map(str, key))}.")
        return row

    def _dangling(self, written: Sequence[Mapping[str, Any]]) -> ProblemError | None:
        for number, values in enumerate(written):
            if found := dangling(self.session, self.resource.model, values):
                return found.within(str(number))
        return None

    def _new(self, body: Body) -> tuple[Model, Mapping[str, Any]]:
        values = body.model_dump(exclude_unset=True)
        enforce(self.resource.rules, _Known(values))
        row = self.resource.model(**values)
        before_create(self.session, row)
        return row, values

    def _expected_row(self, *key: Any) -> Model:
        """Return a row that is to be changed; a problem 412 where it is not as the client expects."""
        if self.expected is None:
            return self.row(*key)
        row = self.row(*key, lock=True)  # nobody else changes it from here on
        if not is_expected(entity_tag(as_json(self._shown(row))), self.expected):
            raise stale(f"The {self.resource.label} was changed by somebody else.")
        return row

    def _update(self, values: Mapping[str, Any], *key: Any) -> Read:
        row = self._expected_row(*key)
        names = [attribute.key for attribute in sa.inspect(self.resource.model).column_attrs]
        merged = {**{name: getattr(row, name) for name in names}, **values}
        enforce(self.resource.rules, _Known(merged), values)
        for name, value in values.items():
            setattr(row, name, value)
        before_update(self.session, row)
        with self._saving(merged):
            self.session.flush()
        return self._refreshed(row)

    def _count(self, conditions: Sequence[Condition]) -> int:
        statement = sa.select(sa.func.count()).select_from(self.resource.model).where(*conditions)
        return self.session.scalar(statement) or 0

    def _refreshed(self, row: Model) -> Read:
        """Return a row as the database has it now: rounded, with defaults, after triggers."""
        self.session.refresh(row)
        return self._shown(row)

    def _shown(self, row: Model) -> Read:
        return self.resource.read.model_validate(row)

    def _default(self, name: str) -> Any:
        """Return what the database puts where nothing is written, as a value or as SQL."""
        column = sa.inspect(self.resource.model).attrs[name].columns[0]
        if isinstance(column.default, CallableColumnDefault):
            give: Any = column.default.arg
            return give(None)
        return getattr(column.server_default, "arg", None)

    @contextmanager
    def _saving(self, values: Mapping[str, Any] | None, *, commit: bool = True) -> Iterator[None]:
        """Commit, or roll back and raise the problem behind what the database refused."""
        try:
            yield
            if commit:
                self.session.commit()
        except DBAPIError as error:
            self.session.rollback()
            problem = explain(error, self.session, self.resource.model, values)
            raise problem or error from error


def _can_be_stored(key: Any) -> bool:
    """Whether there can be a row with this key at all."""
    try:
        refuse_unstorable(list(key) if isinstance(key, tuple) else key)
    except ValueError:
        return False
    return True
