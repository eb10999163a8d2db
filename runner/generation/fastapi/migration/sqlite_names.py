"""Names of indexes in SQLite, which compares them without case, and with those of tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.generation.fastapi.sql_names import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.generation.fastapi.migration.snapshot import TableSnapshot


def with_distinct_indexes(tables: Sequence[TableSnapshot]) -> tuple[TableSnapshot, ...]:
    """Return the tables with a number after each name of a SQLite index that is taken already."""
    taken = {table.sqlite.name.lower() for table in tables}
    found: list[TableSnapshot] = []
    for table in tables:
        indexes = tuple(_distinct(name, sql, taken) for name, sql in table.sqlite.indexes)
        found.append(replace(table, sqlite=replace(table.sqlite, indexes=indexes)))
    return tuple(found)


def _distinct(name: str, sql: str, taken: set[str]) -> tuple[str, str]:
    chosen, number = name, 0
    while chosen.lower() in taken:
        number += 1
        chosen = f"{name}_{number}"
    taken.add(chosen.lower())
    return chosen, sql.replace(f"INDEX {quote(name)} ON", f"INDEX {quote(chosen)} ON", 1)
