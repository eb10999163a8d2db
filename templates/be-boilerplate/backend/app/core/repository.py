"""Reading and writing the rows of one table: what all tables have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Generic, TypeVar

import sqlalchemy as sa
from fastapi import Depends, Request
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.schema import CallableColumnDefault
from starlette.datastructures import QueryParams

from app.core.database import get_session
from app.core.fields import Body
from app.core.integrity import explain, table_of
from app.core.listing import Condition, Count, Filters, Page, Paging, paging
from app.core.problems import not_found
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
        table_of(model).info["fields"] = fields

    def list_docs(self) -> dict[str, Any]:
        """Return the OpenAPI description of the filters, for a route's `openapi_extra`."""
        return {"parameters": self.filters.parameters()}

    def repository(self) -> Callable[[Session], Repository[Model, Read]]:
        """Return the dependency that gives a request its repository."""

        def give(session: Annotated[Session, Depends(get_session)]) -> Repository[Model, Read]:
            return Repository(self, session)

        return give


class _Known(dict[str, Any]):
    """Values of a row, by attribute; what is not known yet is None."""

    def __missing__(self, name: str) -> None:
        return None

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        return None if isinstance(value, sa.ClauseElement) else value


class ListQuery:
    """What a request asks of a list."""

    def __init__(self, request: Request, paging: Annotated[Paging, Depends(paging)]) -> None:
        self.parameters: QueryParams = request.query_params
        self.paging = paging


class Repository(Generic[Model, Read]):
    """The rows of one table, within one session. Every change is committed before its method returns."""

    def __init__(self, resource: Resource[Model, Read], session: Session) -> None:
        self.resource = resource
        self.session = session

    def page(self, query: ListQuery) -> Page[Read]:
        """Return the part of the list that a request asks for."""
        filters, wanted = self.resource.filters, query.paging
        conditions = filters.conditions(query.parameters, wanted.q)
        order = filters.order(wanted.sort)
        statement = sa.select(self.resource.model).where(*conditions).order_by(*order)
        rows = self.session.scalars(statement.limit(wanted.limit).offset(wanted.offset))
        items = [self._shown(row) for row in rows]
        total = self._count(conditions)
        return Page(items=items, total=total, limit=wanted.limit, offset=wanted.offset)

    def count(self, query: ListQuery) -> Count:
        """Return how many rows a request's filters leave."""
        conditions = self.resource.filters.conditions(query.parameters, query.paging.q)
        return Count(count=self._count(conditions))

    def get(self, *key: Any) -> Read:
        """Return the row with this key; a problem 404 where there is none."""
        return self._shown(self.row(*key))

    def create(self, body: Body) -> Read:
        """Add a row."""
        values = body.model_dump(exclude_unset=True)
        enforce(self.resource.rules, _Known(values))
        row = self.resource.model(**values)
        with self._saving(values):
            self.session.add(row)
        return self._stored(row)

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
        row = self.row(*key)
        with self._saving(None):
            self.session.delete(row)

    def row(self, *key: Any) -> Model:
        """Return the model of the row with this key; a problem 404 where there is none."""
        row = self.session.get(self.resource.model, key)
        if row is None:
            raise not_found(f"There is no {self.resource.label} {', '.join(map(str, key))}.")
        return row

    def _update(self, values: Mapping[str, Any], *key: Any) -> Read:
        row = self.row(*key)
        names = [attribute.key for attribute in sa.inspect(self.resource.model).column_attrs]
        merged = {**{name: getattr(row, name) for name in names}, **values}
        enforce(self.resource.rules, _Known(merged), values)
        for name, value in values.items():
            setattr(row, name, value)
        with self._saving(merged):
            self.session.flush()
        return self._stored(row)

    def _count(self, conditions: Sequence[Condition]) -> int:
        statement = sa.select(sa.func.count()).select_from(self.resource.model).where(*conditions)
        return self.session.scalar(statement) or 0

    def _stored(self, row: Model) -> Read:
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
    def _saving(self, values: Mapping[str, Any] | None) -> Iterator[None]:
        """Commit, or roll back and raise the problem behind what the database refused."""
        try:
            yield
            self.session.commit()
        except IntegrityError as error:
            self.session.rollback()
            raise explain(error, self.session, self.resource.model, values) from error
