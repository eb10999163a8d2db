"""Opens the state file, sets an unusable one aside, and explains the errors of SQLite.

The file is `<state folder>/state.db`, in WAL mode with synchronous=NORMAL: what is committed survives the end
of the process, however it ends. A file that cannot be used is renamed and never deleted.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from runner.progress.stores.record_tables import DamagedRowError
from runner.progress.stores.state_damage import find_defect, find_format_defect, find_write_defect, is_damage
from runner.progress.stores.state_migrations import VERSION, migrate, missing_columns
from runner.records.advisory_lock import AdvisoryLock
from runner.records.atomic_files import replace_file
from runner.records.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import StrPath

    from runner.progress.stores.state_damage import Defect

FILE_NAME = "state.db"
BUSY_TIMEOUT = 30.0  # seconds to wait for another process's transaction; those take milliseconds
CHECKPOINT_PAGES = 4000  # 16 MB of write-ahead log between two checkpoints: each costs an fsync
_COMPANIONS = ("", "-wal", "-shm")


def open_for_writing(folder: StrPath) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """Open, or create, the state file in `folder`; return the connection and notices for the user.

    A damaged file, one of a newer runner and one of another program are set aside. Raises StoreError.
    """
    folder = Path(folder)
    path = folder / FILE_NAME
    with explained(path):
        _require_ours(folder)
        make_state_folder(folder)
        with _alone(folder):
            notices = _set_aside(path)
            db = connect(path, mode="rwc")
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
                db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
                migrate(db)
            except BaseException:
                db.close()
                raise
    return db, notices


def open_for_reading(folder: StrPath) -> sqlite3.Connection:
    """Open the state file in `folder` read-only, or an empty one in memory where there is none. Raises StoreError."""
    return _open_existing(Path(folder), mode="ro") or _empty()


def open_for_requests(folder: StrPath) -> sqlite3.Connection:
    """Open the state file of another process's run, to write a request into it. Raises StoreError."""
    db = _open_existing(Path(folder), mode="rw")
    if db is None:
        raise StoreError(f"{Path(folder) / FILE_NAME}: no run was recorded here; name its folder with --state")
    return db


def connect(path: Path, *, mode: str) -> sqlite3.Connection:
    """Return a connection in autocommit mode that any thread may use, one at a time."""
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
    )
    db.execute("PRAGMA foreign_keys = ON")
    return db


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the errors of the system and of SQLite, and damaged rows, into a StoreError that says what to do."""
    try:
        yield
    except DamagedRowError as error:
        raise StoreError(f"{path}: {_explain_row(error)}") from error
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {_explain(error)}") from error
    except OSError as error:
        place = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else path
        reason = error.strerror or str(error)
        raise StoreError(
            f"{place}: the run's state cannot be saved here ({reason}); "
            "give a folder that can be written with --state or RUNNER_STATE"
        ) from error


def _explain(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", None)
    if name is None:  # Python's own, for text that is not UTF-8
        return _explain_row(error)
    if name.startswith("SQLITE_FULL"):
        return "the run's state cannot be saved: the disk is full; free some space and run the plan again"
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return (
            f"the run's state cannot be saved here ({error}); "
            "give a folder that can be written with --state or RUNNER_STATE"
        )
    if name.startswith("SQLITE_BUSY"):
        return (
            f"another process has locked the state file for more than {BUSY_TIMEOUT:.0f} s; "
            "end that process, a backup or a database browser perhaps, and run the command again"
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"the state file is damaged ({error}); the next run sets it aside and starts a new one"
    return f"the run's state cannot be saved ({error})"


def _require_ours(folder: Path) -> None:
    """Refuse a link in place of the folder, and what is no regular file in place of its files.

    A checkout can bring links that lead anywhere, and opening a pipe blocks. SQLite opens by path, so this is looked at
    before and not at use.
    """
    if folder.is_symlink():
        raise StoreError(f"{folder}: it is a link; remove it, or name another folder with --state or RUNNER_STATE")
    for path in (folder / f"{FILE_NAME}{companion}" for companion in _COMPANIONS):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(mode):
            is_link = stat.S_ISLNK(mode)
            what = "it is a link" if is_link else "the run's state cannot be saved in what is no regular file"
            raise StoreError(f"{path}: {what}; remove it, or name another folder with --state or RUNNER_STATE")


def _explain_row(error: Exception) -> str:
    return (
        f"the state file is damaged ({error}); "
        "the next run of the plan goes on, with a new file where it cannot use this one"
    )


def make_state_folder(folder: Path) -> None:
    """Create the state folder, ignored by git, unless it exists. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        replace_file(ignore, b"*\n")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Exclude other processes while the file is set aside, created, switched to WAL or migrated."""
    with AdvisoryLock(folder / "state.lock").held(BUSY_TIMEOUT) as got:
        if not got:
            raise StoreError(
                f"{folder}: another process or thread has been opening the state file for {BUSY_TIMEOUT:.0f} s"
            )
        yield


def _set_aside(path: Path) -> tuple[str, ...]:
    """Rename a state file that cannot be used, with its companion files; return a notice, or nothing."""
    if not path.exists() or path.stat().st_size == 0:
        return ()
    defect = _examine(path)
    if defect is None:
        return ()
    label, reason = defect
    stem = f"{path.stem}.{label}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}{path.suffix}"
    for companion in _COMPANIONS:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + companion).rename(path.with_name(stem + companion))
    return (f"{path} {reason}; it was set aside as {stem} and a new one was started",)


def _examine(path: Path) -> Defect | None:
    """Return why the file cannot be used, or None."""
    try:
        # Read-only first, so that closing it does not write the log into a file that is to stay as it is.
        with contextlib.closing(connect(path, mode="ro")) as db:
            defect = find_defect(db)
        if defect is not None:
            return defect
        with contextlib.closing(connect(path, mode="rw")) as db:
            return find_write_defect(path, db)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        return "damaged", f"is damaged ({error})"


def _open_existing(folder: Path, *, mode: str) -> sqlite3.Connection | None:
    """Open an existing state file of this format; None where there is none yet."""
    path = folder / FILE_NAME
    with explained(path):
        _require_ours(folder)
        if not path.exists():
            return None
        if mode == "ro" and not os.access(folder, os.W_OK) and not path.with_name(f"{FILE_NAME}-wal").exists():
            mode = "ro&immutable=1"  # WAL mode creates files, which is not permitted here; so no process writes
        db = connect(path, mode=mode)
        try:
            db.execute("BEGIN")  # one snapshot: another process may be creating or migrating the file
            defect = find_format_defect(db)
            (version,) = db.execute("PRAGMA user_version").fetchone()
            is_current = version == VERSION and not missing_columns(db)
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
    if is_current and defect is None:
        return db
    db.close()
    if defect is not None and version <= VERSION:
        raise StoreError(f"{path}: {defect[1]}; the next run sets it aside and starts a new one")
    if defect is not None:
        raise StoreError(
            f"{path}: the state file has format {version}, this runner reads {VERSION}; use the runner that wrote it"
        )
    if version == 0:
        return None
    raise StoreError(f"{path}: the state file was written by an older runner; the next run brings it up to date")


def _empty() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    migrate(db)
    return db
