"""Requests that would exhaust the server: each is limited in size, time or number, and others are still answered."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx
import psutil
import psycopg
import pytest

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import Server, free_port, plain_environment, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

DDL = r"""
CREATE TABLE notes (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title varchar(20000) NOT NULL,
    body text,
    CONSTRAINT notes_title_check CHECK (title ~ '^[a-z]+$' OR body IS NULL)
);
CREATE TABLE "list学生" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
"""
POST = "POST /api/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
EXPORT = "GET /api/notes/export.csv HTTP/1.1\r\nHost: x\r\n\r\n"
MIB = 2**20
MAX_BODY = 2 * MIB
REQUEST_TIMEOUT_S = 1.0
EXPORTS = 2
WAIT_S = 30.0
ROWS = 10_000  # of 4 KB: more than the sockets buffer
FILL = f"INSERT INTO notes (title, body) SELECT 'a', repeat('x', 4096) FROM generate_series(1, {ROWS})"
SETTINGS = {"MAX_BODY_SIZE": str(MAX_BODY), "REQUEST_TIMEOUT": str(REQUEST_TIMEOUT_S)}


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notes")
    (folder / "notes.sql").write_text(DDL, encoding="utf-8")
    return write_backend(backend_files(read_schema(folder / "notes.sql")), folder)


@pytest.fixture(scope="module")
def database(backend: Path, postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.new_database() as url:
        assert run(backend, "-m", "alembic", "upgrade", "head", DATABASE_URL=url).returncode == 0
        with psycopg.connect(url) as connection:
            connection.execute(FILL.encode())
        yield url


@pytest.fixture(scope="module")
def server(backend: Path, database: str) -> Iterator[Server]:
    with serving(backend, database, **SETTINGS) as running:
        yield running


# --------------------------------------------------------------------------------------------------------------- bodies


def chunks(size: int) -> Iterator[bytes]:
    yield b'{"title": "large", "body": "'
    for _ in range(size // MIB):
        yield b"x" * MIB
    yield b'"}'


def assert_too_large(response: httpx.Response) -> None:
    assert response.status_code == 413, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["connection"] == "close"
    assert response.json()["detail"] == f"The body must not be larger than {MAX_BODY} bytes."


def test_a_large_body_is_rejected_before_it_is_read(server: Server) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=WAIT_S) as client:
        head = (
            f"POST /api/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {MAX_BODY + 1}"
        )
        client.sendall(f"{head}\r\n\r\n".encode())
        assert client.makefile("rb").readline().startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", ["/api/notes", "/api/notes/bulk", "/api/notes/bulk-delete"])
def test_a_chunked_body_is_rejected_at_the_limit(server: Server, path: str) -> None:
    headers = {"Content-Type": "application/json"}
    before = psutil.Process(server.process.pid).memory_info().rss
    for _ in range(5):
        try:
            assert_too_large(httpx.post(server.url + path, content=chunks(64 * MIB), headers=headers, timeout=WAIT_S))
        except (httpx.WriteError, httpx.ReadError):
            continue  # the server had closed the connection before the client read the response
    assert psutil.Process(server.process.pid).memory_info().rss - before < 32 * MIB
    assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_a_body_within_the_limit_is_accepted(server: Server) -> None:
    content = b"".join(chunks(MAX_BODY - MIB))
    created = httpx.post(f"{server.url}/api/notes", content=content, headers={"Content-Type": "application/json"})
    assert created.status_code == 201, created.text
    assert httpx.delete(f"{server.url}/api/notes/{created.json()['id']}").status_code == 204


def test_a_bulk_request_is_bounded_in_items(server: Server) -> None:
    for items in ([0] * 1001, [0] * 500_000):
        response = httpx.post(f"{server.url}/api/notes/bulk-delete", json=items, timeout=WAIT_S)
        assert response.status_code == 422, response.text
        assert [error["field"] for error in response.json()["errors"]] == ["body"]


# ------------------------------------------------------------------------------------------------------ slow clients


@contextmanager
def clients(server: Server, count: int, request: str) -> Iterator[list[socket.socket]]:
    """Send a request, or a part of one, from many clients that read nothing."""
    address = urlsplit(server.url)
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(WAIT_S)
            client.connect((str(address.hostname), address.port or 0))
            client.sendall(request.encode())
            opened.append(client)
        yield opened


def read_all(client: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    received = b""
    try:
        while part := client.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize(
    ("request_text", "response"),
    [
        pytest.param("", b"", id="nothing"),
        pytest.param("GET /readyz HTTP/1.1\r\nHost:", b"", id="a part of the headers"),
        pytest.param(
            "POST /api/notes HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
            b"HTTP/1.1 408 ",
            id="a part of the body",
        ),
    ],
)
def test_a_half_sent_request_is_closed(server: Server, request_text: str, response: bytes) -> None:
    with clients(server, 20, request_text) as held:
        start = time.monotonic()
        for client in held:
            assert read_all(client)[: len(response) or None] == response
        assert REQUEST_TIMEOUT_S / 2 < time.monotonic() - start < WAIT_S


def test_a_client_that_stops_to_read_is_disconnected(server: Server) -> None:
    with clients(server, 1, EXPORT) as (client,):
        wait_for(lambda: connections(server) == 1)
        wait_for(lambda: connections(server) == 0)
        assert len(read_all(client)) < ROWS * 4096
    assert "export aborted" not in server.log.read_text(encoding="utf-8")


def test_unread_exports_leave_connections_to_others(backend: Path, database: str) -> None:
    with serving(backend, database, EXPORT_LIMIT=str(EXPORTS)) as server:
        with clients(server, 16, EXPORT) as held:
            statuses = sorted(client.recv(13) for client in held)
            assert statuses == [b"HTTP/1.1 200 "] * EXPORTS + [b"HTTP/1.1 503 "] * (16 - EXPORTS)
            refused = httpx.get(f"{server.url}/api/notes/export.csv")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert refused.json()["detail"] == "Too many exports are running."
            assert httpx.get(f"{server.url}/readyz").status_code == 200
            assert httpx.get(f"{server.url}/api/notes?limit=1").status_code == 200
        wait_for(lambda: can_export(server))


def test_exports_leave_a_connection_of_a_small_pool(backend: Path, database: str) -> None:
    small = {"DATABASE_POOL_SIZE": "2", "DATABASE_POOL_OVERFLOW": "0", "DATABASE_POOL_TIMEOUT": "1"}
    with serving(backend, database, **small) as server, clients(server, 4, EXPORT) as held:
        assert sorted(client.recv(13) for client in held) == [b"HTTP/1.1 200 "] + [b"HTTP/1.1 503 "] * 3
        assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_an_export_has_a_time_limit(backend: Path, database: str) -> None:
    with (
        serving(backend, database, EXPORT_LIMIT=str(EXPORTS), EXPORT_TIMEOUT="2") as server,
        clients(server, EXPORTS, EXPORT),
    ):
        wait_for(lambda: aborted(server) == EXPORTS)
        wait_for(lambda: can_export(server))


def aborted(server: Server) -> int:
    """Return how many exports the server has ended for their time."""
    return server.log.read_text(encoding="utf-8").count("export aborted after 2 seconds")


def can_export(server: Server) -> bool:
    with httpx.stream("GET", f"{server.url}/api/notes/export.csv?id=1", timeout=WAIT_S) as response:
        return response.status_code == 200


def connections(server: Server) -> int:
    """Return how many clients are connected to the server."""
    port = urlsplit(server.url).port
    found = psutil.Process(server.process.pid).net_connections("tcp")
    return sum(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port for one in found)


def wait_for(is_so: object) -> None:
    assert callable(is_so)
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


# ------------------------------------------------------------------------------------------------- patterns and names


def test_a_rules_pattern_takes_linear_time_and_others_are_answered(server: Server) -> None:
    start = time.monotonic()
    accepted = httpx.post(f"{server.url}/api/notes", json={"title": "a" * 10_000, "body": "x"}, timeout=WAIT_S)
    rejected = httpx.post(f"{server.url}/api/notes", json={"title": "a" * 10_000 + "!", "body": "x"}, timeout=WAIT_S)
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert time.monotonic() - start < 5
    assert (accepted.status_code, rejected.status_code) == (201, 422)
    assert {error["constraint"] for error in rejected.json()["errors"]} == {"notes_title_check"}
    line_end = httpx.post(f"{server.url}/api/notes", json={"title": "a\n", "body": "x"})
    assert [error["code"] for error in line_end.json()["errors"]] == ["check", "check"]  # by the rule, as in PostgreSQL


def test_the_rules_engine_is_that_of_pydantic(backend: Path) -> None:
    program = (
        "from pydantic_core import SchemaValidator; from app.core import rules; "
        "print(isinstance(rules._matcher('a'), SchemaValidator), rules.matches('a', '(?=a)'))"
    )
    assert run(backend, "-c", program).stdout == "True None\n"


def test_the_export_of_any_table_has_a_name(server: Server) -> None:
    response = httpx.get(f"{server.url}/api/{quote('list学生')}/export.csv")
    assert response.status_code == 200, response.text
    disposition = response.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="list')
    assert disposition.isascii()
    assert "filename*=UTF-8''" in disposition
    assert quote("学生") in disposition


# ------------------------------------------------------------------------------------------------------------ API key


def started(folder: Path, *arguments: str, **environment: str) -> tuple[int | None, str]:
    """Start the server, wait until it serves or ends, and return its exit code, if any, with what it printed."""
    port = free_port()
    command = [sys.executable, "-m", "app.serve", "--port", str(port), *arguments]
    settings = {**plain_environment(), "DATABASE_URL": "sqlite://", "PYTHONUNBUFFERED": "1", **environment}
    with subprocess.Popen(
        command, cwd=folder, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        deadline = time.monotonic() + WAIT_S
        code = None
        while code is None and time.monotonic() < deadline and not is_healthy(port):
            time.sleep(0.1)
            code = process.poll()
        process.terminate()
        return code, process.communicate(timeout=WAIT_S)[0]


def is_healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("key", ["", "  "])
def test_an_empty_key_is_an_error(backend: Path, key: str) -> None:
    code, printed = started(backend, API_KEY=key)
    assert code == 1
    assert printed.splitlines() == [
        "Invalid settings:",
        "  API_KEY: must not be empty; remove the variable to serve without a key",
    ]


def test_a_warning_is_given_beyond_loopback_without_a_key(backend: Path) -> None:
    warning = "API_KEY is not set: anyone who can reach 0.0.0.0 can change all rows"
    code, printed = started(backend, "--host", "0.0.0.0")
    assert (code, printed.count(warning)) == (None, 1)
    assert warning not in started(backend, "--host", "0.0.0.0", API_KEY="secret")[1]
    assert "API_KEY" not in started(backend)[1]
