"""Query parameters of lists: paging, sorting, filters by field, and search. `selection` makes SQL of them.

A filter is a query parameter `field` or `field__operator`. Which operators a field has depends on its type:

    eq ne in          scalar types; `eq` is the default: `?status=active`
    lt lte gt gte     numbers, dates and times
    like ilike        text, with the wildcards % and _
    contains          text: a substring, ignoring case; arrays: an item
    is_null           nullable fields: true or false
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from copy import copy
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Self, TypeVar

import sqlalchemy as sa
from fastapi import Query, Request
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute
from starlette.datastructures import QueryParams

from app.core.counting import COUNT_CAP, Counting, Precision
from app.core.filtering import (
    Filterable,
    make_filterable,
    parameter_schema,
    value_adapter,
)
from app.core.moments import zone_of
from app.core.ordering import SortKey
from app.core.problems import FieldError, invalid
from app.core.search import Search

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_OFFSET = 2**63 - 1
PLACES = ("offset", "after", "before")  # parameters of which a request has at most one
# Parameters that are not filters: fields of these names are filtered by `count__eq`.
_RESERVED = frozenset(
    {
        *("limit", "offset", "after", "before", "count", "sort", "q", "expand"),
        *("labels", "columns", "bom", "time_zone"),
    }
)

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A page of a list.

    `total` is the number of all rows that match, and `total_is` how precise it is; `next` and `previous` are cursors of
    the neighbouring pages; `expanded` holds referenced rows by reference.
    """

    items: list[Item]
    total: int | None
    total_is: Precision
    limit: int
    offset: int | None
    next: str | None
    previous: str | None
    expanded: dict[str, list[Any]] = {}


class Count(BaseModel):
    """A number of rows."""

    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportQuery:
    """The query of all rows that match: filters (in `parameters`), search and order."""

    parameters: QueryParams
    sort: str = ""
    q: str = ""

    def reserved(self) -> set[str]:
        """Return the parameters that are no filters."""
        return {name for name in _RESERVED if hasattr(self, name)}


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvQuery(ExportQuery):
    """The query of an export: `columns` are the names of fields, separated by commas, or empty for all of them.

    `labels` is whether columns with labels are beside references, and `bom` whether the file begins with a mark of UTF-8.
    """

    labels: bool = False
    columns: str = ""
    bom: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkbookQuery(CsvQuery):
    """The query of an export as a workbook, whose times are those of a time zone."""

    time_zone: dt.tzinfo = dt.UTC


@dataclass(frozen=True, kw_only=True, slots=True)
class ListQuery(ExportQuery):
    """The query of a list: that of an export, the page, and the references to expand."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    after: str = ""
    before: str = ""
    count: Counting = "capped"
    expand: str = ""


_Sort = Annotated[
    str, Query(description="Comma-separated fields to sort by; the prefix `-` sorts descending.")
]
_Search = Annotated[
    str, Query(description="Words to find in the searched fields, in any order, ignoring case.")
]
_Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Maximum number of rows.")]
_Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Number of rows to skip.")]
_After = Annotated[
    str, Query(description="Cursor of a page (`next`) after which rows are returned.")
]
_Before = Annotated[
    str, Query(description="Cursor of a page (`previous`) before which rows are returned.")
]
_Count = Annotated[
    Counting,
    Query(
        description=f"How `total` is determined: counted up to {COUNT_CAP:,} rows, counted up to there and estimated "
        "above, counted exactly, or not at all."
    ),
]
_Expand = Annotated[
    str, Query(description="Comma-separated references whose rows to include in `expanded`.")
]
_Labels = Annotated[
    bool, Query(description="Whether columns with the labels of referenced rows are added.")
]

_Columns = Annotated[
    str, Query(description="Comma-separated fields to export, in this order; all without it.")
]
_Bom = Annotated[
    bool,
    Query(
        description="Whether the file begins with a byte order mark, by which Excel knows UTF-8."
    ),
]
_TimeZone = Annotated[
    str, Query(description="The time zone of the times, which Excel has none of: `Asia/Jakarta`.")
]


# These dependencies are `async` because they never block: FastAPI runs all others in a thread each.
async def csv_query(
    request: Request,
    *,
    sort: _Sort = "",
    q: _Search = "",
    labels: _Labels = False,
    columns: _Columns = "",
    bom: _Bom = False,
) -> CsvQuery:
    """Return the query of a request for an export."""
    return CsvQuery(
        parameters=request.query_params, sort=sort, q=q, labels=labels, columns=columns, bom=bom
    )


async def workbook_query(
    request: Request,
    *,
    sort: _Sort = "",
    q: _Search = "",
    labels: _Labels = False,
    columns: _Columns = "",
    time_zone: _TimeZone = "UTC",
) -> WorkbookQuery:
    """Return the query of a request for an export as a workbook; raises a problem 422 for an unknown time zone."""
    try:
        zone = zone_of(time_zone)
    except ValueError as error:
        message = str(error)
        raise invalid([FieldError(field="time_zone", code="time_zone", message=message)]) from None
    return WorkbookQuery(
        parameters=request.query_params,
        sort=sort,
        q=q,
        labels=labels,
        columns=columns,
        time_zone=zone,
    )


async def list_query(
    request: Request,
    *,
    limit: _Limit = DEFAULT_LIMIT,
    offset: _Offset = 0,
    after: _After = "",
    before: _Before = "",
    count: _Count = "capped",
    sort: _Sort = "",
    q: _Search = "",
    expand: _Expand = "",
) -> ListQuery:
    """Return the query of a request for a list; raises a problem 422 if it starts at more than one place."""
    if sum(map(bool, (offset, after, before))) > 1:
        message = "must not be combined: a page starts at one place"
        raise invalid([FieldError(field=name, code="page", message=message) for name in PLACES])
    return ListQuery(
        parameters=request.query_params,
        limit=limit,
        offset=offset,
        after=after,
        before=before,
        count=count,
        sort=sort,
        q=q,
        expand=expand,
    )


class Filters:
    """The fields by which the list of one table can be filtered, sorted and searched."""

    def __init__(self, model: type[DeclarativeBase], read: type[BaseModel], search: Search) -> None:
        self.search = search
        self.fields: dict[str, Filterable] = {}
        for attribute, info in read.model_fields.items():
            column: InstrumentedAttribute[Any] = getattr(model, attribute)
            name = info.serialization_alias or attribute
            if filterable := make_filterable(name, column, info):
                self.fields[name] = filterable
        mapper = sa.inspect(model)
        names = [mapper.get_property_by_column(key).key for key in mapper.primary_key]
        self.tie_breakers = [
            SortKey(
                name=name,
                column=getattr(model, name).expression,
                attribute=name,
                is_nullable=bool(getattr(model, name).nullable),
                adapter=value_adapter(read.model_fields[name]),
                is_descending=False,
            )
            for name in names
        ]

    def without(self, hidden: Collection[str]) -> Self:
        """Return the same filters without these attributes."""
        found = copy(self)
        found.fields = {
            name: field for name, field in self.fields.items() if field.column.key not in hidden
        }
        columns, phones = (
            [name for name in names if name not in hidden]
            for names in (self.search.columns, self.search.phones)
        )
        found.search = Search(columns, phones)
        return found

    def parameters(self) -> list[dict[str, Any]]:
        """Return the OpenAPI parameter objects of the filters."""
        return [
            {
                "name": name
                if operator == "eq" and name not in _RESERVED
                else f"{name}__{operator}",
                "in": "query",
                "required": False,
                "schema": parameter_schema(filterable, operator),
            }
            for name, filterable in self.fields.items()
            for operator in filterable.operators
        ]
