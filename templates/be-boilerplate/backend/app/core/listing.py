"""What a list can be asked for: a page of it, an order, filters by field, and a search.

A filter is a query parameter `field` or `field__operator`. Which operators a field has depends on its type:

    eq ne in          every plain type; `eq` may be left out: `?status=active`
    lt lte gt gte     numbers, dates and times
    like ilike        text, with % and _
    contains          text: a part of it, in any case; arrays: an item
    is_null           fields that may be null: true or false
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import sqlalchemy as sa
from fastapi import Query, Request
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute
from starlette.datastructures import QueryParams

from app.core.fields import refuse_unstorable
from app.core.filtering import (
    Condition,
    Filterable,
    condition,
    make_filterable,
    parameter_schema,
    reason,
)
from app.core.problems import FieldError, invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_OFFSET = 2**63 - 1
_OWN = frozenset({"limit", "offset", "sort", "q", "expand"})  # parameters that are no filters

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A part of a list, and how long the whole is. `expanded` holds the rows that a reference leads to."""

    items: list[Item]
    total: int
    limit: int
    offset: int
    expanded: dict[str, list[Any]] = {}


class Count(BaseModel):
    """How many rows there are."""

    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportQuery:
    """What a request asks of an export: all that its filters leave, in an order. `parameters` holds the filters."""

    parameters: QueryParams
    sort: str = ""
    q: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListQuery(ExportQuery):
    """What a request asks of a list: a part of it, and rows that it refers to."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    expand: str = ""


_Sort = Annotated[str, Query(description="Fields in order of weight; `-` in front: descending.")]
_Search = Annotated[str, Query(description="Part of any text field, in any case.")]
_Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many rows at most.")]
_Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="How many rows to pass over.")]
_Expand = Annotated[str, Query(description="References whose rows come along, in `expanded`.")]


# Nothing here waits, so none of it needs a thread: FastAPI gives one to each dependency that is not `async`.
async def export_query(request: Request, sort: _Sort = "", q: _Search = "") -> ExportQuery:
    """Read the query parameters of an export."""
    return ExportQuery(parameters=request.query_params, sort=sort, q=q)


async def list_query(
    request: Request,
    *,
    limit: _Limit = DEFAULT_LIMIT,
    offset: _Offset = 0,
    sort: _Sort = "",
    q: _Search = "",
    expand: _Expand = "",
) -> ListQuery:
    """Read the query parameters of a list."""
    return ListQuery(
        parameters=request.query_params, limit=limit, offset=offset, sort=sort, q=q, expand=expand
    )


class Filters:
    """The fields of one table that its list can be filtered, sorted and searched by."""

    def __init__(self, model: type[DeclarativeBase], read: type[BaseModel]) -> None:
        self.fields: dict[str, Filterable] = {}
        for attribute, info in read.model_fields.items():
            column: InstrumentedAttribute[Any] = getattr(model, attribute)
            name = info.serialization_alias or attribute
            if filterable := make_filterable(name, column, info):
                self.fields[name] = filterable
        mapper = sa.inspect(model)
        self._key = [
            mapper.get_property_by_column(key).class_attribute for key in mapper.primary_key
        ]

    def conditions(self, query: ExportQuery) -> list[Condition]:
        """Return what rows must satisfy; raises a problem that names every parameter at fault."""
        found: list[Condition] = []
        errors: list[FieldError] = []
        own = {name for name in _OWN if hasattr(query, name)}
        for parameter, text in query.parameters.multi_items():
            if parameter in own:
                continue
            name, _, operator = parameter.partition("__")
            filterable = self.fields.get(name)
            if filterable is None or (operator or "eq") not in filterable.operators:
                errors.append(_unknown(parameter, filterable))
                continue
            try:
                refuse_unstorable(text)
                found.append(condition(filterable, operator or "eq", text))
            except ValueError as error:
                errors.append(FieldError(field=parameter, code="filter", message=reason(error)))
        try:
            found += self._search(query.q)
        except ValueError as error:
            errors.append(FieldError(field="q", code="filter", message=reason(error)))
        if errors:
            raise invalid(errors)
        return found

    def order(self, sort: str) -> list[sa.ColumnElement[Any]]:
        """Return the order that `sort` asks for; the key settles what that leaves open."""
        found: dict[str, sa.ColumnElement[Any]] = {}  # a field counts where it is named first
        for part in filter(None, (part.strip() for part in sort.split(","))):
            filterable = self.fields.get(part.removeprefix("-"))
            if filterable is None or not filterable.sortable:
                raise invalid(
                    [FieldError(field="sort", code="sort", message=f"cannot sort by {part}")]
                )
            column = filterable.column
            ordered = column.desc() if part.startswith("-") else column.asc()
            found.setdefault(column.key, ordered.nulls_last() if column.nullable else ordered)
        for key in self._key:
            found.setdefault(key.key, key.asc())
        return list(found.values())

    def parameters(self) -> list[dict[str, Any]]:
        """Return the OpenAPI description of the filters."""
        return [
            {
                "name": name if operator == "eq" else f"{name}__{operator}",
                "in": "query",
                "required": False,
                "schema": parameter_schema(filterable, operator),
            }
            for name, filterable in self.fields.items()
            for operator in filterable.operators
        ]

    def _search(self, q: str) -> Iterable[Condition]:
        if not q:
            return
        refuse_unstorable(q)
        texts = [found.column for found in self.fields.values() if found.searchable]
        yield sa.or_(sa.false(), *(text.icontains(q, autoescape=True) for text in texts))


def _unknown(parameter: str, filterable: Filterable | None) -> FieldError:
    if filterable is None:
        return FieldError(field=parameter, code="filter", message="is not a field to filter by")
    known = " ".join(filterable.operators)
    return FieldError(
        field=parameter, code="filter", message=f"has an unknown operator; known: {known}"
    )
