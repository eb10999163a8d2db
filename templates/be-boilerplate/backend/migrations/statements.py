"""Migrations written in SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from alembic import op

FOLDER = Path(__file__).parent / "versions"
TAKEN_BACK = "\n-- To take it back:\n"  # parts a file in two


def make_all(revision: str) -> None:
    """Run what the files in `versions/<revision>/<database>` make, in the order of their paths."""
    for made, _ in _files(revision):
        _execute(made)


def take_all_back(revision: str) -> None:
    """Run what takes that back, in the opposite order."""
    for _, taken_back in reversed(_files(revision)):
        _execute(taken_back)


def execute_file(revision: str) -> None:
    """Run the statements of `versions/<revision>.<database>.sql`."""
    path = FOLDER / f"{revision}.{op.get_bind().dialect.name}.sql"
    _execute(path.read_text(encoding="utf-8"))


def split(text: str) -> Iterator[str]:
    """Give the statements of a file; a semicolon within quotes ends none."""
    lines: list[str] = []
    for line in text.splitlines():
        lines.append(line)
        statement = "\n".join(lines).strip()
        if statement.endswith(";") and sqlite3.complete_statement(statement):
            yield statement
            lines = []


def _files(revision: str) -> list[tuple[str, str]]:
    """Return what each file makes, and what takes it back."""
    paths = sorted((FOLDER / revision / op.get_bind().dialect.name).rglob("*.sql"))
    parts = [path.read_text(encoding="utf-8").partition(TAKEN_BACK) for path in paths]
    return [(made, taken_back) for made, _, taken_back in parts]


def _execute(text: str) -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    for statement in split(text):
        connection.exec_driver_sql(statement)
