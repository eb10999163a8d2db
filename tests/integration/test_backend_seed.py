"""The seed of generated backends: every table has rows, the API returns all of them, and a number determines them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.corpus import CORPUS, needs_corpus
from tests.generated_backend import SCHOOL, backend_files, read_schema, write_backend
from tests.integration.backend import run
from tests.integration.test_backend_corpus import SERVED, corpus_schema

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["tests.integration.postgres"]

ROWS = 20  # of each table, unless requested otherwise

# Prints the rows of every table as text, and requests all of them from the API.
DUMP = """
import json
import sqlalchemy as sa
from fastapi.testclient import TestClient
from app.core.database import get_engine
from app.core.constraint_columns import is_view
from app.core.discovery import load_models, table_routers
from app.main import app

with get_engine().connect() as connection:
    rows = {
        table.fullname: sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
        for table in load_models().tables.values()
    }
    views = {table.info["path"] for table in load_models().tables.values() if is_view(table)}
with TestClient(app) as client:
    totals = {}
    for router in table_routers():
        if router.path in views:
            continue  # a view has the rows of its tables
        answer = client.get(f"/api{router.path}", params={"limit": 200})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) == page["total"]
        totals[router.path] = page["total"]
print(json.dumps({"rows": rows, "totals": totals}))
"""


def filled(folder: Path, url: str, *options: str) -> dict[str, dict[str, list[str] | int]]:
    """Recreate the tables, fill them, and return the output of `DUMP`."""
    for command in (("downgrade", "base"), ("upgrade", "head")):
        result = run(folder, "-m", "alembic", *command, DATABASE_URL=url)
        assert result.returncode == 0, result.stderr[-2000:]
    seed(folder, url, *options)
    result = run(folder, "-c", DUMP, DATABASE_URL=url)
    assert result.returncode == 0, result.stderr[-2000:]
    found: dict[str, dict[str, list[str] | int]] = json.loads(result.stdout)
    return found


def seed(folder: Path, url: str, *options: str, status: int = 0) -> str:
    result = run(folder, "-W", "error", "-m", "app.seed", *options, DATABASE_URL=url)
    assert result.returncode == status, result.stdout + result.stderr[-3000:]
    return result.stdout + result.stderr


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = {"title": "School", "locale": "id_ID"}
    return write_backend(backend_files(read_schema(SCHOOL), options=options), tmp_path_factory.mktemp("seeded"))


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_table_of_the_school_has_rows_and_a_seed_says_which(
    database: str, school: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    postgresql = database == "postgresql"
    url = request.getfixturevalue("postgres_database") if postgresql else f"sqlite:///{tmp_path / 'school.db'}"
    once = filled(school, url)
    assert set(once["totals"].values()) == {ROWS}
    assert len(once["totals"]) == 24
    refused = seed(school, url, status=1)
    assert "already has rows" in refused
    seed(school, url, "--more", "--rows", "5", "--seed", "1")
    assert filled(school, url)["rows"] == once["rows"]
    other = filled(school, url, "--seed", "2", "--rows", "30")
    assert set(other["totals"].values()) == {30}
    assert other["rows"]["students"] != once["rows"]["students"]


def test_rows_are_plausible_in_the_locale(school: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'school.db'}"
    rows = filled(school, url, "--rows", "40")["rows"]
    assert any("Jalan" in row or "Jl." in row for row in rows["parents"])  # type: ignore[union-attr]
    assert any("@example." in row for row in rows["students"])  # type: ignore[union-attr]
    american = filled(school, url, "--rows", "40", "--locale", "en_US")["rows"]
    assert not any("Jalan" in row or "Jl." in row for row in american["parents"])  # type: ignore[union-attr]


HARD = """
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TABLE head (id serial PRIMARY KEY, tail_id int NOT NULL UNIQUE);
CREATE TABLE tail (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, head_id int NOT NULL REFERENCES head);
ALTER TABLE head ADD FOREIGN KEY (tail_id) REFERENCES tail;
CREATE TABLE tree (id uuid PRIMARY KEY, parent_id uuid NOT NULL REFERENCES tree, name varchar(5) NOT NULL);
CREATE TABLE route (stops int[] PRIMARY KEY, note text);
CREATE TABLE march (id serial PRIMARY KEY, stops int[] NOT NULL UNIQUE);
CREATE TABLE place (country char(2), code int CHECK (code BETWEEN 1 AND 9), PRIMARY KEY (country, code));
CREATE TABLE stay (
    country char(2) NOT NULL, code int NOT NULL, tail_id bigint NOT NULL REFERENCES tail, colours colour[] NOT NULL,
    share float8 NOT NULL CHECK (share > 0 AND share < 0.001),
    from_day date NOT NULL, to_day date, price numeric(6,2) NOT NULL CHECK (price > 10 AND price < 20),
    net numeric(6,2) NOT NULL, span int4range, address inet NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'closed')),
    FOREIGN KEY (country, code) REFERENCES place, PRIMARY KEY (country, code, tail_id),
    CONSTRAINT stay_order CHECK (to_day > from_day),
    CONSTRAINT stay_net CHECK (net < price),
    CONSTRAINT stay_closed CHECK ((state = 'closed') = (to_day IS NOT NULL))
);
CREATE TABLE one (place_country char(2), place_code int, FOREIGN KEY (place_country, place_code) REFERENCES place,
    PRIMARY KEY (place_country, place_code));
CREATE TABLE never (id int PRIMARY KEY, a int NOT NULL CHECK (a > 5), CONSTRAINT never_check CHECK (a < a - 1));
CREATE TABLE log (at timestamptz, text text, data json, place point, tags text[]);
CREATE TABLE offer (id serial PRIMARY KEY, price numeric(65, 30) NOT NULL, share numeric(31, 30) NOT NULL,
    seats numeric(3, -2) NOT NULL);
CREATE TABLE letter (id serial PRIMARY KEY, word text NOT NULL, CHECK (word ~ '^[a-z]+$' OR id > 3));
CREATE TABLE parcel (id serial PRIMARY KEY, mark text NOT NULL CHECK (mark LIKE 'P-%'), since date NOT NULL,
    until date NOT NULL, CHECK (until - since = 7));
"""


def test_tables_without_a_key_are_filled_whatever_their_columns_hold(tmp_path: Path) -> None:
    ddl = tmp_path / "keyless.sql"
    ddl.write_text(
        "CREATE TABLE trace (stream int, hops text[] NOT NULL, extra jsonb); CREATE TABLE visit (page smallint);",
        encoding="utf-8",
    )
    folder, url = write_backend(backend_files(read_schema(ddl)), tmp_path), f"sqlite:///{tmp_path / 'keyless.db'}"
    result = run(folder, "-m", "alembic", "upgrade", "head", DATABASE_URL=url)
    assert result.returncode == 0, result.stderr[-2000:]
    assert seed(folder, url, "--rows", "60").split() == ["trace", "60", "visit", "60"]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_rings_links_and_rules_are_filled_and_what_cannot_be_is_named(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    ddl = tmp_path / "hard.sql"
    ddl.write_text(HARD, encoding="utf-8")
    folder = write_backend(backend_files(read_schema(ddl)), tmp_path)
    postgresql = database == "postgresql"
    url = request.getfixturevalue("postgres_database") if postgresql else f"sqlite:///{tmp_path / 'hard.db'}"
    found = filled(folder, url)
    assert {prefix: total for prefix, total in found["totals"].items() if total != ROWS} == {"/never": 0, "/route": 0}
    words = (eval(row, {}) for row in found["rows"]["letter"])  # type: ignore[union-attr]
    assert all(number > 3 or word.isalpha() for number, word in words)
    said = seed(folder, url, "--more", "--rows", "1")
    assert "no row was found that satisfies a < a - 1" in said
    assert "its key is a list" in said
    if postgresql:  # the constraints made deferrable for the cycle are immediate again
        engine = run(folder, "-c", DEFERRED, DATABASE_URL=url)
        assert engine.stdout.strip() == "0", engine.stderr


DEFERRED = """
import sqlalchemy as sa
from app.core.database import get_engine
with get_engine().connect() as connection:
    print(connection.scalar(sa.text("SELECT count(*) FROM pg_constraint WHERE condeferrable")))
"""


@needs_corpus
@pytest.mark.parametrize("name", [*SERVED, "mysql/chinook_mysql", "sqlite/chinook_sqlite", "sqlite/northwind_sqlite"])
def test_every_table_of_a_real_backend_has_rows(name: str, tmp_path: Path) -> None:
    schema = corpus_schema(CORPUS / "expected" / f"{name}.json")
    found = filled(write_backend(backend_files(schema), tmp_path), f"sqlite:///{tmp_path / 'real.db'}")
    assert len(found["totals"]) == sum(table.view is None for table in schema.tables)
    assert {prefix: total for prefix, total in found["totals"].items() if total != ROWS} == {}
