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

    from runner.ddl.model import Schema
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


VIEWS = """
CREATE SCHEMA shop;
CREATE TYPE shop.state AS ENUM ('open', 'closed');
CREATE TABLE shop.items (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Title" varchar(30) NOT NULL, price numeric(8, 2), tags text[],
    meta jsonb, added date NOT NULL, at timestamp, stock smallint NOT NULL DEFAULT 0, state shop.state
);
CREATE TABLE notes (item_id bigint NOT NULL REFERENCES shop.items, body text, number real);
CREATE FUNCTION shop.vat(price numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT price * 1.2';
CREATE FUNCTION join_state(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1 || ', ' || $2 $$;
CREATE AGGREGATE joined(text) (SFUNC = join_state, STYPE = text);
SET search_path TO shop, public;
CREATE VIEW first_one AS SELECT id, "Title", price, vat(price) AS gross, tags, meta, state FROM items WHERE price < 10;
CREATE VIEW last_one AS SELECT f.*, f.id + 1 AS next FROM first_one f;
CREATE VIEW noted AS SELECT n.body, i."Title" AS title, n.item_id FROM notes n LEFT JOIN items i ON i.id = n.item_id;
CREATE VIEW together AS SELECT id AS one, added::timestamp AS t, 'x' AS k FROM items UNION ALL
    SELECT item_id, NULL, body FROM notes;
CREATE VIEW topped (a, "B") AS WITH top AS (SELECT id, price FROM items WHERE price > 5)
    SELECT t.id, t.price * 2 AS twice FROM top t JOIN items i USING (id) WHERE i.stock > 0;
CREATE VIEW counted AS SELECT id, row_number() OVER (ORDER BY price) AS place,
    (SELECT count(*) FROM notes n WHERE n.item_id = i.id) AS notes FROM items i;
CREATE VIEW grouped AS SELECT added, count(*) AS n, sum(stock) AS stock, avg(stock) AS mean, sum(price) AS price,
    max(at) AS latest, joined("Title"::text) AS titles, array_agg(id) AS ids, bool_and(stock > 0) AS all_there
    FROM items GROUP BY added;
CREATE VIEW computed AS SELECT id, added + 1 AS tomorrow, at - at AS none, at + interval '1 day' AS later,
    date_trunc('month', at) AS month, extract(year FROM added) AS year, stock / 2 AS half, round(price, 1) AS rounded,
    coalesce(price, 0) AS known, CASE WHEN stock > 0 THEN 'yes' ELSE 'no' END AS there, length("Title") AS length,
    upper("Title") AS upper, added > current_date AS soon, now() AS now FROM items;
CREATE VIEW checked WITH (security_barrier = true) AS SELECT id FROM items WHERE stock > 1 WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW kept AS SELECT id, "Title" FROM items WITH NO DATA;
CREATE UNIQUE INDEX kept_id ON kept (id);
CREATE INDEX kept_title ON kept (lower("Title") DESC) WHERE id > 0;
COMMENT ON VIEW counted IS 'With its place.';
COMMENT ON MATERIALIZED VIEW kept IS 'A copy.';
COMMENT ON COLUMN counted.place IS 'From 1.';
"""


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
        made = without_searches(read_catalog(migrated))
    found = differences(expected, made) | _misread_views(schema, made["columns of views"])
    lines = sum(len(part) for part in expected.values())
    return Outcome(tables=len(expected["tables"]), lines=lines, refused=refused, differences=found)


def _misread_views(schema: Schema, made: set[str]) -> dict[str, list[str]]:
    """Return the columns of views that the schema has with another type than the server."""
    read = {
        f"{table.name} {column.name}: {column.type.text.removeprefix('public.')}"
        for table in schema.tables
        if table.view
        for column in table.columns
    }
    return {"types of views": sorted(read ^ made)} if read != made else {}


def test_views_come_out_as_their_ddl_says(postgres_server: PostgresServer, tmp_path: Path) -> None:
    ddl = tmp_path / "views.sql"
    ddl.write_text(VIEWS, encoding="utf-8")
    outcome = compare(postgres_server, "views", [ddl], tmp_path / "backend")
    assert outcome.refused == []
    assert outcome.differences == {}


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
