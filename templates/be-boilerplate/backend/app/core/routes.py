"""Routes for many rows of a table: list, count, export, and bulk requests."""

# No `from __future__ import annotations`: FastAPI evaluates the annotations of the nested functions.

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from app.core.bulk import Change
from app.core.bulk_repository import MAX_BULK_ROWS, BulkRepository, Edits
from app.core.consequence_routes import add_bulk_consequences_route
from app.core.constraint_columns import table_of
from app.core.database import cancel_statement
from app.core.export import BINARY, CSV, XLSX, ExportResponse, export_slot
from app.core.fields import Body
from app.core.import_routes import add_import_routes
from app.core.listing import (
    Count,
    CsvQuery,
    ListQuery,
    WorkbookQuery,
    csv_query,
    list_query,
    workbook_query,
)
from app.core.problems import problem_responses
from app.core.repository import Repository
from app.core.request_repository import bulk_repository_of, repository_of
from app.core.resource import Resource
from app.core.responses import json_response, page_response, rows_response
from app.core.slow_requests import run_while_connected, slow_requests

Item = TypeVar("Item")
_list_of: Any = list  # subscripted with types that are known only at run time


def add_list_routes(
    router: APIRouter, resource: Resource[Any, Any], plural: str, *, mark: str = "/"
) -> None:
    """Add the routes for lists, counts and exports; `plural` is the table's noun in operation ids.

    `mark` separates count and export from the table's path. It is `:` where `/count` can be the path of a row.
    """
    table_of(resource.model).info["path"] = router.prefix
    repository = Depends(repository_of(resource))
    nouns = plural.replace("_", " ")
    docs = resource.list_docs()
    export = problem_responses(422, 503) | {
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}}
    }

    async def page(
        request: Request,
        rows: Annotated[Repository[Any, Any], repository],
        query: Annotated[ListQuery, Depends(list_query)],
    ) -> Response:
        def read() -> Response:
            with rows:
                return page_response(rows.page(query), request.query_params)

        return await slow_requests(request).run(request, rows.session, read)

    async def count(
        request: Request,
        rows: Annotated[Repository[Any, Any], repository],
        query: Annotated[ListQuery, Depends(list_query)],
    ) -> Response:
        def read() -> Response:
            with rows:
                return json_response(rows.count(query))

        return await slow_requests(request).run(request, rows.session, read)

    async def csv(
        request: Request,
        rows: Annotated[Repository[Any, Any], repository],
        query: Annotated[CsvQuery, Depends(csv_query)],
    ) -> Response:
        timeout = request.app.state.settings.export_timeout
        cancel = partial(cancel_statement, rows.session)

        def read() -> Response:
            blocks = rows.csv(query, timeout)
            return ExportResponse(blocks, f"{plural}.csv", CSV, timeout=timeout, cancel=cancel)

        return await run_while_connected(request, rows.session, read)

    async def workbook(
        request: Request,
        rows: Annotated[Repository[Any, Any], repository],
        query: Annotated[WorkbookQuery, Depends(workbook_query)],
    ) -> Response:
        timeout = request.app.state.settings.export_timeout
        cancel = partial(cancel_statement, rows.session)

        def read() -> Response:
            blocks = rows.workbook(query, timeout)
            return ExportResponse(blocks, f"{plural}.xlsx", XLSX, timeout=timeout, cancel=cancel)

        return await run_while_connected(request, rows.session, read)

    router.add_api_route(
        "",
        page,
        response_model=resource.page,
        responses=problem_responses(400, 503),
        operation_id=f"list_{plural}",
        summary=f"List {nouns}",
        description="Returns a page of the rows that match the filters. The header `Link` leads to its neighbours."
        f"{resource.paths_note}",
        openapi_extra=docs,
    )
    router.add_api_route(
        f"{mark}count",
        count,
        response_model=Count,
        responses=problem_responses(503),
        operation_id=f"count_{plural}",
        summary=f"Count {nouns}",
        description=f"Returns the exact number of rows that match the filters.{resource.paths_note}",
        openapi_extra=docs,
    )
    router.add_api_route(
        f"{mark}export.csv",
        csv,
        response_class=StreamingResponse,
        responses=export,
        dependencies=[Depends(export_slot)],
        operation_id=f"export_{plural}",
        summary=f"Export {nouns}",
        description=f"Returns all rows that match the filters, as CSV.{resource.paths_note}",
        openapi_extra=docs,
    )
    router.add_api_route(
        f"{mark}export.xlsx",
        workbook,
        response_class=StreamingResponse,
        responses=problem_responses(422, 503) | {200: {"content": {XLSX: {"schema": BINARY}}}},
        dependencies=[Depends(export_slot)],
        operation_id=f"export_workbook_{plural}",
        summary=f"Export {nouns} as a workbook",
        description="Returns all rows that match the filters, as XLSX.",
        openapi_extra=docs,
    )


class Deleted(BaseModel):
    """The number of deleted rows."""

    deleted: int


class Saved(BaseModel, Generic[Item]):
    """The rows of edits as they are stored, in the order of the request."""

    created: list[Item]
    updated: list[Item]


def add_bulk_routes(
    router: APIRouter,
    resource: Resource[Any, Any],
    plural: str,
    create: type[Body],
    key: Any,
    *,
    update: type[Body] | None = None,
) -> None:
    """Add the routes that create, update or delete many rows, all or none; `key` is the type of a row's key.

    `create` and `update` are the bodies of POST and PATCH; without `update`, rows cannot be changed.
    """
    repository = Depends(repository_of(resource))
    nouns = plural.replace("_", " ")
    problems = problem_responses(409)

    def create_many(rows: Annotated[Repository[Any, Any], repository], body: list[Any]) -> Response:
        with rows:
            return rows_response(rows.create_many(body), 201)

    def update_many(rows: Annotated[Repository[Any, Any], repository], body: list[Any]) -> Response:
        with rows:
            return rows_response(rows.update_many(body))

    def delete_many(rows: Annotated[Repository[Any, Any], repository], body: list[Any]) -> Deleted:
        with rows:
            return Deleted(deleted=rows.delete_many(body))

    _set_body_items(create_many, create)
    _set_body_items(delete_many, key)
    router.add_api_route(
        "/bulk",
        create_many,
        methods=["POST"],
        status_code=201,
        response_model=_list_of[resource.read],
        responses=problems,
        operation_id=f"create_many_{plural}",
        summary=f"Add many {nouns}",
        description="Adds all rows, or none if one is rejected.",
    )
    if update is not None:
        _set_body_items(update_many, Change[key, update])  # type: ignore[valid-type]
        router.add_api_route(
            "/bulk-update",
            update_many,
            methods=["POST"],
            response_model=_list_of[resource.read],
            responses=problem_responses(404, 409),
            operation_id=f"update_many_{plural}",
            summary=f"Update many {nouns}",
            description="Updates the given fields of all rows, or nothing if one change is rejected.",
        )
        _add_save_route(router, resource, plural, Edits[create, Change[key, update]])  # type: ignore[valid-type]
    router.add_api_route(
        "/bulk-delete",
        delete_many,
        methods=["POST"],
        response_model=Deleted,
        responses=problems,
        operation_id=f"delete_many_{plural}",
        summary=f"Delete many {nouns}",
        description="Deletes all rows with these keys, or none if one is in use. Missing rows are ignored.",
    )
    add_import_routes(router, resource, plural, create)
    add_bulk_consequences_route(router, resource, plural, delete_many.__annotations__["body"])


def _add_save_route(
    router: APIRouter, resource: Resource[Any, Any], plural: str, body: Any
) -> None:
    """Add the route that adds and updates rows by one request; `body` is the type of its edits."""
    saved: Any = Saved[resource.read]  # type: ignore[name-defined]
    repository = Depends(bulk_repository_of(resource))

    def save(rows: Annotated[BulkRepository[Any, Any], repository], body: Any) -> Response:
        with rows:
            created, updated = rows.save_many(body.create, body.update)
            return json_response(saved.model_construct(created=created, updated=updated))

    save.__annotations__["body"] = body
    router.add_api_route(
        "/bulk-save",
        save,
        methods=["POST"],
        response_model=saved,
        responses=problem_responses(404, 409),
        operation_id=f"save_many_{plural}",
        summary=f"Add and update many {plural.replace('_', ' ')}",
        description="Adds the rows of `create` and updates those of `update`, or does nothing if one is rejected.",
    )


def _set_body_items(endpoint: Callable[..., Any], item: Any) -> None:
    """Declare the body of an endpoint as a list of items of this type."""
    bounds = Field(min_length=1, max_length=MAX_BULK_ROWS)
    endpoint.__annotations__["body"] = Annotated[list[item], bounds]
