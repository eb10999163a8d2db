"""Translation of database errors into problems that name the violated constraint and the fields at fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.constraint_columns import (
    column_key,
    columns_in_detail,
    columns_of,
    columns_of_domain,
    field_names,
    message_of,
    name_of,
    referring_keys,
    table_of,
    unique_name,
)
from app.core.periods import PeriodForeignKey
from app.core.problems import FieldError, ProblemError, conflict, first_line, invalid

# SQLSTATE: classes, and codes of PostgreSQL's class 23
_DATA, _INTEGRITY, _RAISED = "22", "23", "P0001"
_NOT_NULL = "23502"
_FOREIGN_KEY = {"23503", "23001"}
_UNIQUE, _EXCLUSION = "23505", "23P01"


def explain(
    error: DBAPIError,
    session: Session,
    model: type[DeclarativeBase],
    values: Mapping[str, Any] | None,
) -> ProblemError | None:
    """Return the problem that explains a database error; None where the client did not cause the error.

    `values` are the values of the row to be written, by attribute, or None for a row to be deleted. `session` has
    been rolled back and is used for further queries.
    """
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state == _RAISED:
        return _raised(error, model)
    if values is not None and state.startswith(_DATA):
        return _malformed_values(error, session, model, values)
    if not isinstance(error, IntegrityError):
        return None
    if values is None:
        return _still_referenced(error, table_of(model))
    if not state:
        return _explain_sqlite(str(error.orig), session, model, values)
    return _explain_postgresql(error, model, state)


def _explain_postgresql(
    error: IntegrityError, model: type[DeclarativeBase], state: str
) -> ProblemError:
    table, diagnostic = table_of(model), _diagnostics(error)
    name = diagnostic("constraint_name")
    of_domain = columns_of_domain(table, diagnostic("datatype_name"))
    if state == _NOT_NULL:
        return _not_null_violation(model, [diagnostic("column_name") or "", *of_domain])
    columns = columns_of(table, name) or columns_in_detail(table, diagnostic("message_detail"))
    if state == _UNIQUE:
        return _unique_violation(model, columns, name)
    if state == _EXCLUSION:
        fields = field_names(model, columns_in_detail(table, diagnostic("message_detail")))
        errors = _errors(fields, "exclusion", "conflicts with another row", name)
        return conflict(f"Another row conflicts with this {' and '.join(fields)}.", errors)
    if state in _FOREIGN_KEY and diagnostic("table_name") in (None, table.name):
        return missing_reference(model, columns, name)
    if state in _FOREIGN_KEY:
        return _referenced_key_change(model, columns, name)
    return _check_violation(model, columns or of_domain, name)


def _diagnostics(error: DBAPIError) -> Callable[[str], str | None]:
    """Return a function that returns a field of PostgreSQL's error diagnostics by name."""
    diagnostics = getattr(error.orig, "diag", None)
    return lambda field: getattr(diagnostics, field, None)


def _raised(error: DBAPIError, model: type[DeclarativeBase]) -> ProblemError:
    """Return the problem of a row that a trigger rejected."""
    diagnostic = _diagnostics(error)
    fields = field_names(model, [diagnostic("column_name") or ""]) or [""]
    return invalid(_errors(fields, "trigger", first_line(error), diagnostic("constraint_name")))


def _malformed_values(
    error: DBAPIError, session: Session, model: type[DeclarativeBase], values: Mapping[str, Any]
) -> ProblemError:
    """Return the problem of values that the database cannot parse, found by casting each value on its own."""
    columns = []
    for attribute in sa.inspect(model).column_attrs:
        column, value = attribute.columns[0], values.get(attribute.key)
        if value is None or isinstance(value, sa.ClauseElement):
            continue
        try:
            with session.begin_nested():
                session.execute(sa.select(sa.literal(value, column.type)))
        except DBAPIError:
            columns.append(column.key)
    fields = field_names(model, columns) or [""]
    return invalid(_errors(fields, "malformed", first_line(error), None))


def _explain_sqlite(
    message: str, session: Session, model: type[DeclarativeBase], values: Mapping[str, Any]
) -> ProblemError:
    table = table_of(model)
    kind, _, subject = message.partition(" constraint failed: ")
    if kind == "UNIQUE":
        index = subject.removeprefix("index ").strip("'")
        if columns := columns_of(table, index):
            return _unique_violation(model, columns, index)
        columns = [column_key(table, part) for part in subject.split(", ")]
        return _unique_violation(model, columns, unique_name(table, columns))
    if kind == "NOT NULL":
        return _not_null_violation(model, [column_key(table, subject)])
    if message.startswith("FOREIGN KEY"):
        problem = dangling(session, model, values)
        return problem or _referenced_key_change(model, _referenced_columns(table), None)
    if kind == "CHECK":
        return _check_violation(model, columns_of(table, subject), subject)
    return invalid(_errors([""], "trigger", message, None))


def dangling(
    session: Session, model: type[DeclarativeBase], values: Mapping[str, Any]
) -> ProblemError | None:
    """Return the problem of a row whose references include one to a missing row; None where all rows exist."""
    for constraint in table_of(model).foreign_key_constraints:
        is_plain = not isinstance(constraint, PeriodForeignKey)  # which PostgreSQL alone has
        if is_plain and _dangles(session, model, constraint, values):
            return missing_reference(model, list(constraint.column_keys), name_of(constraint))
    return None


def _dangles(
    session: Session,
    model: type[DeclarativeBase],
    constraint: sa.ForeignKeyConstraint,
    values: Mapping[str, Any],
) -> bool:
    """Whether a row with these values would refer to a missing row."""
    mapper = sa.inspect(model)
    conditions = []
    for element in constraint.elements:
        value = values.get(mapper.get_property_by_column(element.parent).key)
        if value is None:
            return False
        conditions.append(element.column == value)
    return not session.scalar(sa.select(sa.exists().where(*conditions)))


def _unique_violation(
    model: type[DeclarativeBase], columns: Sequence[str], name: str | None
) -> ProblemError:
    fields = field_names(model, columns)
    message = "is already taken" + (" in this combination" if len(fields) > 1 else "")
    own = message_of(table_of(model), name)
    errors = _errors(fields, "unique", own or message, name)
    detail = f"Another row already has this {' and '.join(fields) or 'value'}."
    return conflict(own or detail, errors)


def missing_reference(
    model: type[DeclarativeBase], columns: Sequence[str], name: str | None
) -> ProblemError:
    """Return the problem of a row that refers to a missing row by these columns, those of the constraint `name`."""
    message = message_of(table_of(model), name) or "refers to a row that does not exist"
    return invalid(_errors(field_names(model, columns), "foreign_key", message, name))


def _referenced_key_change(
    model: type[DeclarativeBase], columns: Sequence[str], name: str | None
) -> ProblemError:
    errors = _errors(field_names(model, columns), "referenced", "is referenced by other rows", name)
    return conflict("Other rows refer to the current key of this row.", errors)


def _not_null_violation(model: type[DeclarativeBase], columns: Sequence[str]) -> ProblemError:
    return invalid(_errors(field_names(model, columns), "missing", "must have a value", None))


def _check_violation(
    model: type[DeclarativeBase], columns: Sequence[str], name: str | None
) -> ProblemError:
    fields = field_names(model, columns)
    message = message_of(table_of(model), name) or _plain_message(fields)
    return invalid(_errors(fields or [""], "check", message, name))


def _plain_message(fields: Sequence[str]) -> str:
    """Return what can be said of fields that violate a check whose meaning is not known."""
    if len(fields) > 1:
        quoted = [f"`{field}`" for field in fields]
        return f"{', '.join(quoted[:-1])} and {quoted[-1]} do not fit together"
    return "has a value that is not allowed" if fields else "the row breaks a rule of the database"


def _still_referenced(error: IntegrityError, table: sa.Table) -> ProblemError:
    diagnostic = _diagnostics(error)
    referrer, name = diagnostic("table_name"), diagnostic("constraint_name")
    referrers = [referrer] if referrer else _referrers(table)
    rows = " or ".join(referrers) or "another table"
    errors = [
        FieldError(field="", code="referenced", message=f"is in use by {rows}", constraint=name)
    ]
    return conflict(f"The row cannot be deleted: rows of {rows} refer to it.", errors)


def _referrers(table: sa.Table) -> list[str]:
    """Return the tables whose references prevent the deletion of a row of this table."""
    return sorted(
        {
            str(key.table.name)
            for key in referring_keys(table)
            if key.ondelete not in ("CASCADE", "SET NULL", "SET DEFAULT")
        }
    )


def _referenced_columns(table: sa.Table) -> list[str]:
    """Return the columns of a table that any foreign key references."""
    elements = (element for key in referring_keys(table) for element in key.elements)
    return list(dict.fromkeys(element.target_fullname.rpartition(".")[2] for element in elements))


def _errors(fields: Sequence[str], code: str, message: str, name: str | None) -> list[FieldError]:
    return [
        FieldError(field=field, code=code, message=message, constraint=name) for field in fields
    ]
