"""Import of the rows of a file into one table: all of them in one transaction, or none if one is wrong."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase

from app.core.bulk import checked_values
from app.core.bulk_repository import BulkRepository
from app.core.fields import Body
from app.core.importing.cell_values import Reader, Reading, plain_text
from app.core.importing.import_errors import ImportErrors, ImportReport
from app.core.importing.import_fields import ImportField
from app.core.importing.new_rows import NewRow, unique_values
from app.core.importing.referred_rows import ReferredRows
from app.core.importing.row_writer import RowWriter
from app.core.importing.sheets import Sheet, SheetRow
from app.core.integrity import explain
from app.core.problems import FieldError, ProblemError, too_busy

BATCH = 500  # rows that are validated and stored together

Found = Mapping[str, Mapping[str, list[Any]]]  # values of referred rows by field and text


class _NotOneRowError(ValueError):
    """A cell names no row, or several; `code` is that of its error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Importer:
    """Imports a file into the table of a repository. `columns` has the field of each column, if it is imported.

    Raises a problem 503 if the import takes more than `timeout` seconds.
    """

    def __init__(
        self,
        rows: BulkRepository[Any, Any],
        create: type[Body],
        columns: Sequence[ImportField | None],
        reading: Reading,
        timeout: float,
    ) -> None:
        self._create, self._resource = create, rows.resource
        self._session = rows.session
        self._deadline = time.monotonic() + timeout
        self._columns: list[tuple[int, ImportField, Reader]] = [
            (index, field, field.reader(reading.notation, reading.choices.get(field.name, {})))
            for index, field in enumerate(columns)
            if field is not None
        ]
        self._referred = {
            field.name: ReferredRows(rows.session, field)
            for _, field, _ in self._columns
            if field.reference is not None
        }
        # Rows of a batch that have the same columns are stored by one statement.
        self._nulls = _nulls(rows.resource.model, [field for _, field, _ in self._columns])
        self._errors = ImportErrors({field.name: index for index, field, _ in self._columns})
        self._unique = unique_values(rows.resource.model)
        required = [field.attribute for _, field, _ in self._columns if field.is_required]
        self._writer = RowWriter(rows, self._unique, self._errors, {*required, *self._nulls})

    def run(self, sheet: Sheet, *, dry_run: bool) -> ImportReport:
        """Store all rows, or none if one is wrong or it is a dry run."""
        count = 0
        with self._session.no_autoflush:
            while batch := list(itertools.islice(sheet.rows, BATCH)):
                if time.monotonic() > self._deadline:
                    raise too_busy("The import took too long: split the file.")
                count += len(batch)
                self._writer.store(list(self._valid(batch)))
        if not self._errors.count:
            self._finish(SheetRow(number=1, cells=()), dry_run=dry_run)
        self._session.rollback()
        report = self._errors.report(count)
        is_stored = not report.error_count and not dry_run
        return report.model_copy(update={"stored": count}) if is_stored else report

    def _finish(self, header: SheetRow, *, dry_run: bool) -> None:
        """Check the constraints that are deferred to the end of the transaction, and commit unless it is a dry run."""
        try:
            if self._session.get_bind().dialect.name == "postgresql":
                self._session.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
            if not dry_run:
                self._session.commit()
        except DBAPIError as error:
            self._session.rollback()
            problem = explain(error, self._session, self._resource.model, {})
            if problem is None:
                raise
            self._errors.add_problem(header, problem)

    def _valid(self, batch: Sequence[SheetRow]) -> Iterator[NewRow]:
        """Yield the rows of a batch that are valid by themselves and together; errors of the others are added."""
        found = self._find_referred(batch)
        for source in batch:
            values, errors = self._read(source, found)
            wrong = {error.field for error in errors}
            try:
                body = self._create.model_validate(values)
            except ValidationError as error:
                found_errors = map(_cell_error, error.errors(include_url=False))
                errors += [one for one in found_errors if one.field.partition(".")[0] not in wrong]
            if errors:
                self._errors.add(source, *errors)
                continue
            try:
                row = NewRow(
                    source=source,
                    body=body,
                    values=self._nulls | checked_values(self._session, self._resource, body),
                )
            except ProblemError as problem:
                self._errors.add_problem(source, problem)
                continue
            repeated = [error for unique in self._unique for error in unique.repeated(row)]
            if repeated:
                self._errors.add(source, *repeated)
            else:
                yield row

    def _find_referred(self, batch: Sequence[SheetRow]) -> Found:
        texts: dict[str, set[str]] = {name: set() for name in self._referred}
        for index, field, _ in self._columns:
            if field.reference is not None:
                cells = (row.cell(index) for row in batch)
                texts[field.name] = {_reference_text(cell) for cell in cells if cell is not None}
        return {name: rows.find(texts[name]) for name, rows in self._referred.items()}

    def _read(self, row: SheetRow, found: Found) -> tuple[dict[str, Any], list[FieldError]]:
        """Return the values of a row by field, and what is wrong with its cells. Empty cells have no value."""
        values: dict[str, Any] = {}
        errors = []
        for index, field, read in self._columns:
            cell = row.cell(index)
            if cell is None:
                continue
            try:
                values[field.name] = (
                    read(cell)
                    if field.reference is None
                    else _only(found[field.name][_reference_text(cell)])
                )
            except ValueError as error:
                code = error.code if isinstance(error, _NotOneRowError) else "cell"
                errors.append(FieldError(field=field.name, code=code, message=str(error)))
        return values, errors


def _reference_text(cell: Any) -> str:
    """Return the text that names a row; a number that has lost digits names none."""
    try:
        return plain_text(cell)
    except ValueError:
        return str(cell)


def _only(values: Sequence[Any]) -> Any:
    """Return the only value; raises `_NotOneRowError` where there are none or several."""
    if not values:
        raise _NotOneRowError("not_found", "was not found")
    if len(values) > 1:
        raise _NotOneRowError("ambiguous", "is the name of several rows")
    return values[0]


def _cell_error(item: Any) -> FieldError:
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "missing":
        message = "must have a value"
    return FieldError(field=".".join(map(str, item["loc"])), code=item["type"], message=message)


def _nulls(model: type[DeclarativeBase], fields: Sequence[ImportField]) -> dict[str, None]:
    """Return NULL for each attribute of which an empty cell means that."""
    mapper = sa.inspect(model)
    columns = {field.attribute: mapper.attrs[field.attribute].columns[0] for field in fields}
    return {
        name: None
        for name, column in columns.items()
        if column.nullable and column.server_default is None and column.default is None
    }
