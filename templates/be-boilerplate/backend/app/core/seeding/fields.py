"""What a column accepts, read from the classes that hold clients to it: the seed is held to the same."""

from __future__ import annotations

import datetime as dt
import importlib
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, NaiveDatetime, TypeAdapter
from pydantic.fields import FieldInfo
from sqlalchemy.orm import DeclarativeBase

from app.core.columns import Native
from app.core.integrity import table_of
from app.core.rules import Rule

_BOUNDS = (
    "ge",
    "gt",
    "le",
    "lt",
    "min_length",
    "max_length",
    "pattern",
    "max_digits",
    "decimal_places",
)
_TYPES: Mapping[Any, str] = {
    str: "text", bool: "boolean", int: "integer", float: "number", Decimal: "decimal", bytes: "bytes",
    dt.date: "date", dt.time: "time", dt.timedelta: "interval", dt.datetime: "local_moment",
    AwareDatetime: "moment", NaiveDatetime: "local_moment", UUID: "uuid",
}  # fmt: skip


@dataclass(slots=True)
class Accepted:
    """The values of a type: what `kind` they are, which `choices` there are, and how they are bounded."""

    kind: str = "json"
    choices: Sequence[Any] = ()
    bounds: dict[str, Any] = field(default_factory=dict)
    item: Accepted | None = None  # of an array


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column that rows are given a value for. `name` is `table.column` in lower case."""

    attribute: str
    name: str
    comment: str
    nullable: bool
    accepted: Accepted
    adapter: TypeAdapter[Any]
    native: str  # the name of a type that only PostgreSQL has


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A table to be filled: its model, the fields that are given values, and the rules that rows obey."""

    model: type[DeclarativeBase]
    table: sa.Table
    fields: Mapping[str, Field]
    rules: Sequence[Rule]

    @property
    def attributes(self) -> list[str]:
        """What Python calls the columns, those that the database works out included."""
        return [attribute.key for attribute in sa.inspect(self.model).column_attrs]

    @property
    def stamps(self) -> list[str]:
        """What Python calls the columns that each change of a row gives a new value."""
        columns = sa.inspect(self.model).column_attrs
        return [attribute.key for attribute in columns if attribute.columns[0].onupdate is not None]

    def attribute(self, column: sa.Column[Any]) -> str:
        """Return what Python calls a column of this table."""
        return str(sa.inspect(self.model).get_property_by_column(column).key)


def read_subject(model: type[DeclarativeBase]) -> Subject:
    """Return what there is to know of a table, from its model and its schemas."""
    schemas = importlib.import_module(f"{model.__module__.rpartition('.')[0]}.schemas")
    table = table_of(model)
    shown: type[BaseModel] = getattr(schemas, f"{model.__name__}Read")
    body: type[BaseModel] | None = getattr(schemas, f"{model.__name__}Create", None)
    fields = {}
    for attribute in sa.inspect(model).column_attrs:
        column = attribute.columns[0]
        infos = shown.model_fields if body is None else body.model_fields
        if attribute.key in infos and (body is not None or not _is_assigned(column)):
            fields[attribute.key] = _field(table, column, attribute.key, infos[attribute.key])
    return Subject(model=model, table=table, fields=fields, rules=getattr(schemas, "RULES", ()))


def _is_assigned(column: Any) -> bool:
    """Whether the database alone gives a column its values."""
    return bool(column.computed or column.identity or column.server_onupdate)


def _field(table: sa.Table, column: Any, attribute: str, info: FieldInfo) -> Field:
    accepted = read_type(info.annotation, info.metadata)
    kind = column.type
    for name, bound in (
        ("max_length", "length"),
        ("max_digits", "precision"),
        ("decimal_places", "scale"),
    ):
        if isinstance(getattr(kind, bound, None), int):
            accepted.bounds.setdefault(name, getattr(kind, bound))
    annotation: Any = info.annotation
    if info.metadata:
        annotation = Annotated[(annotation, *info.metadata)]
    return Field(
        attribute=attribute,
        name=f"{table.name}.{column.name}".lower(),
        comment=(column.comment or "").lower().replace(" ", "_"),
        nullable=bool(column.nullable),
        accepted=accepted,
        adapter=TypeAdapter(annotation),
        native=kind.name if isinstance(kind, Native) else "",
    )


def read_type(annotation: Any, metadata: Iterable[Any] = ()) -> Accepted:
    """Return what the annotation of a field accepts."""
    found = _read_annotation(annotation)
    for item in metadata:
        for part in item.metadata if isinstance(item, FieldInfo) else (item,):
            found.bounds |= {
                name: getattr(part, name)
                for name in _BOUNDS
                if getattr(part, name, None) is not None
            }
    return found


def _read_annotation(annotation: Any) -> Accepted:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return read_type(arguments[0], arguments[1:])
    if origin in (Union, types.UnionType):
        return _read_annotation(next(part for part in arguments if part is not types.NoneType))
    if origin is Literal:
        return Accepted(kind="choice", choices=arguments)
    if origin is list:
        return Accepted(kind="array", item=read_type(arguments[0]))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return Accepted(kind="choice", choices=tuple(annotation))
    return Accepted(kind=_TYPES.get(annotation, "json"))
