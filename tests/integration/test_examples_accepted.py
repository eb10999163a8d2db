"""PostgreSQL accepts the examples of tables with checks that applications enforce and with such that they do not."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from runner.ddl.reader import read_ddl_text
from runner.generation.fastapi.resources import resource
from runner.generation.model.application import Application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

ROWS = 12
COLUMNS = """
mail text NOT NULL CHECK (mail LIKE '%@%')
mail text NOT NULL CHECK (position('@' in mail) > 1)
site text NOT NULL UNIQUE CHECK (site ~* '^https?://')
site text NOT NULL UNIQUE CHECK (site LIKE 'ftp%')
code text NOT NULL CHECK (code ~ '^[A-Z]{2}-[0-9]{4}$')
code text NOT NULL CHECK (code ~ E'^\\\\d{5}$')
code text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$')
code text NOT NULL CHECK (length(trim(code)) >= 20)
code text NOT NULL UNIQUE CHECK (octet_length(code) <= 4)
code text NOT NULL CHECK (substr(code, 1, 1) = 'X')
code text NOT NULL CHECK (left(code, 2) = 'AB' AND right(code, 1) <> '0')
code text NOT NULL CHECK (NOT code LIKE '% %' AND replace(code, '-', '') = code)
code text NOT NULL DEFAULT 'only' UNIQUE CHECK (code = 'only')
code varchar(8) NOT NULL UNIQUE CHECK (length(code) >= 6)
info jsonb NOT NULL CHECK (jsonb_typeof(info) = 'array')
a int NOT NULL, b int NOT NULL, CHECK (a + b = 100)
a int NOT NULL UNIQUE CHECK (a % 10 = 0)
a int NOT NULL CHECK (a > 100 AND a < 105)
a int NOT NULL CHECK (a * 2 > 500)
a int NOT NULL UNIQUE CHECK (a = 1)
a int NOT NULL, b int NOT NULL, c int NOT NULL, CHECK (a < b), CHECK (b < c), UNIQUE (a, b, c)
a int, b int, CHECK ((a IS NULL AND b IS NULL) OR (a > 10 AND b > a * 2))
a int NOT NULL CHECK (a >= 18 AND a <= 65), b int NOT NULL, CHECK (b - a >= 30)
a numeric NOT NULL CHECK (abs(a) <= 1)
a numeric(5,2) NOT NULL UNIQUE CHECK (round(a, 1) = a)
a double precision NOT NULL CHECK (a > 1e6)
a real NOT NULL UNIQUE CHECK (a > 0.5 AND a < 0.9)
a date NOT NULL CHECK (a > '2030-01-01')
a date NOT NULL CHECK (extract(dow FROM a) = 0)
a date NOT NULL CHECK (date_part('day', a) = 1)
a date NOT NULL, b date NOT NULL, CHECK (b >= a + 7)
a date NOT NULL UNIQUE, b date NOT NULL UNIQUE, CHECK (b > a)
a timestamptz NOT NULL, b timestamptz NOT NULL, CHECK (b - a >= interval '1 hour')
a interval NOT NULL CHECK (a > interval '2 days')
a time NOT NULL, b time NOT NULL, CHECK (a < b)
a text[] NOT NULL CHECK (cardinality(a) = 3)
a uuid NOT NULL, b uuid NOT NULL, CHECK (a <> b)
a boolean NOT NULL, b text, CHECK (a = (b IS NOT NULL))
a text, b text, c text, CHECK (num_nonnulls(a, b, c) = 1)
kind text NOT NULL, a text, b int, CHECK (CASE kind WHEN 'x' THEN a IS NOT NULL WHEN 'y' THEN b > 0 ELSE false END)
"""


@pytest.fixture(scope="module")
def connection(postgres_server: PostgresServer) -> Iterator[psycopg.Connection]:
    with postgres_server.new_database() as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("columns", COLUMNS.strip().splitlines())
def test_postgresql_accepts_every_row(columns: str, connection: psycopg.Connection) -> None:
    ddl = f"CREATE TABLE sampled (id serial PRIMARY KEY, {columns})"
    application = Application(read_ddl_text(ddl, "postgres"))
    (table,) = application.tables
    assert table.examples.is_accepted
    connection.execute("DROP TABLE IF EXISTS sampled")
    connection.execute(ddl.encode())
    body = f"{{{resource(application, table.ddl.name).body.text}}}"
    for number in range(1, min(table.examples.most_rows or ROWS, ROWS) + 1):
        row = eval(body, {"n": number, "dt": dt})
        insert = sql.SQL("INSERT INTO sampled ({0}) SELECT {0} FROM jsonb_populate_record(NULL::sampled, %s)")
        names = sql.SQL(", ").join(map(sql.Identifier, row))
        connection.execute(insert.format(names), [json.dumps(row)])
