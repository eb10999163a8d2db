"""What a list can be asked for: a page of it, an order, filters by field, and a search.

A filter is a query parameter `field` or `field__operator`. Which operators a field has depends on its type:

    eq ne in          every plain type; `eq` may be left out: `?status=active`
    lt lte gt gte     numbers, dates and times
    like ilike        text, with % and _
    contains          text: a part of it, in any case; arrays: an item
    is_null           fields that may be null: true or false
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin

import sqlalchemy as sa
from fastapi import Query, Request
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute
from starlette.datastructures import QueryParams

from app.core import columns
from app.core.problems import FieldError, invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_OFFSET = 2**63 - 1
_OWN = frozenset({"limit", "offset", "sort", "q", "expand"})  # parameters that are no filters

Item = TypeVar("Item")
Condition = sa.ColumnElement[bool]
Operator = Callable[[Any, Any], Condition]

_EQUALITY = ("eq", "ne", "in")
_ORDER = ("lt", "lte", "gt", "gte")
_TEXT = ("like", "ilike", "contains")
_LOST_PLUS = re.compile(r" (?=\d\d:?\d\d$)")  # in a URL, + stands for a blank


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


@dataclass(frozen=True, kw_only=True)
class Filterable:
    """A field that a list can be filtered by."""

    name: str
    column: InstrumentedAttribute[Any]
    operators: tuple[str, ...]
    adapter: TypeAdapter[Any]
    schema: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sortable(self) -> bool:
        """Whether rows can be put in order by this field."""
        return "eq" in self.operators

    @property
    def searchable(self) -> bool:
        """Whether `q` looks into this field."""
        return "ilike" in self.operators


class Filters:
    """The fields of one table that its list can be filtered, sorted and searched by."""

    def __init__(self, model: type[DeclarativeBase], read: type[BaseModel]) -> None:
        self.fields: dict[str, Filterable] = {}
        for attribute, info in read.model_fields.items():
            column: InstrumentedAttribute[Any] = getattr(model, attribute)
            name = info.serialization_alias or attribute
            kind = _without_null(info.annotation)
            if info.metadata:
                kind = Annotated[(kind, *info.metadata)]
            if operators := _operators(column.type, nullable=bool(column.nullable)):
                adapter = TypeAdapter(_item(kind) if _is_array(column.type) else kind)
                self.fields[name] = Filterable(
                    name=name, column=column, operators=operators, adapter=adapter
                )
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
                found.append(_condition(filterable, operator or "eq", text))
            except ValidationError as error:
                message = error.errors(include_url=False, include_input=False)[0]["msg"]
                errors.append(FieldError(field=parameter, code="filter", message=message))
        if errors:
            raise invalid(errors)
        return [*found, *self._search(query.q)]

    def order(self, sort: str) -> list[sa.ColumnElement[Any]]:
        """Return the order that `sort` asks for; the key settles what that leaves open."""
        found: list[sa.ColumnElement[Any]] = []
        for part in filter(None, (part.strip() for part in sort.split(","))):
            filterable = self.fields.get(part.lstrip("-"))
            if filterable is None or not filterable.sortable:
                raise invalid(
                    [FieldError(field="sort", code="sort", message=f"cannot sort by {part}")]
                )
            column = filterable.column
            ordered = column.desc() if part.startswith("-") else column.asc()
            found.append(ordered.nulls_last() if column.nullable else ordered)
        return [*found, *(key.asc() for key in self._key)]

    def parameters(self) -> list[dict[str, Any]]:
        """Return the OpenAPI description of the filters."""
        return [
            {
                "name": name if operator == "eq" else f"{name}__{operator}",
                "in": "query",
                "required": False,
                "schema": _parameter_schema(filterable, operator),
            }
            for name, filterable in self.fields.items()
            for operator in filterable.operators
        ]

    def _search(self, q: str) -> Iterable[Condition]:
        if not q:
            return
        _plain_text.validate_python(q)
        texts = [found.column for found in self.fields.values() if found.searchable]
        yield sa.or_(sa.false(), *(text.icontains(q, autoescape=True) for text in texts))


_boolean: TypeAdapter[bool] = TypeAdapter(bool)
_plain_text: TypeAdapter[str] = TypeAdapter(str)
_COMPARISONS: Mapping[str, Operator] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column != value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "like": lambda column, value: column.like(value),
    "ilike": lambda column, value: column.ilike(value),
}


def _condition(filterable: Filterable, operator: str, text: str) -> Condition:
    column = filterable.column
    if operator == "is_null":
        return column.is_(None) if _boolean.validate_python(text) else column.is_not(None)
    if operator == "contains":
        return _contains(column, filterable.adapter, text)
    if operator == "in":
        return column.in_([_value(filterable, part) for part in text.split(",")])
    if operator in _TEXT:
        filled = isinstance(column.type, columns.Char)  # with blanks, which LIKE would see
        return _COMPARISONS[operator](sa.func.rtrim(column) if filled else column, text)
    return _COMPARISONS[operator](column, _value(filterable, text))


def _contains(
    column: InstrumentedAttribute[Any], adapter: TypeAdapter[Any], text: str
) -> Condition:
    if not _is_array(column.type):
        return column.icontains(text, autoescape=True)
    value = adapter.validate_strings(text)
    return columns.array_contains(column, value)


def _value(filterable: Filterable, text: str) -> Any:
    """Read a value as it stands in a URL."""
    with_zone = getattr(filterable.column.type, "timezone", False)
    return filterable.adapter.validate_strings(_LOST_PLUS.sub("+", text) if with_zone else text)


def _operators(kind: sa.types.TypeEngine[Any], *, nullable: bool) -> tuple[str, ...]:
    null = ("is_null",) if nullable else ()
    if _is_array(kind):
        return ("contains", *null)
    if isinstance(kind, (sa.Enum, sa.Boolean, sa.Uuid)):
        return (*_EQUALITY, *null)
    if isinstance(kind, (sa.String, columns.Char)):
        return (*_EQUALITY, *_TEXT, *null)
    if isinstance(kind, (sa.JSON, columns.Native, sa.LargeBinary)):
        return null
    return (*_EQUALITY, *_ORDER, *null)


def _is_array(kind: sa.types.TypeEngine[Any]) -> bool:
    return isinstance(kind, columns.Array)


def _without_null(annotation: Any) -> Any:
    """Return a field's type without `| None`."""
    plain = [part for part in get_args(annotation) if part is not type(None)]
    return plain[0] if type(None) in get_args(annotation) and len(plain) == 1 else annotation


def _item(annotation: Any) -> Any:
    """Return the type of an array's items, with its bounds."""
    plain = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    return _item(get_args(plain)[0]) if get_origin(plain) is list else annotation


def _parameter_schema(filterable: Filterable, operator: str) -> dict[str, Any]:
    if operator == "is_null":
        return {"type": "boolean"}
    if operator in _TEXT and not _is_array(filterable.column.type):
        return {"type": "string"}
    if operator == "in":
        return {"type": "string", "description": "Values with commas between them."}
    return filterable.adapter.json_schema(mode="validation")


def _unknown(parameter: str, filterable: Filterable | None) -> FieldError:
    if filterable is None:
        return FieldError(field=parameter, code="filter", message="is not a field to filter by")
    known = " ".join(filterable.operators)
    return FieldError(
        field=parameter, code="filter", message=f"has an unknown operator; known: {known}"
    )
