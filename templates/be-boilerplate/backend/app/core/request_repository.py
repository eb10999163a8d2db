"""Dependencies that provide the repository of a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header
from sqlalchemy.orm import Session

from app.core.bulk_repository import BulkRepository
from app.core.database import get_session
from app.core.repository import Repository
from app.core.resource import Model, Read, Resource


def repository_of(
    resource: Resource[Model, Read],
) -> Callable[..., Awaitable[Repository[Model, Read]]]:
    """Return a dependency that provides the repository of a request."""

    async def provide(
        session: Annotated[Session, Depends(get_session)],
    ) -> Repository[Model, Read]:
        return Repository(resource, session)

    return provide


def bulk_repository_of(
    resource: Resource[Model, Read],
) -> Callable[..., Awaitable[BulkRepository[Model, Read]]]:
    """Return a dependency that provides the repository of a request that writes many rows."""

    async def provide(
        session: Annotated[Session, Depends(get_session)],
    ) -> BulkRepository[Model, Read]:
        return BulkRepository(resource, session)

    return provide


def conditional_repository_of(
    resource: Resource[Model, Read],
) -> Callable[..., Awaitable[Repository[Model, Read]]]:
    """Return a dependency that provides a repository whose changes honour the header `If-Match`."""

    async def provide(
        session: Annotated[Session, Depends(get_session)],
        if_match: Annotated[
            str | None, Header(description="Only change the row if its `ETag` is listed here.")
        ] = None,
    ) -> Repository[Model, Read]:
        return Repository(resource, session, if_match)

    return provide
