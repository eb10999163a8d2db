"""The database: base class of the models, engine, and one session a request."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import StaticPool

from app.core.settings import get_settings


class Base(DeclarativeBase):
    """Base of all models."""


@lru_cache
def get_engine() -> Engine:
    """Return the engine of the database that the settings name; one for the process."""
    settings = get_settings()
    return make_engine(
        settings.database_url,
        pool_size=settings.database_pool_size,
        pool_timeout=settings.database_pool_timeout,
    )


def make_engine(url: str, *, pool_size: int = 5, pool_timeout: float = 10.0) -> Engine:
    """Return an engine for PostgreSQL (psycopg 3) or SQLite."""
    address = sa.make_url(url)
    if address.get_backend_name() == "postgresql":
        return sa.create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            pool_timeout=pool_timeout,
            pool_pre_ping=True,
            connect_args={"options": "-c timezone=UTC"},
        )
    options: dict[str, Any] = {"connect_args": {"check_same_thread": False}}
    if address.database in (None, "", ":memory:"):
        options["poolclass"] = StaticPool  # every thread sees the one database in memory
    engine = sa.create_engine(address, **options)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def get_session() -> Iterator[Session]:
    """Give a request its session; what is not committed is rolled back."""
    with Session(get_engine(), expire_on_commit=False) as session:
        yield session


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Make SQLite keep references, tell upper from lower case in LIKE, and leave BEGIN to us."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA case_sensitive_like = ON")
    connection.execute("PRAGMA busy_timeout = 5000")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
