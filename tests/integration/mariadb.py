"""A real MariaDB for tests, if one is installed (`apt-get install mariadb-server`): started once per session.

A test module asks for it by name, as for `tests.integration.postgres`:

    pytest_plugins = ["tests.integration.mariadb"]

    def test_it(mariadb_database: MariadbDatabase) -> None: ...

The server listens on a socket in its own folder and on no network address.

PYTEST_DONT_REWRITE: it may be imported for its types before pytest loads it as a plugin.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.programs import missing

PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb", "mariadb-admin", "mariadb-dump")
MISSING = f"needs {', '.join(PROGRAMS)} of MariaDB 10.11 or newer"
# The data is thrown away: nothing of it needs to survive a crash.
SETTINGS = (
    "--skip-networking",
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=16M",
    "--character-set-server=utf8mb4",
)


@dataclass(frozen=True, kw_only=True)
class MariadbDatabase:
    """An empty database of a running server."""

    name: str
    socket: Path

    @property
    def url(self) -> str:
        """Its address for SQLAlchemy."""
        return f"mysql+pymysql://root@localhost/{self.name}?unix_socket={self.socket}"

    def run(self, sql: str) -> list[list[str]]:
        """Run statements as the server's own client does, and return the rows of the last one."""
        options = [
            "-uroot",
            f"--socket={self.socket}",
            "--batch",
            "--skip-column-names",
            "--default-character-set=utf8mb4",
        ]
        client = ["mariadb", "--no-defaults", *options, self.name]
        done = subprocess.run(client, input=sql, text=True, capture_output=True, timeout=120, check=False)
        assert not done.returncode, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]


@dataclass(frozen=True, kw_only=True)
class MariadbServer:
    """A running server; its superuser is `root`, without a password."""

    socket: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @contextmanager
    def new_database(self) -> Iterator[MariadbDatabase]:
        """Yield an empty database, which is dropped afterwards."""
        made = MariadbDatabase(name=f"test_{next(self._numbers)}", socket=self.socket)
        anywhere = MariadbDatabase(name="", socket=self.socket)
        anywhere.run(f"CREATE DATABASE {made.name}")
        try:
            yield made
        finally:
            anywhere.run(f"DROP DATABASE {made.name}")


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariadbServer]:
    """The session's server."""
    if not all(map(shutil.which, PROGRAMS)):
        missing(MISSING)
    with running_server() as server:
        yield server


@pytest.fixture
def mariadb_database(mariadb_server: MariadbServer) -> Iterator[MariadbDatabase]:
    """An empty database of the test's own."""
    with mariadb_server.new_database() as database:
        yield database


@contextmanager
def running_server() -> Iterator[MariadbServer]:
    """Start a server on fresh data and stop it at the end; its folder goes with it."""
    with tempfile.TemporaryDirectory(prefix="mdb") as name:  # short, for the path of a socket
        folder = Path(name)
        user = ["--user=root"] if os.geteuid() == 0 else []
        data, socket = folder / "data", folder / "s"
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", *user]
        subprocess.run(
            [*install, "--auth-root-authentication-method=normal"], check=True, capture_output=True, timeout=300
        )
        process = subprocess.Popen(
            ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={socket}", *SETTINGS, *user],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            ping = ["mariadb-admin", "--no-defaults", "-uroot", f"--socket={socket}", "--wait=60", "ping"]
            subprocess.run(ping, check=True, capture_output=True, timeout=120)
            yield MariadbServer(socket=socket)
        finally:
            process.terminate()
            process.wait(60)
