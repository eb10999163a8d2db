"""The schema of a SQLite database, read from its own table of statements."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from runner.records.errors import DDLError, Problem

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = b"SQLite format 3\0"  # SQLite, "Database File Format", section 1.3
_STATEMENTS = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"
_BUSY_TIMEOUT = 10.0  # seconds to wait for a process that is writing


def is_sqlite_database(path: Path) -> bool:
    """Return whether a file is a SQLite database, by its header. An unreadable file is none."""
    try:
        with path.open("rb") as file:
            return file.read(len(_HEADER)) == _HEADER
    except OSError:
        return False


def read_statements(path: Path) -> bytes:
    """Return the statements that made a database, in their order. Opens it read-only. Raises `DDLError`."""
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT)) as database:
            statements = [statement for (statement,) in database.execute(_STATEMENTS)]
    except sqlite3.Error as error:
        raise DDLError(
            Problem(
                file=str(path),
                message=f"the SQLite database cannot be read: {error}",
                expected="Close the program that writes to it, or write its schema: "
                "`sqlite3 DATABASE .schema > schema.sql`",
            )
        ) from error
    return "".join(f"{statement}\n;\n" for statement in statements).encode()
