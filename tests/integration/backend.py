"""Running the tests of a generated backend, and serving it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator


START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
PASSWORD = "correct horse 1"  # of accounts


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder and return how it ended."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**plain_environment(), **environment},
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )


def add_account(folder: Path, login: str, role: str, *options: str, **environment: str) -> None:
    """Add an account with `PASSWORD` to a backend whose tables are there."""
    added = subprocess.run(
        [sys.executable, "-m", "app.core.login", "add", login, "--role", role, *options],
        cwd=folder,
        env={**plain_environment(), **environment},
        input=f"{PASSWORD}\n",
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert added.returncode == 0, added.stderr


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def plain_environment() -> dict[str, str]:
    """Return our environment without the variables that configure the application or its tests."""
    return {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name and "PYTEST" not in name}


def own_tests(folder: Path, *, measured: bool = False, **environment: str) -> int:
    """Run the application's own tests and return how many passed; none may fail.

    With `measured`, the coverage of `app` is recorded, for `coverage report` and similar commands.
    """
    measuring = ("coverage", "run", "--source=app", "-m") if measured else ()
    options = ("pytest", "-p", "no:cacheprovider", "-p", "no:schemathesis")
    result = run(folder, "-m", *measuring, *options, **environment)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    found = re.search(r"(\d+) passed", result.stdout)
    assert found is not None, result.stdout[-500:]
    return int(found[1])


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running application: where it listens, its process, and its log file, one JSON object per line."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def requests(self) -> list[dict[str, Any]]:
        """Return the log entry of each request so far: method, path, status, ms."""
        lines = [line for line in self.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
        return [record for record in map(json.loads, lines) if record["logger"] == "app.requests"]


@contextmanager
def serving(folder: Path, database_url: str, **environment: str) -> Iterator[Server]:
    """Migrate a database and serve the application on it."""
    migrated = run(folder, "-m", "alembic", "upgrade", "head", DATABASE_URL=database_url)
    assert migrated.returncode == 0, migrated.stderr[-2000:]
    settings = {"DATABASE_URL": database_url, "LOG_FORMAT": "json", **environment}
    with listening(["-m", "app.serve"], folder, folder / "server.log", **settings) as server:
        yield server


@contextmanager
def listening(
    arguments: list[str], folder: Path, log: Path, python: str = sys.executable, **environment: str
) -> Iterator[Server]:
    """Run a Python program that serves an application on the port that it is given, on the loopback interface."""
    port = free_port()
    command = [python, *arguments, "--port", str(port)]
    settings = {**plain_environment(), **environment}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=folder, env=settings, stdout=subprocess.DEVNULL, stderr=output) as process,
    ):
        server = Server(url=f"http://127.0.0.1:{port}", process=process, log=log)
        try:
            _wait_until_ready(server)
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert server.process.poll() is None, server.log.read_text(encoding="utf-8")[-2000:]
        try:
            if httpx.get(f"{server.url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"not ready: {server.log.read_text(encoding='utf-8')[-2000:]}")
