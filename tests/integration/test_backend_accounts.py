"""Adding an account to the schema's own table from the command line, with made-up values for what else it needs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl_text
from tests.generated_backend import backend_files, write_backend
from tests.integration.backend import plain_environment

if TYPE_CHECKING:
    from pathlib import Path

DDL = """
CREATE TABLE schools (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE users (
    id uuid PRIMARY KEY, school_id int NOT NULL REFERENCES schools, email varchar(80) NOT NULL UNIQUE,
    password_hash varchar(255) NOT NULL, role varchar(20) NOT NULL, is_active boolean NOT NULL,
    code varchar(8) NOT NULL UNIQUE CHECK (code ~ '^[A-Z]{2}[0-9]{3}$'), born_on date NOT NULL,
    level int NOT NULL CHECK (level BETWEEN 1 AND 9), CHECK (role <> 'admin' OR level > 7)
);
"""
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = backend_files(read_ddl_text(DDL, "postgres"), options={"auth": "session"})
    backend = write_backend(files, tmp_path_factory.mktemp("accounts"))
    assert run(backend, "alembic", "upgrade", "head").returncode == 0
    return backend


def run(folder: Path, *module: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *module],
        cwd=folder,
        env={**plain_environment(), "DATABASE_URL": f"sqlite:///{folder / 'x.db'}"},
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_account_gets_what_it_must_have(folder: Path) -> None:
    add = ("app.core.login", "add")
    refused = run(folder, *add, "root@example.com", "--role", "admin", "--fill")
    assert refused.returncode == 1
    assert "school_id must refer to schools, which has no suitable row" in refused.stderr
    assert run(folder, "app.seed", "--rows", "3").returncode == 0
    refused = run(folder, *add, "root@example.com", "--role", "admin")
    assert refused.returncode == 1
    assert "school_id: Field required" in refused.stderr
    for name in ("root", "boss"):
        added = run(folder, *add, f"{name}@example.com", "--role", "admin", "--set", "born_on=1990-02-03", "--fill")
        assert (added.returncode, added.stdout) == (0, f"{name}@example.com can log in.\n"), added.stderr
    with sqlite3.connect(folder / "x.db") as database:
        rows = database.execute("SELECT email, role, is_active, born_on, level > 7 FROM users WHERE role = 'admin'")
        assert set(rows) == {(f"{name}@example.com", "admin", 1, "1990-02-03", 1) for name in ("root", "boss")}
    refused = run(folder, *add, "third@example.com", "--role", "admin", "--set", "level=2", "--fill")
    assert refused.returncode == 1
    assert "give fields with --set" in refused.stderr
