"""Plans whose DDL is a live PostgreSQL or MariaDB, read by the database's own dump program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.integration.command import Folder
from tests.integration.postgres import installed_programs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.mariadb import MariadbDatabase

pytest_plugins = ["tests.integration.postgres", "tests.integration.mariadb"]

SCHOOL = """
    CREATE TABLE schools (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
    CREATE TABLE students (id bigserial PRIMARY KEY, school_id bigint NOT NULL REFERENCES schools, name varchar(80));
"""
CRUD = {"id": "crud", "description": "BE CRUD APIs"}


def execute(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


@pytest.fixture
def url(postgres_database: str) -> str:
    execute(postgres_database, SCHOOL)
    return postgres_database


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(path=tmp_path)


def search_path() -> str:
    """Return a PATH on which the server's own pg_dump is found first."""
    return f"{installed_programs()}{os.pathsep}{os.environ['PATH']}"


def name_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def summary(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_a_run_follows_a_postgresql_database(folder: Folder, url: str) -> None:
    plan = str(folder.write_plan(CRUD, ddl=url))
    first = folder.run(plan, PATH=search_path())
    assert first.returncode == 0, first.stdout + first.stderr
    assert (folder.workspace / "backend/app/students/model.py").is_file()
    again = folder.run(plan, PATH=search_path())  # dumps are made equal, though pg_dump writes a new key in each
    assert "up to date" in summary(again.stdout), again.stdout
    execute(url, "ALTER TABLE students ADD COLUMN nickname text")
    assert folder.run(plan, "--check", PATH=search_path()).returncode == 0  # sees the schema of the last run
    assert folder.run(plan, PATH=search_path()).returncode == 0
    assert "nickname" in (folder.workspace / "backend/app/students/model.py").read_text()


def test_a_check_works_without_the_server_and_a_run_says_why_it_does_not(folder: Folder, url: str) -> None:
    plan = str(folder.write_plan(CRUD, ddl=url))
    assert folder.run(plan, PATH=search_path()).returncode == 0
    maintenance = url.replace(name_of(url), "postgres", 1)
    execute(maintenance, f"DROP DATABASE {name_of(url)}")
    try:
        assert folder.run(plan, "--check", PATH=search_path()).returncode == 0
        assert folder.run("validate", plan, PATH=search_path()).returncode == 0
        failed = folder.run(plan, PATH=search_path())
    finally:
        execute(maintenance, f"CREATE DATABASE {name_of(url)}")
    assert failed.returncode == 2
    assert f'database "{name_of(url)}" does not exist' in failed.stderr
    assert "a password is read from PGPASSWORD" in failed.stderr


def test_an_unknown_user_and_an_empty_database_are_reported(folder: Folder, postgres_database: str) -> None:
    refused = folder.run("schema", postgres_database.replace("postgres@", "nobody_here@"), PATH=search_path())
    assert refused.returncode == 2
    assert 'role "nobody_here" does not exist' in refused.stderr
    empty = folder.run("init", postgres_database, PATH=search_path())
    assert empty.returncode == 2
    assert "the database has no tables that this user can see" in empty.stderr
    assert list(folder.path.iterdir()) == []


def test_init_writes_plan_and_schema_and_the_plan_runs_without_the_server(folder: Folder, url: str) -> None:
    made = folder.run("init", url, "-o", "school.yaml", PATH=search_path())
    assert made.returncode == 0, made.stderr
    assert {path.name for path in folder.path.iterdir()} == {f"{name_of(url)}.sql", "school.yaml"}
    valid = folder.run("validate", "school.yaml", PATH="")
    assert valid.returncode == 0, valid.stderr


def test_a_run_follows_a_mariadb_database(folder: Folder, mariadb_database: MariadbDatabase) -> None:
    database, socket = mariadb_database, mariadb_database.socket
    database.run("CREATE TABLE schools (id int AUTO_INCREMENT PRIMARY KEY, name varchar(80) NOT NULL, uid uuid)")
    plan = str(folder.write_plan(CRUD, ddl=f"mysql://root@localhost/{database.name}?unix_socket={socket}"))
    first = folder.run(plan)
    assert first.returncode == 0, first.stdout + first.stderr
    database.run("INSERT INTO schools (name) VALUES ('one'), ('two')")  # which the number in a dump follows
    again = folder.run(plan)
    assert "up to date" in summary(again.stdout), again.stdout
    shown = folder.run("schema", f"mysql://root@localhost/{database.name}?unix_socket={socket}")
    assert shown.returncode == 0, shown.stdout
    missing = folder.run("schema", f"mysql://root@localhost/missing?unix_socket={socket}")
    assert missing.returncode == 2
    assert "Unknown database 'missing'" in missing.stderr
