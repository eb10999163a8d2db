"""The application: middleware, error handlers, health checks, and the router of every table."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app.core.api_key import key_check
from app.core.database import get_engine
from app.core.discovery import load_routers
from app.core.health import router as health
from app.core.problems import add_problem_handlers, problem_responses
from app.core.request_logging import RequestIds, log_as_json
from app.core.settings import get_settings
from app.own.permissions import check
from app.own.settings import Settings


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Prepare the process for serving, and close the database connections at shutdown."""
    gc.collect()
    gc.freeze()  # what is loaded by now is permanent: exclude it from garbage collection
    yield
    if get_engine.cache_info().currsize:
        get_engine().dispose()


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application, configured by `settings` or by the environment."""
    settings = settings or get_settings()
    if settings.log_format == "json":
        log_as_json(settings.log_level)
    app = FastAPI(title=settings.app_title, redoc_url=None, lifespan=_lifespan)
    app.add_middleware(RequestIds)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
        )
    add_problem_handlers(app)
    app.include_router(health)
    dependencies, responses = [Depends(check)], {}
    if settings.api_key is not None:
        dependencies.insert(0, Depends(key_check(settings.api_key)))
        responses = problem_responses(401)
    for router in load_routers():
        app.include_router(
            router, prefix=settings.api_prefix, dependencies=dependencies, responses=responses
        )
    return app


app = create_app()
