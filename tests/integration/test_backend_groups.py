"""Numbers of rows by group in a generated backend: the same on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from runner.ddl.reader import read_ddl_text
from tests.generated_backend import backend_files, write_backend
from tests.integration.backend import own_tests, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.mariadb import MariadbServer
    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.mariadb", "tests.integration.postgres"]

SCHEMA = """
    CREATE TABLE clerks (id int NOT NULL PRIMARY KEY, name varchar(40) NOT NULL);
    CREATE TABLE payments (
        id int NOT NULL PRIMARY KEY,
        status enum('paid', 'open', 'void') NOT NULL,
        is_late tinyint(1),
        clerk_id int,
        due_on date,
        sent_at datetime,
        note varchar(40),
        FOREIGN KEY (clerk_id) REFERENCES clerks (id)
    );
"""
VISITS = "CREATE TABLE visits (id int PRIMARY KEY, came_at timestamptz)"
ZONE = "America/New_York"  # clocks go back on 1 November 2026, at 06:00 UTC
MOMENTS = ["2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59.999999Z", "2026-11-02T05:00:00Z"]
CLERKS = [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Ben"}]
PAYMENTS: list[dict[str, Any]] = [
    {"status": "paid", "is_late": True, "clerk_id": 2, "due_on": "2026-11-30"},
    {"status": "paid", "is_late": False, "clerk_id": 2, "due_on": "2026-11-29"},
    {"status": "void", "is_late": None, "clerk_id": None, "due_on": "2026-11-23"},
    {"status": "open", "is_late": False, "clerk_id": 1, "due_on": "2026-11-22"},
    {"status": "open", "is_late": False, "clerk_id": 1, "due_on": "2025-12-31", "sent_at": "2026-11-01T00:00:00"},
    {"status": "open", "is_late": None, "clerk_id": 1, "due_on": None, "sent_at": "2026-10-31T23:59:59"},
]
Client = httpx.Client


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = backend_files(read_ddl_text(SCHEMA, "mariadb"), options={"charts": True})
    return write_backend(files, tmp_path_factory.mktemp("payments"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'payments.db'}"
    elif request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.new_database() as url:
            yield url
    else:
        mariadb: MariadbServer = request.getfixturevalue("mariadb_server")
        with mariadb.new_database() as made:
            yield made.url


@pytest.fixture(scope="module")
def client(backend: Path, database: str) -> Iterator[Client]:
    """A client of an application that has the rows."""
    with serving(backend, database) as server, httpx.Client(base_url=f"{server.url}/api", timeout=30) as client:
        payments = [{"id": number, **row} for number, row in enumerate(PAYMENTS, 1)]
        for path, rows in (("/clerks", CLERKS), ("/payments", payments)):
            response = client.post(f"{path}/bulk", json=rows)
            assert response.status_code == 201, response.text
        yield client


def groups(client: Client, group_by: str, path: str = "/payments", **query: str) -> dict[str, Any]:
    """Return the groups; the filters of each must select as many rows as it has."""
    response = client.get(f"{path}/groups", params={"group_by": group_by, **query})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    others = {name: value for name, value in query.items() if name not in ("limit", "until")}
    for group in found["items"]:
        counted = client.get(f"{path}/count", params=[*others.items(), *group["filters"].items()])
        assert counted.json() == {"count": group["count"]}, group
    return found


def counts(client: Client, group_by: str, **query: str) -> list[tuple[Any, int]]:
    return [(group["value"], group["count"]) for group in groups(client, group_by, **query)["items"]]


def test_values_are_counted_the_largest_first(client: Client) -> None:
    assert counts(client, "status") == [("open", 3), ("paid", 2), ("void", 1)]
    assert counts(client, "is_late") == [(False, 3), (None, 2), (True, 1)]
    assert counts(client, "status", due_on__gte="2026-11-23") == [("paid", 2), ("void", 1)]


def test_references_have_the_labels_of_their_rows(client: Client) -> None:
    found = groups(client, "clerk_id")
    assert [(group["value"], group["label"], group["count"]) for group in found["items"]] == [
        (1, "Ann", 3), (2, "Ben", 2), (None, None, 1),
    ]  # fmt: skip
    assert found["items"][2]["filters"] == {"clerk_id__is_null": "true"}


def test_rows_of_the_groups_beyond_the_limit_are_counted_together(client: Client) -> None:
    assert groups(client, "status", limit="1") == {
        "items": [{"value": "open", "label": None, "count": 3, "filters": {"status__eq": "open"}}],
        "others": 3,
    }


def test_periods_follow_each_other_and_may_be_empty(client: Client) -> None:
    until = {"until": "2026-11-30"}
    days = [("2026-11-28", 0), ("2026-11-29", 1), ("2026-11-30", 1)]
    assert counts(client, "due_on__day", limit="3", **until) == days
    weeks = [("2026-11-16", 1), ("2026-11-23", 2), ("2026-11-30", 1)]  # from Monday to Sunday
    assert counts(client, "due_on__week", limit="3", **until) == weeks
    months = counts(client, "due_on__month", limit="366", **until)
    assert months[0] == ("1996-06-01", 0)
    assert [month for month in months if month[1]] == [("2025-12-01", 1), ("2026-11-01", 4)]
    assert counts(client, "sent_at__day", limit="2", until="2026-11-01") == [("2026-10-31", 1), ("2026-11-01", 1)]
    assert counts(client, "due_on__day", limit="1", status="open", **until) == [("2026-11-30", 0)]


def test_the_last_period_is_that_of_the_newest_row(client: Client) -> None:
    assert counts(client, "due_on__day", limit="1", due_on__lt="2026-11-23") == [("2026-11-22", 1)]
    assert counts(client, "sent_at__month", limit="2", sent_at__lt="2026-11-01") == [
        ("2026-09-01", 0),
        ("2026-10-01", 1),
    ]
    today = dt.datetime.now(dt.UTC).date().isoformat()
    for later in ({"status": "void", "due_on__lt": "2000-01-01"}, {"due_on__gte": "3000-01-01"}):
        assert counts(client, "due_on__day", limit="1", **later) == [(today, 0)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_days_are_those_of_the_time_zone(tmp_path: Path, request: pytest.FixtureRequest, kind: str) -> None:
    files = backend_files(read_ddl_text(VISITS, "postgres"), options={"charts": True})
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'visits.db'}"
        if kind == "postgresql":
            url = stack.enter_context(request.getfixturevalue("postgres_server").new_database())
        server = stack.enter_context(serving(write_backend(files, tmp_path), url, TIME_ZONE=ZONE))
        client = stack.enter_context(httpx.Client(base_url=f"{server.url}/api", timeout=30))
        rows = [{"id": number, "came_at": moment} for number, moment in enumerate(MOMENTS)]
        assert client.post("/visits/bulk", json=rows).status_code == 201
        found = groups(client, "came_at__day", "/visits", limit="3", until="2026-11-02")["items"]
        late = client.get("/visits/groups", params={"group_by": "came_at__month", "until": "9999-12-31"})
    days = [("2026-10-31", 1), ("2026-11-01", 2), ("2026-11-02", 1)]
    assert [(group["value"], group["count"]) for group in found] == days
    # The day on which clocks go back has 25 hours
    assert found[1]["filters"] == {
        "came_at__gte": "2026-11-01T04:00:00Z",
        "came_at__lte": "2026-11-02T04:59:59.999999Z",
    }
    assert [error["field"] for error in late.json()["errors"]] == ["until"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "group_by"),
        ({"group_by": "note"}, "group_by"),
        ({"group_by": "due_on"}, "group_by"),
        ({"group_by": "due_on__year"}, "group_by"),
        ({"group_by": "clerk__name"}, "group_by"),
        ({"group_by": "status", "limit": "0"}, "limit"),
        ({"group_by": "due_on__day", "limit": "367"}, "limit"),
        ({"group_by": "due_on__day", "until": "0001-01-02"}, "until"),
        ({"group_by": "status", "no_such_field": "1"}, "no_such_field"),
    ],
)
def test_what_does_not_suit_is_reported(client: Client, query: dict[str, str], field: str) -> None:
    response = client.get("/payments/groups", params=query)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_the_api_names_the_groupings(client: Client) -> None:
    paths = client.get(client.base_url.join("/openapi.json")).json()["paths"]
    listed = {path: paths[f"/api/payments/{path}"]["get"]["parameters"] for path in ("groups", "count")}
    parameters = {one["name"]: one["schema"] for one in listed["groups"] if "name" in one}
    assert parameters["group_by"]["enum"] == [
        "status", "is_late", "clerk_id",
        *(f"{name}__{unit}" for name in ("due_on", "sent_at") for unit in ("day", "week", "month")),
    ]  # fmt: skip
    filters = [one for one in listed["count"] if "__gte" in one.get("$ref", "")]
    assert filters
    assert [one for one in listed["groups"] if one in filters] == filters
    assert "/api/clerks/groups" not in paths  # no field of it has groups


def test_own_tests_of_the_backend_pass(backend: Path, database: str, request: pytest.FixtureRequest) -> None:
    if database.startswith("postgresql"):
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.new_database() as url:
            assert own_tests(backend, TEST_DATABASE_URL=url) > 50
    elif database.startswith("sqlite"):
        assert own_tests(backend) > 50
