"""Routes that import a file of rows, show which of its columns are which fields, and make a file to fill in."""

# No `from __future__ import annotations`: FastAPI evaluates the annotations of the nested functions.

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, TypeAdapter
from starlette.concurrency import run_in_threadpool

from app.core.bulk_repository import BulkRepository
from app.core.export import BINARY, CSV, XLSX, attachment
from app.core.fields import Body
from app.core.filtering import error_message
from app.core.importing.cell_values import DateOrder, Decimal, Notation, Reading
from app.core.importing.import_columns import ImportColumns, chosen_columns, columns_of_sheet
from app.core.importing.import_errors import ImportReport, rejected
from app.core.importing.import_fields import import_fields
from app.core.importing.importer import Importer
from app.core.importing.sheets import read_sheet
from app.core.importing.template import template_workbook
from app.core.importing.uploads import uploaded
from app.core.moments import zone_of
from app.core.problems import FieldError, ProblemError, invalid, problem_responses, too_busy
from app.core.request_repository import bulk_repository_of
from app.core.resource import Resource
from app.core.responses import json_response
from app.core.slow_requests import run_while_connected

_FILE = {
    "requestBody": {
        "required": True,
        "content": {
            CSV: {"schema": {"type": "string"}},
            XLSX: {"schema": BINARY},
        },
    }
}


class TemplateTitles(BaseModel):
    """The titles of a template's columns, by field; fields that are left out have their names."""

    titles: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportQuery:
    """How a file is imported: the fields of its columns, whether that is only checked, and how its cells are read."""

    columns: str
    dry_run: bool
    reading: Reading


async def import_query(
    columns: Annotated[
        str,
        Query(
            description="The fields of the columns in their order, separated by commas; empty for a column that is not "
            "imported. Without it, columns whose titles are names of fields are imported."
        ),
    ] = "",
    *,
    dry_run: Annotated[
        bool, Query(description="Only report what is wrong; nothing is stored.")
    ] = False,
    decimal: Annotated[
        Decimal,
        Query(description="The decimal separator; a point where commas separate the columns."),
    ] = ".",
    dates: Annotated[DateOrder, Query(description="The order of day, month and year.")] = "ymd",
    time_zone: Annotated[
        str, Query(description="The time zone of times without an offset, such as `Asia/Jakarta`.")
    ] = "UTC",
    choices: Annotated[
        str,
        Query(
            description="The values of choices by their labels, by field, as JSON: "
            '`{"status": {"Aktif": "active"}}`.'
        ),
    ] = "{}",
) -> ImportQuery:
    """Return how a file is imported; raises a problem 422 for an unknown time zone or choices that are no such JSON."""
    try:
        zone = zone_of(time_zone)
    except ValueError as error:
        raise _invalid("time_zone", str(error)) from None
    try:
        labels = _choices.validate_json(choices)
    except ValueError as error:
        raise _invalid("choices", error_message(error)) from None
    notation = Notation(decimal=decimal, dates=dates, zone=zone)
    reading = Reading(notation=notation, choices=labels)
    return ImportQuery(columns=columns, dry_run=dry_run, reading=reading)


_choices: TypeAdapter[dict[str, dict[str, str]]] = TypeAdapter(dict[str, dict[str, str]])


def _invalid(parameter: str, message: str) -> ProblemError:
    return invalid([FieldError(field=parameter, code=parameter, message=message)])


async def import_slot(request: Request) -> AsyncIterator[None]:
    """Occupy one of the slots for imports until the response has been sent; raises 503 if all are occupied."""
    slots = request.app.state.import_slots
    if slots.locked():
        raise too_busy("Too many imports are running.")
    async with slots:
        yield


def add_import_routes(
    router: APIRouter, resource: Resource[Any, Any], plural: str, create: type[Body]
) -> None:
    """Add the routes for imports; `create` is the body of POST, and `plural` the table's noun in operation ids."""
    repository = Depends(bulk_repository_of(resource))
    nouns = plural.replace("_", " ")

    async def import_rows(
        request: Request,
        rows: Annotated[BulkRepository[Any, Any], repository],
        query: Annotated[ImportQuery, Depends(import_query)],
    ) -> Response:
        timeout = request.app.state.settings.import_timeout
        async with uploaded(request) as file:

            def store() -> Response:
                with rows:
                    rows.access.require("create", resource)
                    sheet = read_sheet(file)
                    columns = chosen_columns(rows, create, sheet, query.columns)
                    reading = sheet.reading(query.reading)
                    importer = Importer(rows, create, columns, reading, timeout)
                    report = importer.run(sheet, dry_run=query.dry_run)
                    if report.error_count and not query.dry_run:
                        raise rejected(report)
                    return json_response(report)

            return await run_while_connected(request, rows.session, store)

    async def read_columns(
        request: Request, rows: Annotated[BulkRepository[Any, Any], repository]
    ) -> Response:
        async with uploaded(request) as file:

            def read() -> Response:
                rows.access.require("create", resource)
                return json_response(columns_of_sheet(rows, create, read_sheet(file)))

            return await run_in_threadpool(read)

    def make_template(
        body: TemplateTitles, rows: Annotated[BulkRepository[Any, Any], repository]
    ) -> Response:
        rows.access.require("create", resource)
        fields = import_fields(resource, create, rows.access)
        content = template_workbook(fields, body.titles)
        headers = {"Content-Disposition": attachment(f"{plural}.xlsx")}
        return Response(content, media_type=XLSX, headers=headers)

    router.add_api_route(
        "/import",
        import_rows,
        methods=["POST"],
        response_model=ImportReport,
        responses=problem_responses(413, 503),
        dependencies=[Depends(import_slot)],
        operation_id=f"import_{plural}",
        summary=f"Import {nouns}",
        description="Adds the rows of a CSV or XLSX file, all or none. Cells are read as people write them; a cell that "
        "refers to a row has its key, a unique text of it, or its label.",
        openapi_extra=_FILE,
    )
    router.add_api_route(
        "/import/columns",
        read_columns,
        methods=["POST"],
        response_model=ImportColumns,
        responses=problem_responses(413, 503),
        dependencies=[Depends(import_slot)],
        operation_id=f"read_import_columns_{plural}",
        summary=f"Show the columns of a file of {nouns}",
        description="Returns the columns of a CSV or XLSX file with an example of each, and the fields that they have "
        "the names of. Nothing is stored.",
        openapi_extra=_FILE,
    )
    router.add_api_route(
        "/import/template",
        make_template,
        methods=["POST"],
        response_class=Response,
        responses={200: {"content": {XLSX: {"schema": BINARY}}}},
        operation_id=f"make_import_template_{plural}",
        summary=f"Make an empty file of {nouns}",
        description="Returns an XLSX file with a title for each field and lists of the allowed values.",
    )
