"""Which columns a constraint concerns, the fields that clients know them by, and which foreign keys refer to a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase

_DETAIL_KEY = re.compile(r"Key \((?P<columns>.*?)\)=\(")


def table_of(model: type[DeclarativeBase]) -> sa.Table:
    """Return the table of a model. Raises TypeError for a model that is mapped to anything else."""
    table = model.__table__
    if not isinstance(table, sa.Table):
        raise TypeError(f"{model.__name__} is not mapped to a table")
    return table


def is_view(table: sa.Table) -> bool:
    """Whether a table is a view of the database, which holds no rows of its own."""
    return bool(table.info.get("is_view"))


def has_key(model: type[DeclarativeBase], keys: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that a row has one of these keys: values, or tuples where the key has several columns."""
    columns = sa.inspect(model).primary_key
    return columns[0].in_(keys) if len(columns) == 1 else sa.tuple_(*columns).in_(keys)


def field_names(model: type[DeclarativeBase], columns: Iterable[str]) -> list[str]:
    """Return the field names of columns, as clients see them; for a computed column, of those that it reads."""
    table = table_of(model)
    names: Mapping[str, str] = table.info.get("fields", {})
    written = dict.fromkeys(one for column in columns if column for one in _written(table, column))
    return [names.get(column, column) for column in written]


def _written(table: sa.Table, column: str) -> list[str]:
    computed = table.columns[column].computed if column in table.columns else None
    if computed is None:
        return [column]
    return columns_in_sql(table, str(computed.sqltext)) or [column]


def columns_of(table: sa.Table, name: str | None) -> list[str]:
    """Return the columns of a constraint or a unique index."""
    for constraint in table.constraints:
        if name and constraint.name == name:
            if isinstance(constraint, sa.CheckConstraint):
                return columns_in_sql(table, str(constraint.sqltext))
            return [column.key for column in getattr(constraint, "columns", ())]
    for index in table.indexes:
        if name and index.name == name:
            return columns_in_sql(table, ", ".join(str(part) for part in index.expressions))
    return []


def message_of(table: sa.Table, name: str | None) -> str | None:
    """Return what people are told who violate a constraint, where there is such a text."""
    parts: list[sa.Constraint | sa.Index] = [*table.constraints, *table.indexes]
    texts = {name_of(part): part.info.get("message") for part in parts}
    rules = getattr(table.info.get("resource"), "rules", ())
    return texts.get(name) or next((rule.message for rule in rules if rule.name == name), None)


def columns_of_domain(table: sa.Table, domain: str | None) -> list[str]:
    """Return the columns whose type is a domain; the domain's checks belong to no table."""
    if domain is None:
        return []
    return [column.key for column in table.columns if column.info.get("domain") == domain]


def columns_in_detail(table: sa.Table, detail: str | None) -> list[str]:
    """Return the columns in PostgreSQL's error detail, such as `Key (a, lower(b))=(1, x) already exists`."""
    match = _DETAIL_KEY.search(detail or "")
    return columns_in_sql(table, match["columns"]) if match else []


def columns_in_sql(table: sa.Table, text: str) -> list[str]:
    """Return the columns that an SQL expression mentions, in order of appearance."""
    words = re.findall(r"\w+", re.sub(r"'[^']*'", "", text))
    keys = {name: column.key for column in table.columns for name in (column.name, column.key)}
    return [keys[word] for word in dict.fromkeys(words) if word in keys]


def unique_name(table: sa.Table, columns: Sequence[str]) -> str | None:
    """Return the name of the key or unique index over exactly these columns."""
    kinds = (sa.UniqueConstraint, sa.PrimaryKeyConstraint)
    keys = [key for key in table.constraints if isinstance(key, kinds)]
    for key in [*keys, *(index for index in table.indexes if index.unique)]:
        if [column.key for column in key.columns] == list(columns):
            return name_of(key)
    return None


def name_of(constraint: sa.Constraint | sa.Index) -> str | None:
    """Return the name of a constraint or index as text; None where it has none."""
    return str(constraint.name) if constraint.name else None


def column_key(table: sa.Table, subject: str) -> str:
    """Return the key of the column that SQLite's message names as `table.column`."""
    name = subject.rpartition(".")[2]
    return next((column.key for column in table.columns if column.name == name), name)


def referring_keys(table: sa.Table) -> list[sa.ForeignKeyConstraint]:
    """Return the foreign keys that refer to a table, its own included."""
    return [
        key
        for other in table.metadata.tables.values()
        if not is_view(other)
        for key in other.foreign_key_constraints
        if key.elements[0].target_fullname.rpartition(".")[0] == table.fullname
    ]
