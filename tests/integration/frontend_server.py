"""A generated application as people use it: backend on a SQLite file, built frontend in front of it, both served."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import httpx

from tests.generated_backend import SCHOOL, backend_files, read_schema, school_labels, write_backend
from tests.integration.backend import free_port, plain_environment, run
from tests.integration.frontend import frontend_files, node_tool, tool_command, tool_environment, write_files

if TYPE_CHECKING:
    from runner.ddl.model import Schema

START_LIMIT_S = 60.0
STOP_LIMIT_S = 30.0

# The backend tests' data for each table that is no view, as JSON: how rows are created, and which values are unique.
CASES = """
import importlib, importlib.util, json
from app.core.discovery import table_packages

def describe(case):
    references = [
        {"module": r.module, "fields": r.fields, "targets": r.target_fields, "required": r.required}
        for r in case.references
    ]
    told = {"path": case.path, "key": case.key, "unique": case.unique, "changes": case.changes}
    return {**told, "references": references, "bodies": [case.body(n) for n in range(1, 1001)]}

names = [name.removeprefix("app.") for name in table_packages()]
names = [name for name in names if importlib.util.find_spec(f"tests.{name}.case")]  # views have none
print(json.dumps({name: describe(importlib.import_module(f"tests.{name}.case").CASE) for name in names}))
"""

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Application:
    """A served application: `url` is the frontend's, `cases` say how rows of each table are made."""

    url: str
    api: httpx.Client
    folder: Path
    cases: Mapping[str, Any]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def body(self, table: str, **chosen: Any) -> Row:
        """Return a new row's JSON that the backend accepts; every row that it must refer to is created."""
        case = self.cases[table]
        made = {**case["bodies"][next(self._numbers)], **chosen}
        for reference in case["references"]:
            own = dict(zip(reference["fields"], reference["targets"], strict=True))
            if reference["required"] and not own.keys() <= made.keys():
                known = {target: made[name] for name, target in own.items() if name in made}
                row = self.make(reference["module"], **known)
                made |= {name: row[target] for name, target in own.items()}
        return made

    def make(self, table: str, **chosen: Any) -> Row:
        """Add a row through the API, and return it."""
        response = self.api.post(self.cases[table]["path"], json=self.body(table, **chosen))
        assert response.status_code == 201, response.text
        made: Row = response.json()
        return made

    def find(self, table: str, values: Row) -> Row:
        """Return the one row with these values, read through the API."""
        found = self.api.get(self.cases[table]["path"], params=values).json()
        assert found["total"] == 1, found
        row: Row = found["items"][0]
        return row


@contextmanager
def served(
    workspace: Path,
    source: Path | Schema = SCHOOL,
    *,
    chosen: Mapping[str, Any] = MappingProxyType({}),
    prepare: Callable[[Path, Mapping[str, str]], None] | None = None,
) -> Iterator[Application]:
    """Generate an application into a folder, build it, and serve it until the block ends.

    `source` is a schema or a PostgreSQL file. `chosen` are further options. `prepare` is called with the backend's
    folder and its environment before it is served.
    """
    schema = read_schema(source) if isinstance(source, Path) else source
    options = {"title": "School", **({"labels": school_labels()} if source == SCHOOL else {}), **chosen}
    backend = write_backend(backend_files(schema, options=options), workspace)
    frontend = write_files(frontend_files(schema, options=options), workspace)
    database = {"DATABASE_URL": f"sqlite:///{workspace / 'school.db'}"}
    for step in (run(backend, "-m", "alembic", "upgrade", "head", **database), node_tool(frontend, "vite", "build")):
        assert step.returncode == 0, step.stdout[-2000:] + step.stderr[-2000:]
    cases = run(backend, "-c", CASES)
    assert cases.returncode == 0, cases.stderr[-2000:]
    if prepare is not None:
        prepare(backend, database)
    with ExitStack() as stack:
        api = stack.enter_context(_backend(backend, database))
        url = stack.enter_context(serving_frontend(frontend, api))
        client = stack.enter_context(httpx.Client(base_url=api, timeout=30))
        yield Application(url=url, api=client, folder=workspace, cases=json.loads(cases.stdout))


@contextmanager
def served_again(application: Application, **settings: str) -> Iterator[str]:
    """Serve the built application again, with the same database and other settings; yields the frontend's URL."""
    database = {"DATABASE_URL": f"sqlite:///{application.folder / 'school.db'}"}
    with ExitStack() as stack:
        api = stack.enter_context(_backend(application.folder / "backend", {**database, **settings}))
        yield stack.enter_context(serving_frontend(application.folder / "frontend", api))


@contextmanager
def _backend(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    port = str(free_port())
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", port, "--log-level", "warning"]
    with _running(command, folder, {**plain_environment(), **environment}, f"http://127.0.0.1:{port}/readyz"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def serving_frontend(folder: Path, api: str, port: int | None = None) -> Iterator[str]:
    """Serve a built frontend in front of the API at an address, on this or a free port; yields the frontend's URL."""
    port = port or free_port()
    command = tool_command(folder, "vite", "preview", "--host", "127.0.0.1", "--port", str(port), "--strictPort")
    with _running(command, folder, {**tool_environment(), "BACKEND_URL": api}, f"http://127.0.0.1:{port}/"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(command: list[str], folder: Path, environment: Mapping[str, str], ready: str) -> Iterator[None]:
    """Run a server until the block ends; the block begins when it answers."""
    path = folder / "server.log"
    with path.open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            wait_for_answer(ready, process, path, START_LIMIT_S)
            yield
        finally:
            process.terminate()
            process.wait(timeout=STOP_LIMIT_S)


def wait_for_answer(url: str, process: subprocess.Popen[Any], log: Path, seconds: float) -> None:
    """Return once a GET of `url` is answered with 200; otherwise raise an AssertionError with the process's log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(f"{url} does not answer:\n{log.read_text()[-3000:]}")
