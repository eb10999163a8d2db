"""The reader's interface: files, folders, bad input and notes; and the JSON that the command line prints."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.ddl.dialects import NAMES
from runner.ddl.notes import NoteKind
from runner.ddl.reader import read_ddl, read_ddl_text
from runner.ddl.schema_json import schema_to_json
from runner.ddl.sql_files import expand_ddl_paths
from runner.records.errors import DDLError, Problem

if TYPE_CHECKING:
    from runner.ddl.notes import Note


def problem(paths: list[Path], dialect: str = "postgres") -> Problem:
    with pytest.raises(DDLError) as caught:
        read_ddl(paths, dialect)
    return caught.value.problems[0]


def broken(ddl: str, dialect: str = "postgres") -> list[Note]:
    return [note for note in read_ddl_text(ddl, dialect).notes if not note.passed_over]


# ----------------------------------------------------------------------------------------------------------- files


def test_files_are_one_schema_in_the_order_given(tmp_path: Path):
    (tmp_path / "b.sql").write_text("CREATE TABLE b (id int PRIMARY KEY);")
    (tmp_path / "a.sql").write_text("CREATE TABLE a (b int REFERENCES b);")
    schema = read_ddl([tmp_path / "b.sql", tmp_path / "a.sql"], "postgres")
    assert [table.name.name for table in schema.tables] == ["b", "a"]
    assert schema.tables[1].foreign_keys[0].target_columns == ("id",)
    assert not schema.warnings


def test_folder_means_its_sql_files_in_name_order(tmp_path: Path):
    (tmp_path / "010_more.sql").write_text("ALTER TABLE t ADD COLUMN b int;")
    (tmp_path / "001_first.sql").write_text("CREATE TABLE t (a int);")
    (tmp_path / "notes.txt").write_text("no SQL;")
    table = read_ddl([tmp_path], "postgres").tables[0]
    assert [column.name for column in table.columns] == ["a", "b"]


def test_glob_means_its_matches_in_name_order_each_once(tmp_path: Path):
    for name in ("b.sql", "a.sql", "c.txt"):
        (tmp_path / name).write_text("")
    found = expand_ddl_paths([tmp_path / "*.sql", tmp_path / "a.sql"])
    assert [path.name for path in found] == ["a.sql", "b.sql"]


def test_all_paths_without_a_file_are_reported_at_once(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DDLError) as caught:
        expand_ddl_paths([tmp_path / "no.sql", tmp_path / "empty", tmp_path / "*.ddl"])
    assert [problem.message for problem in caught.value.problems] == [
        "there is no such file",
        "the folder holds no *.sql",
        "no file matches",
    ]


def test_a_search_path_does_not_affect_the_next_file(tmp_path: Path):
    (tmp_path / "a.sql").write_text("SET search_path TO shop; CREATE TABLE t (a int);")
    (tmp_path / "b.sql").write_text("CREATE TABLE t (a int);")
    assert [str(table.name) for table in read_ddl([tmp_path], "postgres").tables] == ["shop.t", "public.t"]


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (b"PGDMP\x01\x0e", "not SQL but an archive of pg_dump", "pg_restore"),
        (b"SQLite format 3\x00...", "not SQL but a SQLite database", ".schema"),
        (b"\x1f\x8b\x08", "not SQL but compressed (gzip)", "gunzip"),
        (b"\x00\x01\x02CREATE TABLE t (a int);", "a binary file, not SQL", "SQL statements"),
        (b"SELECT 1; GRANT x TO y;", "no CREATE TABLE in it (1 GRANT, 1 SELECT)", "--schema-only"),
        (b"", "no CREATE TABLE in it (no statement at all)", "--schema-only"),
        (b"\n\nCREATE TABLE t (a int", "no table could be read: a bracket that opens here is never closed", "complete"),
    ],
)
def test_file_without_a_schema_is_an_error_that_helps(tmp_path: Path, data: bytes, message: str, hint: str):
    path = tmp_path / "schema.sql"
    path.write_bytes(data)
    found = problem([path])
    assert found.file.endswith("schema.sql")
    assert found.message.startswith(message)
    assert hint in found.expected


def test_file_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "schema.sql"
    path.write_text("CREATE TABLE t (a int);")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert problem([path]).message == "cannot be read: Permission denied"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encoding_with_a_mark_or_none(tmp_path: Path, encoding: str):
    path = tmp_path / "s.sql"
    path.write_bytes("CREATE TABLE größe (a int DEFAULT 1);\r\n-- ä\r\nCREATE TABLE b (a int);".encode(encoding))
    schema = read_ddl([path], "postgres")
    assert [(table.name.name, table.line) for table in schema.tables] == [("größe", 1), ("b", 3)]
    assert not schema.notes


@pytest.mark.parametrize(
    ("between", "label"),
    [("\n", "a\r\nb"), ("\r\n", "a\nb")],
    ids=["a CR in a literal stays", "a checkout with CRLF is read as with LF"],
)
def test_line_ends_in_literals(tmp_path: Path, between: str, label: str):
    path = tmp_path / "s.sql"
    path.write_bytes(f"CREATE TABLE t (a int);{between}COMMENT ON TABLE t IS 'a\r\nb';{between}".encode())
    assert read_ddl([path], "postgres").tables[0].comment == label


def test_latin_1_is_read_with_one_note(tmp_path: Path):
    path = tmp_path / "s.sql"
    path.write_bytes(
        "CREATE TABLE t (a int);\nCREATE TABLE b (\n c text DEFAULT 'é');\nCOMMENT ON TABLE b IS 'è';".encode("latin-1")
    )
    schema = read_ddl([path], "postgres")
    default = schema.tables[1].columns[0].default
    assert default is not None
    assert default.text == "'é'"
    assert schema.tables[1].comment == "è"
    assert [(note.line, note.reason) for note in schema.notes] == [(3, "not UTF-8; read as Latin-1")]


# ------------------------------------------------------------------------------------------------------- bad input


def test_complete_statements_of_a_truncated_dump_are_read():
    ddl = "CREATE TABLE a (x int);\nCREATE TABLE b (\n  x int,\n  y te"
    schema = read_ddl_text(ddl, "postgres")
    assert [table.name.name for table in schema.tables] == ["a"]
    note = schema.notes[0]
    assert (note.line, str(note.table), note.table_related) == (2, "public.b", True)
    assert "may be cut off" in note.reason


@pytest.mark.parametrize("dialect", NAMES)
def test_unterminated_string_names_its_line_and_what_it_swallowed(dialect: str):
    note = broken(
        "CREATE TABLE a (x int);\nCREATE TABLE b (\n  y text DEFAULT 'oops);\nCREATE TABLE c (z int);", dialect
    )[0]
    assert (note.line, note.table_related) == (2, True)
    assert note.reason == "a string that begins in line 3 is never closed"


def test_unterminated_comment_that_swallows_no_table_is_not_table_related():
    note = broken("CREATE TABLE a (x int);\n/* the end")[0]
    assert (note.line, note.table_related) == (2, False)


@pytest.mark.parametrize("dialect", NAMES)
@pytest.mark.parametrize(
    "item",
    [
        "CHECK (" + "(" * 10_000 + "1" + ")" * 10_000 + ")",
        "x " + "(" * 10_000 + ")" * 10_000,
        "x " + "(" * 10_000,
        "x int DEFAULT " + "- " * 20_000 + "1",
        "x int " + "NOT " * 20_000,
    ],
)
def test_hostile_item_ends_in_a_note_or_a_table(dialect: str, item: str):
    schema = read_ddl_text(f"CREATE TABLE fine (a int);\n\nCREATE TABLE t ({item});", dialect)
    assert schema.tables[0].name.name == "fine"
    notes = [note for note in schema.notes if not note.passed_over]
    assert len(schema.tables) == 2 or [note.line for note in notes] == [3]
    assert not any("fault of the reader" in note.reason for note in notes)


def test_ten_thousand_parentheses_are_noted_as_such():
    note = broken(
        "CREATE TABLE fine (a int);\nCREATE TABLE t (a int CHECK (" + "(" * 10_000 + "1" + ")" * 10_000 + "));"
    )[0]
    assert note.reason == "brackets are nested more than 200 deep"
    assert str(note.table) == "public.t"


def test_statement_of_a_megabyte_is_read():
    columns = ", ".join(f"column_{number} integer NOT NULL DEFAULT {number}" for number in range(3000))
    comment = "x" * 900_000
    table = read_ddl_text(f"CREATE TABLE t ({columns}); COMMENT ON TABLE t IS '{comment}'", "postgres").tables[0]
    assert len(table.columns) == 3000
    assert table.comment == comment


@pytest.mark.parametrize("dialect", NAMES)
def test_any_number_of_rows_leaves_one_note(dialect: str):
    rows = "INSERT INTO t VALUES (1, 'it''s; fine'), (2, NULL);\n" * 20_000
    schema = read_ddl_text(f"CREATE TABLE t (a int, b text);\n{rows}CREATE TABLE u (a int);", dialect)
    assert len(schema.tables) == 2
    assert [(note.line, note.kind, note.count) for note in schema.notes] == [(2, NoteKind.ROWS, 20_000)]


def test_constraint_name_without_a_constraint_is_noted():
    assert broken("CREATE TABLE t (a int, b text CONSTRAINT c)")[0].reason == (
        "column b: a constraint name with no constraint after it"
    )


def test_notes_are_in_the_order_of_lines():
    ddl = "INSERT INTO t VALUES (1);\nCREATE TABLE t (a int, b SOMETHING ELSE);\nSELECT 1;\nALTER TABLE t EXPLODE;"
    assert [note.line for note in read_ddl_text(ddl, "postgres").notes] == [1, 2, 3, 4]


def test_file_that_a_client_command_includes_is_noted_as_not_read():
    reasons = [
        note.reason for note in read_ddl_text("\\i types.sql\n\\set x y\nCREATE TABLE t (a int);", "postgres").notes
    ]
    assert reasons == ["the file that it names is not followed: name it in `ddl:`", "a command for the client program"]


@pytest.mark.parametrize(
    ("dialect", "statement", "kind"),
    [
        ("postgres", "INSERT INTO t VALUES (1)", NoteKind.ROWS),
        ("postgres", "GRANT SELECT ON t TO u", NoteKind.RIGHTS),
        ("postgres", "ALTER FUNCTION f() OWNER TO u", NoteKind.OWNER),
        ("postgres", "BEGIN", NoteKind.SESSION),
        ("sqlite", "PRAGMA foreign_keys = ON", NoteKind.SESSION),
        ("postgres", "\\set x y\n", NoteKind.CLIENT_LINE),
        ("postgres", "\\ir more.sql\n", NoteKind.INCLUDED_FILE),
        ("mysql", "SOURCE more.sql\n", NoteKind.INCLUDED_FILE),
        ("sqlite", ".read more.sql\n", NoteKind.INCLUDED_FILE),
        ("postgres", "DO $$ BEGIN EXECUTE what; END $$", NoteKind.CODE_BLOCK),
        ("postgres", "DO LANGUAGE plpython3u $$ run() $$", NoteKind.CODE_BLOCK),
        ("postgres", "SELECT make_tables()", NoteKind.CODE_BLOCK),
        ("mysql", "DO SLEEP(1)", NoteKind.OTHER_STATEMENT),
        ("mariadb", "DO SETVAL(s, 9, 0)", NoteKind.SEQUENCE),
        ("postgres", "CREATE OR REPLACE VIEW v AS SELECT 1", NoteKind.VIEW),
        ("postgres", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", NoteKind.FUNCTION),
        ("mysql", "CREATE PROCEDURE p() SELECT 1", NoteKind.FUNCTION),
        ("postgres", "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()", NoteKind.TRIGGER),
        ("postgres", "ALTER SEQUENCE s OWNED BY t.a", NoteKind.SEQUENCE),
        ("postgres", "COMMENT ON EXTENSION plpgsql IS 'x'", NoteKind.EXTENSION_COMMENT),
        ("postgres", "CREATE POLICY p ON t", NoteKind.OTHER_STATEMENT),
        ("postgres", "CREATE TEMP TABLE x (a int)", NoteKind.SKIPPED_TABLE),
        ("postgres", "ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED", NoteKind.TABLE_PART),
        ("postgres", "CREATE TYPE r AS RANGE (subtype = int)", NoteKind.TYPE),
        ("postgres", "CREATE INDEX ON nowhere (a)", NoteKind.MISSING_TARGET),
        ("postgres", "ALTER TABLE t EXPLODE", NoteKind.NOT_UNDERSTOOD),
    ],
)
def test_note_has_the_kind_of_its_statement(dialect: str, statement: str, kind: NoteKind):
    ddl = f"CREATE TABLE t (a int);\n{statement}{'' if statement.endswith(chr(10)) else ';'}"
    assert [note.kind for note in read_ddl_text(ddl, dialect).notes] == [kind]


def test_fault_of_the_reader_ends_in_a_note(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("runner.ddl.statements.statement_dispatch.create_index", fail)
    note = broken("CREATE TABLE t (a int);\nCREATE INDEX i ON t (a);")[0]
    assert (note.line, note.table_related) == (2, False)
    assert "fault of the reader (KeyError" in note.reason


# ------------------------------------------------------------------------------------------------------------ json


def test_schema_can_be_pickled():
    schema = read_ddl_text("CREATE TYPE e AS ENUM ('x'); CREATE TABLE t (a e CHECK (a <> 'x'))", "postgres")
    assert pickle.loads(pickle.dumps(schema)) == schema


def test_json_of_a_schema():
    ddl = """
        CREATE TYPE mood AS ENUM ('low', 'high');
        CREATE DOMAIN year AS int CHECK (VALUE > 1900);
        CREATE TABLE a (id serial PRIMARY KEY, m mood[] NOT NULL, y year, z int GENERATED ALWAYS AS (id) STORED);
        CREATE TABLE b (n int GENERATED ALWAYS AS IDENTITY, a_id int REFERENCES a ON DELETE CASCADE, UNIQUE (n, a_id));
        CREATE UNIQUE INDEX i ON b USING btree (a_id);
        CREATE UNIQUE INDEX j ON b (lower(a_id)) WHERE n > 1;
        COMMENT ON TABLE b IS 'bee';
        CREATE VIEW v AS SELECT n AS m FROM b;
        CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
        ALTER TABLE b EXPLODE;
    """
    data = json.loads(json.dumps(schema_to_json(read_ddl_text(ddl, "postgres", "f.sql"))))
    assert list(data) == ["dialect", "tables", "views", "enums", "domains", "not_understood", "passed_over", "warnings"]
    a, b = data["tables"]
    (view,) = data["views"]
    assert (view["name"], view["kind"], [column["name"] for column in view["columns"]]) == ("v", "view", ["m"])
    assert (a["schema"], a["name"], a["kind"], a["partition_of"]) == ("public", "a", "table", None)
    assert a["columns"][0] == {
        "name": "id",
        "type": "integer",
        "nullable": False,
        "has_default": True,
        "default": "nextval('a_id_seq'::regclass)",
        "identity": None,
        "generated": None,
        "enum": None,
        "domain": None,
        "comment": None,
    }
    assert [(column["type"], column["enum"], column["domain"], column["generated"]) for column in a["columns"][1:]] == [
        ("public.mood[]", "public.mood", None, None),
        ("public.year", None, "public.year", None),
        ("integer", None, None, "stored"),
    ]
    assert b["columns"][0]["identity"] == "always"
    assert b["unique"] == [["n", "a_id"]]
    assert b["unique_indexes"] == [["a_id"]]
    assert b["indexes"] == [
        {"name": "i", "columns": ["a_id"], "unique": True, "method": "btree", "where": None},
        {"name": "j", "columns": ["lower(a_id)"], "unique": True, "method": None, "where": "n > 1"},
    ]
    assert b["foreign_keys"] == [
        {
            "columns": ["a_id"],
            "references": {"schema": "public", "table": "a", "columns": ["id"]},
            "on_delete": "CASCADE",
            "on_update": "NO ACTION",
        }
    ]
    assert data["enums"] == [{"schema": "public", "name": "mood", "values": ["low", "high"], "comment": None}]
    assert data["domains"][0]["checks"] == ["VALUE > 1900"]
    assert [(note["line"], note["table_related"], note["table"]) for note in data["not_understood"]] == [
        (11, True, "public.b")
    ]
    assert [note["line"] for note in data["passed_over"]] == [10]


def test_keys_over_texts_without_case_get_an_index_of_sqlite() -> None:
    ddl = """
        CREATE TABLE member (
            id INTEGER PRIMARY KEY, email TEXT UNIQUE COLLATE NOCASE, nick TEXT COLLATE NOCASE, tag TEXT UNIQUE
        );
        CREATE INDEX nicks ON member (nick, tag);
    """
    (table,) = read_ddl_text(ddl, "sqlite").tables
    found = [
        (index.name, index.unique, [(part.column, part.collation) for part in index.parts]) for index in table.indexes
    ]
    assert found == [("nicks", False, [("nick", "NOCASE"), ("tag", None)]), (None, True, [("email", "NOCASE")])]
