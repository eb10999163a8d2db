"""Search of the generated backend, with trigrams of PostgreSQL, with an index of words, and on SQLite."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from tests.generated_backend import SCHOOL, backend_files, read_schema, write_backend
from tests.integration.backend import run, serving
from tests.integration.catalog import differences, load_ddl, read_catalog
from tests.integration.migrating import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

DDL = """
CREATE TABLE people (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    full_name text NOT NULL,
    code char(6) COLLATE "C",
    mobile_phone varchar(30),
    age int,
    born date,
    password_hash text DEFAULT 'abcdef'
);
CREATE TABLE logs (id int PRIMARY KEY, line text, size numeric(8, 2));
CREATE TABLE counts (id int PRIMARY KEY, n int);
"""
OPTIONS = {"search": {"logs": ["size", "id"]}, "indexes": "create"}
PEOPLE = [
    {"full_name": "Putri Ayu Wijaya", "code": "A%_1", "mobile_phone": "+62 812-3456-7890", "age": 17},
    {"full_name": "wijaya, Budi", "code": "B2", "mobile_phone": "0812 3456 7891", "age": 31},
    {"full_name": "Citra Çelik", "code": "812345", "mobile_phone": "(022) 555.1234", "age": 812},
    {"full_name": "D", "mobile_phone": "+1 415 555 2671"},
]
FOUND = {
    "wijaya putri": [1],
    "WIJAYA": [1, 2],
    "ayu budi": [],
    "0812": [1, 2],
    "0812-3456-7890": [1],
    "+6281234567890": [1],
    "+62 812 3456 789": [1, 2],
    "006281234567890": [1],
    "812-345": [1, 2, 3],
    "81234567891": [2],
    "0225551234": [3],
    "+62 22 555 1234": [3],
    "0415": [4],
    "+14155552671": [4],
    "555": [3, 4],
    "a%_1 putri": [1],
    "\\": [],
    "abcdef": [],
    "31": [],
    "  ": [1, 2, 3, 4],
}
SERVERS = {"trigrams": "system_server", "words": "postgres_server"}  # the latter lacks the extension
PARTS = {"trigrams": "gin_trgm_ops", "words": "to_tsvector"}
SEARCH_INDEXES = ["logs_search_idx", "people_search_idx"]
IN_MIDDLE = {"jaya": [1, 2], "%_": [1], "234567890": [1]}  # found anywhere, but not by the beginning of a word
MANY = """
INSERT INTO people (full_name, {code}, mobile_phone)
SELECT format('Name%s Family%s', n, n % 977), to_char(n, 'FM000000'), format('+62 8%s-%s', 1000000 + n * 37, n % 100)
FROM generate_series(1, 20000) n
"""
# Prints the plans of searches among these rows, with the conditions that requests have.
EXPLAIN = """
import json
import sqlalchemy as sa
from app.core.database import get_engine
from app.people.router import resource
from app.people.model import Person

plans = []
with get_engine().connect() as connection:
    for q in ("name12345", "081456765", "family12 name"):
        search = resource.filters.search
        found = search.matches(Person, search.words(q))
        statement = sa.select(Person.id).where(found).compile(get_engine())
        plan = connection.exec_driver_sql(f"EXPLAIN {statement}", statement.params)
        plans.append("\\n".join(plan.scalars()))
print(json.dumps(plans))
"""


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    (folder / "people.sql").write_text(DDL, encoding="utf-8")
    return write_backend(backend_files(read_schema(folder / "people.sql"), options=OPTIONS), folder)


@pytest.fixture(scope="module", params=["trigrams", "words", "sqlite"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def client(
    request: pytest.FixtureRequest, mode: str, backend: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    with ExitStack() as stack:
        if mode == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('database') / 'people.db'}"
        else:
            server: PostgresServer = request.getfixturevalue(SERVERS[mode])
            url = stack.enter_context(server.new_database())
        served = stack.enter_context(serving(backend, url))
        yield stack.enter_context(httpx.Client(base_url=f"{served.url}/api", timeout=60))


def test_words_and_numbers_are_found_as_people_type_them(client: httpx.Client, mode: str) -> None:
    assert client.post("/people/bulk", json=PEOPLE).status_code == 201
    anywhere = client.get("/people", params={"q": "ijaya"}).json()["items"] != []
    expected = FOUND | {q: found if anywhere else [] for q, found in IN_MIDDLE.items()}
    assert anywhere is (mode != "words")
    assert {q: [row["id"] for row in items(client, "people", q)] for q in expected} == expected
    csv = client.get("/people/export.csv", params={"q": "wijaya 0812"}).text
    assert len(csv.splitlines()) == 3


def test_the_option_names_the_columns(client: httpx.Client) -> None:
    assert client.post("/logs", json={"id": 7788, "line": "started", "size": "12.25"}).status_code == 201
    assert [len(items(client, "logs", q)) for q in ("started", "12.25", "778", "12 7788")] == [0, 1, 1, 1]


def test_a_table_without_texts_has_nothing_to_find(client: httpx.Client) -> None:
    assert client.post("/counts", json={"id": 1, "n": 1}).status_code == 201
    assert items(client, "counts", "1") == []
    assert len(items(client, "counts", " ")) == 1


def test_the_number_of_words_is_bounded(client: httpx.Client) -> None:
    response = client.get("/people", params={"q": "a " * 21})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["q"]


# A word, a number, and two words. Trigrams find a number in four forms: as it was written, and after a country's code
# of one to three digits.
@pytest.mark.parametrize(("server", "scans"), [("trigrams", [1, 4, 1]), ("words", [1, 1, 1])])
def test_postgresql_answers_from_the_index(
    request: pytest.FixtureRequest, backend: Path, server: str, scans: list[int]
) -> None:
    own: PostgresServer = request.getfixturevalue(SERVERS[server])
    with own.new_database() as url:
        assert run(backend, "-m", "alembic", "upgrade", "head", DATABASE_URL=url).returncode == 0
        with psycopg.connect(url, autocommit=True) as connection:
            fill(connection)
        plans = search_plans(backend, url)
        assert [plan.count("Bitmap Index Scan on people_search_idx") for plan in plans] == scans, plans
        assert [name for name in indexes(url, "search_idx") if name in indexes(url, PARTS[server])] == SEARCH_INDEXES
        assert indexes(url, "(born, id)") == ["people_born_id_idx"]
        assert run(backend, "-m", "alembic", "downgrade", "base", DATABASE_URL=url).returncode == 0
        assert indexes(url, "search_idx") == indexes(url, "(born, id)") == []


def test_a_role_that_may_not_create_extensions_gets_an_index_of_words(
    backend: Path, system_server: PostgresServer
) -> None:
    with system_server.new_database() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE ROLE plain LOGIN")
            connection.execute("GRANT ALL ON SCHEMA public TO plain")
        plain = url.replace("postgres@", "plain@")
        result = run(backend, "-m", "alembic", "upgrade", "head", DATABASE_URL=plain)
        assert result.returncode == 0, result.stderr[-2000:]
        assert indexes(url) == []
        assert indexes(url, PARTS["words"]) == SEARCH_INDEXES
        with psycopg.connect(url, autocommit=True) as connection:
            fill(connection)
        assert all("Bitmap Index Scan on people_search_idx" in plan for plan in search_plans(backend, plain))


@pytest.mark.parametrize("server", SERVERS)
def test_a_revision_keeps_the_index_of_the_searched_columns(
    request: pytest.FixtureRequest, server: str, tmp_path: Path
) -> None:
    own: PostgresServer = request.getfixturevalue(SERVERS[server])
    project = Project(tmp_path / "project")
    project.generate_from(DDL)
    project.generate_from(
        f"{DDL} ALTER TABLE people RENAME COLUMN code TO badge; ALTER TABLE people ADD home_phone text;"
        " ALTER TABLE people ALTER full_name TYPE varchar(99);"
    )
    with own.new_database() as url:
        for command, revision in (("upgrade", "0001"), ("upgrade", "head"), ("downgrade", "-1"), ("upgrade", "head")):
            result = run(project.backend, "-m", "alembic", command, revision, DATABASE_URL=url, ALLOW_DATA_LOSS="all")
            assert result.returncode == 0, result.stderr[-2000:]
            assert indexes(url, PARTS[server]) == SEARCH_INDEXES
        with psycopg.connect(url, autocommit=True) as connection:
            fill(connection, "badge")
        assert all("people_search_idx" in plan for plan in search_plans(project.backend, url))


def test_the_search_indexes_are_the_only_addition_to_the_catalog(system_server: PostgresServer, tmp_path: Path) -> None:
    schema = read_schema()
    folder = write_backend(backend_files(schema), tmp_path)
    with system_server.new_database() as original, system_server.new_database() as migrated:
        assert load_ddl(original, [SCHOOL]) == []
        result = run(folder, "-m", "alembic", "upgrade", "head", DATABASE_URL=migrated)
        assert result.returncode == 0, result.stderr[-2000:]
        added = {f"{table.name.name}_search_idx" for table in schema.tables}
        assert set(indexes(migrated)) <= added
        assert len(indexes(migrated)) > len(schema.tables) / 2
        with psycopg.connect(migrated, autocommit=True) as connection:
            for name in indexes(migrated):
                connection.execute(f'DROP INDEX "{name}"'.encode())
            connection.execute("DROP EXTENSION pg_trgm")
        assert differences(read_catalog(original), read_catalog(migrated)) == {}


def items(client: httpx.Client, table: str, q: str) -> list[dict[str, Any]]:
    response = client.get(f"/{table}", params={"q": q})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


def fill(connection: psycopg.Connection[Any], code: str = "code") -> None:
    """Add 20,000 people, and what the planner must know of them."""
    connection.execute(MANY.format(code=code).encode())
    connection.execute("VACUUM ANALYZE people")


def search_plans(folder: Path, url: str) -> list[str]:
    """Return PostgreSQL's plans of three searches: for a word, a number, and two words."""
    result = run(folder, "-c", EXPLAIN, DATABASE_URL=url)
    assert result.returncode == 0, result.stderr[-2000:]
    plans: list[str] = json.loads(result.stdout)
    return plans


def indexes(url: str, part: str = "gin_trgm_ops") -> list[str]:
    """Return the indexes in a database whose definition contains a part, by default those of searches."""
    with psycopg.connect(url) as connection:
        query = "SELECT indexname FROM pg_indexes WHERE strpos(indexdef, %s) > 0 ORDER BY 1"
        return [name for (name,) in connection.execute(query, [part])]
