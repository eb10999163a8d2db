"""Fixtures: a migrated database for the session, and a transaction per test that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from fastapi.testclient import TestClient
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from app.core.database import get_session, make_engine
from app.core.settings import get_settings
from app.main import app
from tests.core.factory import Factory


@pytest.fixture(scope="session")
def migrated() -> Iterator[sa.Engine]:
    """Provide an engine for a database with all migrations applied."""
    engine = make_engine(get_settings().database_url)
    config = Config("alembic.ini")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_client() -> Iterator[TestClient]:
    """Provide a client of the application."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def connection(migrated: sa.Engine) -> Iterator[Connection]:
    """Provide a connection whose changes are rolled back."""
    with migrated.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()


@pytest.fixture
def client(shared_client: TestClient, connection: Connection) -> Iterator[TestClient]:
    """Provide a client whose requests run within the test's transaction."""

    def session() -> Iterator[Session]:
        with _session(connection) as opened:
            yield opened

    app.dependency_overrides[get_session] = session
    yield shared_client
    del app.dependency_overrides[get_session]


@pytest.fixture
def factory(connection: Connection) -> Iterator[Factory]:
    """Provide a factory that adds rows within the test's transaction."""
    with _session(connection) as session:
        yield Factory(session)


def _session(connection: Connection) -> Session:
    return Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
