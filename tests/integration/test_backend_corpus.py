"""The generated backends of real schemas: each imports, is lint-free, and creates its SQLite tables in both ways.

The corpus is not part of the project; without it these tests are skipped.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl
from tests.corpus import CORPUS, EXPECTED, needs_corpus
from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import own_tests, run

if TYPE_CHECKING:
    from pathlib import Path

    from runner.ddl.model import Schema

CREATE_TABLES = """
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from app.core.database import make_engine
from app.core.discovery import load_models
from app.main import app

app.openapi()
by_model = make_engine("sqlite://")
load_models().create_all(by_model)
by_migration = make_engine("sqlite://")
config = Config("alembic.ini")
with by_migration.connect() as connection:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
by_model, by_migration = map(sa.inspect, (by_model, by_migration))
made = [{*found.get_table_names(), *found.get_view_names()} for found in (by_model, by_migration)]
assert made[1] == made[0] | {"alembic_version"}, made[0] ^ made[1]
print(len(made[0]))
"""


def corpus_schema(catalog: Path) -> Schema:
    """Read the files that a catalog came from, after the one that prepared its server, if there is one."""
    content = json.loads(catalog.read_text(encoding="utf-8"))
    sources = [CORPUS / source for source in content["source"]]
    preparation = sources[0].with_name(f"{catalog.stem}_preload.sql")
    return read_ddl([*([preparation] if preparation.is_file() else []), *sources], content["dialect"])


each_schema = pytest.mark.parametrize("catalog", EXPECTED, ids=lambda path: f"{path.parent.name}/{path.stem}")


@needs_corpus
@each_schema
def test_backend_makes_its_tables_on_sqlite(catalog: Path, tmp_path: Path) -> None:
    schema = corpus_schema(catalog)
    folder = write_backend(backend_files(schema), tmp_path)
    result = run(folder, "-c", CREATE_TABLES)
    assert result.returncode == 0, result.stderr[-2000:]
    assert int(result.stdout) == len(schema.tables)
    routers = {path.parent.name: path.read_text(encoding="utf-8") for path in folder.glob("app/*/router.py")}
    assert [name for name, text in routers.items() if text.count("\n") >= 80] == []


MOST_LINES = 300
# One table of Temporal's, with 59 indexes over expressions on PostgreSQL, 80 columns and what computes them.
LONG = {
    "backend/app/executions_visibility/model.py": {
        "temporal_visibility_mysql", "temporal_visibility_pg", "temporal_visibility_sqlite"
    },
}  # fmt: skip


def _too_long(schema: Schema) -> dict[str, int]:
    """Return the line counts of files that are too long, except READMEs and lock files (one line per table or hash)."""
    lines = {path: file.text.count("\n") for path, file in backend_files(schema).items()}
    return {path: count for path, count in lines.items() if count > MOST_LINES and not path.endswith((".md", ".txt"))}


@needs_corpus
@each_schema
def test_files_are_short(catalog: Path) -> None:
    long = _too_long(corpus_schema(catalog))
    assert set(long) == {path for path, schemas in LONG.items() if catalog.stem in schemas}, long


def test_files_of_the_school_are_short() -> None:
    assert _too_long(read_schema()) == {}


@pytest.fixture(scope="module")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all backends: most of the work is in the shared libraries."""
    return tmp_path_factory.mktemp("mypy")


@needs_corpus
@each_schema
def test_backend_is_clean(catalog: Path, tmp_path: Path, mypy_cache: Path) -> None:
    folder = write_backend(backend_files(corpus_schema(catalog)), tmp_path)
    for command in (
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--no-cache", "--check", "."),
        ("mypy", "--strict", f"--cache-dir={mypy_cache}", "app"),
    ):
        result = run(folder, "-m", *command)
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]


def test_an_untyped_function_is_found(tmp_path: Path, mypy_cache: Path) -> None:
    folder = write_backend(backend_files(read_schema(), tables=()), tmp_path)
    (folder / "app/enums.py").write_text("def untyped(x): return x\n", encoding="utf-8")
    for _ in range(2):  # a cache must not hide it
        result = run(folder, "-m", "mypy", "--strict", f"--cache-dir={mypy_cache}", "app")
        assert "app/enums.py:1: error:" in result.stdout, result.stdout


SERVED = ("postgres/chinook_pg", "postgres/northwind", "postgres/pagila", "postgres/sakila_pg", "mysql/sakila_mysql")


@needs_corpus
@pytest.mark.parametrize("name", SERVED)
def test_own_tests_of_a_real_backend_pass_on_sqlite(name: str, tmp_path: Path) -> None:
    schema = corpus_schema(CORPUS / "expected" / f"{name}.json")
    # a table without a key is read only, and has few tests
    served = [table for table in schema.tables if table.primary_key]
    assert own_tests(write_backend(backend_files(schema), tmp_path)) > 20 * len(served)
