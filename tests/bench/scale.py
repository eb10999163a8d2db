"""The generated backend against code by hand and against peers on tables of a million and ten million rows.

All are served by one uvicorn process each on the same database and get the same requests in turn, one at a time. The
rows are made by the database itself from their numbers, so every run has the same ones. Searches need the extension
`pg_trgm`, which the server of the tests lacks: give another with `--server`.
"""

from __future__ import annotations

import itertools
import statistics
import time
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import psycopg
from psycopg import sql

from tests.bench import mixed_load
from tests.bench.__main__ import Row
from tests.bench.peer_servers import rows_of_peers
from tests.bench.reference_options import rows_of_options
from tests.bench.scale_rows import SEARCHED_COLUMNS, fill
from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import Server, listening, serving
from tests.integration.postgres import running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.__main__ import Scratch

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = 5  # of each request to each side, after one that is not measured
SLOW_S = 20.0  # a request that takes longer is sent once more and no further
BOUND = "≤ 1.5"
BULK = 1000
PREFIX = "/api"


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Clients of the two applications."""

    generated: httpx.Client
    by_hand: httpx.Client

    def compare(self, what: str, generated: str, by_hand: str | None = None) -> Row:
        """Return the row of a GET request, whose path differs where the parameters of the two do."""
        return self.compare_with(what, generated, self.by_hand, by_hand or generated)

    def compare_with(self, what: str, generated: str, other: httpx.Client, path: str) -> Row:
        """Return the row of a GET request to the generated application and one to another."""
        return measured(what, lambda: get(self.generated, generated), lambda: get(other, path))


def measured(what: str, generated: Callable[[], float], by_hand: Callable[[], float]) -> Row:
    """Return the row of two actions, which return how many seconds they took."""
    generated()
    by_hand()
    rounds = []
    for _ in range(RUNS):
        rounds.append((generated(), by_hand()))
        if rounds[-1][0] > SLOW_S:
            break
    ours, theirs = (statistics.median(times) for times in zip(*rounds, strict=True))
    return Row(
        what=what,
        measured=f"{ours * 1000:,.1f} ms",
        baseline=f"{theirs * 1000:,.1f} ms",
        ratio=ours / theirs,
        bound=BOUND,
    )


def bench_scale(scratch: Scratch, rows: int, server: str | None) -> Iterator[Row]:
    """Lists, counts, searches, exports and bulk requests of `rows` students and ten times as much attendance."""
    options = {"search": {"students": SEARCHED_COLUMNS}}
    folder = write_backend(backend_files(read_schema(), options=options), scratch.fresh())
    with ExitStack() as stack:
        database = stack.enter_context(database_of(server) if server else own_database())
        ours = stack.enter_context(serving(folder, database, LOG_FORMAT="plain", DATABASE_POOL_TIMEOUT="60"))
        can_search = fill(database, rows)
        theirs = stack.enter_context(
            listening(["-m", "uvicorn", "tests.bench.by_hand:app"], ROOT, scratch.fresh(), DATABASE_URL=database)
        )
        sides = Sides(
            generated=stack.enter_context(httpx.Client(base_url=ours.url, timeout=600)),
            by_hand=stack.enter_context(httpx.Client(base_url=theirs.url, timeout=600)),
        )
        yield from _pages(sides, rows)
        yield from _searches(sides) if can_search else ()
        yield from rows_of_options(scratch.fresh(), ours.url, ("putr", "zulk"))
        yield from _writes(sides)
        yield from _many_clients(ours.url, theirs.url, rows)
        yield from rows_of_peers(scratch, database, rows, sides.generated, sides.compare_with)
        before = _peak_mb(ours), _peak_mb(theirs)
        yield _export(sides, rows)
        after = _peak_mb(ours), _peak_mb(theirs)
        grown = [f"{late - early:,.0f} MB" for early, late in zip(before, after, strict=True)]
        yield Row(what="more memory of the server for that", measured=grown[0], baseline=grown[1])


@contextmanager
def own_database() -> Iterator[str]:
    """Yield the address of a new database on a server of its own, which the wheel has."""
    with running_server() as server, server.new_database() as database:
        yield database


@contextmanager
def database_of(server: str) -> Iterator[str]:
    """Yield the address of a new database on a server that is running, which is dropped afterwards."""
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _pages(sides: Sides, rows: int) -> Iterator[Row]:
    """Lists of both tables from several places, by offset and by cursor."""
    for table, count in (("students", rows), ("attendance", rows * 10)):
        path = f"{PREFIX}/{table}"
        yield sides.compare(f"{table}, page 1", path)
        for part in (0.1, 0.5, 0.999):
            start = int(count * part)
            cursor = sides.generated.get(path, params={"offset": start - 50}).json()["next"]
            before = sides.by_hand.get(path, params={"offset": start - 1, "limit": 1}).json()["items"][0]["id"]
            what = f"{table}, after row {start:,}"
            yield sides.compare(what, f"{path}?after={cursor}", f"{path}?after={before}")
            if table == "students":
                yield sides.compare(f"{what}, by offset", f"{path}?offset={start}")
    yield sides.compare("students, filter by an enum", f"{PREFIX}/students?status=graduated")


def _searches(sides: Sides) -> Iterator[Row]:
    for what, words in (
        ("a frequent word", "putri"),
        ("a rare one", "zulkarnaen"),
        ("two words", "putri wijaya"),
        ("a part of a phone number", "81200004"),
    ):
        yield sides.compare(f"students, search for {what}", f"{PREFIX}/students?q={words}")

    for letters in ("pu", "putr", "zulk"):  # what a reference field requests while a user types
        yield replace(
            sides.compare(f"options for {letters}", f"{PREFIX}/students?q={letters}&limit=20&count=none"),
            bound="≤ 300 ms",
        )


def _many_clients(ours: str, theirs: str, rows: int) -> Iterator[Row]:
    """Requests a second and the time of the slowest of a hundred, as medians of `RUNS` runs in turn."""
    starts = itertools.count(5 * 10**8, 10**6)
    runs = [[mixed_load.measured(url, rows, _student, next(starts)) for url in (ours, theirs)] for _ in range(RUNS)]
    sides = [*zip(*runs, strict=True)]
    rates = [statistics.median(run.rate for run in side) for side in sides]
    tails = [statistics.median(run.p99 for run in side) for side in sides]
    what = f"{mixed_load.CLIENTS} clients, 80 % reads"
    yield Row(
        what=f"{what}: requests a second",
        measured=f"{rates[0]:,.0f}",
        baseline=f"{rates[1]:,.0f}",
        ratio=rates[0] / rates[1],
        bound="≥ 0.9",
    )
    yield Row(
        what=f"{what}: p99",
        measured=f"{tails[0] * 1000:,.0f} ms",
        baseline=f"{tails[1] * 1000:,.0f} ms",
        ratio=tails[0] / tails[1],
        bound="≤ 1.1",
    )


def _peak_mb(server: Server) -> float:
    """Return the most memory that a server has had in RAM so far, in megabytes; Linux only."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def _writes(sides: Sides) -> Iterator[Row]:
    """Bulk creation and deletion of the same rows, alternately by each side."""
    numbers = itertools.count(10**8)
    created: dict[httpx.Client, list[list[int]]] = {sides.generated: [], sides.by_hand: []}

    def create(client: httpx.Client) -> float:
        bodies = [_student(next(numbers)) for _ in range(BULK)]
        response, seconds = _timed(client, "POST", f"{PREFIX}/students/bulk", bodies)
        created[client].append([row["id"] for row in response.json()])
        return seconds

    def delete(client: httpx.Client) -> float:
        return _timed(client, "POST", f"{PREFIX}/students/bulk-delete", created[client].pop())[1]

    for what, action in (("create", create), ("delete", delete)):
        yield measured(
            f"students, {what} {BULK:,} in bulk",
            lambda action=action: action(sides.generated),  # type: ignore[misc]
            lambda action=action: action(sides.by_hand),  # type: ignore[misc]
        )


def _student(number: int) -> dict[str, Any]:
    return {
        "school_id": 1,
        "nisn": f"{number:010d}",
        "nis": f"n{number}",
        "nik": f"{number:016d}",
        "full_name": f"New {number}",
        "gender": "L",
        "birth_place": "Bandung",
        "birth_date": "2010-05-01",
        "religion": "islam",
        "address": "Jl. Merdeka 1",
    }


def _export(sides: Sides, rows: int) -> Row:
    """The export of all students, once by each side: it takes long enough."""
    path = f"{PREFIX}/students/export.csv"
    ours, theirs = (_download(client, path, rows) for client in (sides.generated, sides.by_hand))
    return Row(
        what=f"students, CSV of {rows:,} rows (1 run)",
        measured=f"{ours:,.1f} s",
        baseline=f"{theirs:,.1f} s",
        ratio=ours / theirs,
        bound=BOUND,
    )


def _download(client: httpx.Client, path: str, rows: int) -> float:
    """Receive a CSV file and return how many seconds it took. Raises RuntimeError where lines are missing."""
    began, lines = time.perf_counter(), 0
    with client.stream("GET", path) as response:
        for block in response.iter_bytes():
            lines += block.count(b"\n")
    if lines < rows:
        raise RuntimeError(f"{path} has {lines} lines, not {rows}")
    return time.perf_counter() - began


def get(client: httpx.Client, path: str) -> float:
    """Return how many seconds a GET request took. Raises RuntimeError where it is answered with an error."""
    return _timed(client, "GET", path)[1]


def _timed(client: httpx.Client, method: str, path: str, body: Any = None) -> tuple[httpx.Response, float]:
    began = time.perf_counter()
    response = client.request(method, path, json=body)
    seconds = time.perf_counter() - began
    if response.is_error:
        raise RuntimeError(f"{method} {path} was answered with {response.status_code}: {response.text[:500]}")
    return response, seconds
