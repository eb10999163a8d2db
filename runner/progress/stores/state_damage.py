"""Finds what is wrong with a state file: pages, format, rows that nothing could have written.

SQLite checks its own structure. What it does not check is whether the bytes of a row are those that were written, so a
flipped bit in a text, a number or the schema would fail whoever reads that row later, or every further run.
"""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

from runner.progress.stores.record_tables import TABLES, DamagedRowError
from runner.progress.stores.state_migrations import APPLICATION_ID, VERSION
from runner.progress.stores.statements import OTHER_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Defect = tuple[str, str]  # a word for the name of the file, and a sentence for the user

# What SQLite reports of the system, of other processes or of a size; every other error is about the file's bytes.
_NOT_THE_FILE = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_CANTOPEN",
    "SQLITE_IOERR",
    "SQLITE_PERM",
    "SQLITE_READONLY",
    "SQLITE_FULL",
    "SQLITE_NOMEM",
    "SQLITE_INTERRUPT",
    "SQLITE_PROTOCOL",
    "SQLITE_TOOBIG",
)


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error that SQLite reported while a file was examined is about what is in the file."""
    name = getattr(error, "sqlite_errorname", None)
    return isinstance(error, sqlite3.DatabaseError) and (name is None or not name.startswith(_NOT_THE_FILE))


def find_format_defect(db: sqlite3.Connection) -> Defect | None:
    """Return why a file cannot be read as a state file, or None. Takes milliseconds; reads no row.

    Raises sqlite3.Error, of which `is_damage` says whether it is a defect of the file.
    """
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if _is_empty(db):
        return None
    if application != APPLICATION_ID:
        return "foreign", "is not a state file of the runner"
    if version > VERSION:
        return "newer", f"was written by a newer runner (format {version}, this one knows {VERSION})"
    if version < 1:
        return _damaged(f"its format is {version}")
    reason = next(_schema_defects(db), None)
    return None if reason is None else _damaged(reason)


def find_defect(db: sqlite3.Connection) -> Defect | None:
    """Return why a file cannot be used, or None. Reads all of it. Raises like `find_format_defect`."""
    defect = find_format_defect(db)
    if defect is not None or _is_empty(db):
        return defect
    (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        return _damaged(" ".join(verdict.split()))
    try:
        reason = next(_row_defects(db), None)
    except DamagedRowError as error:
        reason = str(error)
    return None if reason is None else _damaged(reason)


def find_write_defect(path: Path, db: sqlite3.Connection) -> Defect | None:
    """Return why SQLite refuses to write to a file that this user may write to, or None.

    A header with an unknown write version makes it read-only (SQLite, "The Database Header"). It must not be read from
    the file itself: closing any descriptor of a file drops the locks that this process's connections hold on it, and
    another process then removes a log that is in use (SQLite, "How To Corrupt An SQLite Database File", 2.2).
    """
    try:
        db.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_READONLY" or not os.access(path, os.W_OK):
            raise
        return _damaged("its header says that it cannot be written")
    db.execute("ROLLBACK")
    return None


def _damaged(reason: str) -> Defect:
    return "damaged", f"is damaged ({reason})"


def _is_empty(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def _schema_defects(db: sqlite3.Connection) -> Iterator[str]:
    """Yield what keeps rows from being written or read. Columns that an older runner did not know may be missing."""
    needed = {table.name: table.required for table in TABLES} | OTHER_TABLES
    optional = {table.name: {column.name for column in table.columns} | {table.scope} for table in TABLES}
    for table, names in needed.items():
        found = {row[1]: row for row in db.execute(f"PRAGMA table_info({table})")}
        yield from (f"table {table} has no column {name}" for name in sorted(names - found.keys()))
        for name in sorted(found.keys() - names - optional.get(table, set())):
            _, _, _, not_null, default, _ = found[name]
            if not_null and default is None:
                yield f"table {table} has the unknown column {name!r}"


def _row_defects(db: sqlite3.Connection) -> Iterator[str]:
    """Yield what no runner has written. What a run reads of earlier ones is read here as it reads it."""
    for child, _, parent, _ in db.execute("PRAGMA foreign_key_check"):
        yield f"table {child} has a row that belongs to none of table {parent}"
    # A JSON array a run takes a third of the time of a check a row.
    arrays = db.execute("SELECT json_valid('[' || group_concat(payload) || ']') FROM events GROUP BY run")
    if any(valid != 1 for (valid,) in arrays):
        yield "table events has a row that is not JSON"
    for table in TABLES:
        present = {row[1] for row in db.execute(f"PRAGMA table_info({table.name})")}
        columns = [column for column in table.columns if column.name in present]
        test = " OR ".join(column.wrong for column in columns)
        if db.execute(f"SELECT 1 FROM {table.name} WHERE {test} LIMIT 1").fetchone():  # noqa: S608 - constants
            yield f"table {table.name} has a row that no runner has written"
        # Text that is not UTF-8 cannot be read by Python. One long text a run takes less time than many short ones.
        texts = " || ".join(f"coalesce({column.name}, '')" for column in columns if str in column.kinds)
        db.execute(f"SELECT group_concat({texts}, '') FROM {table.name} GROUP BY {table.scope}").fetchall()  # noqa: S608
        if len(columns) == len(table.columns):
            unended = f"WHERE {table.scope} IN (SELECT key FROM runs WHERE ended_at IS NULL)"  # noqa: S608
            for row in db.execute(table.select + unended):
                table.read(row)
