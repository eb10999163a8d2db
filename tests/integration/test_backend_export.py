"""Exports by PostgreSQL's COPY: the same bytes as Python writes, for every type and for hostile values."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import httpx
import psycopg
import psycopg.sql
import pytest

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

DDL = r"""
CREATE TYPE mood AS ENUM ('fine', '=1+1', 'a,b', '"', '+62', '-x');
CREATE DOMAIN label AS varchar(40);
CREATE DOMAIN dose AS integer NOT NULL DEFAULT 5;
CREATE DOMAIN share AS numeric(20, 12);
CREATE TABLE everything (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "100% (of) it" smallint, int_4 integer, identifier oid,
    words text, short varchar(80), padded char(12), tagged label, feeling mood,
    chosen varchar(3) CHECK (chosen IN ('a', '-b', '')),
    flag boolean,
    price numeric(10, 2), portion numeric(12, 6), finest numeric(12, 7), amount numeric, tiny share, rounded numeric(5),
    ratio double precision, small real,
    day date, clock time, coarse time(0), moment timestamptz, local timestamp, local_0 timestamp(0),
    key uuid, file bytea, document jsonb, plain json,
    address inet, span int4range, vector tsvector,
    texts text[], numbers integer[], large bigint[], flags boolean[], keys uuid[], feelings mood[], doses dose[],
    identifiers oid[]
);
CREATE TABLE by_python (id int PRIMARY KEY, span interval, days date[], prices numeric(8, 2)[]);
CREATE TABLE single (word text PRIMARY KEY);
CREATE TABLE keyless (word text, number int, ratio double precision);
"""
TEXTS = [
    "", " ", "a", "=1+1", "+1 234", "+62812", "-12.50", "-a", "--1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "+1\n", "-1.",
    '"', '""', "a,b", "a\nb", "a\r\nb", "\\.", "\\", "NULL", "null", "ü学生😀", "*", "a\x01b\x7f", "%s %(a)s %%", "{0}",
    "'",
]  # fmt: skip
KEY = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
VALUES: dict[str, list[str]] = {
    "100% (of) it": ["-32768", "0", "32767"],
    "int_4": ["-2147483648", "0", "7"],
    "identifier": ["0", "4294967295"],
    "words": [*TEXTS, "x" * 200_000],
    "short": TEXTS,
    "padded": [text for text in TEXTS if len(text) <= 12],
    "tagged": TEXTS,
    "feeling": ["fine", "=1+1", "a,b", '"', "+62", "-x"],
    "chosen": ["a", "-b", ""],
    "flag": ["true", "false"],
    "price": ["0", "-0.01", "12.5", "NaN", "99999999.99"],
    "portion": ["0", "0.000001", "-0.000001", "NaN", "999999.5"],
    "finest": ["0", "0.000001", "0.0000001", "-0.0000001"],
    "amount": [
        "0", "0.0000000", "0.000000", "0.000001", "0.0000001", "-0.00000012300", "1e-20", "1e30", "-5", "1.10", "NaN",
        "Infinity", "-Infinity", "123456789012345678901234567890.123456789",
    ],
    "tiny": ["0", "0.000000000001", "-0.00000099", "0.000001", "12345678"],
    "rounded": ["0", "-99999"],
    "ratio": [
        "0", "-0", "1", "-1.5", "0.1", "1e-4", "0.00012", "1e-5", "1.5e-7", "5e-324", "999999", "1000000",
        "1234567.5", "123456789.123456789", "1e15", "1000000000000000.1", "9007199254740993", "9999999999999998",
        "1e16", "18014398509481990", "2e22", "1e22", "1e23", "-1e23", "1.7976931348623157e308", "NaN", "Infinity",
        "-Infinity",
    ],
    "small": [
        "0", "-0", "1", "0.1", "3.4028235e38", "1e-45", "999999", "1000000", "16777216", "1234567.8", "1e-5", "1e15",
        "1e16", "-1e16", "NaN", "Infinity", "-Infinity",
    ],
    "day": ["2024-02-29", "0001-01-01", "9999-12-31", "infinity", "-infinity", "0044-03-15 BC", "12024-01-31"],
    "clock": ["00:00", "24:00", "12:34:56", "12:34:56.5", "23:59:59.999999", "01:00:00.00001"],
    "coarse": ["12:34:56.5", "24:00"],
    "moment": [
        "2024-02-29 12:00:00+07", "2024-02-29 12:00:00.5+00", "0001-01-01 00:00:00+00", "0001-01-01 00:00:00+01",
        "9999-12-31 23:59:59.999999+00", "9999-12-31 23:59:59-01", "infinity", "-infinity", "0044-03-15 12:00:00.5 BC",
    ],
    "local": [
        "2024-02-29 12:00:00", "2024-02-29 12:00:00.000001", "0001-01-01", "0999-01-01", "9999-12-31 23:59:59.999999",
        "infinity", "-infinity", "0044-03-15 BC", "12024-01-31 01:02:03.4",
    ],
    "local_0": ["2024-02-29 12:00:00.7"],
    "key": [KEY.upper()],
    "file": ["", "\\x00", "\\xfbff" + "ab" * 200, "\\x2b"],
    "document": [
        "{}", "[]", "null", "true", "false", "0", "-1", "1.0", "1.10", "1e5", "1e-7", "1234567890123456789012",
        '""', '"=1"', '"a,b"', '"+62"', '"1.5"', r'"\u0001\u007f\b\f\n\r\t\"\\/😀\u00e9"', r'{"\n\"": "\u001f"}',
        '{"b": 1, "a": [1, 2.50, null, "x"], "c": {"d": "1.5", "e": "=1"}}', '{"a": "é, \\"x\\""}',
        "[1.5]", "[0.1, 1e300]", "[[], {}]",
    ],
    "plain": [
        '{"b":1,  "a":1.50, "b":2}', "null", '"=1"', "[1e5,1E-7, 1.0]", " true", r'"\u00e9"', "-0", "1e400", "[1e400]",
    ],
    "address": ["10.0.0.1/8", "::1"],
    "span": ["[1,5)", "empty", "(,)"],
    "vector": ["'a' 'b':1,2"],
    "texts": [
        "{NULL}", '{""}', '{"\\"/\\\\😀,"}', "{{a}}",
        "{}", '{a,NULL,"NULL",""}', '{{a,b},{"c,\\"d",NULL}}', "[0:1]={x,y}", '{"é\t=\x01\x7f"}',
    ],
    "numbers": ["{}", "{1,NULL,-3}", "{{1,2},{3,4}}", "{-7}", "{{1}}", "[5:5]={1}"],
    "large": ["{9223372036854775807,-9223372036854775808}"],
    "flags": ["{t,f,NULL}", "{f}"],
    "keys": [f"{{{KEY},NULL}}", f"{{{KEY}}}"],
    "feelings": ['{fine,NULL,"=1+1","\\""}', '{"\\""}'],
    "doses": ["{1,2}", "{}", "{1}"],
    "identifiers": ["{1,4294967295}", "{4294967295}"],
}  # fmt: skip
# Prints for each table whether PostgreSQL writes it, how many lines it has, and where Python's file differs.
COMPARING = r"""
import json
from unittest import mock
from starlette.datastructures import QueryParams
from app.core import lists
from app.core.database import Base, RequestSession
from app.core.listing import CsvQuery
from app.main import app

app.load_routers()
QUERIES = {
    "everything": [
        "", "short=a,b", "short__in=a,NULL,%25s %25(a)s %25%25", "words__contains=%25", "price__gt=-1&flag=true",
        "feeling__in=fine,-x", "moment__lt=2025-01-01T00:00:00Z", "day=infinity", "numbers__contains=1",
        "key=a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "n100_of_it__lte=0", "texts__contains=x", "amount=NaN",
        "file=%2Bw==", "small=0.1", "clock__gte=12:00", "words='",
    ],
}
SORTS = {"everything": ["", "-words", "ratio,-day", "n100_of_it"]}

def exported(resource, query):
    with RequestSession() as session:
        blocks = list(lists.read_csv(resource, session, query, 60))
        return b"".join(block if isinstance(block, bytes) else block.encode() for block in blocks)

found = {}
for table in Base.metadata.sorted_tables:
    resource, wrong, lines = table.info["resource"], [], 0
    for text in QUERIES.get(table.name, [""]):
        for sort in SORTS.get(table.name, [""]):
            query = CsvQuery(parameters=QueryParams(text), sort=sort, q="a" if sort else "")
            ours = exported(resource, query)
            with mock.patch.object(resource, "csv_copy", None):
                theirs = exported(resource, query)
            lines = max(lines, ours.count(b"\r\n"))
            if ours != theirs:
                pairs = zip(ours.split(b"\r\n"), theirs.split(b"\r\n"))
                wrong.append([text, sort, [(repr(a)[:3000], repr(b)[:3000]) for a, b in pairs if a != b][:3]])
    found[table.name] = [resource.csv_copy is not None, lines, wrong]
print(json.dumps(found))
"""
# Prints whether PostgreSQL writes the rows of a table where its owner has changed how a field is read or written.
CHANGED = r"""
import json
from typing import Annotated
from pydantic import Field, PlainSerializer, computed_field, field_serializer, field_validator
from app.core.csv_copy import csv_copy
from app.keyless.model import Keyless
from app.keyless.schemas import KeylessRead

class Described(KeylessRead):
    word: Annotated[str | None, Field(description="A word", examples=["a"], max_length=9)]

class Serialized(KeylessRead):
    word: Annotated[str, PlainSerializer(lambda text: "*")]

class OptionallySerialized(KeylessRead):
    word: Annotated[str, PlainSerializer(lambda text: "*")] | None

class Masked(KeylessRead):
    @field_serializer("word")
    def mask(self, text):
        return "*"

class Validated(KeylessRead):
    @field_validator("number")
    @classmethod
    def double(cls, number):
        return number

class Computed(KeylessRead):
    @computed_field
    def length(self) -> int:
        return 1

reads = (KeylessRead, Described, Serialized, OptionallySerialized, Masked, Validated, Computed)
print(json.dumps([read.__name__ for read in reads if csv_copy(Keyless, read)]))
"""
WAIT_S = 60.0
ONE = {"DATABASE_POOL_SIZE": "1", "DATABASE_POOL_OVERFLOW": "0"}
COPIES = """
SELECT count(*) FROM pg_stat_activity
    WHERE query LIKE 'COPY %' AND state = 'active' AND backend_type = 'client backend'  -- without parallel workers
"""


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    (folder / "export.sql").write_text(DDL, encoding="utf-8")
    return write_backend(backend_files(read_schema(folder / "export.sql")), folder)


@pytest.fixture
def database(backend: Path, postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.new_database() as url:
        assert run(backend, "-m", "alembic", "upgrade", "head", DATABASE_URL=url).returncode == 0
        yield url


def test_postgresql_writes_the_same_bytes_as_python(backend: Path, database: str) -> None:
    with psycopg.connect(database) as connection:
        name = psycopg.sql.Identifier(connection.info.dbname)
        connection.execute(psycopg.sql.SQL("ALTER DATABASE {} SET DateStyle = 'German'").format(name))
        connection.execute("INSERT INTO everything DEFAULT VALUES")
        for column, values in VALUES.items():
            name = psycopg.sql.Identifier(column.replace("%", "%%"))
            kind = psycopg.sql.SQL("INSERT INTO everything ({}) VALUES ({})").format(name, psycopg.sql.Placeholder())
            for value in values:
                connection.execute(kind, [value])
        for text in VALUES["words"]:  # beside cells that are converted
            connection.execute(
                "INSERT INTO everything (words, amount, ratio, document) VALUES (%s, 1e-9, 1e23, '[1.50]')", [text]
            )
        connection.execute("INSERT INTO by_python VALUES (1, '1 mon', '{infinity}', '{1.50}'), (2, NULL, NULL, NULL)")
        connection.execute("INSERT INTO single VALUES (''), ('\\.'), ('=1')")
        connection.execute("INSERT INTO keyless VALUES (NULL, NULL, NULL), (NULL, NULL, NULL), ('a', 1, 1e22)")
    result = run(backend, "-c", COMPARING, DATABASE_URL=database)
    assert result.returncode == 0, result.stderr[-3000:]
    found = json.loads(result.stdout)
    assert {name: wrong for name, (_, _, wrong) in found.items() if wrong} == {}
    assert found["everything"][1] > sum(map(len, VALUES.values()))
    assert {name for name, (is_copied, _, _) in found.items() if is_copied} == {"everything", "keyless"}


def test_fields_that_the_owner_changed_are_left_to_python(backend: Path) -> None:
    result = run(backend, "-c", CHANGED)
    assert result.returncode == 0, result.stderr[-3000:]
    assert json.loads(result.stdout) == ["KeylessRead", "Described"]


def test_an_export_ends_when_its_client_leaves_it_unread(backend: Path, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection, serving(backend, database, **ONE) as server:
        connection.execute(
            "INSERT INTO keyless (word, number) SELECT repeat('a', 1000), n FROM generate_series(1, 100000) AS n"
        )
        url = f"{server.url}/api/keyless"
        with httpx.stream("GET", f"{url}/export.csv") as response:
            next(response.iter_bytes())
            assert connection.execute(COPIES).fetchone() == (1,)
        deadline = time.monotonic() + WAIT_S
        while connection.execute(COPIES).fetchone() != (0,):
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.05)
        assert httpx.get(f"{url}/count", timeout=WAIT_S).json() == {"count": 100_000}  # by the same connection
    log = server.log.read_text(encoding="utf-8")
    assert "Traceback" not in log, log[-6000:]
