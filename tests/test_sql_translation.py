"""Expressions of one dialect in the SQL of PostgreSQL and SQLite: the same meaning, or none."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.fastapi.left_out import left_out
from runner.generation.fastapi.resources import Resource, resource
from runner.generation.fastapi.translation import Database
from runner.generation.model.application import Application
from tests.generated_backend import backend_files, first_revision

if TYPE_CHECKING:
    from runner.ddl.model import Schema

POSTGRES = """CREATE TABLE t (
    id int PRIMARY KEY, n int, small numeric(8,2), big numeric(30,8), label text, made date, at timestamptz,
    place timestamp, tags text[], on_sale boolean, mark uuid, x int CHECK ({})
)"""
MYSQL = """CREATE TABLE `t` (
    `id` int NOT NULL PRIMARY KEY, `n` int, `price` decimal(8,2), `label` varchar(20), `made` date, `at` datetime,
    `flag` tinyint(1), `spec` json, `x` int CHECK ({})
)"""
SQLITE = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, label TEXT, at datetime, x INTEGER CHECK ({}))"


def _resource(ddl: str, dialect: str) -> Resource:
    schema = read_ddl_text(ddl, dialect)
    return resource(Application(schema), schema.tables[0].name)


def _check(form: str, text: str, dialect: str, database: Database) -> str | None:
    made = _resource(form.format(text), dialect)
    (check,) = made.table.constraints.checks.values()
    return made.sql.check(check, database)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n BETWEEN 1 AND 5", "(n >= 1) AND (n <= 5)"),
        ("n BETWEEN SYMMETRIC 10 AND 1", "(n >= 1) AND (n <= 10)"),
        ("label LIKE 'a\\_%'", "label GLOB 'a_*'"),
        ("label LIKE 'a*?%'", "label GLOB 'a[*][?]*'"),
        ("label ILIKE 'a%'", "lower(label) LIKE 'a%'"),
        ("at > '2024-01-01 00:00:00+02'", "at > '2023-12-31 22:00:00.000000'"),
        ("place > '2024-01-01'", "place > '2024-01-01 00:00:00.000000'"),
        ("made > '20240102'", "made > '2024-01-02'"),
        ("mark <> 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "mark <> 'a0eebc999c0b4ef8bb6d6bb9bd380a11'"),
        ("on_sale = 't'", "on_sale = 1"),
        ("array_length(tags, 1) > 0", "nullif(json_array_length(tags), 0) > 0"),
        ("cardinality(tags) > 0", "json_array_length(tags) > 0"),
        ("greatest(n, id) < 9", "max(coalesce(n, id), coalesce(id, n)) < 9"),
        ("small * n <= 10.5", "(round(small * n, 2)) <= 10.5"),
        ("big > 0", "CAST(big AS REAL) > 0"),
        ("big + n > 0", None),
        ("label ~ '^a'", None),
        ("n IS DISTINCT FROM id", "n IS NOT id"),
        ("n & 6 = 4", "(n & 6) = 4"),
        ("num_nulls(n, x) = 1", "(n IS NULL) + (x IS NULL) = 1"),
        ("octet_length(label) < 9", "length(CAST(label AS BLOB)) < 9"),
        ("starts_with(label, 'a%')", "label GLOB 'a%*'"),
        ("label = ANY ('{a, b}'::text[])", "label IN ('a', 'b')"),
        ("label = ANY ('{a,NULL}'::text[])", None),
        ("char_length(label) > 1", "length(label) > 1"),
        ("isfinite(made)", "(made NOT IN ('infinity', '-infinity'))"),
        ("small = trunc(small)", "small = CAST(small AS INTEGER)"),
        ("place - place <= interval '8 hours'", "round((julianday(place) - julianday(place)) * 86400.0, 3) <= 28800"),
        ("at < now()", None),
        ("made < 'infinity'", "made < 'infinity'"),
        ("made < at", None),
        ("CASE WHEN (n > 1) THEN label = 'a' ELSE true END", "CASE WHEN (n > 1) THEN label = 'a' ELSE 1 END"),
    ],
)
def test_a_check_of_postgresql_on_sqlite(text: str, expected: str | None) -> None:
    assert _check(POSTGRES, text, "postgres", Database.SQLITE) == expected
    assert _check(POSTGRES, text, "postgres", Database.POSTGRESQL) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`n` > 0 and `price` >= 0", "(n > 0) AND (price >= 0)"),
        ("`flag` = 1", "flag = true"),
        ("`flag` = 2", None),
        ("json_valid(`spec`)", None),
        ("`label` LIKE BINARY 'a%'", None),
        ("`n` DIV 2 > 1", "(n / NULLIF(2, 0)) > 1"),
        ("`n` <=> 5", "n IS NOT DISTINCT FROM 5"),
        ("(`n` IS NULL) XOR (`label` IS NULL)", "(n IS NULL) <> (label IS NULL)"),
        ("datediff(`made`, `made`) < 9", "(made - made) < 9"),
        ("octet_length(`label`) < 9", "octet_length(label) < 9"),
        ("`label` like 'a\\_%'", r"label ILIKE 'a\_%'"),
        ("`label` regexp '^[a-z]+$'", "label ~* '^[a-z]+$'"),
        ("`n` / 2 < 1", "(CAST(n AS numeric) / 2) < 1"),
        ("`n` % `id` = 0", "(n % NULLIF(id, 0)) = 0"),
        ("concat('a', `n`) <> 'a1'", "'a' || CAST(n AS text) <> 'a1'"),
        (
            "(`n` is not null) + (`label` is not null) = 1",
            "(CAST((n IS NOT NULL) AS integer) + CAST((label IS NOT NULL) AS integer)) = 1",
        ),
        ("`made` > '0000-00-00'", None),
        ("if(`n` > 1, 1, 0)", "CASE WHEN (n > 1) THEN 1 ELSE 0 END <> 0"),
    ],
)
def test_a_check_of_mysql_on_postgresql(text: str, expected: str | None) -> None:
    assert _check(MYSQL, text, "mysql", Database.POSTGRESQL) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("label GLOB '[A-Z][0-9]*'", "label ~ '^[A-Z][0-9].*$'"),
        ("label LIKE 'a\\%'", r"label ILIKE 'a\\%'"),
        ("typeof(n) = 'integer'", "CASE WHEN n IS NULL THEN 'null' ELSE 'integer' END = 'integer'"),
        ("typeof(at) = 'text'", None),
        ("n IS NOT id", "n IS DISTINCT FROM id"),
        ("json_array_length(label) > 0", "jsonb_array_length(CAST(label AS jsonb)) > 0"),
        ("datetime(at) IS NOT NULL", "at IS NOT NULL"),
        ("strftime('%Y', at) > '1999'", "to_char(at, 'YYYY') > '1999'"),
        ("at IS strftime('%Y', at)", None),
        ("(n & 6) = 4", "(n & 6) = 4"),
        ("n / id > 1", "(n / NULLIF(id, 0)) > 1"),
    ],
)
def test_a_check_of_sqlite(text: str, expected: str | None) -> None:
    assert _check(SQLITE, text, "sqlite", Database.POSTGRESQL) == expected
    own = _check(SQLITE, text, "sqlite", Database.SQLITE)
    assert own == ("lower(label) LIKE 'a\\\\%' ESCAPE '\\'" if "LIKE" in text else text)


@pytest.mark.parametrize(
    ("type_", "default", "sqlite"),
    [
        ("text[] NOT NULL", "ARRAY[]::text[]", "'[]'"),
        ("text[]", "ARRAY['a','b']", """'["a", "b"]'"""),
        ("interval", "'1 day'", "'1970-01-02 00:00:00.000000'"),
        ("interval", "interval '90 minutes'", "('1970-01-01 01:30:00.000000')"),
        ("interval", "'1 month'", "'P1M'"),
        ("interval", "'-1 year 2 mons 3 days -04:00:30'", "'P-1Y2M3DT-4H-30S'"),
        ("interval", "'infinity'", "'infinity'"),
        ("date", "'-Infinity'::date", "'-infinity'"),
        ("timestamptz", "'infinity'", "'infinity'"),
        ("time", "'24:00'", "'24:00:00'"),
        ("real", "'-Infinity'::real", "-9e999"),
        ("double precision", "'NaN'", "'NaN'"),
        ("text[]", r"""'{"a\\b",NULL,"NULL", c d}'""", r"""'["a\\b", null, "NULL", "c d"]'"""),
        ("boolean[]", "'{t,f}'", "'[true, false]'"),
        ("integer[]", "'{{1,2},{3,4}}'", "'[[1, 2], [3, 4]]'"),
        ("time", "CURRENT_TIME", "(strftime('%H:%M:%f000', 'now'))"),
        ("time", "'08:30'", "'08:30:00.000000'"),
        ("timestamp", "timezone('utc', now())", "(strftime('%Y-%m-%d %H:%M:%f000', 'now'))"),
        ("timestamptz", "now() + interval '7 days'", "(strftime('%Y-%m-%d %H:%M:%f000', 'now', '+604800 seconds'))"),
        ("timestamptz", "now() - interval '1 month'", None),
        ("date", "current_date - 3", "(strftime('%Y-%m-%d', 'now', 'start of day', '-3 days'))"),
        ("boolean", "'f'", "0"),
        ("bytea", "'\\x00ff'", "X'00ff'"),
        ("integer", "floor(random() * 6) + 1", "(CAST(round(CAST(({R} * 6) AS INTEGER) + 1) AS INTEGER))"),
        ("integer", "(random() * 6)::int", "(CAST(round({R} * 6) AS INTEGER))"),
        ("text", "md5(random()::text)", "(lower(hex(randomblob(16))))"),
        ("text", "encode(gen_random_bytes(8), 'hex')", "(lower(hex(randomblob(8))))"),
        ("bytea", "gen_random_bytes(8)", "(randomblob(8))"),
        ("bytea", "decode('00ff', 'hex')", "(X'00ff')"),
        ("bit(8)", "X'0F'", "('00001111')"),
        ("text", "to_char(now(), 'YYYY-MM-DD')", "(strftime('%Y-%m-%d', 'now'))"),
        ("text", "to_char(now(), 'Q')", None),
        ("integer", "extract(year FROM now())", "(CAST(strftime('%Y', 'now') AS INTEGER))"),
        ("bigint", "extract(epoch FROM now())", "(CAST(round(((julianday('now') - 2440587.5) * 86400.0)) AS INTEGER))"),
        ("date", "date_trunc('month', now())", "(strftime('%Y-%m-%d', 'now', 'start of month'))"),
        ("date", "('now'::text)::date", "CURRENT_DATE"),
        ("date", "'today'", None),  # a constant: the day on which the table was created
        ("date", "'epoch'", "'1970-01-01'"),
        (
            "date",
            "CURRENT_DATE + '1 week'::interval",
            "(strftime('%Y-%m-%d', 'now', 'start of day', '+604800 seconds'))",
        ),
        (
            "timestamptz",
            "now() + '1 day'::interval + '01:30'::interval",
            "(strftime('%Y-%m-%d %H:%M:%f000', 'now', '+86400 seconds', '+5400 seconds'))",
        ),
        (
            "timestamptz",
            "now() - make_interval(mins => 5)",
            "(strftime('%Y-%m-%d %H:%M:%f000', 'now', '-300 seconds'))",
        ),
        ("interval", "'1 day 02:00:00'", "'1970-01-02 02:00:00.000000'"),
        ("interval", "'PT1H30M'", "'1970-01-01 01:30:00.000000'"),
        ("jsonb", "jsonb_build_object('a', 1, 'b', ARRAY[1])", None),
        ("jsonb", "jsonb_build_object('a', 1, 'b', jsonb_build_array())", """('{"a": 1, "b": []}')"""),
        ("integer[]", "ARRAY[[1,2],[3,NULL]]", "'[[1, 2], [3, null]]'"),
        ("integer", "1 << 4 | 1", "((1 << 4) | 1)"),
        ("integer", "pg_backend_pid()", None),
        ("text", "current_user", None),
    ],
)
def test_a_default_of_postgresql_on_sqlite(type_: str, default: str, sqlite: str | None) -> None:
    made = _resource(f"CREATE TABLE t (id int PRIMARY KEY, v {type_} DEFAULT {default})", "postgres")
    column = made.columns["v"].default
    assert column is not None
    sqlite = sqlite and sqlite.replace("{R}", "(random() / 18446744073709551616.0 + 0.5)")
    assert column.sqlite == sqlite
    if sqlite is not None:
        sqlite3.connect(":memory:").execute(f"CREATE TABLE t (v DEFAULT {sqlite})")
    else:
        assert any("has no equivalent on SQLite" in text for text in _left_out(made))


@pytest.mark.parametrize(
    ("type_", "default", "postgresql"),
    [
        ("bit(8)", "b'101'", "B'00000101'"),
        ("bit(1)", "b'1'", "true"),
        ("char(36)", "(uuid())", "CAST(gen_random_uuid() AS text)"),
        ("datetime", "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"),
        ("int", "'5'", "'5'"),
        ("varchar(9)", "'a\\\\b'", "'a\\b'"),
        ("set('a','b')", "'a,b'", "'{a,b}'"),
        ("datetime", "'2024-01-02'", "'2024-01-02'"),
        ("datetime", "(now() + interval 7 day)", "(CURRENT_TIMESTAMP + INTERVAL '7 day')"),
        ("datetime", "(date_add(now(), interval 7 day))", "(CURRENT_TIMESTAMP + INTERVAL '7 day')"),
        ("datetime", "(utc_timestamp())", "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')"),
        ("date", "20240105", "'20240105'"),
        ("time", "'100:00'", "'100:00:00'"),
        ("time", "3000", "'00:30:00'"),
        ("time", "'-1 02:00:00.5'", "'-26:00:00.500000'"),
        ("time", "(current_time)", "CAST(LOCALTIME AS interval)"),
        ("bit(4)", "5", "B'0101'"),
        ("int", "(7 div 2)", "(7 / NULLIF(2, 0))"),
        ("int", "(if(1 < 2, 3, 4))", "(CASE WHEN (1 < 2) THEN 3 ELSE 4 END)"),
        ("int", "(year(curdate()))", "CAST(extract(year FROM CURRENT_DATE) AS integer)"),
        ("int", "TRUE", "1"),
        ("varchar(5)", "TRUE", "'1'"),
        ("varchar(5)", "_utf8mb4'x'", "'x'"),
        ("double", "(rand())", "random()"),
        ("binary(2)", "0x00ff", "'\\x00ff'"),
        ("binary(16)", "(uuid_to_bin(uuid()))", "uuid_send(gen_random_uuid())"),
        ("json", "(json_object('a', true))", """'{"a": true}'"""),
        ("date", "(current_date - interval 2 month)", "(CURRENT_DATE - INTERVAL '2 month')"),
        (
            "boolean",
            "(1 in (1, 2))",
            "(1 IN (1, 2))",
        ),  # PostgreSQL takes no operator that yields a boolean without them
    ],
)
def test_a_default_of_mysql_on_postgresql(type_: str, default: str, postgresql: str) -> None:
    made = _resource(f"CREATE TABLE t (id int PRIMARY KEY, v {type_} DEFAULT {default})", "mysql")
    column = made.columns["v"].default
    assert column is not None
    assert column.postgresql == postgresql


def test_a_moment_of_sqlite_has_brackets_on_postgresql() -> None:
    made = _resource("CREATE TABLE t (id INTEGER PRIMARY KEY, v datetime DEFAULT CURRENT_TIMESTAMP)", "sqlite")
    column = made.columns["v"].default
    assert column is not None
    assert column.postgresql == "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')"


def test_a_zero_date_is_no_default_and_is_named() -> None:
    made = _resource("CREATE TABLE t (id int PRIMARY KEY, v date NOT NULL DEFAULT '0000-00-00')", "mysql")
    assert made.columns["v"].field.required
    assert "column `v` has no default: `0000-00-00` is no date of a calendar" in _left_out(made)


@pytest.mark.parametrize(
    ("default", "postgresql"),
    [
        ("open", "'open'"),
        ('"bug"', "'bug'"),
        ("CURRENT_TIMESTAMP", "to_char(CURRENT_TIMESTAMP AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"),
        ("(date('now'))", "to_char(CURRENT_TIMESTAMP AT TIME ZONE 'UTC', 'YYYY-MM-DD')"),
        ("(datetime('now', 'localtime'))", "to_char(LOCALTIMESTAMP, 'YYYY-MM-DD HH24:MI:SS')"),
        (
            "(date('now', '+2 days'))",
            "to_char(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' + INTERVAL '2 day', 'YYYY-MM-DD')",
        ),
        ("(date('now', '+2 months'))", None),  # the 31st of a short month is in the next one
        ("(lower(hex(randomblob(16))))", "(md5(CAST(gen_random_uuid() AS text)))"),
        ("('r' || lower(hex(randomblob(7))))", "('r' || left(md5(CAST(gen_random_uuid() AS text)), 14))"),
        ("(hex(randomblob(4)))", "(upper(left(md5(CAST(gen_random_uuid() AS text)), 8)))"),
        ("(json('[ ]'))", "'[]'"),
        ("(strftime('%Y%m%dT%H', 'now'))", """to_char(CURRENT_TIMESTAMP AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24')"""),
        ("(typeof(1))", None),
    ],
)
def test_a_default_of_sqlite(default: str, postgresql: str | None) -> None:
    made = _resource(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT DEFAULT {default})", "sqlite")
    column = made.columns["v"].default
    assert column is not None
    assert column.postgresql == postgresql
    sqlite3.connect(":memory:").execute(f"CREATE TABLE t (v DEFAULT {column.sqlite})")


@pytest.mark.parametrize(
    ("type_", "default", "postgresql"),
    [
        ("INTEGER", "(1 = 1)", "CAST((1 = 1) AS integer)"),
        ("integer", "false", "0"),
        ("integer", "(unixepoch() * 1000)", "(CAST(floor(extract(epoch FROM CURRENT_TIMESTAMP)) AS bigint) * 1000)"),
        ("real", "(julianday('now'))", "(extract(epoch FROM CURRENT_TIMESTAMP) / 86400.0 + 2440587.5)"),
        ("blob", "x'00ff'", "'\\x00ff'"),
        (
            "integer",
            "(abs(random()) % 9)",
            "(abs(CAST(CAST('x' || md5(CAST(gen_random_uuid() AS text)) AS bit(64)) AS bigint)) % 9)",
        ),
        ("BOOLEAN", "(2 - 1)", "((2 - 1) <> 0)"),
        ("BOOLEAN", "(1 = 1)", "(1 = 1)"),
    ],
)
def test_a_truth_value_and_a_number_of_sqlite(type_: str, default: str, postgresql: str) -> None:
    made = _resource(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {type_} DEFAULT {default})", "sqlite")
    column = made.columns["v"].default
    assert column is not None
    assert column.postgresql == postgresql


@pytest.mark.parametrize(
    ("columns", "value", "sqlite"),
    [
        ("a numeric(10,2), b numeric(10,2), v numeric(6,4)", "a / b", "CAST(a AS REAL) / b"),
        ("a int, b int, v int", "a / b", "a / b"),
        ("a timestamp, v date", "a::date", "strftime('%Y-%m-%d', a, 'start of day')"),
        ("a date, b date, v int", "b - a", "CAST(julianday(b) - julianday(a) AS INTEGER)"),
        ("a float8, v float8", "a ^ 2", "a * a"),
        ("a float8, v float8", "a ^ 0.5", None),
        ("a text, v int", "length(t.a)", "length(a)"),
        ("a date, v int", "extract(year from a)", "CAST(strftime('%Y', a) AS INTEGER)"),
        ("a timestamptz, v int", "extract(year from a)", None),
        ("a text, b text, v text", "a || b", "a || b"),
        ("a date, b text, v text", "a || b", None),
    ],
)
def test_a_computed_column_on_sqlite(columns: str, value: str, sqlite: str | None) -> None:
    made = _resource(f"CREATE TABLE t (id int PRIMARY KEY, {columns} GENERATED ALWAYS AS ({value}) STORED)", "postgres")
    assert made.sql.generated(made.columns["v"].field.column, Database.SQLITE) == sqlite


DOCUMENT = '{"a": {"b c": [1, "two", true, null]}, "empty": null, "flag": false, "0": "zero"}'


@pytest.mark.parametrize(
    ("expression", "value", "result"),  # that PostgreSQL 18.4 computes
    [
        ("right(v, 2)", "abcd", "cd"),
        ("right(v, 9)", "abcd", "abcd"),
        ("right(v, 0)", "abcd", ""),
        ("right(v, -1)", "abcd", "bcd"),
        ("left(v, -1)", "abcd", "abc"),
        ("left(v, -9)", "abcd", ""),
        ("substring(v from 2 for 2)", "abcd", "bc"),
        ("trim(both ' ' from v)", " a ", "a"),
        ("btrim(v, 'xy')", "xyaxby", "axb"),
        ("ltrim(v, '0')", "0070", "70"),
        ("rtrim(v, '/')", "a//", "a"),
        ("char_length(v)", "abcd", 4),
        ("split_part(v, '@', 1)", "a@b@c", "a"),
        ("split_part(v, '@', 2)", "a@b@c", "b"),
        ("split_part(v, '@', 2)", "a", ""),
        ('lower(v COLLATE "C")', "A", "a"),
        ("mod(n, 4)", 10, 2),
        ("lpad(v, 4, '0')", "7", "0007"),
        ("lpad(v, 2, '0')", "789", "78"),
        ("lpad(v, 5, 'xy')", "a", "xyxya"),
        ("rpad(v, 3)", "a", "a  "),
        ("rpad(v, 2, '-')", "abc", "ab"),
        ("concat_ws(', ', v, 'b')", "a", "a, b"),
        ("concat_ws(', ', v, NULL)", "a", "a"),
        ("on_sale::int", 1, 1),
        ("date(at)", "2024-05-06 07:08:09.000000", "2024-05-06"),
        ("date_trunc('hour', at)", "2024-05-06 07:08:09.500000", "2024-05-06 07:00:00.000000"),
        ("date_trunc('minute', at)", "2024-05-06 07:08:09.500000", "2024-05-06 07:08:00.000000"),
        ("doc -> 'a' -> 'b c' ->> 0", DOCUMENT, "1"),
        ("doc #>> '{flag}'", DOCUMENT, "false"),
        ("doc -> 'a' -> 'b c' ->> -3", DOCUMENT, "two"),
        ("doc -> 'a' -> 'b c' ->> 2", DOCUMENT, "true"),
        ("doc ->> 'flag'", DOCUMENT, "false"),
        ("doc ->> 'empty'", DOCUMENT, None),
        ("doc ->> 'other'", DOCUMENT, None),
        ("lower(doc ->> '0')", DOCUMENT, "zero"),
    ],
)
def test_what_an_index_of_postgresql_is_over_is_the_same_on_sqlite(
    expression: str, value: str | int, result: str | int | None
) -> None:
    columns = "v text, n int, on_sale boolean, at timestamp, doc jsonb"
    made = _resource(
        f"CREATE TABLE t (id int PRIMARY KEY, {columns}); CREATE INDEX i ON t (({expression}))", "postgres"
    )
    (index,) = made.table.constraints.indexes.values()
    text = made.sql.part(index.parts[0], Database.SQLITE)
    row = "SELECT ? AS v, ? AS n, ? AS on_sale, ? AS at, ? AS doc"
    found = sqlite3.connect(":memory:").execute(f"SELECT {text} FROM ({row})", (value,) * 5).fetchone()
    assert found == (result,)


@pytest.mark.parametrize("expression", ["right(v, n)", "doc #>> '{a,0}'", "reverse(v)", "left(md5(v), 8)"])
def test_a_unique_index_that_sqlite_cannot_have_is_named(expression: str) -> None:
    columns = "v text, n int, doc jsonb"
    ddl = f"CREATE TABLE t (id int PRIMARY KEY, {columns}); CREATE UNIQUE INDEX i ON t (({expression}))"
    assert "unique index `i` is enforced by PostgreSQL only" in _left_out(_resource(ddl, "postgres"))


@pytest.mark.parametrize(
    ("expression", "postgresql"),
    [
        ("`doc` ->> '$.a.b'", "coalesce(doc #>> '{a,b}', CAST(doc #> '{a,b}' AS text))"),
        (
            "json_unquote(json_extract(`doc`, _utf8mb4'$.a[0]'))",
            "coalesce(doc #>> '{a,0}', CAST(doc #> '{a,0}' AS text))",
        ),
        ("json_extract(`doc`, '$.\"b c\"')", "(doc #> '{\"b c\"}')"),
        (
            "json_value(`doc`, '$.a')",
            (
                "CASE WHEN jsonb_typeof(CAST(doc AS jsonb) #> '{a}') IN ('object', 'array') "
                "THEN NULL ELSE doc #>> '{a}' END"
            ),
        ),
        ("json_extract(`doc`, '$[*].a')", None),
        ("json_unquote(`doc`)", None),
        ("reverse(`code`)", "reverse(code)"),
        ("substring_index(`code`, '-', 1)", "split_part(code, '-', 1)"),
        ("substring_index(`code`, '-', -1)", None),
        ("lpad(`n`, 6, '0')", "lpad(CAST(n AS text), 6, '0')"),
        (
            "date_format(`day`, '%Y-%m')",
            (
                "lpad(CAST(CAST(extract(year FROM day) AS integer) AS text), 4, '0') || '-' || "
                "lpad(CAST(CAST(extract(month FROM day) AS integer) AS text), 2, '0')"
            ),
        ),
        ("date_format(`day`, '%W')", None),
    ],
)
def test_a_computed_text_of_mysql_on_postgresql(expression: str, postgresql: str | None) -> None:
    type_ = "json" if "json_extract" in expression and "unquote" not in expression else "varchar(60)"
    columns = "doc json, code varchar(9), n int, day date"
    made = _resource(f"CREATE TABLE t (id int PRIMARY KEY, {columns}, v {type_} AS ({expression}))", "mysql")
    assert made.sql.generated(made.columns["v"].field.column, Database.POSTGRESQL) == postgresql


@pytest.mark.parametrize(
    ("type_", "expression", "postgresql"),
    [
        ("tinyint(1)", "if(`n` is null, 1, null)", "((CASE WHEN (n IS NULL) THEN 1 ELSE NULL END) <> 0)"),
        ("tinyint(1)", "`n` > 1", "n > 1"),
        ("int", "`n` > 1", "CAST((n > 1) AS integer)"),
        ("int", "left(`code`, 2)", "CASE WHEN left(code, 2) ~ '^[+-]?[0-9]+$' THEN CAST(left(code, 2) AS integer) END"),
        (
            "int",
            "json_extract(`doc`, '$.age')",
            "CASE json_typeof(doc #> '{age}') WHEN 'number' THEN CAST(doc #>> '{age}' AS integer) END",
        ),
        ("date", "json_unquote(json_extract(`doc`, '$.born'))", None),
        ("varchar(9)", "json_extract(`doc`, '$.name')", "(doc #> '{name}')"),
    ],
)
def test_a_computed_value_of_mysql_has_the_type_of_its_column(
    type_: str, expression: str, postgresql: str | None
) -> None:
    columns = "doc json, code varchar(9), n int"
    made = _resource(f"CREATE TABLE t (id int PRIMARY KEY, {columns}, v {type_} AS ({expression}))", "mysql")
    assert made.sql.generated(made.columns["v"].field.column, Database.POSTGRESQL) == postgresql


@pytest.mark.parametrize(
    ("type_", "expression", "value", "result"),
    [
        ("int", "left(`code`, 2)", "42x", 42),
        ("int", "left(`code`, 2)", "xy", None),
        ("int", "json_extract(`doc`, '$.flag')", DOCUMENT, None),
        ("int", "json_unquote(json_extract(`doc`, '$.a.\"b c\"[0]'))", DOCUMENT, 1),
        ("int", "json_extract(`doc`, '$.a.\"b c\"[1]')", DOCUMENT, None),
        ("varchar(9)", "json_extract(`doc`, '$.a.\"b c\"[1]')", DOCUMENT, '"two"'),
        ("varchar(9)", "json_extract(`doc`, '$.flag')", DOCUMENT, "false"),
        ("varchar(9)", "json_extract(`doc`, '$.empty')", DOCUMENT, "null"),
        ("varchar(9)", "json_extract(`doc`, '$.other')", DOCUMENT, None),
        ("json", "json_extract(`doc`, '$.a')", DOCUMENT, '{"b c":[1,"two",true,null]}'),
    ],
)
def test_a_computed_value_of_mysql_on_sqlite(type_: str, expression: str, value: str, result: str | int | None) -> None:
    columns = "doc json, code varchar(9)"
    made = _resource(f"CREATE TABLE t (id int PRIMARY KEY, {columns}, v {type_} AS ({expression}))", "mysql")
    text = made.sql.generated(made.columns["v"].field.column, Database.SQLITE)
    found = sqlite3.connect(":memory:").execute(f"SELECT {text} FROM (SELECT ? AS doc, ? AS code)", (value,) * 2)
    assert found.fetchone() == (result,)


def test_bounds_of_a_range_are_no_text_on_sqlite() -> None:
    made = _resource("CREATE TABLE t (id int PRIMARY KEY, r int4range CHECK (lower(r) >= 1))", "postgres")
    (check,) = made.table.constraints.checks.values()
    assert made.sql.check(check, Database.SQLITE) is None


def test_an_index_without_case_compares_without_case_on_both_databases() -> None:
    ddl = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE UNIQUE INDEX i ON t (a COLLATE NOCASE)"
    schema = read_ddl_text(ddl, "sqlite")
    assert "CREATE UNIQUE INDEX i ON t (a COLLATE NOCASE)" in _statements(schema, "sqlite")
    assert "CREATE UNIQUE INDEX i ON t (lower(a))" in _statements(schema, "postgresql")


def test_a_collation_of_postgresql_keeps_its_name() -> None:
    made = "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
    ddl = f"{made} CREATE TABLE t (id int PRIMARY KEY, a text); CREATE UNIQUE INDEX i ON t (a COLLATE nocase)"
    schema = read_ddl_text(ddl, "postgres")
    assert "CREATE UNIQUE INDEX i ON t (a COLLATE nocase)" in _statements(schema, "postgresql")


def test_a_method_of_mysql_alone_is_in_no_model() -> None:
    ddl = "CREATE TABLE t (id int PRIMARY KEY, a text, b int, FULLTEXT KEY words (a), KEY numbers (b));"
    model = backend_files(read_ddl_text(ddl, "mysql"))["backend/app/t/model.py"].text
    assert 'sa.Index("numbers"' in model
    assert "words" not in model


def _left_out(made: Resource) -> tuple[str, ...]:
    return left_out(made.part.dialect, made.table)


def _statements(schema: Schema, database: str) -> str:
    return "\n".join(first_revision(backend_files(schema), database))
