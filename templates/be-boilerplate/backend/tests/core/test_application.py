"""The application as a whole."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi.testclient import TestClient

from app.main import app


def test_health(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}


def test_unknown_paths_are_problems(client: TestClient) -> None:
    response = client.get("/no/such/path")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_operations_have_names_of_their_own() -> None:
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    names = Counter(
        operation["operationId"] for path in paths.values() for operation in path.values()
    )
    assert [name for name, count in names.items() if count > 1] == []
