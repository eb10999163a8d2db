"""EXCLUDE, WITHOUT OVERLAPS and PERIOD in generated backends: the same constraints as those of the DDL, and 409.

Migrations and `create_all` are compared with what PostgreSQL itself makes of the DDL. The extension `btree_gist` and a
server before version 18 are those of Debian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import psycopg

from runner.ddl.reader import read_ddl_text
from tests.generated_backend import backend_files, write_backend
from tests.integration.backend import own_tests, run, serving
from tests.integration.catalog import differences, read_catalog

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

EXCLUSIONS = """
CREATE TABLE hall (id integer PRIMARY KEY, "Name" text);
CREATE TABLE rehearsal (
    id integer PRIMARY KEY, hall_id integer NOT NULL REFERENCES hall, during tstzrange NOT NULL,
    cancelled boolean NOT NULL DEFAULT false,
    CONSTRAINT one_at_a_time EXCLUDE USING gist (hall_id WITH =, during WITH &&) WHERE (NOT cancelled)
);
CREATE TABLE leave (
    id integer PRIMARY KEY, "Who" text NOT NULL, starts date NOT NULL, ends date NOT NULL, CHECK (starts < ends),
    EXCLUDE USING gist ("Who" WITH =, daterange(starts, ends, '[]') WITH &&) DEFERRABLE,
    EXCLUDE (lower("Who") COLLATE "C" WITH =, starts WITH =)
);
"""
RANGES = """
CREATE TABLE price (
    item int4range NOT NULL, valid daterange NOT NULL, amount numeric(8,2), UNIQUE (item, valid WITHOUT OVERLAPS)
);
CREATE TABLE tariff (id int4range, valid daterange, title text, PRIMARY KEY (id, valid WITHOUT OVERLAPS));
CREATE TABLE contract (
    id integer PRIMARY KEY, tariff_id int4range NOT NULL, during daterange NOT NULL,
    FOREIGN KEY (tariff_id, PERIOD during) REFERENCES tariff (id, PERIOD valid) DEFERRABLE
);
CREATE TABLE slot (id integer PRIMARY KEY, during tsrange NOT NULL, EXCLUDE USING gist (during WITH &&));
"""
CREATE_ALL = """
from app.core.database import get_engine
from app.core.discovery import load_models
load_models().create_all(get_engine())
"""


def generated(ddl: str, folder: Path) -> Path:
    """Generate a backend without the indexes of searches, which the DDL does not have."""
    schema = read_ddl_text(ddl, "postgres")
    search: dict[str, list[str]] = {schema.label(table.name): [] for table in schema.tables}
    return write_backend(backend_files(schema, options={"search": search}), folder)


def assert_made_like(server: PostgresServer, ddl: str, folder: Path, *, prepared: str) -> None:
    """The migrations, and the models, make the constraints that the DDL makes."""
    with server.new_database() as original, server.new_database() as migrated, server.new_database() as modelled:
        for url, statements in ((original, prepared + ddl), (modelled, prepared)):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(statements.encode())
        upgraded = run(folder, "-m", "alembic", "upgrade", "head", DATABASE_URL=migrated)
        assert upgraded.returncode == 0, upgraded.stderr[-2000:]
        created = run(folder, "-c", CREATE_ALL, DATABASE_URL=modelled)
        assert created.returncode == 0, created.stderr[-2000:]
        expected = read_catalog(original)
        assert differences(expected, read_catalog(migrated)) == {}
        assert expected["constraints"] ^ read_catalog(modelled)["constraints"] == set()


def test_exclusions_are_those_of_the_ddl(system_server: PostgresServer, tmp_path: Path) -> None:
    folder = generated(EXCLUSIONS, tmp_path)  # which does not say that it needs btree_gist
    assert_made_like(system_server, EXCLUSIONS, folder, prepared="CREATE EXTENSION btree_gist;")
    own_tests(folder)
    with system_server.new_database() as url:
        own_tests(folder, TEST_DATABASE_URL=url)


def test_keys_without_overlaps_are_those_of_the_ddl(postgres_server: PostgresServer, tmp_path: Path) -> None:
    folder = generated(RANGES, tmp_path)
    assert_made_like(postgres_server, RANGES, folder, prepared="")
    own_tests(folder)
    with postgres_server.new_database() as url:
        own_tests(folder, TEST_DATABASE_URL=url)


def test_a_server_before_version_18_is_refused_before_anything_changes(
    system_server: PostgresServer, tmp_path: Path
) -> None:
    folder = generated(f"CREATE TABLE plain (id int PRIMARY KEY); {RANGES}", tmp_path)
    with system_server.new_database() as url:
        refused = run(folder, "-m", "alembic", "upgrade", "head", DATABASE_URL=url)
        assert "is too old; nothing was changed. This needs version 18 or later:" in refused.stderr
        assert "CONSTRAINT price_item_valid_key UNIQUE (item, valid WITHOUT OVERLAPS" in refused.stderr
        assert read_catalog(url)["tables"] == set()


RESERVED = {"tariff_id": "[1,2)", "during": "[2026-01-01,2026-02-01)"}


def test_a_conflict_with_another_row_is_409(postgres_server: PostgresServer, tmp_path: Path) -> None:
    folder = generated(RANGES, tmp_path)
    first, later = (
        {"id": "[1,2)", "valid": "[2026-01-01,2026-03-01)"},
        {"id": "[1,2)", "valid": "[2026-02-01,2026-04-01)"},
    )
    with (
        postgres_server.new_database() as url,
        serving(folder, url) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        assert client.post("/api/tariff", json=first).status_code == 201
        assert conflict(client.post("/api/tariff", json=later)) == ({"id", "valid"}, "tariff_pkey")
        assert client.post("/api/tariff", json={**later, "id": "[2,3)"}).status_code == 201
        found = client.get("/api/tariff/[1,2)/[2026-01-01,2026-03-01)")
        assert found.json() == {**first, "title": None}
        assert client.post("/api/contract", json={"id": 1, **RESERVED}).status_code == 201
        outside = client.post("/api/contract", json={"id": 2, **RESERVED, "during": "[2025-12-01,2026-02-01)"})
        assert outside.status_code == 422, outside.text
        assert {error["field"] for error in outside.json()["errors"]} == {"tariff_id", "during"}
        assert client.post("/api/slot", json={"id": 1, "during": "[2026-01-01,2026-01-02)"}).status_code == 201
        twice = client.post("/api/slot", json={"id": 2, "during": "[2026-01-01 12:00,2026-01-01 13:00)"})
        assert conflict(twice) == ({"during"}, "slot_during_excl")


def test_sqlite_refuses_equal_ranges_and_no_references(tmp_path: Path) -> None:
    folder = generated(RANGES, tmp_path)
    first = {"id": "[1,2)", "valid": "[2026-01-01,2026-03-01)"}
    with serving(folder, f"sqlite:///{tmp_path / 'a.db'}") as server, httpx.Client(base_url=server.url) as client:
        assert client.post("/api/tariff", json=first).status_code == 201
        assert conflict(client.post("/api/tariff", json=first)) == ({"id", "valid"}, "tariff_pkey")
        assert client.post("/api/contract", json={"id": 1, **RESERVED}).status_code == 201


def conflict(response: httpx.Response) -> tuple[set[str], Any]:
    """Return the fields and the constraint of a 409."""
    assert response.status_code == 409, response.text
    errors = response.json()["errors"]
    return {error["field"] for error in errors}, errors[0]["constraint"]
