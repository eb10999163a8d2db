"""Many rows and many clients on PostgreSQL: pages that do not shift, bulk requests of few statements, and slow queries.

Queries are slow here because their table is locked, so they last as long as a test needs them to.
"""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import Server, run, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

DDL = """
CREATE TABLE owners (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE notes (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code varchar(20) NOT NULL UNIQUE,
    owner_id int NOT NULL REFERENCES owners DEFERRABLE INITIALLY IMMEDIATE,
    size int NOT NULL DEFAULT 1 CHECK (size > 0),
    late_id int REFERENCES owners DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE visits (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, came_on date NOT NULL, note text NOT NULL);
CREATE INDEX visits_came_on_idx ON visits (came_on);
"""
WAIT_S = 60.0
CLIENTS = 200
SMALL = {"DATABASE_POOL_SIZE": "5", "DATABASE_POOL_OVERFLOW": "0", "DATABASE_POOL_TIMEOUT": "2", "LOCK_TIMEOUT": "0"}
QUICK = ("/healthz", "/readyz", "/api/owners/1")
SOON_MS = 1000  # by the server's own times
RECOVERED_MS = 2000  # for the first request after the overload
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
# Creates, updates and deletes rows with the statements counted, in one process.
COUNTING = """
import json
import sqlalchemy as sa
from fastapi.testclient import TestClient
from app.core.database import get_request_engine
from app.main import app

statements = []
sa.event.listen(get_request_engine(), "before_cursor_execute", lambda *event: statements.append(event[2].split()[0]))
with TestClient(app) as client:
    bodies = [{"code": f"{number:03d}", "owner_id": 1} for number in range(300)]
    rows = client.post("/api/notes/bulk", json=bodies).json()
    changes = [{"key": row["id"], "changes": {"size": number + 2}} for number, row in enumerate(rows)]
    updated = client.post("/api/notes/bulk-update", json=changes).json()
    deleted = client.post("/api/notes/bulk-delete", json=[row["id"] for row in rows]).json()
is_created = [row["code"] for row in rows] == [body["code"] for body in bodies]
is_updated = updated == [{**row, "size": number + 2} for number, row in enumerate(rows)]
print(json.dumps([statements, is_created, is_updated, deleted]))
"""

# Requests groups of dates, and prints the plan of each statement for them.
PLANNING = """
import json
import sqlalchemy as sa
from fastapi.testclient import TestClient
from app.core.database import get_request_engine
from app.main import app

ran = []
sa.event.listen(get_request_engine(), "before_cursor_execute", lambda *event: ran.append(event[2:4]))
with TestClient(app) as client:
    for unit in ("day", "week", "month"):
        answer = client.get(f"/api/visits/groups?group_by=came_on__{unit}&limit=366")
        assert answer.status_code == 200, answer.text
plans = []
for statement, parameters in [*ran]:
    with get_request_engine().connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        plans.append("\\n".join(row[0] for row in rows))
print(json.dumps(plans))
"""


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notes")
    (folder / "notes.sql").write_text(DDL, encoding="utf-8")
    return write_backend(backend_files(read_schema(folder / "notes.sql"), options={"charts": True}), folder)


@pytest.fixture
def database(backend: Path, postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.new_database() as url:
        assert run(backend, "-m", "alembic", "upgrade", "head", DATABASE_URL=url).returncode == 0
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO owners (name) SELECT 'o' || n FROM generate_series(1, 3) AS n")
        yield url


@pytest.fixture
def client(backend: Path, database: str) -> Iterator[httpx.Client]:
    with serving(backend, database) as server, httpx.Client(base_url=server.url, timeout=WAIT_S) as client:
        yield client


# ----------------------------------------------------------------------------------------------------- pages and totals


def test_pages_after_a_cursor_do_not_shift(client: httpx.Client, database: str) -> None:
    fill(database, 30)
    path = "/api/notes?sort=-code&limit=10"
    first = client.get(path).json()
    client.delete(f"/api/notes/{first['items'][0]['id']}")
    client.post("/api/notes", json={"code": "zzz", "owner_id": 1})
    second = client.get(f"{path}&after={first['next']}").json()
    assert [row["code"] for row in second["items"]] == [f"{number:05d}" for number in range(20, 10, -1)]
    assert (second["offset"], second["total"], second["total_is"]) == (None, 30, "exact")


def test_totals_of_a_large_table_are_capped_or_estimated(client: httpx.Client, database: str) -> None:
    fill(database, 12_000)
    totals = {
        count: tuple(client.get(f"/api/notes?limit=1&count={count}").json()[name] for name in ("total", "total_is"))
        for count in ("capped", "estimated", "exact", "none")
    }
    assert totals["capped"] == (10_000, "at_least")
    assert totals["exact"] == (12_000, "exact")
    assert totals["none"] == (None, "exact")
    estimated, precision = totals["estimated"]
    assert precision == "estimated"
    assert 11_000 < estimated < 13_000


def test_groups_of_dates_are_counted_in_an_index_alone(backend: Path, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = on")  # or VACUUM may find the rows not yet visible to all
        connection.execute(
            "INSERT INTO visits (came_on, note) SELECT DATE '2020-01-01' + n % 1000, repeat('x', 1000) "
            "FROM generate_series(1, 20000) AS n"
        )
        connection.execute("VACUUM ANALYZE visits")
    result = run(backend, "-c", PLANNING, DATABASE_URL=database)
    assert result.returncode == 0, result.stderr[-2000:]
    plans = json.loads(result.stdout)
    assert len(plans) == 2 * 3
    assert {node for plan in plans for node in re.findall(r"\w+(?: \w+)* Scan", plan)} == {"Index Only Scan"}, plans


# ----------------------------------------------------------------------------------------------------------------- bulk


def test_bulk_requests_take_few_statements(backend: Path, database: str) -> None:
    result = run(backend, "-c", COUNTING, DATABASE_URL=database)
    assert result.returncode == 0, result.stderr[-2000:]
    assert json.loads(result.stdout) == [
        ["INSERT", "SELECT", "SELECT", "UPDATE", "SELECT", "DELETE"],
        True,
        True,
        {"deleted": 300},
    ]


@pytest.mark.parametrize(
    ("wrong", "status", "field"),
    [
        ({"code": "00007"}, 409, "code"),
        ({"owner_id": 99}, 422, "owner_id"),
        ({"late_id": 99}, 422, "late_id"),  # rejected at the commit
        ({"size": 0}, 422, "size"),
        ({"code": None}, 422, "code"),
    ],
)
def test_a_rejected_bulk_request_names_the_row_and_the_field(
    client: httpx.Client, database: str, wrong: dict[str, Any], status: int, field: str
) -> None:
    fill(database, 10)
    bodies = [{"code": f"new {number}", "owner_id": 1} for number in range(300)]
    bodies[217] |= wrong
    response = client.post("/api/notes/bulk", json=bodies)
    assert response.status_code == status, response.text
    assert [error["field"] for error in response.json()["errors"]] == [f"217.{field}"]
    assert client.get("/api/notes/count").json() == {"count": 10}


@pytest.mark.parametrize(
    ("wrong", "status", "field"),
    [
        ({"changes": {"code": "00007"}}, 409, "code"),
        ({"changes": {"owner_id": 99}}, 422, "owner_id"),
        ({"changes": {"late_id": 99}}, 422, "late_id"),  # checked at the commit
        ({"changes": {"size": 0}}, 422, "changes.size"),
        ({"changes": {"code": None}}, 422, "changes.code"),
        ({"key": 10**6}, 404, "key"),
        ({"key": "x"}, 422, "key"),
        ({"keys": 1}, 422, "keys"),
    ],
)
def test_a_rejected_bulk_update_names_the_row_and_the_field(
    client: httpx.Client, database: str, wrong: dict[str, Any], status: int, field: str
) -> None:
    fill(database, 300)
    rows = client.get("/api/notes?limit=300&sort=id").json()["items"]
    changes = [{"key": row["id"], "changes": {"size": 5}} for row in rows]
    changes[217] |= wrong
    response = client.post("/api/notes/bulk-update", json=changes)
    assert response.status_code == status, response.text
    assert [error["field"] for error in response.json()["errors"]] == [f"217.{field}"]
    assert client.get("/api/notes?limit=300&sort=id").json()["items"] == rows
    changes[217] = {"key": rows[217]["id"], "changes": {"code": "other", "late_id": 2}}
    assert client.post("/api/notes/bulk-update", json=changes).status_code == 200
    assert client.get("/api/notes/count?size=5").json() == {"count": 299}


# --------------------------------------------------------------------------------------------------------- slow queries


def test_slow_lists_leave_connections_to_others(backend: Path, database: str) -> None:
    every = httpx.Limits(max_connections=None)
    with (
        serving(backend, database, **SMALL) as server,
        httpx.Client(base_url=server.url, limits=every, timeout=WAIT_S) as client,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        with locked(database) as waiting:
            lists = [pool.submit(client.get, "/api/notes?q=a") for _ in range(CLIENTS)]
            wait_until(lambda: waiting() == 2)
            for path in QUICK:
                assert client.get(path).status_code == 200
            wait_until(lambda: sum(answer.done() for answer in lists) == CLIENTS - 2)
            refused = [answer.result() for answer in lists if answer.done()]
            assert {answer.status_code for answer in refused} == {503}
            assert {answer.headers["retry-after"] for answer in refused} == {"5"}
        answered = [answer.result(WAIT_S).status_code for answer in lists]
        assert [status for status in answered if status != 503] == [200, 200]
        assert client.get("/api/notes").status_code == 200  # at once: no request still holds a turn or a connection
        wait_until(lambda: len([entry for entry in server.requests() if entry["path"] == "/api/notes"]) == CLIENTS + 1)
        last = server.requests()[-1]
        assert (last["path"], last["status"]) == ("/api/notes", 200)
        assert last["ms"] < RECOVERED_MS
        times = {entry["path"]: entry["ms"] for entry in server.requests() if entry["path"] in QUICK}
        assert times.keys() == {*QUICK}
        assert max(times.values()) < SOON_MS, times


@pytest.mark.parametrize(
    "path", ["/api/notes", "/api/notes/count", "/api/notes/groups?group_by=owner_id", "/api/notes/export.csv"]
)
def test_the_query_of_a_client_that_leaves_is_cancelled(server: Server, database: str, path: str) -> None:
    with locked(database) as waiting:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{server.url}{path}", timeout=2)
        wait_until(lambda: waiting() == 0)
    assert httpx.get(f"{server.url}/api/notes").status_code == 200
    assert "Traceback" not in server.log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("setting", "detail", "retry_after"),
    [  # a statement that was too slow would be again
        ("STATEMENT_TIMEOUT", "The request was ended because a statement took too long.", None),
        ("LOCK_TIMEOUT", "Another transaction held a lock for too long.", "5"),
    ],
)
def test_statements_have_time_limits(
    backend: Path, database: str, setting: str, detail: str, retry_after: str | None
) -> None:
    limits = {"STATEMENT_TIMEOUT": "0", "LOCK_TIMEOUT": "0", setting: "0.3"}
    with serving(backend, database, **limits) as server, locked(database):
        for path in ("/api/notes", "/api/notes/1"):
            response = httpx.get(f"{server.url}{path}", timeout=WAIT_S)
            assert (response.status_code, response.json()["detail"]) == (503, detail)
            assert response.headers.get("retry-after") == retry_after


def test_an_export_may_take_longer_than_other_statements(backend: Path, database: str) -> None:
    limits = {"STATEMENT_TIMEOUT": "0.3", "LOCK_TIMEOUT": "0"}
    with serving(backend, database, **limits) as server, ThreadPoolExecutor() as pool:
        with locked(database) as waiting:
            export = pool.submit(httpx.get, f"{server.url}/api/notes/export.csv", timeout=WAIT_S)
            wait_until(lambda: waiting() == 1)
            assert httpx.get(f"{server.url}/api/notes", timeout=WAIT_S).status_code == 503  # after the limit
        assert export.result(WAIT_S).text.splitlines() == ["id,code,owner_id,size,late_id"]


@pytest.fixture
def server(backend: Path, database: str) -> Iterator[Server]:
    with serving(backend, database, LOCK_TIMEOUT="0") as server:
        yield server


def fill(database: str, rows: int) -> None:
    """Add notes with the codes 00001 and so on."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO notes (code, owner_id) SELECT to_char(n, 'FM00000'), 1 FROM generate_series(1, %s) AS n",
            [rows],
        )
        connection.execute("ANALYZE notes")


@contextmanager
def locked(database: str) -> Iterator[Callable[[], int]]:
    """Make every query of notes wait, and yield a function that returns how many are waiting."""
    with psycopg.connect(database) as holder, psycopg.connect(database, autocommit=True) as observer:
        holder.execute("LOCK TABLE notes")

        def waiting() -> int:
            (found,) = observer.execute(WAITING).fetchone() or (0,)
            return int(found)

        yield waiting


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
