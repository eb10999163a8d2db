"""Splitting files into statements: characters that do not end a statement, and unclosed constructs."""

from __future__ import annotations

import pytest

from runner.ddl.dialects import NAMES, dialect_named
from runner.ddl.reader.statement_splitter import split


def texts(sql: str, dialect: str = "postgres") -> list[str]:
    data = sql.encode()
    return [data[raw.start : raw.end].decode() for raw in split(data, dialect_named(dialect))]


def lines(sql: str, dialect: str = "postgres") -> list[int]:
    return [raw.line for raw in split(sql.encode(), dialect_named(dialect))]


@pytest.mark.parametrize(
    ("dialect", "statement"),
    [
        ("postgres", "SELECT 'a;''b'"),
        ("postgres", r"SELECT E'a\';b', e'\\'"),
        ("postgres", r"SELECT date'2020;', 'a\'"),
        ("postgres", 'SELECT "a;""b"'),
        ("postgres", "SELECT $$a;'b$$, $x$c;$$d$x$, $1"),
        ("postgres", "SELECT a$b, c$d;e".replace(";", ",")),
        ("postgres", "SELECT 1 -- one; two\n, 2"),
        ("postgres", "SELECT /* a; /* b; */ c; */ 1"),
        ("postgres", "SELECT 1 / 2 - 3"),
        ("postgres", "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)"),
        ("postgres", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END"),
        ("postgres", "CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS 'BEGIN ATOMIC; END'"),
        ("mysql", r"SELECT 'a\';b', " + r'"c\";d", `e;f`'),
        ("mysql", "SELECT 1 # one; two\n, 2"),
        ("mysql", "SELECT 1 -- one; two\n, 2--3"),
        ("mysql", "SELECT 1 /* one; */ , /*!40101 2 */"),
        ("mysql", "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN IF a THEN SET b = 1; END IF; END"),
        (
            "mysql",
            "CREATE PROCEDURE p() BEGIN CASE 1 WHEN 1 THEN SELECT 1; END CASE; SELECT CASE 1 WHEN 1 THEN 2 END; END",
        ),
        ("sqlite", "SELECT 'a;''b', \"c;d\", `e;f`, [g;h]"),
        ("sqlite", "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END"),
        ("sqlite", "CREATE TEMP TRIGGER t AFTER INSERT ON x BEGIN SELECT 'END;'; END"),
        ("sqlite", "SELECT 1 /* a; /* b; */ , 2"),
    ],
)
def test_statement_stays_whole(dialect: str, statement: str):
    assert texts(f"{statement}; SELECT 'next'", dialect) == [statement, "SELECT 'next'"]


@pytest.mark.parametrize(
    ("dialect", "statement"),
    [
        ("postgres", "SELECT E'" + r"it\'s; " * 5000 + "'"),
        ("postgres", "SELECT E'" + "it''s\\\\; " * 5000 + "'"),
        ("postgres", "SELECT '" + "it''s; " * 5000 + "'"),
        ("mysql", "SELECT '" + r"it\'s; " * 5000 + "'"),
        ("mysql", 'SELECT "' + r"say \"it\"; " * 5000 + '"'),
        ("sqlite", "SELECT " + ", ".join(["'a;'", '"b;"', "[c;]"] * 5000)),
        ("postgres", "SELECT 1" + "-- one;\n" * 5000 + "+ 2"),
        ("mysql", "SELECT " + "/* ; */ 1 + " * 5000 + "1"),
    ],
)
def test_long_statement_stays_whole(dialect: str, statement: str):
    assert texts(f"{statement}; SELECT 'next'", dialect) == [statement, "SELECT 'next'"]


@pytest.mark.parametrize("dialect", NAMES)
def test_many_comments_before_a_statement_are_skipped(dialect: str):
    found = list(split(("-- one; \n" * 10_000 + "SELECT 1;").encode(), dialect_named(dialect)))
    assert [raw.line for raw in found] == [10_001]


def test_copy_data_is_not_sql():
    sql = "COPY t (a) FROM stdin;\n1;\tit's\n\\N\t\\.x\n\\.\n\nSELECT 2;"
    assert texts(sql) == ["COPY t (a) FROM stdin", "SELECT 2"]
    assert lines(sql) == [1, 6]


def test_copy_from_a_file_has_no_data():
    assert texts("COPY t FROM '/tmp/x';\nSELECT 2;") == ["COPY t FROM '/tmp/x'", "SELECT 2"]


@pytest.mark.parametrize(
    ("dialect", "line"),
    [
        ("postgres", "\\set ON_ERROR_STOP 'on"),
        ("postgres", "\\connect db"),
        ("mysql", "source it's.sql"),
        ("mysql", "\\. other.sql"),
        ("sqlite", ".mode it's"),
        ("mariadb", r"/*M!999999\- enable the sandbox mode */ "),
    ],
)
def test_client_command_ends_with_its_line(dialect: str, line: str):
    found = list(split(f"{line}\nSELECT 1;".encode(), dialect_named(dialect)))
    assert [raw.client for raw in found] == [True, False]
    assert found[1].line == 2


def test_psql_g_ends_a_statement():
    assert texts("SELECT 1 \\gexec\nSELECT 2;") == ["SELECT 1", "SELECT 2"]


@pytest.mark.parametrize("delimiter", ["$$", "//", ";;", "|"])
def test_mysql_delimiter(delimiter: str):
    body = "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END"
    sql = f"DELIMITER {delimiter}\n{body}{delimiter}\nSELECT 3 {delimiter} DELIMITER ;\nSELECT 4; SELECT 5;"
    statements = [raw for raw in split(sql.encode(), dialect_named("mysql")) if not raw.client]
    assert [sql[raw.start : raw.end] for raw in statements] == [
        body,
        "SELECT 3",
        "SELECT 4",
        "SELECT 5",
    ]


def test_the_server_ends_statements_at_semicolons_under_any_delimiter():
    sql = "DELIMITER //\nSET @a = ';';\nCREATE TABLE t (a int) //\nCREATE TABLE u (a int);\n\nCREATE TABLE v (a int);"
    statements = [raw for raw in split(sql.encode(), dialect_named("mysql")) if not raw.client]
    assert [(raw.line, sql[raw.start : raw.end]) for raw in statements] == [
        (2, "SET @a = ';'"),
        (3, "CREATE TABLE t (a int)"),
        (4, "CREATE TABLE u (a int)"),
        (6, "CREATE TABLE v (a int)"),
    ]


def test_lines_count_from_the_first_word():
    assert lines("\n-- a\n/* b\n */ SELECT\n1;SELECT 2;\n\n\nSELECT 3") == [4, 5, 8]
    assert lines("SELECT 1;\r\nSELECT 2;\r\n") == [1, 2]


def test_empty_statements_are_left_out():
    assert texts(";; \n ; -- nothing\n") == []


@pytest.mark.parametrize(
    ("dialect", "sql", "problem"),
    [
        ("postgres", "SELECT 1;\nSELECT 'a\n;", "a string that begins in line 2 is never closed"),
        ("postgres", 'SELECT 1;\nSELECT\n"a;', "a quoted name that begins in line 3 is never closed"),
        ("postgres", "SELECT 1;\n/* a /* b */ ;", "a comment that begins in line 2 is never closed"),
        ("postgres", "SELECT\n$x$ a $y$;", "a dollar-quoted string that begins in line 2 is never closed"),
        ("mysql", "SELECT 'a\\';", "a string that begins in line 1 is never closed"),
        ("mysql", "\nSELECT `a;", "a quoted name that begins in line 2 is never closed"),
        ("mysql", "SELECT 1; /* a;", "a comment that begins in line 1 is never closed"),
        ("sqlite", "SELECT [a;", "a quoted name that begins in line 1 is never closed"),
        ("sqlite", "SELECT 1 /* a;", "a comment that begins in line 1 is never closed"),
    ],
)
def test_what_is_never_closed_is_reported_with_its_line(dialect: str, sql: str, problem: str):
    last = list(split(sql.encode(), dialect_named(dialect)))[-1]
    assert last.problem == problem
    assert last.end == len(sql)


@pytest.mark.parametrize("dialect", NAMES)
def test_bytes_that_are_not_utf8_do_no_harm(dialect: str):
    data = b"SELECT '\xe9\xff;'; SELECT 2"
    assert [data[raw.start : raw.end] for raw in split(data, dialect_named(dialect))] == [
        b"SELECT '\xe9\xff;'",
        b"SELECT 2",
    ]
