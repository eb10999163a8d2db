"""Which columns of a file are which fields."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from app.core.fields import Body
from app.core.importing.import_errors import shown_cell
from app.core.importing.import_fields import ImportField, guessed, import_fields
from app.core.importing.sheets import Sheet, letters_of
from app.core.problems import FieldError, invalid
from app.core.repository import Repository

_EXAMINED = 100  # rows, for an example of each column


class ImportColumn(BaseModel):
    """A column of a file: its name in a spreadsheet, its title, the first cell that is not empty, and its field."""

    letters: str
    title: str
    example: str
    field: str | None


class ImportColumns(BaseModel):
    """The columns of a file, and the fields that can be imported, of which those in `required` need a column."""

    columns: list[ImportColumn]
    fields: list[str]
    required: list[str]


def columns_of_sheet(rows: Repository[Any, Any], create: type[Body], sheet: Sheet) -> ImportColumns:
    """Return the columns of a file with the fields that their titles name."""
    fields = import_fields(rows.resource, create, rows.access)
    first = list(itertools.islice(sheet.rows, _EXAMINED))
    return ImportColumns(
        columns=[
            ImportColumn(
                letters=letters_of(index),
                title=title,
                example=next(filter(None, (shown_cell(row.cell(index)) for row in first)), ""),
                field=None if field is None else field.name,
            )
            for index, (title, field) in enumerate(
                zip(sheet.titles, guessed(fields, sheet.titles), strict=True)
            )
        ],
        fields=[field.name for field in fields],
        required=[field.name for field in fields if field.is_required],
    )


def chosen_columns(
    rows: Repository[Any, Any], create: type[Body], sheet: Sheet, names: str
) -> list[ImportField | None]:
    """Return the field of each column: those of `names`, separated by commas, else those that the titles name.

    Raises a problem 403 for fields that the actor may not write, and 422 if a name is wrong or a required field has none.
    """
    fields = import_fields(rows.resource, create, rows.access)
    columns = _named(rows, create, fields, names) if names else guessed(fields, sheet.titles)
    chosen = [field for field in columns if field is not None]
    missing = [field.name for field in fields if field.is_required and field not in chosen]
    if len(chosen) > len({field.name for field in chosen}):
        raise _wrong("must not name a field twice")
    if missing:
        raise _wrong(f"must name the required fields: {', '.join(missing)}")
    if not chosen:
        raise _wrong("must name at least one field")
    return columns


def _named(
    rows: Repository[Any, Any], create: type[Body], fields: Sequence[ImportField], names: str
) -> list[ImportField | None]:
    by_name = {field.name: field for field in fields}
    named = [name.strip() for name in names.split(",")]
    attributes = {info.alias or name: name for name, info in create.model_fields.items()}
    sent = [attributes[name] for name in named if name in attributes]
    rows.access.require_fields("create", rows.resource, sent)
    if unknown := [name for name in named if name and name not in by_name]:
        raise _wrong(f"names what cannot be imported: {', '.join(unknown)}")
    return [by_name.get(name) for name in named]


def _wrong(message: str) -> Exception:
    return invalid([FieldError(field="columns", code="columns", message=message)])
