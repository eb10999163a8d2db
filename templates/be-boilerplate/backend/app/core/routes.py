"""Routes that all tables have alike: lists, counts, exports, and many rows at once."""

# Annotations are not put off here: FastAPI reads those of the functions within.

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.routing import Match
from starlette.types import Scope

from app.core.answers import answer
from app.core.fields import Body
from app.core.listing import Count, ExportQuery, ListQuery, export_query, list_query
from app.core.problems import problem_responses
from app.core.repository import Repository, Resource

MOST_AT_ONCE = 1000

_list_of: Any = list  # of what is known when a router is made, and not before


class TableRouter(APIRouter):
    """A table's router. Requests to other tables are passed over at once: each is held against every router."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether a request is for one of the routes, and what its path says."""
        if f"{self.prefix}/" not in f"{scope['path']}/":
            return Match.NONE, {}
        return super().matches(scope)


def add_list_routes(router: APIRouter, resource: Resource[Any, Any], plural: str) -> None:
    """Add the routes that read many rows; `plural` is what operation ids call them."""
    repository = Depends(resource.repository())
    nouns = plural.replace("_", " ")
    docs = resource.list_docs()
    export = problem_responses(422) | {
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}}
    }

    def page(
        rows: Annotated[Repository[Any, Any], repository],
        query: Annotated[ListQuery, Depends(list_query)],
    ) -> Response:
        with rows:
            return answer(rows.page(query))

    def count(
        rows: Annotated[Repository[Any, Any], repository],
        query: Annotated[ListQuery, Depends(list_query)],
    ) -> Count:
        with rows:
            return rows.count(query)

    def csv(
        rows: Annotated[Repository[Any, Any], repository],
        query: Annotated[ExportQuery, Depends(export_query)],
    ) -> StreamingResponse:
        name = f'attachment; filename="{plural}.csv"'
        return StreamingResponse(
            rows.csv(query), media_type="text/csv", headers={"Content-Disposition": name}
        )

    router.add_api_route(
        "",
        page,
        response_model=resource.page,
        operation_id=f"list_{plural}",
        summary=f"List {nouns}",
        description="A page of the rows that the filters leave, sorted.",
        openapi_extra=docs,
    )
    router.add_api_route(
        "/count",
        count,
        response_model=Count,
        operation_id=f"count_{plural}",
        summary=f"Count {nouns}",
        description="How many rows the filters leave.",
        openapi_extra=docs,
    )
    router.add_api_route(
        "/export.csv",
        csv,
        response_class=StreamingResponse,
        responses=export,
        operation_id=f"export_{plural}",
        summary=f"Export {nouns}",
        description="All rows that the filters leave, as CSV.",
        openapi_extra=docs,
    )


class Deleted(BaseModel):
    """How many rows were taken away."""

    deleted: int


def add_bulk_routes(
    router: APIRouter,
    resource: Resource[Any, Any],
    plural: str,
    create: type[Body],
    key: Any,
) -> None:
    """Add the routes that write many rows, all or none; `key` is the type of a row's key."""
    repository = Depends(resource.repository())
    nouns = plural.replace("_", " ")
    refused = problem_responses(409)

    def create_many(rows: Annotated[Repository[Any, Any], repository], body: list[Any]) -> Any:
        with rows:
            return rows.create_many(body)

    def delete_many(rows: Annotated[Repository[Any, Any], repository], body: list[Any]) -> Deleted:
        with rows:
            return Deleted(deleted=rows.delete_many(body))

    _take_list(create_many, create)
    _take_list(delete_many, key)
    router.add_api_route(
        "/bulk",
        create_many,
        methods=["POST"],
        status_code=201,
        response_model=_list_of[resource.read],
        responses=refused,
        operation_id=f"create_many_{plural}",
        summary=f"Add many {nouns}",
        description="All of them, or none where one is refused.",
    )
    router.add_api_route(
        "/bulk-delete",
        delete_many,
        methods=["POST"],
        response_model=Deleted,
        responses=refused,
        operation_id=f"delete_many_{plural}",
        summary=f"Delete many {nouns}",
        description="By their keys: all of them, or none where one is in use. Rows that are gone are passed over.",
    )


def _take_list(endpoint: Callable[..., Any], kind: Any) -> None:
    """Say of what an endpoint's body is a list, which is known only here."""
    bounds = Field(min_length=1, max_length=MOST_AT_ONCE)
    endpoint.__annotations__["body"] = Annotated[list[kind], bounds]
