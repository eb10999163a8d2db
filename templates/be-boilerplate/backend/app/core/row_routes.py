"""Routes for single rows of a table with a key: create, get, replace, update, delete."""

# No `from __future__ import annotations`: FastAPI evaluates the annotations of the nested functions.

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from starlette.convertors import Convertor, register_url_convertor

from app.core.consequence_routes import add_consequences_route
from app.core.fields import Body
from app.core.paths import SLASH
from app.core.problems import CHANGE_PROBLEMS, CREATE_PROBLEMS, GET_PROBLEMS
from app.core.repository import Repository
from app.core.request_repository import conditional_repository_of, repository_of
from app.core.resource import Resource
from app.core.responses import row_response

Key = tuple[Any, ...]


class KeyText(Convertor[str]):
    """A part of a key in a path (`{code:text}`) that may contain slashes, whether or not a proxy has decoded them."""

    regex = ".*"

    def convert(self, value: str) -> str:
        """Return the part of the key."""
        return value.replace(SLASH, "/")

    def to_string(self, value: str) -> str:
        """Return the part as a path has it before it is encoded."""
        return value


register_url_convertor("text", KeyText())


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
    """Add the routes for single rows; `singular` is the table's noun in operation ids.

    `path` is the path of a row relative to the router, and `key` is the dependency that parses its parameters.
    `create`, `replace` and `update` are the bodies of POST, PUT and PATCH. Without `replace` and `update`, rows can be
    created and deleted but not changed: all of their fields belong to the key.
    """
    repository = Depends(repository_of(resource))
    conditional = Depends(conditional_repository_of(resource))
    row_key = Depends(key)

    def add(body: Any, rows: Annotated[Repository[Any, Any], repository]) -> Response:
        with rows:
            return row_response(rows.create(body), 201)

    def get(
        key: Annotated[Key, row_key], rows: Annotated[Repository[Any, Any], repository]
    ) -> Response:
        with rows:
            return row_response(rows.get(*key))

    def put(
        key: Annotated[Key, row_key], body: Any, rows: Annotated[Repository[Any, Any], conditional]
    ) -> Response:
        with rows:
            return row_response(rows.replace(body, *key))

    def patch(
        key: Annotated[Key, row_key], body: Any, rows: Annotated[Repository[Any, Any], conditional]
    ) -> Response:
        with rows:
            return row_response(rows.update(body, *key))

    def delete(
        key: Annotated[Key, row_key], rows: Annotated[Repository[Any, Any], conditional]
    ) -> None:
        with rows:
            rows.delete(*key)

    def add_route(
        method: str, verb: str, endpoint: Callable[..., Any], body: type[Body] | None, **more: Any
    ) -> None:
        if body is not None:
            endpoint.__annotations__["body"] = body
        router.add_api_route(
            "" if method == "POST" else path,
            endpoint,
            methods=[method],
            operation_id=f"{verb}_{singular}",
            summary=f"{verb.capitalize()} {resource.label}",
            **more,
        )

    read = resource.read
    add_route(
        "POST",
        "create",
        add,
        create,
        response_model=read,
        status_code=201,
        responses=CREATE_PROBLEMS,
    )
    add_route("GET", "get", get, None, response_model=read, responses=GET_PROBLEMS)
    if replace is not None:
        add_route(
            "PUT",
            "replace",
            put,
            replace,
            response_model=read,
            responses=CHANGE_PROBLEMS,
            description="Fields that are left out get their defaults.",
        )
    if update is not None:
        add_route(
            "PATCH",
            "update",
            patch,
            update,
            response_model=read,
            responses=CHANGE_PROBLEMS,
            description="Fields that are left out keep their values.",
        )
    add_route("DELETE", "delete", delete, None, status_code=204, responses=CHANGE_PROBLEMS)
    add_consequences_route(router, resource, singular, path, key)
