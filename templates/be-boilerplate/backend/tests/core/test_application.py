"""Tests of the application as a whole."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from app.core import hooks
from app.core.problems import FieldError, ProblemError
from app.core.request_logging import JsonLines
from app.main import app, create_app
from app.own.settings import Settings


def test_health(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}


def test_unknown_paths_are_problems(client: TestClient) -> None:
    response = client.get("/no/such/path")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_operation_ids_are_unique() -> None:
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    names = Counter(
        operation["operationId"] for path in paths.values() for operation in path.values()
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_references_of_the_openapi_document_resolve() -> None:
    document = app.openapi()
    references = set(re.findall(r'"\$ref": "([^"]*)"', json.dumps(document)))
    prefix = "#/components/schemas/"
    known = {prefix + name for name in document.get("components", {}).get("schemas", {})}
    assert references - known == set()


@pytest.mark.parametrize("key", ["", " "])
def test_an_empty_key_is_rejected(key: str) -> None:
    with pytest.raises(ValidationError, match="must not be empty"):
        Settings(api_key=key)


def test_hooks_are_called_for_their_own_model() -> None:
    class Registered: ...

    class Other: ...

    hook_point, received = hooks.HookPoint(), []
    hook_point.of(Registered)(lambda _session, row: received.append(row))
    row = Registered()
    hook_point(None, row)
    hook_point(None, Other())
    assert received == [row]


def test_a_problem_of_a_part_prefixes_its_fields() -> None:
    error = FieldError(field="name", code="check", message="is wrong")
    whole = FieldError(field="", code="check", message="is wrong")
    problem = ProblemError(422, "wrong", [error, whole]).within("1")
    assert [prefixed.field for prefixed in problem.errors] == ["1.name", "1"]


def test_requests_have_ids(client: TestClient) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": "id-1"})
    assert response.headers["X-Request-ID"] == "id-1"
    response = client.get("/healthz", headers={"X-Request-ID": "not valid!"})
    generated = response.headers["X-Request-ID"]
    assert len(generated) == 32
    assert client.get("/no/such/path").headers["X-Request-ID"] != generated


def test_log_lines_are_json_with_the_request_id(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "app.requests")
    caplog.handler.setFormatter(JsonLines())
    client.get("/healthz", headers={"X-Request-ID": "id-2"})
    line = json.loads(caplog.text.splitlines()[0])
    assert (line["request_id"], line["path"], line["status"]) == ("id-2", "/healthz", 200)


def test_only_configured_origins_are_allowed() -> None:
    client = TestClient(create_app(Settings(cors_origins=["https://a.example"])))
    for origin, allowed in (
        ("https://a.example", "https://a.example"),
        ("https://b.example", None),
    ):
        headers = client.get("/healthz", headers={"Origin": origin}).headers
        assert headers.get("access-control-allow-origin") == allowed
    exposed = client.get("/healthz", headers={"Origin": "https://a.example"}).headers
    assert "ETag" in exposed["access-control-expose-headers"].split(", ")
    assert "Content-Disposition" in exposed["access-control-expose-headers"].split(", ")
