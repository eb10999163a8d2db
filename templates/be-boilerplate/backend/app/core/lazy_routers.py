"""Routers of tables that are imported when they are needed: at the first request for the path of their table.

Making the schemas and routes of a table takes about 40 ms, so that hundreds of tables would take many seconds to start.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import threading
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, FastAPI
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send


class LazyRouter(APIRouter):
    """A router that takes the place of the `router` of a module, and has no routes before `load` was called.

    All paths of that router start with `path`.
    """

    def __init__(self, path: str, module: str) -> None:
        super().__init__()
        self.path = path
        self._module = module
        self._loading = threading.Lock()

    def load(self) -> None:
        """Import the module and include its router, once. Raises TypeError where that is no router of the path."""
        with self._loading:
            if self.routes:
                return
            router = imported_router(self._module)
            if router.prefix != self.path:
                raise TypeError(
                    f"{self._module}.router has the prefix {router.prefix}, not {self.path}"
                )
            self.include_router(router)
            gc.freeze()  # what was loaded is permanent

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether a request matches one of the routes, and the scope of the match.

        Paths of other tables are rejected early, since each request is matched with every router.
        """
        path = f"{scope['path']}/"
        if f"{self.path}/" not in path and f"{self.path}:" not in path:
            return Match.NONE, {}
        return super().matches(scope)


class LoadRouters:
    """Middleware that loads the router of a table, in a thread, before a request for its path is matched."""

    def __init__(self, app: ASGIApp, routers: Sequence[LazyRouter]) -> None:
        self.app = app
        self._waiting = {router.path: router for router in routers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on when the routers of all tables in its path are loaded."""
        if self._waiting and scope["type"] == "http":
            for segment in scope["path"].split("/"):
                path = f"/{segment.partition(':')[0]}"
                if router := self._waiting.get(path):
                    await asyncio.to_thread(router.load)
                    self._waiting.pop(path, None)
        await self.app(scope, receive, send)


class LazyApplication(FastAPI):
    """An application some of whose routers are lazy."""

    def __init__(self, *, routers: Sequence[LazyRouter], **settings: Any) -> None:
        super().__init__(**settings)
        self._lazy_routers = routers
        self.add_middleware(LoadRouters, routers=routers)

    def load_routers(self) -> None:
        """Load the routers that are not loaded yet."""
        for router in self._lazy_routers:
            router.load()

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document of all routes, which this loads."""
        self.load_routers()
        return super().openapi()


def resource_of(table: sa.Table) -> Any:
    """Return the resource of a table, or None if it is not served. Imports its router, which no request may have needed."""
    if "router" in table.info:
        importlib.import_module(table.info["router"])
    return table.info.get("resource")


def imported_router(module: str) -> APIRouter:
    """Return the `router` of a module. Raises TypeError where that is not an APIRouter."""
    router = importlib.import_module(module).router
    if not isinstance(router, APIRouter):
        raise TypeError(f"{module}.router is not an APIRouter")
    return router
