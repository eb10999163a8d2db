"""A plan whose DDL changes, the backend that is generated from it, and the databases that follow."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.generated_backend import read_schema
from tests.integration.backend import run
from tests.integration.command import Folder

if TYPE_CHECKING:
    import subprocess

CHANGES = Path(__file__).parents[1] / "ddl" / "changes"
STATES = (1, 2, 3, 4)  # of the schema there


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database to be migrated, and how its catalog is compared."""

    kind: str
    url: str
    execute: Callable[[str], list[tuple[Any, ...]]]
    differences: Callable[[int], Any]  # from a fresh database of a state


def sqlite_database(path: Path, differences: Callable[[int], Any] = lambda _: None) -> Database:
    """Return a SQLite database in a file."""
    return Database(kind="sqlite", url=f"sqlite:///{path}", execute=partial(_on_sqlite, path), differences=differences)


def _on_sqlite(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        return list(connection.execute(statement))


class Project:
    """A plan whose DDL changes, and the backend that is generated from it."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.folder = Folder(path=path)
        self.folder.write_plan(
            {"id": "setup", "description": "BE setup"},
            {"id": "crud", "description": "BE CRUD APIs", "needs": ["setup"]},
        )
        self.backend = self.folder.workspace / "backend"
        self.versions = self.backend / "migrations" / "versions"

    def generate(self, state: int) -> None:
        """Run the generator for a state of the schema; existing revisions must stay unchanged."""
        self.generate_from((CHANGES / f"{state}.sql").read_text())
        assert (self.versions / ("0001_initial.py" if state == 1 else f"{state:04d}_schema.py")).exists()

    def generate_from(self, ddl: str) -> None:
        before = self.revisions()
        (self.folder.path / "school.sql").write_text(ddl)
        made = self.folder.run("plan.yaml")
        assert made.returncode == 0, made.stdout + made.stderr
        assert {name: self.revisions()[name] for name in before} == before
        tables = {table.name.name for table in read_schema(self.folder.path / "school.sql").tables}
        for package in {"choirs", "singers", "members", "attendances", "rumours", "concerts"} - tables:
            shutil.rmtree(self.backend / "app" / package, ignore_errors=True)  # as the README instructs the owner
            shutil.rmtree(self.backend / "tests" / package, ignore_errors=True)

    def revisions(self) -> dict[str, bytes]:
        """Return the files of the revisions."""
        paths = [path for path in self.versions.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        return {str(path.relative_to(self.versions)): path.read_bytes() for path in paths}

    def alembic(self, database: Database, *arguments: str, **environment: str) -> None:
        result = self.try_alembic(database, *arguments, **environment)
        assert result.returncode == 0, result.stderr[-3000:]

    def try_alembic(self, database: Database, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return run(self.backend, "-m", "alembic", *arguments, DATABASE_URL=database.url, **environment)
