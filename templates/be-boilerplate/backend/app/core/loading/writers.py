"""Writing of batches of rows. Rows that violate a unique or an exclusion constraint are left out.

Nothing is committed here. Rows that the database rejects for another reason raise `DBAPIError`, or the `psycopg.Error` that
it would contain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from psycopg import Connection, sql
from psycopg.errors import ExclusionViolation, UniqueViolation
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from app.core.seeding.fields import TableSpec

Row = Sequence[Any]


Writer = Callable[[Sequence[Row]], int]  # adds rows and returns how many it added


def writer_for(session: Session, spec: TableSpec, names: Sequence[str]) -> Writer:
    """Return the writer of rows that have the attributes `names`, for the database of a session."""
    columns = [sa.inspect(spec.model).column_attrs[name].columns[0] for name in names]
    if session.get_bind().dialect.name == "postgresql":
        return _CopyWriter(session, spec.table, columns)
    return _InsertWriter(session, spec.table, columns)


class _InsertWriter:
    """One statement with many parameters. SQLite does not number columns outside of the key, so they are numbered here."""

    def __init__(self, session: Session, table: sa.Table, columns: Sequence[Any]) -> None:
        self._session = session
        self._names = [column.key for column in columns]
        self._insert = sqlite.insert(table).on_conflict_do_nothing()
        self._counted = {
            column.key: (session.scalar(sa.select(sa.func.max(column))) or 0) + 1
            for column in table.columns
            if column.info.get("counted") and column not in columns
        }

    def __call__(self, rows: Sequence[Row]) -> int:
        """Add a batch."""
        values = [
            dict(zip(self._names, row, strict=True))
            | {key: first + number for key, first in self._counted.items()}
            for number, row in enumerate(rows)
        ]
        result: Any = self._session.connection().execute(self._insert, values)
        self._counted = {key: first + len(rows) for key, first in self._counted.items()}
        return int(result.rowcount)


class _CopyWriter:
    """COPY into the table, which adds all rows of a batch or none.

    From the first batch on of which the database rejects a row as not unique, COPY into a temporary table, from which one
    statement adds the rows: COPY itself cannot leave any out.
    """

    def __init__(self, session: Session, table: sa.Table, columns: Sequence[Any]) -> None:
        self._connection = session.connection()
        driver = self._connection.connection.driver_connection
        if not isinstance(driver, Connection):
            raise TypeError("the driver of PostgreSQL is not psycopg")
        self._cursor = driver.cursor()
        self._are_unique = True
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
        target = sql.Identifier(*filter(None, (table.schema, table.name)))
        self._copy = sql.SQL("COPY {} ({}) FROM STDIN").format(target, names)
        self._create = sql.SQL(
            "CREATE TEMPORARY TABLE loaded_rows ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA"
        ).format(names, target)
        self._insert = sql.SQL(
            "INSERT INTO {} ({}) SELECT * FROM loaded_rows ON CONFLICT DO NOTHING"
        ).format(target, names)
        dialect = session.get_bind().dialect
        self._processors: list[tuple[int, Callable[[Any], Any]]] = []
        for index, column in enumerate(columns):
            process: Any = column.type.dialect_impl(dialect).bind_processor(dialect)
            if process is not None:
                self._processors.append((index, process))

    def __call__(self, rows: Sequence[Row]) -> int:
        """Add a batch."""
        if self._are_unique:
            try:
                with self._connection.begin_nested():
                    self._copy_to(self._copy, rows)
            except (UniqueViolation, ExclusionViolation):
                self._are_unique = False
                self._cursor.execute(self._create)
            else:
                return len(rows)
        self._cursor.execute("TRUNCATE loaded_rows")
        self._copy_to(sql.SQL("COPY loaded_rows FROM STDIN"), rows)
        return self._cursor.execute(self._insert).rowcount

    def _copy_to(self, statement: sql.SQL | sql.Composed, rows: Sequence[Row]) -> None:
        with self._cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(self._processed(row))

    def _processed(self, row: Row) -> Row:
        if not self._processors:
            return row
        values = list(row)
        for index, process in self._processors:
            values[index] = process(values[index])
        return values
