"""`make dev` of a generated application: backend, migration, rows and frontend from one command, stopped with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import free_port, plain_environment
from tests.integration.frontend import frontend_files, tool_environment, write_files
from tests.integration.frontend_server import wait_for_answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_LIMIT_S = 120.0
END_LIMIT_S = 30.0


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return an application with the packages that the tests have already installed."""
    schema, options = read_schema(), {"title": "School"}
    backend = write_backend(backend_files(schema, options=options), tmp_path)
    frontend = write_files(frontend_files(schema, options=options), tmp_path)
    os.utime(frontend / "package-lock.json", (0, 0))
    programs = backend / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (programs / "python").chmod(0o755)
    (backend / ".venv" / "installed").touch()
    return tmp_path


@contextmanager
def make_dev(workspace: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port, backend_port = str(free_port()), str(free_port())
    with (workspace / "log").open("w") as log:
        process = subprocess.Popen(
            ["make", "dev", f"PORT={port}", f"BACKEND_PORT={backend_port}"],
            cwd=workspace,
            env={**plain_environment(), **tool_environment(), "MAKEFLAGS": ""},
            stdout=log,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        try:
            wait_for_answer(f"http://127.0.0.1:{port}/api/students/count", process, workspace / "log", START_LIMIT_S)
            yield process, f"http://127.0.0.1:{port}"
        finally:
            if members(process.pid):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=END_LIMIT_S)


def members(group: int) -> list[psutil.Process]:
    """Return the running processes of a group."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
    return found


def test_one_command_serves_all_with_rows_and_ends_all(workspace: Path) -> None:
    with make_dev(workspace) as (process, url):
        assert '<div id="root">' in httpx.get(url).text
        assert httpx.get(f"{url}/api/students/count").json()["count"] > 0
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=END_LIMIT_S)
        assert psutil.wait_procs(members(process.pid), timeout=END_LIMIT_S)[1] == []


def test_when_one_part_ends_so_does_the_other(workspace: Path) -> None:
    with make_dev(workspace) as (process, _):
        (frontend,) = [member for member in members(process.pid) if "--strictPort" in member.cmdline()]
        frontend.kill()
        assert process.wait(timeout=END_LIMIT_S) != 0
        assert psutil.wait_procs(members(process.pid), timeout=END_LIMIT_S)[1] == []


def test_without_a_backend_the_frontend_is_served_alone(tmp_path: Path) -> None:
    write_files(frontend_files(read_schema()), tmp_path)
    result = subprocess.run(
        ["make", "--dry-run", "dev", "test", "lint", "build"],
        cwd=tmp_path,
        env=tool_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "-C backend" not in result.stdout
