"""The application: every table's router under one prefix, and what surrounds them."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app.core.discovery import load_routers
from app.core.health import router as health
from app.core.problems import add_problem_handlers
from app.core.settings import Settings, get_settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application with these settings, or with those of the environment."""
    settings = settings or get_settings()
    app = FastAPI(title=settings.app_title, redoc_url=None)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
        )
    add_problem_handlers(app)
    app.include_router(health)
    for router in load_routers():
        app.include_router(router, prefix=settings.api_prefix)
    return app


app = create_app()
