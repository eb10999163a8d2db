"""`python -m app.load` of generated backends: many rows in some tables or in all, on both databases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.generated_backend import SCHOOL, backend_files, read_schema, write_backend
from tests.integration.backend import run
from tests.integration.test_backend_seed import HARD

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["tests.integration.postgres"]

ROWS = 60  # of which a quarter is seeded
# Prints the number of rows of each table, and of the distinct values of some columns.
COUNTS = """
import json, sys
import sqlalchemy as sa
from app.core.database import get_engine
from app.core.discovery import load_models

tables = load_models().tables
with get_engine().connect() as connection:
    found = {name: connection.scalar(sa.select(sa.func.count()).select_from(table)) for name, table in tables.items()}
    for name in sys.argv[1:]:
        table, _, column = name.partition(".")
        found[name] = connection.scalar(sa.select(sa.func.count(tables[table].c[column].distinct())))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_backend(backend_files(read_schema(SCHOOL)), tmp_path_factory.mktemp("loaded"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'loaded.db'}"
    database: str = request.getfixturevalue("postgres_database")
    return database


def migrate(folder: Path, url: str) -> None:
    result = run(folder, "-m", "alembic", "upgrade", "head", DATABASE_URL=url)
    assert result.returncode == 0, result.stderr[-2000:]


def load(folder: Path, url: str, *options: str, status: int = 0) -> str:
    result = run(folder, "-W", "error", "-m", "app.load", *options, DATABASE_URL=url)
    assert result.returncode == status, result.stdout + result.stderr[-3000:]
    return result.stderr if status == 2 else result.stdout


def counts(folder: Path, url: str, *columns: str) -> dict[str, int]:
    result = run(folder, "-c", COUNTS, *columns, DATABASE_URL=url)
    assert result.returncode == 0, result.stderr[-2000:]
    found: dict[str, int] = json.loads(result.stdout)
    return found


def test_one_table_is_filled_and_what_it_refers_to(school: Path, url: str) -> None:
    migrate(school, url)
    options = ("--table", "students", "--locale", "id_ID")
    assert load(school, url, "--rows", "12_000", *options).split() == ["students", "12,000"]
    found = counts(school, url, "students.nisn", "students.full_name", "students.primary_parent_id")
    assert found["students"] == found["students.nisn"] == 12_000
    assert found["students.full_name"] > 150  # of the 200 that are copied
    assert found["students.primary_parent_id"] == found["parents"] == 20
    assert found["attendance"] == 0
    load(school, url, "--rows", "12_300", *options)
    assert counts(school, url)["students"] == 12_300
    load(school, url, "--rows", "100", *options)
    assert counts(school, url)["students"] == 12_300


def test_all_tables_of_the_school_are_filled(school: Path, url: str) -> None:
    migrate(school, url)
    load(school, url, "--rows", str(ROWS))
    found = counts(school, url, "attendance.student_id")
    del found["rapor"]  # a view
    assert found.pop("attendance.student_id") > ROWS // 4  # copies refer to others than what they are copied from
    assert set(found.values()) == {ROWS}


def test_keys_and_rules_of_any_kind_are_satisfied_or_the_reason_is_named(url: str, tmp_path: Path) -> None:
    (tmp_path / "hard.sql").write_text(HARD, encoding="utf-8")
    folder = write_backend(backend_files(read_schema(tmp_path / "hard.sql")), tmp_path)
    migrate(folder, url)
    output = load(folder, url, "--rows", str(ROWS), status=1)
    found = counts(folder, url)
    # Each head has a tail of its own, and tails are added after heads. Lists are copied as they are.
    incomplete = {"head": 15, "march": 15, "never": 0, "route": 0}
    assert {name: rows for name, rows in found.items() if rows != ROWS} == incomplete
    reasons = {name: reason for name, _, reason in (line.partition("(") for line in output.splitlines()) if reason}
    assert {name.split()[0]: reason for name, reason in reasons.items()} == {
        "head": "no more unused values were found for what must be unique)",
        "march": "no more unused values were found for what must be unique)",
        "never": "no row was found that satisfies a < a - 1)",
        "route": "its key is a list, which SQLAlchemy cannot keep track of)",
    }
    again = load(folder, url, "--rows", str(ROWS), "--table", "head")
    assert again.split() == ["head", str(ROWS)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--table", "student"), "there is no table student; did you mean students?"),
        (("--rows", "0"), "argument --rows: '0' is not a number of rows"),
        (("--rows", "many"), "argument --rows: 'many' is not a number of rows"),
    ],
)
def test_wrong_arguments_are_rejected(school: Path, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    assert message in load(school, f"sqlite:///{tmp_path / 'none.db'}", *options, status=2)
