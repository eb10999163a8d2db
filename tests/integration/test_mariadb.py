"""The forms of MariaDB against a real server, if one is installed: `apt-get install mariadb-server`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl_text
from tests.test_ddl_forms import Form, forms

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb", "mariadb-admin")
WIDTH = re.compile(r"\b((?:tiny|small|medium|big)?int|year)\(\d+\)")  # that MySQL 8 does not show
COMPRESSED = re.compile(r" /\*M!100301 COMPRESSED\*/")
JSON = re.compile(r"^(?:long)?text$")
COLUMNS = """
    SELECT table_name, column_name, column_type, is_nullable
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = database() AND table_type <> 'SEQUENCE'
    ORDER BY table_name, ordinal_position"""
KEYS = """
    SELECT table_name, column_name FROM information_schema.statistics
    WHERE table_schema = database() AND index_name = 'PRIMARY' ORDER BY table_name, seq_in_index"""

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason=f"needs {', '.join(PROGRAMS)} of MariaDB 10.11 or newer"
)


def server_type(text: str) -> str:
    """Return a column's type as MySQL 8 would show it; JSON is text to this server."""
    return JSON.sub("json", COMPRESSED.sub("", WIDTH.sub(r"\1", text)))


class Server:
    """A server on a socket in its own folder."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "s"
        data = folder / "data"
        user = ["--user=root"] if os.geteuid() == 0 else []
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", *user]
        subprocess.run(
            [*install, "--auth-root-authentication-method=normal"], check=True, capture_output=True, timeout=300
        )
        options = [f"--datadir={data}", f"--socket={self._socket}", "--skip-networking", *user]
        self._process = subprocess.Popen(
            ["mariadbd", "--no-defaults", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        subprocess.run(
            ["mariadb-admin", "--no-defaults", "-uroot", f"--socket={self._socket}", "--wait=60", "ping"],
            check=True,
            capture_output=True,
            timeout=120,
        )

    def run(self, sql: str) -> list[list[str]]:
        """Run statements and return the rows of the last one."""
        client = ["mariadb", "--no-defaults", "-uroot", f"--socket={self._socket}", "--batch", "--skip-column-names"]
        done = subprocess.run(client, input=sql, text=True, capture_output=True, timeout=60, check=False)
        assert not done.returncode, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="mdb") as folder:  # short, for the path of a socket
        server = Server(Path(folder))
        yield server
        server.stop()


@pytest.mark.parametrize("form", [form for form in forms() if form.dialect == "mariadb"], ids=lambda form: form.name)
def test_server_has_the_same_columns_and_keys(server: Server, form: Form) -> None:
    use = "DROP DATABASE IF EXISTS f; CREATE DATABASE f; USE f;"
    server.run(f"{use}\n{form.ddl}")
    columns = server.run(f"USE f; {COLUMNS}")
    keys = server.run(f"USE f; {KEYS}")
    tables = sorted(read_ddl_text(form.ddl, "mariadb").tables, key=lambda table: table.name.name)
    assert [
        [table.name.name, column.name, JSON.sub("json", column.type.text), "YES" if column.nullable else "NO"]
        for table in tables
        for column in table.columns
    ] == [[table, name, server_type(kind), nullable] for table, name, kind, nullable in columns]
    assert [[table.name.name, name] for table in tables for name in table.key_columns] == keys
