"""Tests of the limits on request bodies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from app.core.problems import add_problem_handlers
from app.core.request_limits import BodyLimits, RequestLimits

MAX_BYTES = 10
LIMITS = BodyLimits(max_bytes=MAX_BYTES, timeout=30)
IMPORTS = BodyLimits(max_bytes=2 * MAX_BYTES, timeout=30)


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    app.add_middleware(RequestLimits, limits=LIMITS, imports=IMPORTS)
    add_problem_handlers(app)

    @app.post("/things/import")
    @app.post("/")
    async def size(request: Request) -> int:
        return len(await request.body())

    return TestClient(app)


def chunks(count: int) -> Iterator[bytes]:
    yield from [b"x"] * count


def test_bodies_up_to_the_limit_are_accepted(client: TestClient) -> None:
    assert client.post("/", content=b"x" * MAX_BYTES).json() == MAX_BYTES
    assert client.post("/", content=chunks(MAX_BYTES)).json() == MAX_BYTES


def test_larger_bodies_are_rejected(client: TestClient) -> None:
    for content in (b"x" * (MAX_BYTES + 1), chunks(MAX_BYTES + 1)):
        response = client.post("/", content=content)
        assert response.status_code == 413
        assert response.headers["connection"] == "close"
        assert response.json()["detail"] == "The body must not be larger than 10 bytes."


def test_imported_files_have_a_limit_of_their_own(client: TestClient) -> None:
    content = b"x" * 2 * MAX_BYTES
    assert client.post("/things/import", content=content).json() == len(content)
    assert client.post("/things/import", content=content + b"x").status_code == 413
