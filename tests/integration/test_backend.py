"""The generated backend of the school: its own tests, its lint checks, and a running server."""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from packaging.requirements import Requirement

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import own_tests, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytest_plugins = ["tests.integration.postgres"]

TABLES = 25  # 24, and a view
LEAST_TESTS = 500
LEAST_COVERED_PERCENT = 90


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_backend(backend_files(read_schema(), options={"title": "School"}), tmp_path_factory.mktemp("school"))


def test_own_tests_pass_on_sqlite_and_cover_the_application(backend: Path) -> None:
    assert own_tests(backend, measured=True) >= LEAST_TESTS
    result = run(backend, "-m", "coverage", "report", f"--fail-under={LEAST_COVERED_PERCENT}")
    assert result.returncode == 0, result.stdout[-6000:]


def test_own_tests_pass_on_postgresql(backend: Path, postgres_database: str) -> None:
    assert own_tests(backend, TEST_DATABASE_URL=postgres_database) >= LEAST_TESTS


@pytest.mark.parametrize("command", [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy", "app")])
def test_no_finding(backend: Path, command: tuple[str, ...]) -> None:
    result = run(backend, "-m", *command)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]


def test_what_it_asks_for_is_here_and_agrees(backend: Path) -> None:
    project = tomllib.loads((backend / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["dev"])]
    assert len(asked) > 9
    assert [str(need) for need in asked if not need.specifier.contains(version(need.name))] == []
    assert [str(need) for need in asked if "<" not in str(need.specifier)] == []  # each has an upper bound
    result = run(backend, "-m", "pip", "check")
    assert result.returncode == 0, result.stdout


def test_files_are_short(backend: Path) -> None:
    routers = {path.parent.name: len(path.read_text().splitlines()) for path in backend.glob("app/*/router.py")}
    assert {name: lines for name, lines in routers.items() if lines >= 80} == {}


def test_models_agree_with_the_migration(backend: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    for command in (("upgrade", "head"), ("downgrade", "base"), ("upgrade", "head")):
        result = run(backend, "-m", "alembic", *command, DATABASE_URL=url)
        assert result.returncode == 0, result.stderr[-2000:]


TWO_OF_ONE_NAME = """
CREATE SCHEMA audit;
CREATE TABLE page (id serial PRIMARY KEY, title text NOT NULL UNIQUE);
CREATE TABLE audit.page (
    id serial PRIMARY KEY, page_id int NOT NULL REFERENCES page, of_page int REFERENCES audit.page
);
CREATE INDEX page_idx ON page (title);
CREATE INDEX page_idx ON audit.page (page_id);
"""


COUNTED = """
CREATE TABLE tickets (
    code varchar(8) PRIMARY KEY, number serial UNIQUE, rank bigint GENERATED ALWAYS AS IDENTITY, extra jsonb
);
CREATE TABLE stubs (id serial PRIMARY KEY, ticket int NOT NULL REFERENCES tickets (number));
CREATE TABLE rolls (id serial PRIMARY KEY);
"""


SHARED = """
CREATE TABLE tenant (id int PRIMARY KEY);
CREATE TABLE person (
    tenant_id int NOT NULL REFERENCES tenant, id int NOT NULL, buddy_id int, full_id text
        GENERATED ALWAYS AS (tenant_id::text || '-' || id::text) STORED UNIQUE,
    PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, buddy_id) REFERENCES person
);
CREATE TABLE letter (
    id bigserial PRIMARY KEY, tenant_id int NOT NULL, reader_id int, writer_id int,
    FOREIGN KEY (tenant_id, reader_id) REFERENCES person,
    FOREIGN KEY (tenant_id, writer_id) REFERENCES person MATCH FULL
);
CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL, UNIQUE (id, kind));
CREATE TABLE car (
    id bigint PRIMARY KEY, kind text NOT NULL DEFAULT 'car' CHECK (kind = 'car'), seats int NOT NULL,
    FOREIGN KEY (id, kind) REFERENCES thing (id, kind)
);
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TWO_OF_ONE_NAME, id="two tables of one name in two schemas"),
        pytest.param(COUNTED, id="columns that are counted up and no key"),
        pytest.param(SHARED, id="references that share columns with keys and with each other"),
    ],
)
def test_an_odd_schema_passes_its_own_tests(
    text: str, database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    ddl = tmp_path / "odd.sql"
    ddl.write_text(text, encoding="utf-8")
    folder = write_backend(backend_files(read_schema(ddl)), tmp_path)
    url = request.getfixturevalue("postgres_database") if database == "postgresql" else ""
    assert own_tests(folder, TEST_DATABASE_URL=url) > 40


def test_set_up_alone_starts(tmp_path: Path) -> None:
    folder = write_backend(backend_files(read_schema(), tables=()), tmp_path)
    assert own_tests(folder) > 0


def test_a_part_of_the_tables_starts(tmp_path: Path) -> None:
    schema = read_schema()
    some = [table for table in schema.tables if table.name.name in ("schools", "students", "grades")]
    folder = write_backend(backend_files(schema, some), tmp_path)
    assert own_tests(folder) > 40  # those of grades are skipped: their components are missing


@pytest.fixture(scope="module")
def server(backend: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Serve the application on a migrated SQLite file, and yield a client of it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('database') / 'school.db'}"
    with serving(backend, url) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def example(client: httpx.Client, name: str) -> dict[str, Any]:
    """Return the example of a body from the API's own description."""
    found: dict[str, Any] = client.get("/openapi.json").json()["components"]["schemas"][name]["examples"][0]
    return found


def fields(response: httpx.Response, status: int) -> list[str]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return [error["field"] for error in response.json()["errors"]]


def test_a_students_life_over_http(server: httpx.Client) -> None:
    school = server.post("/api/schools", json=example(server, "SchoolCreate")).json()
    body: Mapping[str, Any] = {**example(server, "StudentCreate"), "school_id": school["id"], "nisn": "0012345678"}
    created = server.post("/api/students", json=body)
    assert created.status_code == 201, created.text
    student = created.json()
    path = f"/api/students/{student['id']}"
    assert server.get(path).json() == student

    changed = server.patch(path, json={"full_name": "Siti Aminah"}).json()
    assert changed["full_name"] == "Siti Aminah"
    assert changed["nisn"] == "0012345678"
    found = server.get("/api/students", params={"nisn": "0012345678", "full_name__ilike": "siti%"}).json()
    assert found == {
        "items": [changed],
        "total": 1,
        "total_is": "exact",
        "limit": 50,
        "offset": 0,
        "next": None,
        "previous": None,
    }

    other = {**body, "nis": "99999", "nik": None}
    assert fields(server.post("/api/students", json=other), 409) == ["nisn"]
    assert fields(server.post("/api/students", json={**other, "nisn": "123"}), 422) == ["nisn"]
    assert fields(server.post("/api/students", json={**other, "gender": "X"}), 422) == ["gender"]
    dangling = {**other, "nisn": "0012345679", "primary_parent_id": 4711}
    assert fields(server.post("/api/students", json=dangling), 422) == ["primary_parent_id"]
    young = {**other, "nisn": "0012345679", "birth_date": "2024-01-01", "admitted_on": "2023-01-01"}
    assert set(fields(server.post("/api/students", json=young), 422)) == {"birth_date", "admitted_on"}

    assert server.delete(path).status_code == 204
    assert fields(server.get(path), 404) == []


def test_a_school_in_use_is_not_deleted(server: httpx.Client) -> None:
    school = server.post("/api/schools", json={**example(server, "SchoolCreate"), "npsn": "00000099"}).json()
    student = {**example(server, "StudentCreate"), "school_id": school["id"], "nisn": "0099999999", "nik": None}
    assert server.post("/api/students", json=student).status_code == 201
    response = server.delete(f"/api/schools/{school['id']}")
    assert response.status_code == 409
    assert "students" in response.json()["detail"]


def test_all_tables_are_described(server: httpx.Client) -> None:
    paths = server.get("/openapi.json").json()["paths"]
    lists = [
        path for path, operations in paths.items() if path.startswith("/api/") and path.count("/") == 2 and operations
    ]
    assert len(lists) == TABLES
    assert server.get("/docs").status_code == 200
