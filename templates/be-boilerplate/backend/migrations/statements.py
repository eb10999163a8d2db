"""Running the SQL of migrations. Statements are items of lists: no text is split, so none can end or hide another."""

from __future__ import annotations

import runpy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic import op

FOLDER = Path(__file__).parent / "versions"


def apply_files(revision: str) -> None:
    """Run `UPGRADE` of the modules in `versions/<revision>/<database>`, in the order of their paths."""
    for part in _parts(revision):
        execute(part["UPGRADE"])


def revert_files(revision: str) -> None:
    """Run `DOWNGRADE` of the same modules, in reverse order."""
    for part in reversed(_parts(revision)):
        execute(part["DOWNGRADE"])


def execute(statements: Iterable[str]) -> None:
    """Run statements literally: `%` and `:` in them are not parameters."""
    connection = op.get_bind().execution_options(no_parameters=True)
    for statement in statements:
        connection.exec_driver_sql(statement)


def _parts(revision: str) -> list[dict[str, Any]]:
    """Return the names that each module defines."""
    folder = FOLDER / revision / op.get_bind().dialect.name
    paths = sorted(folder.rglob("*.py"))
    if not paths:
        raise FileNotFoundError(f"{folder}: the modules of revision {revision} are missing")
    return [runpy.run_path(str(path)) for path in paths]
