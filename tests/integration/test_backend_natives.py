"""Types that only PostgreSQL has. On SQLite a backend accepts the addresses and bit strings that PostgreSQL does.

Every text is inserted into a column of PostgreSQL itself, and sent to a backend on SQLite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import psycopg

from runner.ddl.reader import read_ddl_text
from tests.generated_backend import backend_files, write_backend
from tests.integration.backend import own_tests, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

TEXTS: dict[str, tuple[str, ...]] = {
    "inet": (
        "10.1.2.3", "192.168.1.5/24", "10/8", "10.1", "256.1.1.1", "010.1.1.1", "1.2.3.4/08", "1.2.3.4/33", "1.2.3.4.5",
        "::1", "2001:DB8::1/64", "::ffff:1.2.3.4", "1:2::/129", "1::2::3", "fe80::1%eth0", " 10.0.0.1", "0.0.0.0/0", "",
    ),
    "cidr": (
        "10", "10.1", "192.168.1", "192.168/16", "192.168.1.0/24", "192.168.1.5/24", "240", "1.2.3.4", "2001:db8::/32",
        "2001:db8::1/32", "x",
    ),
    "macaddr": (
        "08:00:2B:01:02:03", "08-00-2b-01-02-03", "08002b:010203", "0800.2b01.0203", "08002b010203", "8:0:2b:1:2:3",
        "08:00-2b:01:02:03", "08:00:2b:01:02", "08:00:2b:01:02:0g",
    ),
    "macaddr8": (
        "08:00:2b:01:02:03:04:05", "08:00:2b:01:02:03", "0800.2b01.0203.0405", "08002b:0102030405", "1:2:3:4:5:6:7:8",
    ),
    "bit(3)": ("101", "10", "1010", "b101", "102", ""),
    "bit": ("1", "", "11"),
    "bit varying(5)": ("", "1", "10101", "x5", "101010", "2"),
}  # fmt: skip
TABLES = {type_: f"t{number}" for number, type_ in enumerate(TEXTS)}
DDL = "".join(f"CREATE TABLE {name} (id int PRIMARY KEY, v {type_} NOT NULL);" for type_, name in TABLES.items())


def of_postgresql(connection: psycopg.Connection[Any], table: str, text: str) -> str | None:
    """Return what PostgreSQL stores, as it shows it; None where it refuses the text."""
    try:
        connection.execute(f"TRUNCATE {table}".encode())
        connection.execute(f"INSERT INTO {table} VALUES (1, '{text}')".encode())
    except psycopg.DataError:
        return None
    row = connection.execute(f"SELECT v::text FROM {table}".encode()).fetchone()
    return str(row[0]) if row else None


def test_sqlite_accepts_and_shows_what_postgresql_does(postgres_server: PostgresServer, tmp_path: Path) -> None:
    folder = write_backend(backend_files(read_ddl_text(DDL, "postgres")), tmp_path)
    differing = []
    with (
        postgres_server.new_database() as url,
        psycopg.connect(url, autocommit=True) as connection,
        serving(folder, f"sqlite:///{tmp_path / 'a.db'}") as server,
        httpx.Client(base_url=server.url) as client,
    ):
        connection.execute(DDL.encode())
        for type_, texts in TEXTS.items():
            for number, text in enumerate(texts):
                expected = of_postgresql(connection, TABLES[type_], text)
                response = client.post(f"/api/{TABLES[type_]}", json={"id": number, "v": text})
                found = response.json()["v"] if response.status_code == 201 else None
                if found != expected or response.status_code not in (201, 422):
                    differing.append((type_, text, expected, found, response.text))
    assert differing == []


def test_its_own_tests_send_wrong_addresses(postgres_server: PostgresServer, tmp_path: Path) -> None:
    ddl = "CREATE TABLE host (id int PRIMARY KEY, at inet NOT NULL, nets cidr[], many inet[], flags bit(2));"
    files = backend_files(read_ddl_text(ddl, "postgres"))
    case = next(file.text for path, file in files.items() if path.endswith("tests/host/case.py"))
    assert '"at": "not of this type"' in case
    folder = write_backend(files, tmp_path)
    own_tests(folder)
    with postgres_server.new_database() as url:
        own_tests(folder, TEST_DATABASE_URL=url)


def test_rows_without_a_key_are_listed_though_their_types_have_no_order(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    ddl = "CREATE TABLE raw (payload json, shape point, ring circle); CREATE TABLE docs (payload json NOT NULL);"
    folder = write_backend(backend_files(read_ddl_text(ddl, "postgres")), tmp_path)
    with (
        postgres_server.new_database() as url,
        serving(folder, url) as server,
        psycopg.connect(url, autocommit=True) as connection,
        httpx.Client(base_url=server.url) as client,
    ):
        connection.execute("INSERT INTO raw VALUES ('[1]', '(1,2)', '<(1,2),3>')")
        connection.execute("INSERT INTO raw (payload) VALUES ('{}'), (NULL)")
        connection.execute("INSERT INTO docs VALUES ('2'), ('1')")
        assert len(client.get("/api/raw").json()["items"]) == 3
        assert client.get("/api/docs").json()["items"] == [{"payload": 1}, {"payload": 2}]
        assert client.get("/api/raw/export.csv").text.count("\r\n") == 4


def test_bytes_of_a_fixed_length_are_filled_up_with_zeros(tmp_path: Path) -> None:
    ddl = "CREATE TABLE token (id int PRIMARY KEY, mark binary(3) NOT NULL, one binary);"
    folder = write_backend(backend_files(read_ddl_text(ddl, "mysql")), tmp_path)
    with serving(folder, f"sqlite:///{tmp_path / 'a.db'}") as server, httpx.Client(base_url=server.url) as client:
        made = client.post("/api/token", json={"id": 1, "mark": "YQ==", "one": ""})
        assert made.json() == {"id": 1, "mark": "YQAA", "one": "AA=="}
        assert client.post("/api/token", json={"id": 2, "mark": "YWJjZA=="}).status_code == 422
