"""The generated backends of real schemas: each imports, and makes its tables on SQLite in both ways.

The corpus is no part of the project; without it these tests are skipped.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl
from tests.integration.backend import backend_files, own_tests, run, write_backend
from tests.integration.test_corpus import CORPUS, EXPECTED, needs_corpus

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
made = [set(sa.inspect(engine).get_table_names()) for engine in (by_model, by_migration)]
assert made[1] == made[0] | {"alembic_version"}, made[0] ^ made[1]
print(len(made[0]))
"""


def corpus_schema(catalog: Path) -> Schema:
    """Read the files that a catalog came from."""
    content = json.loads(catalog.read_text(encoding="utf-8"))
    return read_ddl([CORPUS / source for source in content["source"]], content["dialect"])


@needs_corpus
@pytest.mark.parametrize("catalog", EXPECTED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_backend_makes_its_tables_on_sqlite(catalog: Path, tmp_path: Path) -> None:
    schema = corpus_schema(catalog)
    folder = write_backend(backend_files(schema), tmp_path)
    result = run(folder, "-c", CREATE_TABLES)
    assert result.returncode == 0, result.stderr[-2000:]
    assert int(result.stdout) == len(schema.tables)
    for command in (("check", "--no-cache", "."), ("format", "--no-cache", "--check", ".")):
        result = run(folder, "-m", "ruff", *command)
        assert result.returncode == 0, result.stdout[-2000:]


SERVED = ("postgres/chinook_pg", "postgres/northwind", "postgres/pagila", "postgres/sakila_pg", "mysql/sakila_mysql")


@needs_corpus
@pytest.mark.parametrize("name", SERVED)
def test_own_tests_of_a_real_backend_pass_on_sqlite(name: str, tmp_path: Path) -> None:
    schema = corpus_schema(CORPUS / "expected" / f"{name}.json")
    # a table without a key is read only, and has few tests
    served = [table for table in schema.tables if table.primary_key]
    assert own_tests(write_backend(backend_files(schema), tmp_path)) > 20 * len(served)
