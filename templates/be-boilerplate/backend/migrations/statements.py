"""Running migrations that are written in SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from alembic import op

FOLDER = Path(__file__).parent / "versions"
# Separates the statements of a file from those that revert them.
TAKEN_BACK = "\n-- To take it back:\n"


def apply_files(revision: str) -> None:
    """Run the files in `versions/<revision>/<database>`, in the order of their paths."""
    for apply, _ in _files(revision):
        _execute(apply)


def revert_files(revision: str) -> None:
    """Revert those files, in reverse order."""
    for _, revert in reversed(_files(revision)):
        _execute(revert)


# Revisions of earlier generator versions import these names.
make_all, take_all_back = apply_files, revert_files


def execute_file(revision: str) -> None:
    """Run the statements of `versions/<revision>.<database>.sql`."""
    path = FOLDER / f"{revision}.{op.get_bind().dialect.name}.sql"
    _execute(path.read_text(encoding="utf-8"))


def split(text: str) -> Iterator[str]:
    """Yield the statements of a file; semicolons within quotes do not end a statement."""
    lines: list[str] = []
    for line in text.splitlines():
        lines.append(line)
        statement = "\n".join(lines).strip()
        if statement.endswith(";") and sqlite3.complete_statement(statement):
            yield statement
            lines = []


def _files(revision: str) -> list[tuple[str, str]]:
    """Return the statements of each file, and those that revert them."""
    paths = sorted((FOLDER / revision / op.get_bind().dialect.name).rglob("*.sql"))
    parts = [path.read_text(encoding="utf-8").partition(TAKEN_BACK) for path in paths]
    return [(apply, revert) for apply, _, revert in parts]


def _execute(text: str) -> None:
    connection = op.get_bind().execution_options(no_parameters=True)
    for statement in split(text):
        connection.exec_driver_sql(statement)
