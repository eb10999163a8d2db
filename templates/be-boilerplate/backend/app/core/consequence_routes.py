"""Routes that show what the deletion of rows would do to other rows. They change nothing."""

# No `from __future__ import annotations`: FastAPI evaluates the annotations of the nested functions.

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from app.core.consequences import Consequences, find_consequences
from app.core.paths import path_below
from app.core.problems import problem_responses
from app.core.repository import Repository
from app.core.request_repository import repository_of
from app.core.resource import Resource
from app.core.responses import json_response
from app.core.slow_requests import slow_requests

_DESCRIPTION = "Returns which rows of other tables would be deleted or changed, and which prevent the deletion."


def add_consequences_route(
    router: APIRouter,
    resource: Resource[Any, Any],
    singular: str,
    path: str,
    key: Callable[..., Awaitable[tuple[Any, ...]]],
) -> None:
    """Add the route for a single row; the arguments are those of `add_row_routes`."""
    repository = Depends(repository_of(resource))

    async def show(
        request: Request,
        key: Annotated[tuple[Any, ...], Depends(key)],
        rows: Annotated[Repository[Any, Any], repository],
    ) -> Response:
        def read() -> Response:
            with rows:
                rows.row(*key)
                return json_response(find_consequences(rows.session, resource, [key]))

        return await slow_requests(request).run(request, rows.session, read)

    router.add_api_route(
        path_below(path, "consequences"),
        show,
        response_model=Consequences,
        responses=problem_responses(404, 503),
        operation_id=f"show_consequences_of_{singular}",
        summary=f"Show what the deletion of this {resource.label} would do",
        description=_DESCRIPTION,
    )


def add_bulk_consequences_route(
    router: APIRouter, resource: Resource[Any, Any], plural: str, keys: Any
) -> None:
    """Add the route for many rows; `keys` is the type of the body."""
    repository = Depends(repository_of(resource))

    async def show(
        request: Request, rows: Annotated[Repository[Any, Any], repository], body: list[Any]
    ) -> Response:
        def read() -> Response:
            with rows:
                return json_response(find_consequences(rows.session, resource, body))

        return await slow_requests(request).run(request, rows.session, read)

    show.__annotations__["body"] = keys
    router.add_api_route(
        "/bulk-consequences",
        show,
        methods=["POST"],
        response_model=Consequences,
        responses=problem_responses(503),
        operation_id=f"show_consequences_of_many_{plural}",
        summary=f"Show what the deletion of many {plural.replace('_', ' ')} would do",
        description=f"{_DESCRIPTION} Missing rows are ignored.",
    )
