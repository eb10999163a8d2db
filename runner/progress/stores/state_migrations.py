"""The format of the state file: numbered migrations, and the columns of records that were added since.

A migration that was ever released is never edited: another one follows it. A column of a field that is added to a
record needs none: it is added, with the field's default, to files that lack it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.progress.stores.record_tables import TABLES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

APPLICATION_ID = 0x706C616E  # "plan": tells our files from other programs' SQLite files

_FIRST = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    """CREATE TABLE runs (
        key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, plan TEXT NOT NULL, plan_path TEXT NOT NULL,
        status TEXT NOT NULL, pid INTEGER NOT NULL, host TEXT NOT NULL, process TEXT,
        concurrency INTEGER NOT NULL, started_at TEXT NOT NULL, ended_at TEXT, exit_code INTEGER, error TEXT,
        last_seq INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TABLE tasks (
        run INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE, id TEXT NOT NULL,
        position INTEGER NOT NULL, title TEXT NOT NULL, description TEXT NOT NULL, agent TEXT NOT NULL,
        classification TEXT NOT NULL, priority INTEGER NOT NULL, needs TEXT NOT NULL, workspace TEXT NOT NULL,
        status TEXT NOT NULL, error TEXT, started_at TEXT, ended_at TEXT,
        pending INTEGER NOT NULL, running INTEGER NOT NULL, done INTEGER NOT NULL, failed INTEGER NOT NULL,
        cancelled INTEGER NOT NULL, PRIMARY KEY (run, id)) WITHOUT ROWID""",
    """CREATE TABLE subtasks (
        run INTEGER NOT NULL, id TEXT NOT NULL, task_id TEXT NOT NULL, position INTEGER NOT NULL,
        title TEXT NOT NULL, table_name TEXT, priority INTEGER NOT NULL, status TEXT NOT NULL,
        step INTEGER NOT NULL, total_steps INTEGER NOT NULL, message TEXT, attempts INTEGER NOT NULL,
        error TEXT, up_to_date INTEGER NOT NULL, pid INTEGER, host TEXT, started_at TEXT, ended_at TEXT,
        created INTEGER NOT NULL, updated INTEGER NOT NULL, identical INTEGER NOT NULL, kept INTEGER NOT NULL,
        merged INTEGER NOT NULL DEFAULT 0, conflicts INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (run, id),
        FOREIGN KEY (run, task_id) REFERENCES tasks (run, id) ON DELETE CASCADE) WITHOUT ROWID""",
    """CREATE TABLE attempts (
        run INTEGER NOT NULL, subtask_id TEXT NOT NULL, number INTEGER NOT NULL, pid INTEGER, host TEXT,
        started_at TEXT, ended_at TEXT, error TEXT, charged INTEGER NOT NULL, PRIMARY KEY (run, subtask_id, number),
        FOREIGN KEY (run, subtask_id) REFERENCES subtasks (run, id) ON DELETE CASCADE) WITHOUT ROWID""",
    """CREATE TABLE events (
        run INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE, seq INTEGER NOT NULL, at TEXT NOT NULL,
        type TEXT NOT NULL, task_id TEXT, subtask_id TEXT, payload TEXT NOT NULL,
        PRIMARY KEY (run, seq)) WITHOUT ROWID""",
    """CREATE TABLE controls (
        id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
        kind TEXT NOT NULL, task_id TEXT, requested_at TEXT NOT NULL, requested_by INTEGER NOT NULL,
        taken_at TEXT, answer TEXT)""",
    "CREATE INDEX controls_waiting ON controls (run) WHERE taken_at IS NULL",
    """CREATE TABLE acknowledgements (
        sink TEXT NOT NULL, run INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
        seq INTEGER NOT NULL, PRIMARY KEY (sink, run)) WITHOUT ROWID""",
)
MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)  # the format's number is how many of them were applied
VERSION = len(MIGRATIONS)


def migrate(db: sqlite3.Connection) -> None:
    """Bring a state file of any earlier format to this one. The connection must be in autocommit mode."""
    (applied,) = db.execute("PRAGMA user_version").fetchone()
    for number, statements in enumerate(MIGRATIONS[applied:], start=applied + 1):
        _execute(db, (*statements, f"PRAGMA user_version = {number}"))
    if missing := missing_columns(db):
        _execute(db, missing)


def missing_columns(db: sqlite3.Connection) -> list[str]:
    """Return the statements that add the columns that an older runner did not know."""
    return [statement for table in TABLES for statement in table.missing_columns(db)]


def _execute(db: sqlite3.Connection, statements: Iterable[str]) -> None:
    """Execute all statements in one transaction, or none."""
    db.execute("BEGIN IMMEDIATE")
    try:
        for statement in statements:
            db.execute(statement)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
