"""Reads schemas, each one alone, and prints CPU seconds, the most memory in MB, and the number of tables.

Usage: python -m tests.bench.read_schemas < JSON, where JSON is a list of [dialect, file, …]. CPU time counts from the
start of the process; with XDG_CACHE_HOME set, schemas that were read before come from the cache there.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runner.ddl import schema_cache

if TYPE_CHECKING:
    from runner.ddl.model import Schema


def read(dialect: str, paths: list[Path], *, cached: bool) -> Schema:
    """Return a schema, from the cache where that is wanted and it is there."""
    if not cached:
        from runner.ddl.reader import read_ddl

        return read_ddl(paths, dialect)
    digest = schema_cache.schema_digest(paths, dialect)
    schema = schema_cache.load(paths, digest)
    if schema is None:
        schema = read(dialect, paths, cached=False)
        schema_cache.save(paths, digest, schema)
    return schema


def main() -> None:
    """Read what the standard input names."""
    cached = "XDG_CACHE_HOME" in os.environ
    schemas = json.load(sys.stdin)
    tables = sum(
        len(read(dialect, [Path(file) for file in files], cached=cached).tables) for dialect, *files in schemas
    )
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, tables)


if __name__ == "__main__":
    main()
