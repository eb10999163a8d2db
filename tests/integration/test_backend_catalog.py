"""The database that a generated backend makes, against the one that the original DDL makes on the same server.

`python -m tests.integration.test_backend_catalog` prints the table that BACKEND.md keeps.
"""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg import connect

from runner.ddl.reader import read_ddl
from tests.corpus import CORPUS
from tests.generated_backend import SCHOOL, backend_files, first_revision, write_backend
from tests.integration.backend import run
from tests.integration.catalog import differences, load_ddl, read_catalog, without_searches
from tests.integration.postgres import running_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

SOURCES: dict[str, tuple[str, ...]] = {
    **{path.stem: (path.name,) for path in sorted((CORPUS / "pg").glob("*.sql")) if "musicbrainz" not in path.name},
    "musicbrainz": tuple(f"musicbrainz_{part}.sql" for part in ("types", "tables", "pk", "fk")),
}
# What the wheel's server lacks. The rest of these schemas is compared nevertheless.
LACKING = {
    "danbooru_structure": "pg_trgm, btree_gin",
    "gisia_gitlab_structure": "pg_trgm",
    "inaturalist_structure": "postgis, uuid-ossp",
    "musicbrainz": "cube, earthdistance",
    "osm_structure": "btree_gist, postgis",
    "temporal_visibility_pg": "btree_gin",
}
# Created on both sides before anything else: what the file expects its server to have.
PREPARED = {"musicbrainz": 'CREATE COLLATION musicbrainz FROM "C"'}


@dataclass(kw_only=True)
class Outcome:
    """The result for one schema."""

    tables: int
    lines: int
    refused: list[str] = field(default_factory=list)
    differences: dict[str, list[str]] = field(default_factory=dict)


def compare(server: PostgresServer, name: str, paths: Iterable[Path], workspace: Path) -> Outcome:
    """Load the original DDL into one database and migrate another, and compare their catalogs."""
    paths = list(paths)
    schema = read_ddl(paths, "postgres")
    schema = schema.with_tool_tables([schema.label(table.name) for table in schema.tool_tables])
    files = backend_files(schema)
    folder = write_backend(files, workspace)
    with server.new_database() as original, server.new_database() as migrated:
        for url in (original, migrated):
            with connect(url, autocommit=True) as connection:
                connection.execute(PREPARED.get(name, "SELECT").encode())
        refused = load_ddl(original, paths)
        if refused:  # the migration stops where the file continues: run it like the file
            script = folder / "first.sql"
            statements = first_revision(files, "postgresql")
            script.write_text("".join(f"{statement};\n" for statement in statements), encoding="utf-8", newline="")
            load_ddl(migrated, [script])
        else:
            result = run(folder, "-m", "alembic", "upgrade", "head", DATABASE_URL=migrated)
            assert result.returncode == 0, result.stderr[-2000:]
        expected = read_catalog(original)
        found = differences(expected, without_searches(read_catalog(migrated)))
    lines = sum(len(part) for part in expected.values())
    return Outcome(tables=len(expected["tables"]), lines=lines, refused=refused, differences=found)


def test_the_school_comes_out_as_its_ddl_says(postgres_server: PostgresServer, tmp_path: Path) -> None:
    outcome = compare(postgres_server, "school", [SCHOOL], tmp_path)
    assert outcome.refused == []
    assert outcome.differences == {}


@pytest.mark.skipif(not (CORPUS / "pg").is_dir(), reason=f"no corpus at {CORPUS}: set RUNNER_CORPUS to where it is")
@pytest.mark.parametrize("name", SOURCES)
def test_a_real_schema_comes_out_as_its_ddl_says(postgres_server: PostgresServer, tmp_path: Path, name: str) -> None:
    outcome = compare(postgres_server, name, _paths(name), tmp_path)
    assert (name in LACKING) == bool(outcome.refused), outcome.refused[:3]
    assert outcome.differences == {}


def test_a_difference_is_seen(postgres_server: PostgresServer, tmp_path: Path) -> None:
    ddl = tmp_path / "a.sql"
    with postgres_server.new_database() as one, postgres_server.new_database() as other:
        for url, text in ((one, "a varchar(8) DEFAULT 'x' REFERENCES t ON DELETE CASCADE"), (other, "a text")):
            ddl.write_text(f"CREATE TABLE t (k text PRIMARY KEY); CREATE TABLE s ({text}); CREATE INDEX i ON s (a);")
            assert load_ddl(url, [ddl]) == []
        found = differences(read_catalog(one), read_catalog(other))
    assert {part: len(lines) for part, lines in found.items()} == {"columns": 2, "defaults": 2, "constraints": 1}


def _paths(name: str) -> list[Path]:
    return [CORPUS / "pg" / file for file in SOURCES[name]]


def rows() -> Iterator[str]:
    """Yield the table of BACKEND.md, one line at a time."""
    yield "| schema | tables | lines of the catalog | refused by the server | differences |"
    yield "| --- | --- | --- | --- | --- |"
    with running_server() as server:
        for name in ("school", *SOURCES):
            with tempfile.TemporaryDirectory() as folder:
                outcome = compare(server, name, [SCHOOL] if name == "school" else _paths(name), Path(folder))
            refused = f"{len(outcome.refused)} (lacks {LACKING.get(name, '?')})" if outcome.refused else "0"
            found = ", ".join(f"{len(lines)} {part}" for part, lines in outcome.differences.items()) or "0"
            yield f"| {name} | {outcome.tables} | {outcome.lines:,} | {refused} | {found} |"
            for part, lines in outcome.differences.items():
                print(part, *(re.sub(r"\s+", " ", line)[:300] for line in lines[:10]), sep="\n    ", file=sys.stderr)


def main() -> int:
    """Print the table, and the differences to standard error."""
    for row in rows():
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
