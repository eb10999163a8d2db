"""Tests of routers that are imported at the first request for their path."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType, SimpleNamespace

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from app.core.lazy_routers import LazyApplication, LazyRouter
from app.core.problems import add_problem_handlers


@pytest.fixture
def lazy(monkeypatch: pytest.MonkeyPatch) -> LazyRouter:
    router = APIRouter(prefix="/things")
    router.add_api_route("", lambda: "all", methods=["GET"])
    router.add_api_route(":count", lambda: 1, methods=["GET"])
    router.add_api_route("/{id}", lambda id: id, methods=["GET"])
    module = ModuleType("things")
    module.router = router
    monkeypatch.setitem(sys.modules, "things", module)
    return LazyRouter("/things", "things")


@pytest.fixture
def client(lazy: LazyRouter) -> TestClient:
    app = LazyApplication(routers=[lazy])
    add_problem_handlers(app)
    app.include_router(lazy, prefix="/api")
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/things", 200),
        ("GET", "/api/things:count", 200),
        ("GET", "/api/things/1", 200),
        ("POST", "/api/things", 405),
        ("GET", "/api/things/1/2", 404),
    ],
)
def test_the_first_request_loads_a_router(
    client: TestClient, lazy: LazyRouter, method: str, path: str, status: int
) -> None:
    assert client.get("/api/other").status_code == 404
    assert lazy.routes == []
    assert [client.request(method, path).status_code for _ in range(2)] == [status, status]
    assert len(lazy.routes) == 1


def test_the_document_has_all_routes(client: TestClient) -> None:
    assert list(client.app.openapi()["paths"]) == [
        "/api/things",
        "/api/things:count",
        "/api/things/{id}",
    ]


def test_requests_at_once_load_a_router_once(lazy: LazyRouter) -> None:
    start = threading.Barrier(8, timeout=60)

    def load() -> None:
        start.wait()
        lazy.load()

    with ThreadPoolExecutor(8) as pool:
        for loading in [pool.submit(load) for _ in range(8)]:
            loading.result()
    assert len(lazy.routes) == 1


@pytest.mark.parametrize(
    ("router", "message"),
    [
        (APIRouter(prefix="/others"), "things.router has the prefix /others, not /things"),
        (SimpleNamespace(prefix="/things"), "things.router is not an APIRouter"),
    ],
)
def test_what_is_no_router_of_the_path_is_an_error_of_each_request(
    client: TestClient, lazy: LazyRouter, router: object, message: str
) -> None:
    sys.modules["things"].router = router
    assert [client.get("/api/things").status_code for _ in range(2)] == [500, 500]
    with pytest.raises(TypeError, match=message):
        lazy.load()
