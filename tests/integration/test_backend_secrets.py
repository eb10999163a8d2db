"""Secrets of the generated backend are written, and no answer or log line contains them."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import Server, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

DDL = """
CREATE TABLE users (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text NOT NULL UNIQUE,
    password_hash text NOT NULL CHECK (length(password_hash) >= 8),
    "apiKey" text UNIQUE,
    pin int,
    answer text CHECK (length(answer) >= 8),
    credentials jsonb,
    token_count int NOT NULL DEFAULT 0
);
CREATE TABLE posts (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author_id int NOT NULL REFERENCES users, text text
);
CREATE TABLE letters (reader text NOT NULL, token text NOT NULL);
"""
OPTIONS = {"secret": {"users": ["password_hash", "apiKey", "pin", "answer", "credentials"]}}
MARK = "s3cr3t"
SECRETS: dict[str, Any] = {
    "password_hash": f"{MARK}-hash",
    "api_key": f"{MARK}-key",
    "pin": 738_291,
    "answer": f"{MARK}-answer",
    "credentials": {"a": f"{MARK}-json"},
}
LEAKS = (MARK, "738291")


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "users.sql").write_text(DDL, encoding="utf-8")
    return write_backend(backend_files(read_schema(folder / "users.sql"), options=OPTIONS), folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield f"sqlite:///{tmp_path / 'users.db'}"
        else:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            yield stack.enter_context(server.new_database())


@pytest.fixture
def server(backend: Path, url: str) -> Iterator[Server]:
    with serving(backend, url) as served:
        yield served


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.url}/api", timeout=60) as opened:
        yield opened


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return list(connection.execute(query))
    with psycopg.connect(url) as opened:
        return list(opened.execute(query.encode()))


def test_no_answer_contains_a_secret(client: httpx.Client, server: Server, url: str) -> None:
    answers: list[httpx.Response] = []

    def send(method: str, path: str, status: int, **more: Any) -> httpx.Response:
        answers.append(client.request(method, path, **more))
        assert answers[-1].status_code == status, answers[-1].text
        return answers[-1]

    body = {"login": "ani", **SECRETS}
    user = send("POST", "/users", 201, json=body).json()
    assert user == {"id": 1, "login": "ani", "token_count": 0}
    send("POST", "/users/bulk", 201, json=[{**body, "login": "budi", "api_key": None}])
    send("POST", "/posts", 201, json={"author_id": 1, "text": "hello"})
    send("GET", "/users", 200)
    send("GET", "/users/1", 200)
    send("GET", "/users/export.csv", 200)
    expanded = send("GET", "/posts", 200, params={"expand": "author_id"}).json()["expanded"]
    assert expanded["author_id"] == [user]
    assert send("GET", "/users", 200, params={"q": MARK}).json()["items"] == []
    for name in SECRETS:
        for operator in ("", "__like", "__eq", "__is_null", "__gt", "__contains"):
            for path in ("/users", "/users/count", "/users/export.csv"):
                send("GET", path, 422, params={f"{name}{operator}": "1"})
        send("GET", "/users", 422, params={"sort": name})
        send("GET", "/users", 422, params={"expand": name})
    send("POST", "/users", 409, json={**body, "login": "citra"})  # the key is taken
    send("POST", "/users", 422, json={**body, "login": "citra", "answer": MARK})  # too short
    send("POST", "/users", 422, json={**body, "login": "citra", "password_hash": MARK * 200})  # too long
    send("POST", "/users", 422, json={**body, "login": 1})
    send("PATCH", "/users/1", 422, json={"password_hash": [MARK]})
    send("PATCH", "/users/1", 200, json={"token_count": 2})
    send("POST", "/users/bulk-update", 200, json=[{"key": 1, "changes": {"answer": f"{MARK}-other"}}])
    send("PUT", "/users/1", 200, json={"login": "ani", "password_hash": f"{MARK}-new"})
    documents = httpx.get(f"{server.url}/openapi.json").json()["components"]["schemas"]
    assert documents["UserRead"]["properties"].keys() == {"id", "login", "token_count"}
    assert SECRETS.keys() <= documents["UserCreate"]["properties"].keys()
    for answer in answers:
        assert not [leak for leak in LEAKS if leak in answer.text or leak in str(answer.headers)], answer.text
    assert not [leak for leak in LEAKS if leak in server.log.read_text(encoding="utf-8")]
    # What a PUT leaves out gets its default, but secrets, which its client cannot know, are kept
    query = 'SELECT login, "apiKey", pin, answer, token_count FROM users WHERE id = 1'
    assert rows(url, query) == [("ani", f"{MARK}-key", 738_291, f"{MARK}-other", 0)]


def test_the_hash_of_a_password_is_stored(client: httpx.Client, url: str) -> None:
    def stored() -> str:
        ((found,),) = rows(url, "SELECT password_hash FROM users")
        return str(found)

    assert client.post("/users", json={"login": "ani", "password_hash": "first"}).status_code == 201
    assert PasswordHasher().verify(stored(), "first")
    for change in ({"login": "budi"}, {"login": "ani"}):
        assert client.patch("/users/1", json=change).status_code == 200
        assert PasswordHasher().verify(stored(), "first")
    changes = [{"key": 1, "changes": {"password_hash": "second"}}]
    assert client.post("/users/bulk-update", json=changes).status_code == 200
    assert PasswordHasher().verify(stored(), "second")
    made_elsewhere = f"$2b$12${'a' * 53}"
    assert client.patch("/users/1", json={"password_hash": made_elsewhere}).status_code == 200
    assert stored() == made_elsewhere


def test_the_entity_tag_does_not_depend_on_a_secret(client: httpx.Client) -> None:
    client.post("/users", json={"login": "ani", **SECRETS})
    tag = client.get("/users/1").headers["etag"]
    changed = client.patch("/users/1", json={"answer": "another one"}, headers={"If-Match": tag})
    assert (changed.status_code, changed.headers["etag"]) == (200, tag)


def test_a_table_without_a_key_does_not_page_by_a_secret(client: httpx.Client, url: str) -> None:
    insert = f"INSERT INTO letters VALUES ('ani', '{MARK}'), ('budi', '{MARK}')"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
            connection.execute(insert)
    else:
        with psycopg.connect(url) as opened:
            opened.execute(insert.encode())
    page = client.get("/letters", params={"limit": 1, "sort": "reader"})
    assert page.json()["items"] == [{"reader": "ani"}]
    assert client.get("/letters", params={"sort": "token"}).status_code == 422


def test_an_unexpected_error_is_logged_without_the_values(backend: Path, postgres_server: PostgresServer) -> None:
    with postgres_server.new_database() as url, serving(backend, url) as served:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'disk on fire' USING ERRCODE = 'XX000'; END $$"
            )
            connection.execute("CREATE TRIGGER fail BEFORE INSERT ON users EXECUTE FUNCTION fail()")
        response = httpx.post(f"{served.url}/api/users", json={"login": "ani", **SECRETS}, timeout=60)
        log = served.log.read_text(encoding="utf-8")
    assert response.status_code == 500
    assert "disk on fire" in log
    assert not [leak for leak in LEAKS if leak in log or leak in response.text]


def test_the_commands_of_the_backend_print_no_secret(backend: Path, url: str) -> None:
    assert run(backend, "-m", "alembic", "upgrade", "head", DATABASE_URL=url).returncode == 0
    seeded = run(backend, "-m", "app.seed", "--rows", "5", DATABASE_URL=url)
    assert seeded.returncode == 0, seeded.stderr
    loaded = run(backend, "-m", "app.load", "--rows", "40", "--table", "users", DATABASE_URL=url)
    assert loaded.returncode == 0, loaded.stderr
    stored = [value for (value,) in rows(url, "SELECT password_hash FROM users")]
    assert len(stored) == 40
    assert not [value for value in stored if value in seeded.stdout + seeded.stderr + loaded.stdout + loaded.stderr]
