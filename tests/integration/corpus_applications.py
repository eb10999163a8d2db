"""The applications generated from real schemas: each is migrated, tested and linted, and CORPUS.md says how it went.

`python -m tests.integration.corpus_applications [NAME ...]` does it for all schemas, or for those named, several at a
time and the smallest first. Results are kept in `build/corpus`: a schema is done again when its generated backend has
changed. What failed is in the `.log` next to its result.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from runner.records.atomic_files import replace_file
from tests.corpus import CORPUS, EXPECTED
from tests.generated_backend import backend_files, write_backend
from tests.integration.backend import run
from tests.integration.postgres import running_server, system_programs
from tests.integration.test_backend_corpus import corpus_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from runner.generation.agent import GeneratedFile
    from tests.integration.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "corpus"
REPORT = Path(__file__).with_name("CORPUS.md")
BEGIN, END = "<!-- applications: begin -->", "<!-- applications: end -->"
OK = "ok"
ERROR_LINE = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Object|Function|Table|Schema|File)\b.*$", re.MULTILINE)
LINTERS = (
    ("ruff", "check", "--no-cache", "."),
    ("ruff", "format", "--no-cache", "--check", "."),
    ("mypy", "--strict", f"--cache-dir={RESULTS / 'mypy'}", "app"),
)
LINTING = threading.Lock()  # one mypy at a time uses the cache, which makes it several times faster


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of one schema. A text other than "ok" says what failed first."""

    schema: str
    tables: int
    postgres: str  # alembic upgrade head on an empty database
    sqlite: str
    postgres_tests: str  # "passed/failed" of the backend's own tests
    sqlite_tests: str
    lint: str
    seconds: float

    @property
    def green(self) -> bool:
        """Whether everything passed."""
        tests = (self.postgres_tests, self.sqlite_tests)
        return {self.postgres, self.sqlite, self.lint} == {OK} and all(text.endswith("/0") for text in tests)

    def __str__(self) -> str:
        cells = (self.postgres, self.sqlite, self.postgres_tests, self.sqlite_tests, self.lint)
        return f"| {self.schema} | {self.tables} | {' | '.join(map(_cell, cells))} | {self.seconds:.0f} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A generated backend in `folder`; the output of what fails is appended to `log`."""

    folder: Path
    log: Path

    def upgrade(self, url: str) -> str:
        """Migrate a database and return "ok", or the error in a line."""
        done = self._run("-m", "alembic", "upgrade", "head", DATABASE_URL=url)
        if done.returncode == 0:
            return OK
        errors = ERROR_LINE.findall(done.stderr)
        return (errors or done.stderr.strip().splitlines())[-1][:160]

    def own_tests(self, **environment: str) -> str:
        """Run the backend's own tests and return how many passed and did not: "1230/0"."""
        # without the plugins that our own tests have installed
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        try:
            done = self._run("-m", "pytest", "-p", "no:cacheprovider", **environment)
        except subprocess.TimeoutExpired as error:
            return f"did not end within {error.timeout:.0f} s"
        counts = {
            word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|errors?)\b", done.stdout[-2000:])
        }
        failed = sum(count for word, count in counts.items() if word != "passed")
        if done.returncode != 0 and failed == 0:
            return f"did not end: {(done.stdout + done.stderr).strip().splitlines()[-1][:120]}"
        return f"{counts.get('passed', 0)}/{failed}"

    def lint(self) -> str:
        """Return "ok", or which linter found something."""
        with LINTING:
            wrong = [command[0] for command in LINTERS if self._run("-m", *command).returncode != 0]
        return ", ".join(dict.fromkeys(wrong)) or OK

    def _run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        # the generated code is compiled once for all that runs it
        done = run(self.folder, *arguments, PYTHONDONTWRITEBYTECODE="", **environment)
        if done.returncode != 0:
            with self.log.open("a", encoding="utf-8") as log:
                log.write(f"$ python {' '.join(arguments)}\n{done.stdout}{done.stderr}\n")
        return done


def extensions(server: PostgresServer) -> set[str]:
    """Return the names of the extensions that a server has."""
    with psycopg.connect(server.url("postgres")) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM pg_available_extensions")}


def examine(catalog: Path, servers: Sequence[PostgresServer]) -> Row:
    """Generate the backend of one schema and return what became of it, from its last time if it is the same.

    The first of the servers that has the schema's extensions is used.
    """
    name = f"{catalog.parent.name}/{catalog.stem}"
    schema = corpus_schema(catalog)
    server = next((server for server in servers if {*schema.extensions} <= extensions(server)), servers[0])
    files = backend_files(schema)
    kept = RESULTS / f"{name.replace('/', '-')}.json"
    digest = digest_of(files)
    if kept.is_file():
        known = json.loads(kept.read_text(encoding="utf-8"))
        if known.pop("digest") == digest:
            return Row(**known)
    RESULTS.mkdir(parents=True, exist_ok=True)
    log = kept.with_suffix(".log")
    log.unlink(missing_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="corpus-") as place:
        backend = Backend(folder=write_backend(files, Path(place)), log=log)
        with server.new_database() as first, server.new_database() as second:
            postgres = backend.upgrade(first)
            row = Row(
                schema=name,
                tables=len(schema.tables),
                postgres=postgres,
                sqlite=backend.upgrade(f"sqlite:///{place}/corpus.db"),
                postgres_tests=backend.own_tests(TEST_DATABASE_URL=second) if postgres == OK else "not run",
                sqlite_tests=backend.own_tests(),
                lint=backend.lint(),
                seconds=time.monotonic() - began,
            )
    replace_file(kept, json.dumps({"digest": digest, **asdict(row)}).encode())
    return row


def digest_of(files: Mapping[str, GeneratedFile]) -> str:
    """Return a digest of generated files and of this module, which decides what is done with them."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(files):
        digest.update(f"{path}\0{files[path].text}\0".encode())
    return digest.hexdigest()


def table(rows: list[Row]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "| schema | tables | PostgreSQL | SQLite | tests on PostgreSQL | tests on SQLite | lint | s |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    yield from map(str, rows)
    yield f"| **green** | {sum(row.green for row in rows)} of {len(rows)} | | | | | | |"


def main() -> int:
    """Examine the schemas, print a row for each as it is done, and write the table if all were asked for."""
    if not EXPECTED:
        print(f"no corpus at {CORPUS}: set RUNNER_CORPUS to where it is", file=sys.stderr)
        return 2
    wanted = [path for path in EXPECTED if not sys.argv[1:] or path.stem in sys.argv[1:]]
    wanted.sort(key=lambda path: path.stat().st_size)
    rows: dict[str, Row] = {}
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running_server(programs)) for programs in dict.fromkeys((None, system_programs()))
        ]
        pool = stack.enter_context(ThreadPoolExecutor(len(os.sched_getaffinity(0))))
        for done in as_completed([pool.submit(examine, path, servers) for path in wanted]):
            row = done.result()
            rows[row.schema] = row
            print(row, flush=True)
    ordered = [rows[name] for name in sorted(rows)]
    if len(wanted) == len(EXPECTED):
        head, _, rest = REPORT.read_text(encoding="utf-8").partition(BEGIN)
        text = "\n".join(table(ordered))
        replace_file(REPORT, f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}".encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
