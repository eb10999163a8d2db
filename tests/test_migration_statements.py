"""Statements of migrations: exact list items, for any texts and names in a schema."""

from __future__ import annotations

import ast

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.encoders.python_text import statement_list
from runner.generation.fastapi.migration.initial_revision import revision_modules
from runner.generation.fastapi.migration.schema_snapshot import take_snapshot
from runner.generation.model.application import Application
from tests.generated_backend import backend_files, first_revision

ODD = "a\r\nb\x0b\x85\u2028c\\ \\' \"\"\" '' \\"
CANARY = "CREATE TABLE canary (i int);"


@pytest.mark.parametrize(
    "text", ["a", "a\nb", "\n", 'a\n"', '"\n\\"', 'x\n"""""', "a\n\\", "'\n\\'", f"{ODD}\n{ODD}", f'{ODD}\n"']
)
def test_a_list_of_statements_evaluates_to_them(text: str) -> None:
    assert ast.literal_eval(statement_list([text, "b"])) == [text, "b"]


def test_what_a_revision_runs_is_what_was_drawn() -> None:
    table = f'"t\n{CANARY}\n--"'
    text = ODD.replace("'", "''")
    ddl = f"""
        CREATE TYPE kind AS ENUM ('x', '{text}');
        CREATE TABLE {table} (
            id serial PRIMARY KEY, a text DEFAULT '{text}', b text DEFAULT $$it's; \\$$, c kind DEFAULT E'\\'',
            CHECK (a <> E'it\\'s;' OR b ~ ANY (ARRAY['[;']))
        );
        COMMENT ON TABLE {table} IS '{text}\n-- To take it back:\n{CANARY}';
    """
    schema = read_ddl_text(ddl, "postgres")
    assert len(schema.tables) == 1
    drawn = sorted(revision_modules(take_snapshot(Application(schema))), key=lambda part: part.path)
    for database in ("postgresql", "sqlite"):
        expected = [sql for part in drawn if part.path.startswith(database) for sql in part.up]
        assert first_revision(backend_files(schema), database) == expected
        assert [sql for sql in expected if sql.startswith(("--", CANARY))] == []


@pytest.mark.parametrize(
    ("table", "column", "sequence"),
    [
        ("plain", "id", "plain_id_seq"),
        ("User", "id", '"User_id_seq"'),
        ("Order Details", "id", '"Order Details_id_seq"'),
        ("orders", "orderNo", '"orders_orderNo_seq"'),
        ('a"; DROP TABLE canary; --', "id", '"a""; DROP TABLE canary; --_id_seq"'),
        ("x" * 60, "id", "x" * 56 + "_id_seq"),
    ],
)
def test_a_serial_column_owns_the_sequence_that_postgresql_would_make(table: str, column: str, sequence: str) -> None:
    name = table.replace('"', '""')
    schema = read_ddl_text(f'CREATE TABLE "{name}" ("{column}" serial PRIMARY KEY);', "postgres")
    snapshot = take_snapshot(Application(schema))
    assert snapshot.sequences == ()
    assert snapshot.tables[0].columns[0].sequence == sequence


def test_a_sequence_of_its_own_is_quoted() -> None:
    ddl = """CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('"my; seq"'), n int DEFAULT nextval('Folded'))"""
    assert take_snapshot(Application(read_ddl_text(ddl, "postgres"))).sequences == ('"my; seq"', "folded")
