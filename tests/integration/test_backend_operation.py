"""The generated backend in operation: it shuts down gracefully, and opens no more database connections than allowed."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from signal import SIGTERM
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

WAIT_S = 30.0
ROWS = 20_000  # more than socket buffers hold: the sender has to wait for the reader
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
WAITING = f"{CONNECTIONS} AND wait_event_type = 'Lock'"
MANY = f"""
    INSERT INTO schools (npsn, name, level, address, city, province)
    SELECT lpad(n::text, 8, '0'), 'School ' || n, 'SMA', repeat('x', 500), 'Bandung', 'Jawa Barat'
    FROM generate_series(1, {ROWS}) n
"""


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_backend(backend_files(read_schema()), tmp_path_factory.mktemp("school"))


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.new_database() as url:
        yield url


def test_a_request_under_way_is_answered_before_the_end(backend: Path, database: str) -> None:
    with serving(backend, database, LOCK_TIMEOUT="0") as server, ThreadPoolExecutor() as pool:
        with locked(database, "schools") as asked:
            answer = pool.submit(httpx.get, f"{server.url}/api/schools", timeout=WAIT_S)
            wait_until(lambda: asked(WAITING) == 1)
            server.process.send_signal(SIGTERM)
            wait_until(lambda: not is_listening(server))
            assert server.process.poll() is None
        page = answer.result(WAIT_S).json()
        assert (page["items"], page["total"], page["total_is"]) == ([], 0, "exact")
        assert_ended(server, database)


def test_an_export_under_way_is_sent_whole_before_the_end(backend: Path, database: str) -> None:
    with serving(backend, database) as server:
        ask(database, MANY)
        with httpx.stream("GET", f"{server.url}/api/schools/export.csv", timeout=WAIT_S) as response:
            lines = response.iter_lines()
            next(lines)
            server.process.send_signal(SIGTERM)
            wait_until(lambda: not is_listening(server))
            assert server.process.poll() is None
            assert sum(1 for _ in lines) == ROWS
        assert_ended(server, database)


def test_an_export_that_nobody_reads_any_more_gives_its_connection_back(backend: Path, database: str) -> None:
    with serving(backend, database, **ONE) as server:
        ask(database, MANY)
        with httpx.stream("GET", f"{server.url}/api/schools/export.csv", timeout=WAIT_S) as response:
            next(response.iter_lines())
        wait_until(lambda: httpx.get(f"{server.url}/readyz").status_code == 200)


ONE = {"DATABASE_POOL_SIZE": "1", "DATABASE_POOL_OVERFLOW": "0", "DATABASE_POOL_TIMEOUT": "0.2", "LOCK_TIMEOUT": "0"}


def test_a_request_that_gets_no_connection_in_time_is_told_to_come_back(backend: Path, database: str) -> None:
    with serving(backend, database, **ONE) as server, ThreadPoolExecutor() as pool:
        with locked(database, "schools") as asked:
            first = pool.submit(httpx.get, f"{server.url}/api/schools", timeout=WAIT_S)
            wait_until(lambda: asked(WAITING) == 1)
            second = httpx.get(f"{server.url}/api/teachers/1", timeout=WAIT_S)
            assert second.status_code == 503
            assert second.headers["content-type"] == "application/problem+json"
            assert second.headers["retry-after"] == "5"
            assert second.json()["detail"] == "The database is not available."
            assert httpx.get(f"{server.url}/readyz").status_code == 503
            assert httpx.get(f"{server.url}/healthz").status_code == 200  # it does not use the database
        assert first.result(WAIT_S).status_code == 200
        assert httpx.get(f"{server.url}/api/teachers").status_code == 200


def test_requests_share_the_connections_that_there_may_be(backend: Path, database: str) -> None:
    settings = {**ONE, "DATABASE_POOL_SIZE": "2", "DATABASE_POOL_OVERFLOW": "1", "DATABASE_POOL_TIMEOUT": str(WAIT_S)}
    with serving(backend, database, **settings) as server, ThreadPoolExecutor() as pool:
        with locked(database, "schools") as asked:
            answers = [pool.submit(httpx.get, f"{server.url}/api/schools/1", timeout=WAIT_S) for _ in range(5)]
            wait_until(lambda: asked(WAITING) == 3)
            assert asked(CONNECTIONS) == 3
        assert [answer.result(WAIT_S).status_code for answer in answers] == [404] * 5
        wait_until(lambda: ask(database, CONNECTIONS) == 2)  # no more connections than the pool's size are kept


@contextmanager
def locked(database: str, table: str) -> Iterator[Callable[[str], int]]:
    """Make every request to a table wait, and yield a function that queries the database meanwhile."""
    with psycopg.connect(database) as holder:
        holder.execute(f"LOCK TABLE {table}".encode())
        yield lambda query: ask(database, f"{query} AND pid <> {holder.info.backend_pid}")


def ask(database: str, statement: str) -> int:
    """Run a statement on a separate connection, and return the number in its result."""
    with psycopg.connect(database, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        (found,) = cursor.fetchone() or (0,) if cursor.description else (0,)
    return int(found)


def assert_ended(server: Server, database: str) -> None:
    """Check that a process that was sent SIGTERM has ended properly, and has left nothing open."""
    assert server.process.wait(WAIT_S) == -SIGTERM  # uvicorn raises the signal again after its shutdown
    wait_until(lambda: ask(database, CONNECTIONS) == 0)
    assert "Traceback" not in server.log.read_text(encoding="utf-8")


def is_listening(server: Server) -> bool:
    address = urlsplit(server.url)
    try:
        socket.create_connection((str(address.hostname), address.port or 0), timeout=WAIT_S).close()
    except ConnectionError:
        return False
    return True


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
