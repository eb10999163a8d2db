"""From a constraint that the database refused to break, to the fields that a client has to mend."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.problems import FieldError, ProblemError, conflict, invalid

# SQLSTATE of PostgreSQL's class 23
_NOT_NULL = "23502"
_FOREIGN_KEY = {"23503", "23001"}
_UNIQUE = {"23505", "23P01"}
_DETAIL_KEY = re.compile(r"Key \((?P<columns>[^)]*)\)=")


def explain(
    error: IntegrityError,
    session: Session,
    model: type[DeclarativeBase],
    values: Mapping[str, Any] | None,
) -> ProblemError:
    """Return the problem behind an integrity error; `session` is rolled back and can be asked.

    `values` are those of the row that was to be written, by attribute; None for a row to be deleted.
    """
    table = table_of(model)
    if values is None:
        return _still_referenced(error, table)
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return _explain_sqlite(str(error.orig), session, model, values)
    diagnosis = getattr(error.orig, "diag", None)
    name = getattr(diagnosis, "constraint_name", None)
    if state == _NOT_NULL:
        return _missing(model, [getattr(diagnosis, "column_name", None) or ""])
    columns = _columns_of(table, name) or _columns_in(getattr(diagnosis, "message_detail", None))
    if state in _UNIQUE:
        return _taken(model, columns, name)
    if state in _FOREIGN_KEY:
        return _dangling(model, columns, name)
    return _broken(model, columns, name)


def _explain_sqlite(
    message: str, session: Session, model: type[DeclarativeBase], values: Mapping[str, Any]
) -> ProblemError:
    table = table_of(model)
    kind, _, subject = message.partition(" constraint failed: ")
    if kind == "UNIQUE":
        index = subject.removeprefix("index ").strip("'")
        columns = _columns_of(table, index) or [
            part.rpartition(".")[2] for part in subject.split(", ")
        ]
        return _taken(model, columns, _unique_name(table, columns))
    if kind == "NOT NULL":
        return _missing(model, [subject.rpartition(".")[2]])
    if message.startswith("FOREIGN KEY"):
        for constraint in table.foreign_key_constraints:
            if _dangles(session, model, constraint, values):
                return _dangling(model, list(constraint.column_keys), _name(constraint))
        return conflict("A reference to this row would break.")
    return _broken(model, _columns_of(table, subject), subject)


def _dangles(
    session: Session,
    model: type[DeclarativeBase],
    constraint: sa.ForeignKeyConstraint,
    values: Mapping[str, Any],
) -> bool:
    """Whether a row with these values would refer to a row that does not exist."""
    mapper = sa.inspect(model)
    tests = []
    for element in constraint.elements:
        value = values.get(mapper.get_property_by_column(element.parent).key)
        if value is None:
            return False
        tests.append(element.column == value)
    return not session.scalar(sa.select(sa.exists().where(*tests)))


def _taken(model: type[DeclarativeBase], columns: Sequence[str], name: str | None) -> ProblemError:
    fields = field_names(model, columns)
    together = " together" if len(fields) > 1 else ""
    what = " and ".join(fields) or "value"
    errors = _errors(fields, "unique", f"is already taken{together}", name)
    return conflict(f"Another row already has this {what}.", errors)


def _dangling(
    model: type[DeclarativeBase], columns: Sequence[str], name: str | None
) -> ProblemError:
    fields = field_names(model, columns)
    return invalid(_errors(fields, "foreign_key", "refers to a row that does not exist", name))


def _missing(model: type[DeclarativeBase], columns: Sequence[str]) -> ProblemError:
    return invalid(_errors(field_names(model, columns), "missing", "must have a value", None))


def _broken(model: type[DeclarativeBase], columns: Sequence[str], name: str | None) -> ProblemError:
    fields = field_names(model, columns) or [name or "row"]
    rule = _check_text(table_of(model), name)
    message = f"must satisfy {rule}" if rule else f"breaks the rule {name}"
    return invalid(_errors(fields, "check", message, name))


def _still_referenced(error: IntegrityError, table: sa.Table) -> ProblemError:
    diagnosis = getattr(error.orig, "diag", None)
    referrer = getattr(diagnosis, "table_name", None)
    name = getattr(diagnosis, "constraint_name", None)
    referrers = [referrer] if referrer else _referrers(table)
    rows = " or ".join(referrers) or "another table"
    errors = [
        FieldError(field="", code="referenced", message=f"is in use by {rows}", constraint=name)
    ]
    return conflict(f"The row cannot be deleted: rows of {rows} refer to it.", errors)


def _referrers(table: sa.Table) -> list[str]:
    """Return the tables whose references keep a row of this one from being deleted."""
    return sorted(
        {
            other.name
            for other in table.metadata.tables.values()
            for key in other.foreign_key_constraints
            if key.ondelete not in ("CASCADE", "SET NULL", "SET DEFAULT")
            if key.elements[0].target_fullname.rpartition(".")[0] == table.fullname
        }
    )


def field_names(model: type[DeclarativeBase], columns: Iterable[str]) -> list[str]:
    """Return the names that clients know columns by."""
    names: Mapping[str, str] = table_of(model).info.get("fields", {})
    return [names.get(column, column) for column in columns if column]


def _errors(fields: Sequence[str], code: str, message: str, name: str | None) -> list[FieldError]:
    return [
        FieldError(field=field, code=code, message=message, constraint=name) for field in fields
    ]


def table_of(model: type[DeclarativeBase]) -> sa.Table:
    """Return the table that a model stands for."""
    table = model.__table__
    if not isinstance(table, sa.Table):
        raise TypeError(f"{model.__name__} is not mapped to a table")
    return table


def _name(constraint: sa.Constraint | sa.Index) -> str | None:
    return str(constraint.name) if constraint.name else None


def _columns_of(table: sa.Table, name: str | None) -> list[str]:
    """Return the columns of a constraint or a unique index."""
    for constraint in table.constraints:
        if name and constraint.name == name:
            columns: Iterable[str] = constraint.info.get("columns", ())
            return list(columns) or [column.name for column in getattr(constraint, "columns", ())]
    for index in table.indexes:
        if name and index.name == name:
            named: Iterable[str] = index.info.get("columns", ())
            return list(named) or [column.name for column in index.columns]
    return []


def _unique_name(table: sa.Table, columns: Sequence[str]) -> str | None:
    for constraint in table.constraints:
        if not isinstance(constraint, (sa.UniqueConstraint, sa.PrimaryKeyConstraint)):
            continue
        if [column.name for column in constraint.columns] == list(columns):
            return _name(constraint)
    return None


def _check_text(table: sa.Table, name: str | None) -> str | None:
    for constraint in table.constraints:
        if isinstance(constraint, sa.CheckConstraint) and constraint.name == name:
            return str(constraint.sqltext)
    return None


def _columns_in(detail: str | None) -> list[str]:
    """Return the columns in PostgreSQL's words `Key (a, b)=(1, 2) already exists`."""
    found = _DETAIL_KEY.search(detail or "")
    return [part.strip('" ') for part in found["columns"].split(",")] if found else []
