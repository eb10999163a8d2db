"""Requests of many clients at once: four of five read, the others add or delete a student."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLIENTS = 50
ROUNDS = 6  # of ten requests, by each client
PATH = "/api/students"


class Throughput(NamedTuple):
    """How a server did: requests a second, and how long all but one of a hundred took at most, in seconds."""

    rate: float
    p99: float


def measured(url: str, rows: int, new_student: Callable[[int], dict[str, object]], start: int) -> Throughput:
    """Return the throughput of a server for requests that depend on `start` only, the first number of a new student.

    Raises httpx.HTTPStatusError where a request fails.
    """
    return asyncio.run(_measured(url, rows, new_student, itertools.count(start)))


async def _measured(
    url: str, rows: int, new_student: Callable[[int], dict[str, object]], numbers: Iterator[int]
) -> Throughput:
    times: list[float] = []
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS, keepalive_expiry=1)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=120) as client:

        async def send(method: str, path: str, body: object = None) -> httpx.Response:
            began = time.perf_counter()
            response = await client.request(method, path, json=body)
            times.append(time.perf_counter() - began)
            return response.raise_for_status()

        async def work(place: int) -> None:
            for turn in range(ROUNDS):
                number = (place * ROUNDS + turn) * 7919 % (rows - 100) + 1
                for key in range(number, number + 4):
                    await send("GET", f"{PATH}/{key}")
                await send("GET", PATH)
                await send("GET", f"{PATH}?offset={number % 1000}&limit=20")
                await send("GET", f"{PATH}?status=graduated&limit=20")
                await send("GET", f"{PATH}?q=zulkarnaen&limit=20")
                added = await send("POST", f"{PATH}/bulk", [new_student(next(numbers))])
                await send("POST", f"{PATH}/bulk-delete", [added.json()[0]["id"]])

        began = time.perf_counter()
        await asyncio.gather(*map(work, range(CLIENTS)))
        elapsed = time.perf_counter() - began
    return Throughput(rate=len(times) / elapsed, p99=statistics.quantiles(times, n=100)[98])
