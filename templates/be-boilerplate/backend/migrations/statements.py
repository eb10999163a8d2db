"""Migrations written in SQL: a file for each database beside the revision."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from alembic import op

FOLDER = Path(__file__).parent / "versions"


def execute_file(revision: str) -> None:
    """Run the statements of `versions/<revision>.<database>.sql`."""
    connection = op.get_bind().execution_options(no_parameters=True)
    path = FOLDER / f"{revision}.{connection.dialect.name}.sql"
    for statement in split(path.read_text(encoding="utf-8")):
        connection.exec_driver_sql(statement)


def split(text: str) -> Iterator[str]:
    """Give the statements of a file; a semicolon within quotes ends none."""
    lines: list[str] = []
    for line in text.splitlines():
        lines.append(line)
        statement = "\n".join(lines).strip()
        if statement.endswith(";") and sqlite3.complete_statement(statement):
            yield statement
            lines = []
