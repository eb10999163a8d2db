"""The difference between two schemas: what is the same, renamed or recreated, and which data may be lost."""

from __future__ import annotations

import sqlite3

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.fastapi.migration import postgresql_statements, sqlite_statements
from runner.generation.fastapi.migration.difference import Difference, difference
from runner.generation.fastapi.migration.losses import losses, summary
from runner.generation.fastapi.migration.renames import find_renames, renamed
from runner.generation.fastapi.migration.schema_snapshot import take_snapshot
from runner.generation.fastapi.migration.snapshot import from_json, to_json
from runner.generation.model.application import Application
from tests.generated_backend import read_schema

BOTH = "CREATE TABLE both (id int PRIMARY KEY);"  # a schema has a table


def between(old: str, new: str) -> Difference:
    before, after = read_ddl_text(BOTH + old, "postgres"), read_ddl_text(BOTH + new, "postgres")
    was = take_snapshot(Application(before))
    return difference(was, take_snapshot(Application(after)), find_renames(was, Application(after)))


def up(old: str, new: str) -> list[str]:
    return list(postgresql_statements.change(between(old, new)))


def search_statement(table: str, *columns: str) -> str:
    """Return the statement that creates the index of a table's searches."""
    text = " || ' ' || ".join(f"coalesce(CAST({column} AS text), '')" for column in columns)
    return f'CREATE INDEX {table}_search_idx ON {table} USING gin ((({text}) COLLATE "default") gin_trgm_ops)'


def words_statement(table: str, *columns: str) -> str:
    """Return the statement that creates the index of words."""
    text = " || ' ' || ".join(f"coalesce(CAST({column} AS text), '')" for column in columns)
    words = f"""to_tsvector('simple', left(translate(({text}) COLLATE "default", '+-./~<&', '       '), 100000))"""
    return f"CREATE INDEX {table}_search_idx ON {table} USING gin ({words})"


def search_index(table: str, *columns: str) -> str:
    """Return the block that creates the index of trigrams on servers which have them, and otherwise that of words."""
    is_known = "SELECT FROM pg_opclass WHERE opcname = 'gin_trgm_ops' AND pg_opclass_is_visible(oid)"
    trigrams, words = search_statement(table, *columns), words_statement(table, *columns)
    return (
        f"DO $$\nBEGIN\n    IF EXISTS ({is_known}) THEN\n        {trigrams};\n"
        f"    ELSE\n        {words};\n    END IF;\nEND\n$$"
    )


def lost(old: str, new: str) -> list[str]:
    return [loss.text for loss in losses(between(old, new))]


def test_a_snapshot_survives_json() -> None:
    snapshot = take_snapshot(Application(read_schema()))
    assert from_json(to_json(snapshot)) == snapshot


def test_the_same_schema_needs_nothing() -> None:
    snapshot = take_snapshot(Application(read_schema()))
    found = difference(snapshot, snapshot)
    assert [*postgresql_statements.change(found), *sqlite_statements.change(found)] == []
    assert (losses(found), summary(found)) == ((), ())


def test_another_order_of_tables_and_columns_needs_nothing() -> None:
    one = "CREATE TABLE t (id int PRIMARY KEY, b int); CREATE TABLE s (id int PRIMARY KEY);"
    other = "CREATE TABLE s (id int PRIMARY KEY); CREATE TABLE t (b int, id int PRIMARY KEY);"
    found = between(one, other)
    assert [*postgresql_statements.change(found), *sqlite_statements.change(found)] == []


def test_a_column_is_added_dropped_and_changed() -> None:
    old = "CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(5) NOT NULL DEFAULT 'x');"
    new = "CREATE TABLE t (id int PRIMARY KEY, b varchar(9), c text NOT NULL DEFAULT '');"
    assert up(old, new) == [
        "DROP INDEX IF EXISTS t_search_idx",
        "ALTER TABLE t ADD COLUMN c text DEFAULT '' NOT NULL",
        "ALTER TABLE t ALTER COLUMN b DROP DEFAULT",
        "ALTER TABLE t ALTER COLUMN b TYPE character varying(9) USING b::character varying(9)",
        "ALTER TABLE t ALTER COLUMN b DROP NOT NULL",
        "ALTER TABLE t DROP COLUMN a",
        search_index("t", "b", "c"),
    ]
    assert lost(old, new) == ["t.a is dropped with its values"]
    assert summary(between(old, new)) == ("t: c added; a dropped; b, t_search_idx changed",)


@pytest.mark.parametrize("kind", ["STORED", "VIRTUAL"])
def test_a_computed_column_stays_computed_where_it_becomes_required_and_no_longer_is(kind: str) -> None:
    optional = f"CREATE TABLE t (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (2 * id) {kind});"
    required = optional.replace(kind, f"{kind} NOT NULL")
    assert up(optional, required) == ["ALTER TABLE t ALTER COLUMN twice SET NOT NULL"]
    assert up(required, optional) == ["ALTER TABLE t ALTER COLUMN twice DROP NOT NULL"]


def test_a_search_index_is_renamed_with_its_table_and_its_columns() -> None:
    old = "CREATE TABLE t (id int PRIMARY KEY, a text);"
    assert up(old, f"{old} ALTER TABLE t RENAME COLUMN a TO b; ALTER TABLE t RENAME TO s;") == [
        "ALTER TABLE t RENAME TO s",
        "ALTER TABLE s RENAME COLUMN a TO b",
        "ALTER INDEX IF EXISTS t_search_idx RENAME TO s_search_idx",
    ]


def test_a_search_index_is_required_where_the_ddl_creates_the_extension() -> None:
    extension = "CREATE SCHEMA e; CREATE EXTENSION pg_trgm WITH SCHEMA e;"
    (_, added) = up(extension, f"{extension} CREATE TABLE t (id int PRIMARY KEY, a text);")
    assert added == search_statement("t", "a").replace("gin_trgm_ops", "e.gin_trgm_ops")


def test_what_is_searched_is_the_same_in_any_order_of_the_columns() -> None:
    assert (
        up(
            "CREATE TABLE t (id int PRIMARY KEY, a text, b text);",
            "CREATE TABLE t (b text, a text, id int PRIMARY KEY);",
        )
        == []
    )


def test_a_name_that_the_ddl_does_not_rename_is_dropped_and_added() -> None:
    assert up("CREATE TABLE t (id int PRIMARY KEY, a int);", "CREATE TABLE t (id int PRIMARY KEY, b int);") == [
        "ALTER TABLE t ADD COLUMN b integer",
        "ALTER TABLE t DROP COLUMN a",
    ]


def test_a_renamed_constraint_or_index_is_renamed_in_place() -> None:
    old = "CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a > 0)); CREATE INDEX by_a ON t (a);"
    new = f"{old} ALTER TABLE t RENAME CONSTRAINT t_a_check TO positive; ALTER INDEX by_a RENAME TO of_a;"
    assert set(up(old, new)) == {
        "ALTER TABLE t RENAME CONSTRAINT t_a_check TO positive",
        "ALTER INDEX by_a RENAME TO of_a",
    }


def test_constraints_over_ranges_are_added_changed_renamed_and_survive_json() -> None:
    old = "CREATE TABLE t (a int4range, r int4range, b int4range, CONSTRAINT k UNIQUE (a, r));"
    new = """CREATE TABLE t (a int4range, r int4range, b int4range, CONSTRAINT k UNIQUE (a, r WITHOUT OVERLAPS),
        CONSTRAINT x EXCLUDE USING gist (b WITH &&) WHERE (NOT isempty(b)) DEFERRABLE);
        CREATE TABLE s (a int4range, r int4range, CONSTRAINT f FOREIGN KEY (a, PERIOD r) REFERENCES t (a, PERIOD r));"""
    assert up(old, new) == [
        "ALTER TABLE t DROP CONSTRAINT k",
        "CREATE TABLE s (\n    a int4range,\n    r int4range\n)",
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a, r WITHOUT OVERLAPS)",
        "ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING gist (b WITH &&) WHERE (NOT isempty(b)) DEFERRABLE",
        "ALTER TABLE s ADD CONSTRAINT f FOREIGN KEY (a, PERIOD r) REFERENCES t (a, PERIOD r)",
    ]
    assert up(new, f"{new} ALTER TABLE t RENAME COLUMN b TO c;") == ["ALTER TABLE t RENAME COLUMN b TO c"]
    snapshot = take_snapshot(Application(read_ddl_text(new, "postgres")))
    assert from_json(to_json(snapshot)) == snapshot


def test_a_rename_in_the_ddl_is_a_rename() -> None:
    old = "CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a > 0)); CREATE INDEX ON t (a);"
    new = f"{old} ALTER TABLE t RENAME COLUMN a TO b; ALTER TABLE t RENAME TO s;"
    assert up(old, new) == [
        "ALTER TABLE t RENAME TO s",
        "ALTER TABLE s RENAME COLUMN a TO b",
    ]
    assert lost(old, new) == []


def test_a_rename_is_applied_once() -> None:
    ddl = "CREATE TABLE t (id int PRIMARY KEY, a int); ALTER TABLE t RENAME COLUMN a TO b;"
    assert up(ddl, f"{ddl} ALTER TABLE t ADD COLUMN a bool;") == ["ALTER TABLE t ADD COLUMN a boolean"]
    assert up(ddl, "CREATE TABLE t (id int PRIMARY KEY, b int);") == []


def test_a_rename_applies_from_any_former_name() -> None:
    first = "CREATE TABLE t (id int PRIMARY KEY, a int);"
    second = f"{first} ALTER TABLE t RENAME COLUMN a TO b;"
    third = f"{second} ALTER TABLE t RENAME COLUMN b TO c;"
    assert up(first, third) == ["ALTER TABLE t RENAME COLUMN a TO c"]
    assert up(second, third) == ["ALTER TABLE t RENAME COLUMN b TO c"]


def test_reversed_renames_restore_the_old_names() -> None:
    old = "CREATE TYPE m AS ENUM ('x', 'y'); CREATE TABLE t (id int PRIMARY KEY, a m DEFAULT 'x' CHECK (a <> 'y'));"
    new = f"""{old} ALTER TABLE t RENAME COLUMN a TO b; ALTER TABLE t RENAME TO s;
        ALTER TYPE m RENAME VALUE 'x' TO 'z'; ALTER TYPE m RENAME TO n;"""
    was, now = take_snapshot(Application(read_ddl_text(old, "postgres"))), Application(read_ddl_text(new, "postgres"))
    renames = find_renames(was, now)
    assert renamed(renamed(was, renames), renames.reversed()) == was
    assert [table.name for table in renamed(was, renames).tables] == ["s"]
    assert renamed(was, renames).tables[0].columns[1].default == "'z'"


def test_enum_values_are_added_at_their_position() -> None:
    old, new = "CREATE TYPE m AS ENUM ('b', 'd');", "CREATE TYPE m AS ENUM ('a', 'b', 'c', 'd', 'e');"
    assert up(old, new) == [
        "ALTER TYPE m ADD VALUE IF NOT EXISTS 'a' BEFORE 'b'",
        "ALTER TYPE m ADD VALUE IF NOT EXISTS 'c' AFTER 'b'",
        "ALTER TYPE m ADD VALUE IF NOT EXISTS 'e' AFTER 'd'",
    ]


def test_enum_values_are_added_next_to_one_that_is_renamed_afterwards() -> None:
    old = "CREATE TYPE m AS ENUM ('a', 'b');"
    new = "CREATE TYPE m AS ENUM ('a', 'b', 'c'); ALTER TYPE m RENAME VALUE 'b' TO 'x'; ALTER TYPE m RENAME TO n;"
    assert up(old, new) == [
        "ALTER TYPE m ADD VALUE IF NOT EXISTS 'c' AFTER 'b'",
        "ALTER TYPE m RENAME TO n",
        "ALTER TYPE n RENAME VALUE 'b' TO 'x'",
    ]


def test_an_enum_that_loses_a_value_is_rebuilt_with_what_depends_on_it() -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, a m DEFAULT 'x' CHECK (a <> 'x'), b m[]);"
    found = up(f"CREATE TYPE m AS ENUM ('x', 'y'); {table}", f"CREATE TYPE m AS ENUM ('x'); {table}")
    assert found == [
        "ALTER TABLE t DROP CONSTRAINT t_a_check",
        "ALTER TYPE m RENAME TO m_before",
        "CREATE TYPE m AS ENUM ('x')",
        "ALTER TABLE t ALTER COLUMN a DROP DEFAULT",
        "ALTER TABLE t ALTER COLUMN a TYPE m USING a::text::m",
        "ALTER TABLE t ALTER COLUMN a SET DEFAULT 'x'",
        "ALTER TABLE t ALTER COLUMN b TYPE m[] USING b::text[]::m[]",
        "DROP TYPE m_before",
        "ALTER TABLE t ADD CONSTRAINT t_a_check CHECK (a <> 'x')",
    ]


def test_foreign_keys_are_dropped_while_their_target_changes() -> None:
    old = "CREATE TABLE t (id int PRIMARY KEY, k int); CREATE TABLE s (id int PRIMARY KEY, t_id int REFERENCES t);"
    new = old.replace("t (id int PRIMARY KEY, k int)", "t (id int UNIQUE, k int PRIMARY KEY)").replace(
        "REFERENCES t", "REFERENCES t (id)"
    )
    found = up(old, new)
    assert found[0] == "ALTER TABLE s DROP CONSTRAINT s_t_id_fkey"
    assert found[-1] == "ALTER TABLE s ADD CONSTRAINT s_t_id_fkey FOREIGN KEY (t_id) REFERENCES t (id)"
    assert "ALTER TABLE t DROP CONSTRAINT t_pkey" in found


def test_tables_that_refer_to_each_other_are_created_and_dropped_together() -> None:
    both = """CREATE TABLE a (id int PRIMARY KEY, b_id int); CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a);
        ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b;"""
    assert up(both, "") == ["DROP TABLE a, b"]
    made = up("", both)
    assert [statement.split(" (")[0].split(" ADD ")[0] for statement in made] == [
        "CREATE TABLE a",
        "CREATE TABLE b",
        "ALTER TABLE a",
        "ALTER TABLE b",
    ]
    assert lost(both, "") == ["table a is dropped with its rows", "table b is dropped with its rows"]


@pytest.mark.parametrize(
    ("old", "new", "narrow"),
    [
        ("varchar(9)", "varchar(5)", True),
        ("varchar(5)", "varchar(9)", False),
        ("varchar(5)", "text", False),
        ("text", "varchar(5)", True),
        ("int", "bigint", False),
        ("bigint", "int", True),
        ("int", "numeric(5,2)", True),
        ("int", "numeric", False),
        ("numeric(6,2)", "numeric(8,3)", False),
        ("numeric(6,2)", "numeric(6,3)", True),
        ("numeric(6,2)", "numeric(8,1)", True),
        ("timestamp(3)", "timestamp", False),
        ("timestamptz", "date", True),
        ("varchar(5)[]", "text[]", False),
        ("uuid", "text", False),
        ("time", "interval", False),
        ("interval", "time", True),
        ("text", "uuid", True),
    ],
)
def test_a_narrower_type_is_a_loss(old: str, new: str, *, narrow: bool) -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, a {});"
    assert bool(lost(table.format(old), table.format(new))) is narrow


def test_not_null_is_a_loss_only_without_a_default() -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY{});"
    assert lost(table.format(""), table.format(", a int NOT NULL")) != []
    assert lost(table.format(""), table.format(", a int NOT NULL DEFAULT 1")) == []
    assert lost(table.format(", a int"), table.format(", a int NOT NULL")) != []
    assert lost(table.format(", a int"), table.format(", a int NOT NULL DEFAULT 1")) == []


def test_sqlite_rebuilds_a_table_next_to_the_old_one() -> None:
    found = between(
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int); CREATE INDEX i ON t (a);",
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int NOT NULL DEFAULT 3); "
        "CREATE INDEX i ON t (a);",
    )
    assert list(sqlite_statements.change(found)) == [
        "CREATE TABLE _new_t (\n    id INTEGER PRIMARY KEY AUTOINCREMENT,\n    a INTEGER DEFAULT 3 NOT NULL\n)",
        "INSERT INTO _new_t (id, a)\nSELECT id, coalesce(a, 3)\nFROM t",
        "DELETE FROM sqlite_sequence WHERE name = '_new_t'",
        "INSERT INTO sqlite_sequence (name, seq)\nSELECT '_new_t', seq FROM sqlite_sequence WHERE name = 't'",
        "DROP TABLE t",
        "PRAGMA legacy_alter_table = ON",
        "ALTER TABLE _new_t RENAME TO t",
        "PRAGMA legacy_alter_table = OFF",
        "CREATE INDEX i ON t (a)",
    ]


def test_sqlite_leaves_a_table_alone_where_only_postgresql_differs() -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, a smallint); {}"
    found = between(table.format(""), table.format("COMMENT ON TABLE t IS 'x'; ALTER TABLE t ALTER a TYPE int;"))
    assert list(sqlite_statements.change(found)) == []
    assert list(postgresql_statements.change(found)) == [
        "ALTER TABLE t ALTER COLUMN a TYPE integer USING a::integer",
        "COMMENT ON TABLE t IS 'x'",
    ]


def test_an_index_with_the_name_of_a_foreign_key_comes_and_goes_on_its_own() -> None:
    old = "CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (u int, CONSTRAINT u_of_t FOREIGN KEY (u) REFERENCES u);"
    new = f"{old} CREATE INDEX u_of_t ON t (u);"
    assert up(old, new) == ["CREATE INDEX u_of_t ON t (u)"]
    assert up(new, old) == ["DROP INDEX u_of_t"]


@pytest.mark.parametrize(
    ("new", "values"),
    [
        ('name text, "Name" text', {"name": "second", "Name_2": "first"}),
        ("name text", {"name": "second"}),
        ('"Name" text', {"Name": "first"}),
        ('"Name" text, name text, "NAME" text', {"Name": "first", "name_2": "second", "NAME_3": None}),
    ],
)
def test_columns_that_differ_only_in_case_keep_their_values_on_sqlite(new: str, values: dict[str, str]) -> None:
    found = between('CREATE TABLE t ("Name" text, name text);', f"CREATE TABLE t ({new});")
    _keep(found, "INSERT INTO t VALUES ('first', 'second')", values)


def test_a_column_renamed_to_the_name_of_another_keeps_its_values_on_sqlite() -> None:
    old = "CREATE TABLE t (title text, name text);"
    found = between(old, f'{old} ALTER TABLE t RENAME COLUMN title TO "Name";')
    _keep(found, "INSERT INTO t VALUES ('first', 'second')", {"Name": "first", "name_2": "second"})


@pytest.mark.parametrize(
    ("old", "new", "was", "now"),
    [
        ("time", "interval", "08:30:00.000000", "1970-01-01 08:30:00.000000"),
        ("interval", "time", "1970-01-01 08:30:00.000000", "08:30:00.000000"),
    ],
)
def test_a_time_of_day_becomes_a_span_on_sqlite(old: str, new: str, was: str, now: str) -> None:
    found = between(f"CREATE TABLE t (at {old});", f"CREATE TABLE t (at {new});")
    _keep(found, f"INSERT INTO t VALUES ('{was}')", {"at": now})


def _keep(found: Difference, insert: str, values: dict[str, str]) -> None:
    """Assert that the table `t` has these values after a change."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    for table in found.was.tables:
        for statement in sqlite_statements.create_table(table.sqlite):
            connection.execute(statement)
    connection.execute(insert)
    for statement in sqlite_statements.change(found):
        connection.execute(statement)
    assert dict(connection.execute("SELECT * FROM t").fetchone()) == values
    connection.close()
