"""The application as a whole."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core import hooks
from app.core.problems import FieldError, ProblemError
from app.core.requests import JsonLines
from app.main import app, create_app
from app.own.settings import Settings


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


def test_a_key_is_asked_for_where_the_settings_name_one() -> None:
    closed = TestClient(create_app(Settings(api_key="open sesame")))
    paths = [path for path in closed.app.openapi()["paths"] if path.count("/") == 2]
    for path in paths[:3]:
        assert closed.get(path).status_code == 401
        assert closed.get(path, headers={"X-API-Key": "wrong"}).json()["status"] == 401
    assert closed.get("/healthz").status_code == 200
    open_paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    operations = [operation for path in open_paths.values() for operation in path.values()]
    assert not [operation for operation in operations if "401" in operation["responses"]]


def test_hooks_are_called_for_their_own_model() -> None:
    class Mine: ...

    class Other: ...

    moment, seen = hooks.Moment(), []
    moment.of(Mine)(lambda _session, row: seen.append(row))
    mine = Mine()
    moment(None, mine)
    moment(None, Other())
    assert seen == [mine]


def test_a_problem_of_a_part_names_its_place() -> None:
    error = FieldError(field="name", code="check", message="is wrong")
    whole = FieldError(field="", code="check", message="is wrong")
    problem = ProblemError(422, "wrong", [error, whole]).within("1")
    assert [found.field for found in problem.errors] == ["1.name", "1"]


def test_a_request_has_an_id(client: TestClient) -> None:
    assert (
        client.get("/healthz", headers={"X-Request-ID": "mine-1"}).headers["X-Request-ID"]
        == "mine-1"
    )
    made = client.get("/healthz", headers={"X-Request-ID": "not sound!"}).headers["X-Request-ID"]
    assert len(made) == 32
    assert client.get("/no/such/path").headers["X-Request-ID"] != made


def test_the_log_is_json_with_the_id(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "app.requests")
    caplog.handler.setFormatter(JsonLines())
    client.get("/healthz", headers={"X-Request-ID": "mine-2"})
    line = json.loads(caplog.text.splitlines()[0])
    assert (line["request_id"], line["path"], line["status"]) == ("mine-2", "/healthz", 200)


def test_browsers_may_call_from_where_the_settings_say() -> None:
    shared = TestClient(create_app(Settings(cors_origins=["https://a.example"])))
    for origin, allowed in (
        ("https://a.example", "https://a.example"),
        ("https://b.example", None),
    ):
        headers = shared.get("/healthz", headers={"Origin": origin}).headers
        assert headers.get("access-control-allow-origin") == allowed
