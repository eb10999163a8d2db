"""Routes that every table with a key has: add a row, get it, change it, delete it."""

# Annotations are not put off here: FastAPI reads those of the functions within.

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from app.core.answers import versioned
from app.core.fields import Body
from app.core.problems import CHANGED, MISSING, REFUSED
from app.core.repository import Repository, Resource

Key = tuple[Any, ...]


def add_row_routes(
    router: APIRouter,
    resource: Resource[Any, Any],
    singular: str,
    path: str,
    key: Callable[..., Awaitable[Key]],
    *,
    create: type[Body],
    replace: type[Body] | None = None,
    update: type[Body] | None = None,
) -> None:
    """Add the routes of single rows; `singular` is what operation ids call one.

    `path` is the end of a row's path, and `key` reads the key in it. `create`, `replace` and `update` are the bodies of
    POST, PUT and PATCH; a table whose rows are all key has the first alone.
    """
    repository, guarded = Depends(resource.repository()), Depends(resource.guarded())
    found = Depends(key)

    def add(body: Any, rows: Annotated[Repository[Any, Any], repository]) -> Response:
        with rows:
            return versioned(rows.create(body), 201)

    def get(
        key: Annotated[Key, found], rows: Annotated[Repository[Any, Any], repository]
    ) -> Response:
        with rows:
            return versioned(rows.get(*key))

    def put(
        key: Annotated[Key, found], body: Any, rows: Annotated[Repository[Any, Any], guarded]
    ) -> Response:
        with rows:
            return versioned(rows.replace(body, *key))

    def patch(
        key: Annotated[Key, found], body: Any, rows: Annotated[Repository[Any, Any], guarded]
    ) -> Response:
        with rows:
            return versioned(rows.update(body, *key))

    def delete(key: Annotated[Key, found], rows: Annotated[Repository[Any, Any], guarded]) -> None:
        with rows:
            rows.delete(*key)

    def serve(
        method: str, verb: str, endpoint: Callable[..., Any], body: type[Body] | None, **more: Any
    ) -> None:
        if body is not None:
            endpoint.__annotations__["body"] = body  # known only here
        router.add_api_route(
            "" if method == "POST" else path,
            endpoint,
            methods=[method],
            operation_id=f"{verb}_{singular}",
            summary=f"{verb.capitalize()} {resource.label}",
            **more,
        )

    shown = resource.read
    serve("POST", "create", add, create, response_model=shown, status_code=201, responses=REFUSED)
    serve("GET", "get", get, None, response_model=shown, responses=MISSING)
    if replace is not None:
        said = "What is left out gets its default."
        serve(
            "PUT",
            "replace",
            put,
            replace,
            response_model=shown,
            responses=CHANGED,
            description=said,
        )
    if update is not None:
        said = "What is left out stays."
        serve(
            "PATCH",
            "update",
            patch,
            update,
            response_model=shown,
            responses=CHANGED,
            description=said,
        )
    serve("DELETE", "delete", delete, None, status_code=204, responses=CHANGED)
