"""Storing of the rows of a file within one transaction, and which of them the database rejects."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from app.core.access.references import may_refer_to_hidden_rows
from app.core.bulk_repository import BulkRepository
from app.core.columns import sqlite_checks
from app.core.constraint_columns import table_of
from app.core.hooks import after_create, before_create
from app.core.importing.import_errors import ImportErrors
from app.core.importing.new_rows import NewRow, UniqueValues
from app.core.integrity import explain
from app.core.problems import FieldError, ProblemError

AnyRepository = BulkRepository[Any, Any]


class RowWriter:
    """Stores batches of rows. Nothing is committed here.

    Rows are stored as those of a bulk request are. Where no hook, validator, audit log or scope needs them one by one, one
    statement stores a batch. `written` are the attributes that have a value, or NULL, in all rows.
    """

    def __init__(
        self,
        rows: AnyRepository,
        unique: Sequence[UniqueValues],
        errors: ImportErrors,
        written: Collection[str],
    ) -> None:
        self._rows, self._unique, self._errors = rows, unique, errors
        self._session, self._model = rows.session, rows.resource.model
        self._is_plain = self._needs_no_objects(written)

    def store(self, batch: Sequence[NewRow]) -> None:
        """Store a batch; the rows that are rejected are added to the errors."""
        if not batch or self._try_to_store(batch) is None:
            return
        taken: dict[int, list[FieldError]] = {}
        for unique in self._unique:
            for row, errors in unique.taken(self._session, batch):
                taken.setdefault(row.source.number, []).extend(errors)
        for row in batch:
            self._errors.add(row.source, *taken.get(row.source.number, ()))
        self._store_parts([row for row in batch if row.source.number not in taken])

    def _store_parts(self, batch: Sequence[NewRow]) -> None:
        """Store the rows that the database accepts, found by bisection."""
        error = self._try_to_store(batch) if batch else None
        if error is None:
            return
        if len(batch) == 1:
            self._reject(batch[0], error)
            return
        middle = len(batch) // 2
        self._store_parts(batch[:middle])
        self._store_parts(batch[middle:])

    def _try_to_store(self, batch: Sequence[NewRow]) -> DBAPIError | ProblemError | None:
        """Store all of these rows or none; return the error if one is rejected."""
        try:
            with self._session.begin_nested():
                self._insert(batch)
        except OperationalError:  # the statement was canceled, or the connection was lost
            raise
        except (DBAPIError, ProblemError) as error:
            return error
        return None

    def _reject(self, row: NewRow, error: DBAPIError | ProblemError) -> None:
        if isinstance(error, ProblemError):
            self._errors.add_problem(row.source, error)
        elif problem := explain(error, self._session, self._model, row.values):
            self._errors.add_problem(row.source, problem)
        else:
            raise error

    def _insert(self, batch: Sequence[NewRow]) -> None:
        if self._is_plain:
            statement = sa.insert(self._model).execution_options(render_nulls=True)
            self._session.execute(statement, [row.values for row in batch])
            return
        self._rows.insert_many([row.body for row in batch])
        self._session.flush()
        self._session.expunge_all()

    def _needs_no_objects(self, written: Collection[str]) -> bool:
        """Return whether only the database looks at the stored rows.

        Rules over values that it assigns, such as a default, must then be its own, as they are on PostgreSQL.
        """
        if (
            before_create.concerns(self._model)
            or after_create.concerns(self._model)
            or sa.inspect(self._model).validators
            or self._rows.access.has_scope
            or may_refer_to_hidden_rows(self._session, self._model)
        ):
            return False
        dialect, table = self._session.get_bind().dialect.name, table_of(self._model)
        if dialect == "postgresql":
            return True
        checks = sqlite_checks(table) if dialect == "sqlite" else set()
        is_counted = any("counted" in column.info for column in table.columns)
        return not is_counted and all(
            rule.name in checks or {*rule.fields} <= {*written}
            for rule in self._rows.resource.rules
        )
