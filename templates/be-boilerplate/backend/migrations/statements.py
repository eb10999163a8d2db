"""Running the SQL of migrations. Statements are items of lists: no text is split, so none can end or hide another."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

FOLDER = Path(__file__).parent / "versions"
_EXTENSION = re.compile(r'CREATE EXTENSION IF NOT EXISTS (?:"((?:[^"]|"")+)"|(\w+))')


_SINCE_18 = re.compile(  # a line of ours: a column computed when it is read, or a constraint over ranges
    r"^ +\S.* GENERATED ALWAYS AS .* VIRTUAL(?: NOT NULL)?,?$"
    r"|^(?:ALTER TABLE .* ADD| +)\s*CONSTRAINT .*(?: WITHOUT OVERLAPS\)|\bPERIOD .*\) REFERENCES )",
    re.MULTILINE,
)


class MissingExtensionError(Exception):
    """A revision creates extensions that the PostgreSQL server does not offer."""


class OldServerError(Exception):
    """A revision needs a newer version of PostgreSQL than that of the server."""


def apply_files(revision: str) -> None:
    """Run `UPGRADE` of the modules in `versions/<revision>/<database>`, in the order of their paths.

    Raises:
        MissingExtensionError: the server does not offer an extension; nothing was changed.
        OldServerError: the server is too old; nothing was changed.

    """
    parts = _parts(revision)
    require_server([statement for part in parts for statement in part["UPGRADE"]])
    for part in parts:
        execute(part["UPGRADE"])


def revert_files(revision: str) -> None:
    """Run `DOWNGRADE` of the same modules, in reverse order."""
    for part in reversed(_parts(revision)):
        execute(part["DOWNGRADE"])


def require_server(statements: Sequence[str]) -> None:
    """Raise an error if statements need extensions that the server does not offer, or a newer server."""
    _require_version(statements)
    found = [match for match in map(_EXTENSION.match, statements) if match]
    needed = [
        plain or quoted.replace('""', '"') for quoted, plain in (match.groups() for match in found)
    ]
    if not needed:
        return
    connection = op.get_bind()
    available = set(connection.scalars(sa.text("SELECT name FROM pg_available_extensions")))
    missing = [name for name in needed if name not in available]
    if missing:
        version = str(connection.scalar(sa.text("SHOW server_version"))).split()[0]
        package = f"postgresql-{version.partition('.')[0]}"
        raise MissingExtensionError(
            f"PostgreSQL {version} does not offer the extension {', '.join(missing)}; nothing was changed.\n"
            f"Install it on the server (Debian: {package} contains PostgreSQL's own, and"
            f" `apt-cache search {package}-` lists the packages of others), or use a server that offers it."
        )


def _require_version(statements: Iterable[str]) -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    newer = next(filter(None, map(_SINCE_18.search, statements)), None)
    if newer is None or int(str(connection.scalar(sa.text("SHOW server_version_num")))) >= 180000:
        return
    version = str(connection.scalar(sa.text("SHOW server_version"))).split()[0]
    raise OldServerError(
        f"PostgreSQL {version} is too old; nothing was changed. This needs version 18 or later:\n{newer[0].strip()}"
    )


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
