"""From half of a real schema to all of it, with rows: the revision runs, names nothing lost, and equals a fresh build.

The corpus is not part of the project; without it these tests are skipped.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from runner.generation.agent import AgentContext
from runner.generation.fastapi.migration.revisions import FOLDER
from runner.generation.registry import load_agent
from tests.corpus import CORPUS, needs_corpus
from tests.generated_backend import backend_files, write_backend
from tests.integration.backend import run
from tests.integration.catalog import differences, read_catalog
from tests.integration.test_backend_corpus import corpus_schema

if TYPE_CHECKING:
    from pathlib import Path

    from runner.ddl.model import Schema, Table
    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

COUNT = """
import sqlalchemy as sa
from app.core.database import get_engine
from app.core.discovery import load_models

with get_engine().connect() as connection:
    tables = load_models().tables.values()
    print(sum(connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables))
"""


def earlier(schema: Schema) -> Schema:
    """Return a schema as it may have been: fewer tables, columns and indexes, and shorter texts.

    Later columns are those that no key, index, check or expression needs, and that existing rows need no value for.
    """
    tables = {table.name: table for table in schema.tables[: len(schema.tables) * 2 // 3]}
    while late := [
        name for name, table in tables.items() if any(k.references not in tables for k in table.foreign_keys)
    ]:
        for name in late:
            del tables[name]
    return replace(schema, tables=tuple(_earlier(table, schema) for table in tables.values()))


def _earlier(table: Table, schema: Schema) -> Table:
    keys = [table.key_columns, *(key.columns for key in table.unique), *(key.columns for key in table.foreign_keys)]
    keys += [key.target_columns for one in schema.tables for key in one.foreign_keys if key.references == table.name]
    keys += [(*filter(None, index.columns), *index.include) for index in table.indexes]
    needed = {name for names in keys for name in names}
    texts = [check.text for check in table.checks] + [one.generated.text for one in table.columns if one.generated]
    texts += [
        text for index in table.indexes for text in (index.where, *(part.expression for part in index.parts)) if text
    ]
    words = set(re.findall(r"\w+", " ".join(texts)))
    late = [one.name for one in table.columns if one.name not in needed | words and (one.nullable or one.default)][::2]
    columns = []
    for number, column in enumerate(table.columns):
        type_ = column.type
        if type_.base in ("character varying", "varchar") and type_.args and type_.args[0] > 20 and number % 2:
            column = replace(column, type=replace(type_, args=(20,), text=f"{type_.base}(20)"))  # noqa: PLW2901
        columns += [column] if column.name not in late else []
    indexes = tuple(index for number, index in enumerate(table.indexes) if index.unique or number % 2)
    return replace(table, columns=tuple(columns), indexes=indexes)


class History:
    """A workspace that the backend's agents write to, once for each state of a schema."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.backend = place / "backend"
        self.memory: Any = None

    def generate(self, schema: Schema) -> None:
        """Write the backend of a state; revisions that are there stay."""
        for name in ("app", "tests"):
            shutil.rmtree(self.backend / name, ignore_errors=True)
        context = AgentContext(schema=schema, memory=self.memory, present=self._present)
        agent = load_agent("be-boilerplate")
        files = {file.path: file for file in agent.generate(context)}
        self.memory = json.loads(json.dumps(agent.remember(context)))
        others = {path: file for path, file in backend_files(schema).items() if not path.startswith(FOLDER)}
        write_backend({**others, **files}, self.place)

    def _present(self, folder: str) -> dict[str, str]:
        path = self.place / folder
        return {one.name: one.read_text(encoding="utf-8") for one in path.glob("*") if one.is_file()}

    def run(self, url: str, *arguments: str) -> str:
        """Run a Python program of the backend on a database and return what it printed."""
        done = run(self.backend, *arguments, DATABASE_URL=url)
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
        return done.stdout.strip()


@needs_corpus
@pytest.mark.parametrize("name", ["postgres/northwind", "mysql/phpipam"])
def test_a_real_schema_grows_with_its_rows(name: str, tmp_path: Path, postgres_server: PostgresServer) -> None:
    schema = corpus_schema(CORPUS / "expected" / f"{name}.json")
    history, fresh = History(tmp_path / "grown"), History(tmp_path / "fresh")
    with postgres_server.new_database() as grown_url, postgres_server.new_database() as fresh_url:
        urls = {grown_url: fresh_url, f"sqlite:///{tmp_path}/grown.db": f"sqlite:///{tmp_path}/fresh.db"}
        history.generate(earlier(schema))
        for url in urls:
            history.run(url, "-m", "alembic", "upgrade", "head")
            history.run(url, "-m", "app.seed", "--rows", "3")
        before = {url: history.run(url, "-c", COUNT) for url in urls}
        assert "0" not in before.values()
        history.generate(schema)
        fresh.generate(schema)
        for url, new in urls.items():
            history.run(url, "-m", "alembic", "upgrade", "head")
            fresh.run(new, "-m", "alembic", "upgrade", "head")
        assert {url: history.run(url, "-c", COUNT) for url in urls} == before
        assert differences(_unplaced(read_catalog(fresh_url)), _unplaced(read_catalog(grown_url))) == {}
    assert _sqlite_catalog(tmp_path / "grown.db") == _sqlite_catalog(tmp_path / "fresh.db")


def _unplaced(catalog: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return a catalog without the places of columns: PostgreSQL adds columns at the end."""
    return {**catalog, "columns": {re.sub(r": \d+\.", ": ", line) for line in catalog["columns"]}}


def _sqlite_catalog(path: Path) -> set[tuple[Any, ...]]:
    """Return columns without their places, foreign keys and indexes."""
    with closing(sqlite3.connect(path)) as connection:
        found = {*connection.execute("SELECT type, name, tbl_name FROM sqlite_master WHERE sql IS NOT NULL")}
        for kind, name, _ in [*found]:
            if kind == "table":
                found |= {(name, *row[1:]) for row in connection.execute("SELECT * FROM pragma_table_info(?)", [name])}
                keys = connection.execute("SELECT * FROM pragma_foreign_key_list(?)", [name])
                found |= {(name, *row[2:]) for row in keys}
    return found
