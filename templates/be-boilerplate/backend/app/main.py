"""The application: middleware, error handlers, health checks, and the router of every table."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app.core.api_docs import add_docs
from app.core.api_key import bind_host, is_loopback, key_check
from app.core.database import get_request_engine
from app.core.discovery import table_routers
from app.core.health import router as health
from app.core.lazy_routers import LazyApplication, LazyRouter
from app.core.paths import SlashesInKeys
from app.core.problems import add_problem_handlers, problem_responses
from app.core.request_limits import RequestLimits
from app.core.request_logging import HEADER, RequestIds, log_as_json
from app.core.settings import get_settings
from app.core.slow_requests import SlowRequests
from app.own.permissions import check
from app.own.settings import Settings

_KEPT = 2  # database connections for health checks and requests for single rows
# Response headers that scripts of other origins may read.
_EXPOSED = ["Content-Disposition", "ETag", "Link", "Location", "Retry-After", HEADER]

logger = logging.getLogger(__name__)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Prepare the process for serving, and close the database connections at shutdown."""
    if app.state.settings.api_key is None and not is_loopback(host := bind_host()):
        logger.warning("API_KEY is not set: anyone who can reach %s can change all rows", host)
    gc.collect()
    gc.freeze()  # what is loaded by now is permanent: exclude it from garbage collection
    yield
    if get_request_engine.cache_info().currsize:
        get_request_engine().dispose()


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application, configured by `settings` or by the environment."""
    settings = settings or get_settings()
    if settings.log_format == "json":
        log_as_json(settings.log_level)
    routers = list(table_routers())
    app = LazyApplication(
        routers=[router for router in routers if isinstance(router, LazyRouter)],
        title=settings.app_title,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.settings = settings
    exports, slow = _limits(settings)
    app.state.export_slots = asyncio.Semaphore(exports)
    app.state.slow_requests = SlowRequests(slow, settings.slow_request_wait)
    app.add_middleware(SlashesInKeys)
    app.add_middleware(
        RequestLimits, max_bytes=settings.max_body_size, timeout=settings.request_timeout
    )
    app.add_middleware(RequestIds)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=_EXPOSED,
        )
    add_problem_handlers(app)
    app.include_router(health)
    keys, responses = [], {}
    if settings.api_key is not None:
        keys, responses = [Depends(key_check(settings.api_key))], problem_responses(401)
    add_docs(app, [] if settings.public_docs else keys)
    for router in routers:
        app.include_router(
            router,
            prefix=settings.api_prefix,
            dependencies=[*keys, Depends(check)],
            responses=responses,
        )
    return app


def _limits(settings: Settings) -> tuple[int, int]:
    """Return the numbers of exports and of other slow requests at once; other requests have two connections left."""
    connections = settings.database_pool_size + settings.database_pool_overflow - _KEPT
    exports = max(1, min(settings.export_limit, connections // 2))
    return exports, max(1, connections - exports)


app = create_app()
