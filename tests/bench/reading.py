"""CPU seconds and memory of reading DDL, in a process of its own: imports count, as they do for a run."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.__main__ import ROOT, RUNS, Row, Scratch
from tests.bench.growth import many_tables
from tests.corpus import CORPUS, EXPECTED

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_TABLES = 9600
Schemas = list[list[str]]  # of each its dialect and its files


class Reading(NamedTuple):
    """What one process took."""

    cpu: float  # user and system, in seconds
    memory: float  # the most, in MB
    tables: int


def bench_reading(scratch: Scratch) -> Iterator[Row]:
    """Reading the corpus, new and from the cache of schemas; the school; and as many tables as there may be."""
    generated = scratch.folder / "tables.sql"
    generated.write_text(many_tables(MOST_TABLES))
    if corpus := corpus_schemas():
        yield row("the corpus", corpus, "CPU ≤ 1.2 s")
        yield row("the corpus, read before", corpus, cache=str(scratch.fresh()))
    yield row("the school", [["postgres", str(ROOT / "plans" / "school.sql")]])
    yield row("generated tables", [["postgres", str(generated)]], "≤ 250 MB")


def corpus_schemas() -> Schemas:
    """Return the schemas of the corpus; none where it is not next to the project."""
    catalogs = [json.loads(path.read_text(encoding="utf-8")) for path in EXPECTED]
    return [[found["dialect"], *(str(CORPUS / source) for source in found["source"])] for found in catalogs]


def row(what: str, schemas: Schemas, bound: str = "", cache: str | None = None) -> Row:
    """Measure reading schemas, after one warm-up; those in `cache` are read from there."""
    measured(schemas, cache)
    runs = [measured(schemas, cache) for _ in range(RUNS)]
    cpus = [run.cpu for run in runs]
    memory = statistics.median(run.memory for run in runs)
    spread = f"({min(cpus):.2f} to {max(cpus):.2f})"
    return Row(
        what=f"reading {what}, {runs[0].tables:,} tables",
        measured=f"CPU {statistics.median(cpus):.2f} s {spread}, {memory:.0f} MB",
        bound=bound,
    )


def measured(schemas: Schemas, cache: str | None) -> Reading:
    """Read schemas in a new process and return what it took."""
    left_out = {"XDG_CACHE_HOME", "PYTHONDONTWRITEBYTECODE"}  # a user's Python keeps its bytecode
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    if cache is not None:
        environment["XDG_CACHE_HOME"] = cache
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.read_schemas"],
        cwd=ROOT,
        env=environment,
        input=json.dumps(schemas),
        check=True,
        capture_output=True,
        text=True,
    )
    cpu, memory, tables = done.stdout.split()
    return Reading(float(cpu), float(memory), int(tables))
