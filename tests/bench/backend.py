"""Requests a second of the generated backend against endpoints written by hand, on one PostgreSQL, in one run.

Both are served by one uvicorn process each, at the same time; the same client sends requests to them in turn.
"""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from tests.bench.__main__ import Row
from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import listening, serving
from tests.integration.postgres import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.__main__ import Scratch

ROOT = Path(__file__).resolve().parent.parent.parent
STUDENTS = 500
CONNECTIONS = 4  # of the client, each in its own thread
PATHS = {"list of 50": "/api/students?limit=50", "get": "/api/students/250"}
BATCH = 12  # requests a connection
BATCHES = 40  # to each server in turn: short, so that other load on the machine affects both equally


def bench_backend(scratch: Scratch) -> Iterator[Row]:
    """A list of 50 and a get of `students`."""
    folder = write_backend(backend_files(read_schema()), scratch.fresh())
    with ExitStack() as stack:
        database = stack.enter_context(stack.enter_context(running_server()).new_database())
        generated = stack.enter_context(serving(folder, database, LOG_FORMAT="plain")).url
        by_hand = stack.enter_context(
            listening(["-m", "uvicorn", "tests.bench.by_hand:app"], ROOT, scratch.fresh(), DATABASE_URL=database)
        ).url
        _fill(generated)
        for what, path in PATHS.items():
            rounds = [(_ask(generated, path), _ask(by_hand, path)) for _ in range(BATCHES + 1)][1:]
            ours, theirs = (statistics.median(times) for times in zip(*rounds, strict=True))
            yield Row(
                what=f"generated backend, {what}: requests a second",
                measured=f"{BATCH * CONNECTIONS / ours:,.0f}",
                baseline=f"{BATCH * CONNECTIONS / theirs:,.0f}",
                ratio=theirs / ours,
                bound="≥ 0.9",
            )


def _fill(url: str) -> None:
    """Add a school and its students, through the API itself."""
    with httpx.Client(base_url=url, timeout=60) as client:
        schemas = client.get("/openapi.json").json()["components"]["schemas"]
        school = client.post("/api/schools", json=schemas["SchoolCreate"]["examples"][0]).json()
        example = {**schemas["StudentCreate"]["examples"][0], "school_id": school["id"]}
        bodies = [
            {**example, "nisn": f"{n:010d}", "nis": f"{n:06d}", "nik": f"{n:016d}", "full_name": f"Student {n}"}
            for n in range(STUDENTS)
        ]
        client.post("/api/students/bulk", json=bodies).raise_for_status()


def _ask(url: str, path: str) -> float:
    """Send a batch of requests on each connection, and return how many seconds all took."""
    address = urlsplit(url)
    answered: list[int] = []

    def ask() -> None:
        with closing(http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)) as connection:
            for _ in range(BATCH):
                connection.request("GET", path)
                response = connection.getresponse()
                response.read()
                answered.append(response.status)

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if answered != [200] * (BATCH * CONNECTIONS):
        raise RuntimeError(f"{path} was answered with {set(answered)}, {len(answered)} times")
    return took
