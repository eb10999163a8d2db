"""The values that each column accepts, derived from the schemas that validate requests."""

from __future__ import annotations

import datetime as dt
import importlib
import types
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, NaiveDatetime, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from sqlalchemy.orm import DeclarativeBase

from app.core.columns import Native
from app.core.constraint_columns import table_of
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
    dt.date: "date", dt.time: "time", dt.timedelta: "interval", dt.datetime: "local_timestamp",
    AwareDatetime: "timestamp", NaiveDatetime: "local_timestamp", UUID: "uuid",
}  # fmt: skip


@dataclass(slots=True)
class ValueType:
    """The type of a field: its `kind`, its `choices` if they are enumerated, and its bounds by constraint name."""

    kind: str = "json"
    choices: Sequence[Any] = ()
    bounds: dict[str, Any] = field(default_factory=dict)
    item: ValueType | None = None  # of an array


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column to generate values for. `name` is `table.column` in lower case."""

    attribute: str
    name: str
    comment: str
    nullable: bool
    type: ValueType
    adapter: TypeAdapter[Any]
    native: str  # the name of a PostgreSQL-only type, or empty


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """A table to fill: its model, the fields to generate values for, and the rules over its rows.

    `example` is a row that all checks accept, as far as it is known, without its references.
    """

    model: type[DeclarativeBase]
    table: sa.Table
    fields: Mapping[str, Field]
    rules: Sequence[Rule]
    example: Mapping[str, Any]

    @property
    def attributes(self) -> list[str]:
        """The model attributes of all columns, including computed ones."""
        return [attribute.key for attribute in sa.inspect(self.model).column_attrs]

    @property
    def updated_on_change(self) -> list[str]:
        """The model attributes of the columns that every update of a row sets."""
        columns = sa.inspect(self.model).column_attrs
        return [attribute.key for attribute in columns if attribute.columns[0].onupdate is not None]

    def attribute(self, column: sa.Column[Any]) -> str:
        """Return the model attribute of a column of this table."""
        return str(sa.inspect(self.model).get_property_by_column(column).key)


def table_spec(model: type[DeclarativeBase]) -> TableSpec:
    """Return the specification of a table, from its model and its schemas."""
    schemas = importlib.import_module(f"{model.__module__.rpartition('.')[0]}.schemas")
    table = table_of(model)
    read: type[BaseModel] = getattr(schemas, f"{model.__name__}Read")
    body: type[BaseModel] | None = getattr(schemas, f"{model.__name__}Create", None)
    fields = {}
    for attribute in sa.inspect(model).column_attrs:
        column = attribute.columns[0]
        infos = read.model_fields if body is None else body.model_fields
        if attribute.key in infos and (body is not None or not _is_generated(column)):
            fields[attribute.key] = _field(table, column, attribute.key, infos[attribute.key])
    return TableSpec(
        model=model,
        table=table,
        fields=fields,
        rules=getattr(schemas, "RULES", ()),
        example={} if body is None else _example(table, fields, body),
    )


def _example(table: sa.Table, fields: Mapping[str, Field], body: type[BaseModel]) -> dict[str, Any]:
    """Return the values of the example in the documentation of a schema, but for references."""
    extra = body.model_config.get("json_schema_extra")
    examples: Any = extra.get("examples") if isinstance(extra, dict) else None
    if not examples:
        return {}
    referring = {column for key in table.foreign_key_constraints for column in key.columns}
    names = {f"{table.name}.{column.name}".lower() for column in referring}
    found = {}
    for name, own in fields.items():
        value = examples[0].get(body.model_fields[name].alias or name)
        if value is not None and own.name not in names:
            with suppress(ValidationError):
                found[name] = own.adapter.validate_python(value)
    return found


def _is_generated(column: Any) -> bool:
    """Whether only the database assigns the values of a column."""
    return bool(column.computed or column.identity or column.server_onupdate)


def _field(table: sa.Table, column: Any, attribute: str, info: FieldInfo) -> Field:
    value_type = read_type(info.annotation, info.metadata)
    column_type = column.type
    for name, bound in (
        ("max_length", "length"),
        ("max_digits", "precision"),
        ("decimal_places", "scale"),
    ):
        if isinstance(getattr(column_type, bound, None), int):
            value_type.bounds.setdefault(name, getattr(column_type, bound))
    annotation: Any = info.annotation
    if info.metadata:
        annotation = Annotated[(annotation, *info.metadata)]
    return Field(
        attribute=attribute,
        name=f"{table.name}.{column.name}".lower(),
        comment=(column.comment or "").lower().replace(" ", "_"),
        nullable=bool(column.nullable),
        type=value_type,
        adapter=TypeAdapter(annotation),
        native=column_type.name if isinstance(column_type, Native) else "",
    )


def read_type(annotation: Any, metadata: Iterable[Any] = ()) -> ValueType:
    """Return the type of a field from its annotation and Pydantic metadata."""
    value_type = _read_annotation(annotation)
    for item in metadata:
        for part in item.metadata if isinstance(item, FieldInfo) else (item,):
            value_type.bounds |= {
                name: getattr(part, name)
                for name in _BOUNDS
                if getattr(part, name, None) is not None
            }
    return value_type


def _read_annotation(annotation: Any) -> ValueType:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return read_type(arguments[0], arguments[1:])
    if origin in (Union, types.UnionType):
        return _read_annotation(next(part for part in arguments if part is not types.NoneType))
    if origin is Literal:
        return ValueType(kind="choice", choices=arguments)
    if origin is list:
        return ValueType(kind="array", item=read_type(arguments[0]))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ValueType(kind="choice", choices=tuple(annotation))
    return ValueType(kind=_TYPES.get(annotation, "json"))
