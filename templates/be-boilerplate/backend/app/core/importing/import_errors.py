"""What is wrong with a file, by row and cell as people see them in a spreadsheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from app.core.importing.sheets import SheetRow, letters_of
from app.core.problems import FieldError, ProblemError

MAX_ERRORS = 1000  # that are reported one by one; the others are counted
_MAX_VALUE = 100  # characters


class CellError(FieldError):
    """An error of a row, or of one of its cells: that in `column`, named by letters, which contains `value`.

    `row` is the number of the row in a spreadsheet. `column` is empty where the file has no column of the field.
    """

    row: int
    column: str
    value: str


class ImportReport(BaseModel):
    """What an import did, or would do: how many rows the file has, how many were stored, and what is wrong.

    `errors` holds the first of the errors, `error_count` counts all of them, and `wrong_rows` the rows that have any.
    """

    rows: int = 0
    stored: int = 0
    wrong_rows: int = 0
    error_count: int = 0
    errors: list[CellError] = []


class ImportErrors:
    """The errors of one file. `columns` has the index of the column by field."""

    def __init__(self, columns: Mapping[str, int]) -> None:
        self._columns = columns
        self._errors: list[CellError] = []
        self._last_row = 0
        self.rows = 0
        self.count = 0

    def add(self, row: SheetRow, *errors: FieldError) -> None:
        """Add the errors of a row, all of them at once."""
        self.rows += bool(errors)
        self.count += len(errors)
        for error in errors[: max(0, MAX_ERRORS - len(self._errors))]:
            index = self._columns.get(error.field.partition(".")[0])
            self._errors.append(
                CellError(
                    **error.model_dump(),
                    row=row.number,
                    column="" if index is None else letters_of(index),
                    value="" if index is None else shown_cell(row.cell(index)),
                )
            )

    def add_problem(self, row: SheetRow, problem: ProblemError) -> None:
        """Add the errors of a problem; that of a bulk request of one row has its index in front of the fields."""
        errors = [
            error.model_copy(update={"field": error.field.removeprefix("0.").removeprefix("0")})
            for error in problem.errors
        ]
        self.add(row, *(errors or [FieldError(field="", code="rejected", message=problem.detail)]))

    def report(self, rows: int) -> ImportReport:
        """Return the report of a file with this number of rows, of which none is stored yet."""
        return ImportReport(
            rows=rows,
            stored=0,
            wrong_rows=self.rows,
            error_count=self.count,
            errors=sorted(self._errors, key=lambda error: error.row),
        )


def rejected(report: ImportReport) -> ProblemError:
    """Return the problem 422 of a file with errors, of which nothing was stored."""
    errors = f"{report.error_count:,} {'error' if report.error_count == 1 else 'errors'}"
    rows = f"{report.wrong_rows:,} of {report.rows:,} rows"
    return ProblemError(
        422, f"The file has {errors} in {rows}. Nothing was imported.", report.errors
    )


def shown_cell(cell: Any) -> str:
    """Return the beginning of a cell as text."""
    if cell is None:
        return ""
    text = cell.isoformat() if isinstance(cell, (dt.date, dt.time)) else str(cell)
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}…"
