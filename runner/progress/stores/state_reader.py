"""Queries on the state file: runs, tasks, sub-tasks, attempts, events, requests and the outbox.

Used in any process. `StateReader.open` has a read-only connection of its own and holds no lock between two queries; the
store of a running supervisor answers the same queries over its own connection.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from runner.progress.stores import statements
from runner.progress.stores.record_tables import ATTEMPTS, RUNS, SUBTASKS, TASKS
from runner.progress.stores.state_file import FILE_NAME, explained, open_for_reading
from runner.records.errors import StoreError
from runner.records.process_identity import is_alive
from runner.records.status import RunStatus

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator
    from types import TracebackType

    from _typeshed import StrPath

    from runner.progress.reporter import Recorded
    from runner.progress.stores.record_tables import R, RecordTable, Row
    from runner.progress.stores.run_records import AttemptRecord, ControlRecord, RunRecord, SubTaskRecord, TaskRecord
    from runner.records.events import Event

LATEST = "latest"
PAGE = 1000  # events in one query: a long query would delay checkpoints of the write-ahead log
SHORTEST_PREFIX = 4  # characters of a run's id that may stand for it


class NoSuchRunError(StoreError):
    """There is no run, no single run, or no task of it, with the given id."""

    exit_code = 2


class StateReader:
    """Reads recorded runs. Thread-safe; every method raises StoreError."""

    def __init__(self, db: sqlite3.Connection, folder: StrPath) -> None:
        self._db = db
        self._lock = threading.RLock()
        self.path = Path(folder) / FILE_NAME

    @classmethod
    def open(cls, folder: StrPath) -> Self:
        """Open the state file in `folder` read-only; where there is none, it has no runs."""
        return cls(open_for_reading(folder), folder)

    @property
    def has_file(self) -> bool:
        """Whether it reads a file; the path may be there before there is anything to read in it."""
        with self._lock, explained(self.path):
            return bool(self._db.execute("PRAGMA database_list").fetchone()[2])

    def close(self) -> None:
        """Close the file."""
        with self._lock, explained(self.path):
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def runs(self, limit: int | None = None) -> tuple[RunRecord, ...]:
        """Return the runs, newest first."""
        found = self._ask(RUNS.select + "ORDER BY key DESC LIMIT ?", -1 if limit is None else limit)
        return tuple(map(_with_true_status, self._records(RUNS, found)))

    def run(self, reference: str = LATEST) -> RunRecord:
        """Return a run by its id, by a unique prefix of it, or the latest. Raises NoSuchRunError."""
        if reference == LATEST:
            newest = self.runs(limit=1)
            if not newest:
                raise NoSuchRunError(f"{self.path}: no run was recorded yet; `runner PLAN` starts one")
            return newest[0]
        found = self._ask(
            RUNS.select + "WHERE id = ?1 OR (length(?1) >= ?2 AND substr(id, 1, length(?1)) = ?1) ORDER BY key DESC",
            reference.strip().lower(),
            SHORTEST_PREFIX,
        )
        if len(found) == 1:
            return _with_true_status(self._records(RUNS, found)[0])
        if found:
            ids = ", ".join(row[1] for row in found)
            raise NoSuchRunError(f"run {reference!r} could be any of {ids}; give more of its id")
        if len(reference.strip()) < SHORTEST_PREFIX:
            raise NoSuchRunError(f"run {reference!r}: give at least {SHORTEST_PREFIX} characters of its id")
        raise NoSuchRunError(f"{self.path}: there is no run {reference!r}; `runner status` lists the runs")

    def tasks(self, run_id: str) -> tuple[TaskRecord, ...]:
        """Return the tasks of a run in the order of its plan."""
        found = self._ask(TASKS.select + "WHERE run = ? ORDER BY position", self._key(run_id))
        return self._records(TASKS, found)

    def subtasks(self, run_id: str, task_id: str | None = None) -> tuple[SubTaskRecord, ...]:
        """Return the sub-tasks of a run, or of one of its tasks, in order."""
        found = self._ask(
            SUBTASKS.select + "WHERE run = ?1 AND (?2 IS NULL OR task_id = ?2) ORDER BY task_id, position",
            self._key(run_id),
            task_id,
        )
        return self._records(SUBTASKS, found)

    def attempts(self, run_id: str, subtask_id: str | None = None) -> tuple[AttemptRecord, ...]:
        """Return the attempts of a run, or of one of its sub-tasks, in order."""
        found = self._ask(
            ATTEMPTS.select + "WHERE run = ?1 AND (?2 IS NULL OR subtask_id = ?2) ORDER BY subtask_id, number",
            self._key(run_id),
            subtask_id,
        )
        return self._records(ATTEMPTS, found)

    def events(self, run_id: str, after_seq: int = 0, *, task_id: str | None = None) -> Iterator[Recorded]:
        """Yield the events of a run, or those of one of its tasks, that come after `after_seq`, in order."""
        while True:
            page = self._events_page(run_id, after_seq, PAGE, task_id)
            for seq, payload in page:
                yield self._event(run_id, seq, payload)
            if len(page) < PAGE:
                return
            after_seq = page[-1][0]

    def newest_events(self, run_id: str, kinds: Collection[type[Event]], limit: int) -> tuple[Recorded, ...]:
        """Return the newest events of these kinds, at most `limit`, in order."""
        names = [kind.__name__ for kind in kinds]
        found = self._ask(
            f"SELECT seq, payload FROM events WHERE run = ? AND type IN ({', '.join('?' * len(names))}) "  # noqa: S608
            "ORDER BY seq DESC LIMIT ?",
            self._key(run_id),
            *names,
            limit,
        )
        return tuple(self._event(run_id, seq, payload) for seq, payload in reversed(found))

    @contextlib.contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """Have all queries inside the block see the same moment, whatever is written meanwhile."""
        with self._lock, explained(self.path):
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("COMMIT")

    def control(self, control_id: int) -> ControlRecord | None:
        """Return a request with its answer, or None."""
        found = self._ask(
            "SELECT controls.id, runs.id, kind, task_id, requested_at, requested_by, taken_at, answer "
            "FROM controls JOIN runs ON runs.key = controls.run WHERE controls.id = ?",
            control_id,
        )
        return statements.read_control(found[0]) if found else None

    def acknowledged(self, sink: str, run_id: str) -> int:
        """Return the number up to which `sink` has all events of a run."""
        found = self._ask("SELECT seq FROM acknowledgements WHERE sink = ? AND run = ?", sink, self._key(run_id))
        return int(found[0][0]) if found else 0

    def owed(self, sink: str) -> dict[str, int]:
        """Return how many events `sink` has not acknowledged, by run, the oldest first; runs without any are left out.

        Only runs that were started with this sink are counted.
        """
        found = self._ask(
            "SELECT id, last_seq - seq AS waiting FROM runs JOIN acknowledgements "
            "ON acknowledgements.run = runs.key AND sink = ? WHERE waiting > 0 ORDER BY key",
            sink,
        )
        return {row[0]: row[1] for row in found}

    def _events_page(self, run_id: str, after_seq: int, limit: int, task_id: str | None) -> list[Row]:
        return self._ask(
            "SELECT seq, payload FROM events WHERE run = ?1 AND seq > ?2 AND (?4 IS NULL OR task_id = ?4) "
            "ORDER BY seq LIMIT ?3",
            self._key(run_id),
            after_seq,
            limit,
            task_id,
        )

    def _records(self, table: RecordTable[R], rows: Iterable[Row]) -> tuple[R, ...]:
        with explained(self.path):
            return tuple(table.read(row) for row in rows)

    def _event(self, run_id: str, seq: int, payload: str) -> Recorded:
        with explained(self.path):
            return statements.read_event(run_id, seq, payload)

    def _key(self, run_id: str) -> int:
        """Return the key of a run's rows; 0, which no run has, for an unknown run."""
        found = self._ask("SELECT key FROM runs WHERE id = ?", run_id)
        return int(found[0][0]) if found else 0

    def _ask(self, sql: str, *values: object) -> list[Row]:
        with self._lock, explained(self.path):
            return self._db.execute(sql, values).fetchall()


def _with_true_status(run: RunRecord) -> RunRecord:
    """Return the run with its true state: a run whose process has died is interrupted."""
    if not run.status.ended and not is_alive(run.pid, run.host, run.process):
        run.status = RunStatus.INTERRUPTED
    return run
