"""Numbers of rows by group, which charts show, of a large table, against the same SQL by hand.

Requests to the generated application and statements over a connection of their own, in turn, one at a time. The table
has attendance of each student for each of `DAYS` days; its indexes are those of the DDL, and then also those it lacks.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, LiteralString

import httpx
import psycopg

from tests.bench.scale import PREFIX, database_of, get, measured, own_database
from tests.bench.scale_rows import fill
from tests.generated_backend import backend_files, read_schema, write_backend
from tests.integration.backend import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.__main__ import Row, Scratch

DAYS = 1000

_VALUES = "SELECT {0}, count(*) FROM attendance {1} GROUP BY 1 ORDER BY 2 DESC LIMIT {2}"
_PERIODS = """
    WITH newest AS (SELECT max({1}) AS at FROM attendance WHERE {1} < CURRENT_DATE + 1)
    SELECT date_trunc('{0}', {1}), count(*) FROM attendance, newest
    WHERE {1} >= date_trunc('{0}', at) - INTERVAL '{2} {0}' AND {1} < date_trunc('{0}', at) + INTERVAL '1 {0}'
    GROUP BY 1 ORDER BY 1
"""
# The query of each request, and the statement that a person would write. Charts show 8 values, 14 days or 12 months.
REQUESTS = {
    "by enum": ("group_by=status&limit=8", _VALUES.format("status", "", 8)),
    "by enum, of one class": ("group_by=status&limit=8&class_id=7", _VALUES.format("status", "WHERE class_id = 7", 8)),
    "by reference": ("group_by=student_id&limit=8", _VALUES.format("student_id", "", 8)),
    "14 days of a date": ("group_by=attendance_date__day&limit=14", _PERIODS.format("day", "attendance_date", 13)),
    "12 months of a date": ("group_by=attendance_date__month", _PERIODS.format("month", "attendance_date", 11)),
    "366 days of a date": ("group_by=attendance_date__day&limit=366", _PERIODS.format("day", "attendance_date", 365)),
    "366 days of a moment": ("group_by=created_at__day&limit=366", _PERIODS.format("day", "created_at", 365)),
    "14 days of a moment": ("group_by=created_at__day&limit=14", _PERIODS.format("day", "created_at", 13)),
    "12 months of a moment": ("group_by=created_at__month", _PERIODS.format("month", "created_at", 11)),
    "12 months of a date, of one class": (
        "group_by=attendance_date__month&class_id=7",
        _PERIODS.format("month", "attendance_date", 11).replace("WHERE", "WHERE class_id = 7 AND"),
    ),
}


def bench_groups(scratch: Scratch, rows: int, server: str | None) -> Iterator[Row]:
    """Groups of `rows` of attendance."""
    for indexes in ("none", "create"):
        options = {"charts": True, "indexes": indexes}
        folder = write_backend(backend_files(read_schema(), options=options), scratch.fresh())
        with ExitStack() as stack:
            database = stack.enter_context(database_of(server) if server else own_database())
            ours = stack.enter_context(serving(folder, database, LOG_FORMAT="plain"))
            fill(database, rows // DAYS, DAYS)
            client = stack.enter_context(httpx.Client(base_url=ours.url, timeout=600))
            connection = stack.enter_context(psycopg.connect(database, autocommit=True))
            for what, (query, statement) in REQUESTS.items():
                with_indexes = ", with suggested indexes" if indexes == "create" else ""
                yield _compared(f"{what}{with_indexes}", client, query, connection, statement)


def _compared(
    what: str, client: httpx.Client, query: str, connection: psycopg.Connection, statement: LiteralString
) -> Row:
    def request() -> float:
        return get(client, f"{PREFIX}/attendance/groups?{query}")

    def by_hand() -> float:
        began = time.perf_counter()
        connection.execute(statement).fetchall()
        return time.perf_counter() - began

    return measured(what, request, by_hand)
