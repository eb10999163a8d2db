"""Filled databases go through three schema changes, up and down again, with generator runs in between."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from runner.ddl.reader import read_ddl_text
from tests.generated_backend import backend_files, first_revision, read_schema, write_backend
from tests.integration.backend import run
from tests.integration.catalog import differences, load_ddl, read_catalog, without_searches
from tests.integration.migrating import CHANGES, STATES, Database, Project, sqlite_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

LOSING = {3, 4}  # the states whose migration loses data
ALLOWED = "all"

FILL = (
    """INSERT INTO choirs (id, title, size, code, note) VALUES
        (1, 'Nord', 'large', 'NO', 'loud'), (5, 'Süd', 'small', NULL, NULL)""",
    """INSERT INTO singers (nick, voice, voices, age, fee, token, extra, choir_id, leader_id) VALUES
        ('ada', 'alto', {alto}, 40, 12.5, {token}, '{{"a": 1}}', 1, NULL),
        ('bob', 'bass', {both}, 17, NULL, NULL, '{{}}', 5, 1),
        ('eve', 'soprano', {none}, 9, 0.25, NULL, '{{}}', NULL, 2)""",
    "INSERT INTO attendances VALUES (1, '2026-01-05', 'late'), (3, '2026-01-05', NULL)",
    "INSERT INTO rumours VALUES (7, 'it''s said: a; b')",
)
VALUES = {
    "postgresql": {
        "alto": "'{alto}'",
        "both": "'{alto,bass}'",
        "none": "'{}'",
        "token": "'6f1f6a2e-0000-4000-8000-0000000000aa'",
    },
    "sqlite": {
        "alto": "'[\"alto\"]'",
        "both": '\'["alto", "bass"]\'',
        "none": "'[]'",
        "token": "'6f1f6a2e0000400080000000000000aa'",
    },
}
# The columns of the rows that stay the same, under their names in each state.
ROWS = {
    "SELECT id, title, size, code FROM choirs ORDER BY id": (1, 2, 3, 4),
    "SELECT id, {nick}, age, fee, choir_id, {leader}, joined_at FROM {singers} ORDER BY id": (1, 2, 3, 4),
    "SELECT replace(cast(token AS varchar(40)), '-', '') FROM {singers} ORDER BY id": (1, 2, 3, 4),
    "SELECT replace(cast(voices AS varchar(90)), '{now}', 'alto'), voice = '{now}' FROM {singers} ORDER BY id": (
        1,
        2,
        3,
        4,
    ),
    "SELECT singer_id, held_on, remark FROM attendances ORDER BY 1, 2": (1, 2, 3, 4),
    "SELECT id, text FROM rumours": (1, 2, 3),
}
NAMES = {"nick": "name", "leader": "mentor_id", "singers": "members", "now": "contralto"}
FORMER_NAMES = {"nick": "nick", "leader": "leader_id", "singers": "singers", "now": "alto"}


def test_a_filled_postgresql_goes_up_and_down(postgres_server: PostgresServer, tmp_path: Path) -> None:
    with postgres_server.new_database() as url:

        def execute(statement: str) -> list[tuple[Any, ...]]:
            with psycopg.connect(url, autocommit=True) as connection:
                cursor = connection.execute(statement.encode())
                return list(cursor) if cursor.description else []

        def compared(state: int) -> Any:
            with postgres_server.new_database() as fresh:
                assert load_ddl(fresh, [CHANGES / f"{state}.sql"]) == []
                expected = read_catalog(fresh)
            return differences(*map(_without_positions, (expected, without_searches(read_catalog(url)))))

        up_and_down(Database(kind="postgresql", url=url, execute=execute, differences=compared), tmp_path)


def test_a_filled_sqlite_goes_up_and_down(tmp_path: Path) -> None:
    path = tmp_path / "filled.db"

    def compared(state: int) -> Any:
        files = backend_files(read_schema(CHANGES / f"{state}.sql"), ())
        with closing(sqlite3.connect(":memory:")) as fresh, closing(sqlite3.connect(path)) as found:
            for statement in first_revision(files, "sqlite"):
                fresh.execute(statement)
            return [*_sqlite_catalog(fresh) ^ _sqlite_catalog(found)]

    up_and_down(sqlite_database(path, compared), tmp_path)


MISSING = 'CREATE EXTENSION vector; CREATE EXTENSION "no-such"; CREATE TABLE choirs (id int PRIMARY KEY, size int);'
REFUSED = re.compile(
    r"MissingExtensionError: PostgreSQL 18\S* does not offer the extension no-such; nothing was changed"
)


def test_an_extension_that_the_server_does_not_offer_is_named_before_anything_changes(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    first = write_backend(backend_files(read_ddl_text(MISSING, "postgres")), tmp_path / "first")
    with postgres_server.new_database() as url:
        refused = run(first, "-m", "alembic", "upgrade", "head", DATABASE_URL=url)
        assert REFUSED.search(refused.stderr), refused.stderr[-2000:]
        assert "apt-cache search postgresql-18-" in refused.stderr
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'").fetchone() is None


def test_an_extension_of_a_later_revision_is_asked_for_before_it_runs(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    project = Project(tmp_path / "project")
    with postgres_server.new_database() as url:
        database = Database(kind="postgresql", url=url, execute=lambda _: [], differences=lambda _: None)
        project.generate_from("CREATE TABLE choirs (id int PRIMARY KEY);")
        project.alembic(database, "upgrade", "head")
        project.generate_from(MISSING)
        refused = project.try_alembic(database, "upgrade", "head")
        assert REFUSED.search(refused.stderr), refused.stderr[-2000:]
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'").fetchone() is None


def up_and_down(database: Database, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.generate(1)
    project.alembic(database, "upgrade", "head")
    fill(database)
    before = {state: rows(database, 1, state) for state in STATES}
    for state in STATES[1:]:
        project.generate(state)
        if state in LOSING:
            refused = project.try_alembic(database, "upgrade", "head")
            assert refused.returncode != 0
            assert f"alembic -x allow-data-loss={state:04d}" in refused.stderr
            assert database.differences(state - 1) in ({}, [])
        project.alembic(database, "-x", f"allow-data-loss={state:04d}", "upgrade", "head")
        assert database.differences(state) in ({}, []), state
        assert rows(database, state, state) == before[state]
        assert_references_hold(database, state)
    for state in reversed(STATES[:-1]):
        project.alembic(database, "downgrade", "-1", ALLOW_DATA_LOSS=f"{state + 1:04d}")
        assert database.differences(state) in ({}, []), state
        assert rows(database, state, 4) == before[4]
    project.alembic(database, "upgrade", "head", ALLOW_DATA_LOSS=ALLOWED)
    assert database.differences(4) in ({}, [])


def fill(database: Database) -> None:
    for statement in FILL:
        database.execute(statement.format(**VALUES[database.kind]) if "{" in statement else statement)


def rows(database: Database, state: int, until: int) -> list[list[tuple[Any, ...]]]:
    """Return the parts of a state that exist in another one, too."""
    names = NAMES if state > 2 else FORMER_NAMES
    return [
        database.execute(query.format(**names)) for query, states in ROWS.items() if until in states and state in states
    ]


def assert_references_hold(database: Database, state: int) -> None:
    """Break a reference: after everything was recreated, it is still refused."""
    table = NAMES["singers"] if state > 2 else "singers"
    for statement in (f"UPDATE {table} SET choir_id = 999 WHERE id = 1", f"UPDATE {table} SET age = 1 WHERE id = 1"):
        with pytest.raises((psycopg.errors.IntegrityError, sqlite3.IntegrityError)):
            database.execute(statement)


def _without_positions(catalog: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return a catalog without column positions: PostgreSQL adds a column at the end, wherever the DDL has it."""
    return {**catalog, "columns": {re.sub(r": \d+\.", ": ", line) for line in catalog["columns"]}}


def _sqlite_catalog(connection: sqlite3.Connection) -> set[str]:
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'")
    return set(_plain_lines(found))


def _plain_lines(found: sqlite3.Cursor) -> Iterator[str]:
    for name, sql in found:
        if not name.startswith("sqlite_"):
            yield re.sub(r'^CREATE TABLE "?(\w+)"?', r"CREATE TABLE \1", " ".join(sql.split()))
