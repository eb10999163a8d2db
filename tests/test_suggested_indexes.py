"""Which indexes a schema lacks, and what the option `indexes` makes of them."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.fastapi.migration import sqlite_statements
from runner.generation.fastapi.migration.difference import difference
from runner.generation.fastapi.migration.losses import losses, summary
from runner.generation.fastapi.migration.postgresql_statements import change
from runner.generation.fastapi.migration.schema_snapshot import take_snapshot
from runner.generation.model.application import Application
from runner.generation.model.suggested_indexes import suggested_indexes
from runner.records.errors import AgentError
from tests.generated_backend import backend_files

TARGET = "CREATE TABLE s (id int PRIMARY KEY, a int, b int, UNIQUE (a, b));"
DDL = f"""{TARGET}
CREATE TABLE t (id int PRIMARY KEY, s_id int REFERENCES s, name varchar(80) NOT NULL, born date, note text);
CREATE INDEX ON t (born) WHERE born > '2000-01-01';
"""


def lacking(table: str) -> list[str]:
    """Return the columns of the indexes that a table `t` lacks."""
    application = Application(read_ddl_text(f"{TARGET} CREATE TABLE t {table};", "postgres"))
    found = {str(name.name): indexes for name, indexes in suggested_indexes(application).items()}
    return [", ".join(index.columns) for index in found.get("t", ())]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("(id int PRIMARY KEY, s_id int REFERENCES s)", ["s_id"]),
        ("(id int PRIMARY KEY, s_id int UNIQUE REFERENCES s)", []),
        ("(s_id int REFERENCES s, id int, PRIMARY KEY (s_id, id))", []),
        ("(id int, s_id int REFERENCES s, PRIMARY KEY (id, s_id))", ["s_id"]),
        ("(id int PRIMARY KEY, b int, a int, FOREIGN KEY (a, b) REFERENCES s (a, b))", ["a, b"]),
        ("(id int PRIMARY KEY, b int, a int, FOREIGN KEY (a, b) REFERENCES s (a, b), UNIQUE (b, a, id))", []),
        ("(id int PRIMARY KEY, s_id int REFERENCES s); CREATE INDEX ON t (s_id)", []),
        ("(id int PRIMARY KEY, s_id int REFERENCES s); CREATE INDEX ON t (s_id) WHERE s_id > 1", ["s_id"]),
        ("(id int PRIMARY KEY, s_id int REFERENCES s); CREATE INDEX ON t USING hash (s_id)", ["s_id"]),
        ("(id int PRIMARY KEY, s_id int REFERENCES s); CREATE INDEX ON t ((s_id + 1))", ["s_id"]),
        ("(id int PRIMARY KEY, at date, n int, on_ boolean)", ["at, id"]),
        ("(at date)", ["at"]),
        ("(id int PRIMARY KEY, a text CHECK (a IN ('s', 'm')), name varchar(40), b text)", ["a, id", "name, id"]),
        ("(id int PRIMARY KEY, name text)", []),  # a long one would not fit into the index
        ("(id int PRIMARY KEY, at date GENERATED ALWAYS AS (DATE '2024-01-01') VIRTUAL)", []),
    ],
)  # fmt: skip
def test_references_and_sorted_fields_without_an_index_are_found(table: str, expected: list[str]) -> None:
    assert lacking(table) == expected


def test_names_are_free_in_the_whole_schema() -> None:
    ddl = f"""{TARGET} CREATE TABLE a (id int PRIMARY KEY, b_c int REFERENCES s);
        CREATE TABLE a_b (id int PRIMARY KEY, c int REFERENCES s, search int REFERENCES s, t varchar(9));"""
    application = Application(read_ddl_text(ddl, "postgres"))
    names = [index.name for indexes in suggested_indexes(application).values() for index in indexes]
    assert names == ["a_b_c_idx", "a_b_c_idx1", "a_b_search_idx"]
    snapshot = take_snapshot(application, (), "create")
    assert [index.name for index in snapshot.tables[2].indexes] == ["a_b_c_idx1", "a_b_search_idx", "a_b_search_idx1"]


def test_the_option_creates_them_in_a_revision() -> None:
    application = Application(read_ddl_text(DDL, "postgres"))
    before, after = take_snapshot(application), take_snapshot(application, (), "create")
    found = difference(before, after)
    assert list(change(found)) == [
        "CREATE INDEX t_s_id_idx ON t (s_id)",
        "CREATE INDEX t_name_id_idx ON t (name, id)",
        "CREATE INDEX t_born_id_idx ON t (born, id)",
    ]
    assert list(change(difference(after, before))) == [
        "DROP INDEX t_s_id_idx",
        "DROP INDEX t_name_id_idx",
        "DROP INDEX t_born_id_idx",
    ]
    assert losses(found) == ()
    assert summary(found) == ("t: t_s_id_idx, t_name_id_idx, t_born_id_idx added",)
    with sqlite3.connect(":memory:") as database:
        for table in before.tables:
            database.executescript(";".join(sqlite_statements.create_table(table.sqlite)))
        database.executescript(";".join(sqlite_statements.change(found)))
        plan = database.execute("EXPLAIN QUERY PLAN SELECT * FROM t ORDER BY born, id LIMIT 9").fetchall()
    assert "USING INDEX t_born_id_idx" in plan[0][3]


@pytest.mark.parametrize(("option", "is_listed", "is_created"), [
    ({}, True, False),
    ({"indexes": "suggest"}, True, False),
    ({"indexes": "create"}, False, True),
    ({"indexes": "none"}, False, False),
])  # fmt: skip
def test_the_readme_lists_what_is_not_created(option: dict[str, Any], is_listed: bool, is_created: bool) -> None:
    files = backend_files(read_ddl_text(DDL, "postgres"), options=option)
    assert ("\n| `t` | `(s_id)` | `name`, `born` |\n" in files["backend/README.md"].text) == is_listed
    assert ("## Indexes" in files["backend/README.md"].text) == is_listed
    revision = "".join(file.text for path, file in files.items() if "/versions/" in path)
    assert ("t_born_id_idx" in revision) == is_created


def test_another_word_is_refused() -> None:
    with pytest.raises(AgentError, match="option indexes: 'make' is unknown; give suggest, create, none"):
        backend_files(read_ddl_text(DDL, "postgres"), options={"indexes": "make"})
