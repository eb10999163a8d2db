"""The durable state of runs in one SQLite file, written by the reporter thread of each supervisor.

Several supervisors may write one file: each writes its own runs, each batch is one `BEGIN IMMEDIATE` transaction, and
events are numbered in each run. The same transaction updates the records of the run, its tasks, its sub-tasks and their
attempts (`projection`), so that readers never see a record that does not follow from the stored events.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from runner.progress.reporter import Control, Recorded
from runner.progress.stores import statements
from runner.progress.stores.closing_events import closing_events
from runner.progress.stores.projection import UNKNOWN_EXIT, State, apply_events, collect_touched
from runner.progress.stores.record_tables import ATTEMPTS, RUNS, SUBTASKS, TASKS, valid_text
from runner.progress.stores.state_file import FILE_NAME, explained, open_for_requests, open_for_writing
from runner.progress.stores.state_reader import NoSuchRunError, StateReader
from runner.records.errors import StoreError
from runner.records.events import Event, RunEnded, RunStarted, TaskAdded, utc_now
from runner.records.json_values import iso
from runner.records.process_identity import is_alive, process_token
from runner.records.status import RunStatus

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from _typeshed import StrPath

    from runner.progress.reporter import ControlKind
    from runner.progress.stores.record_tables import R, RecordTable
    from runner.progress.stores.run_records import RunRecord


class SqliteStore(StateReader):
    """Stores runs in `<folder>/state.db`. Thread-safe; every method raises StoreError.

    `notices` are messages about the opening for the user, such as a damaged file that was set aside. `outboxes` are the
    sinks that runs started from now on are to be sent to.
    """

    def __init__(self, folder: StrPath) -> None:
        db, self.notices = open_for_writing(folder)
        self.outboxes: tuple[str, ...] = ()
        super().__init__(db, folder)
        self._file = _identity(self.path)

    def append(self, run_id: str, events: Sequence[Event]) -> tuple[Recorded, ...]:
        """Number and store `events` in one transaction, all or none; on return they survive a SIGKILL.

        The first event of a run is its `RunStarted`.
        """
        with self._transaction():
            return self._append(run_id, events)

    def take_controls(self, run_id: str) -> tuple[Control, ...]:
        """Return the requests that were not taken yet, oldest first, and mark them as taken."""
        ask = (
            "SELECT id, kind, task_id, requested_at, requested_by FROM controls "
            "WHERE run = ? AND taken_at IS NULL ORDER BY id"
        )
        key = self._key(run_id)
        if not self._ask(ask, key):  # the usual answer, without a lock on the file
            return ()
        with self._transaction() as db:
            found = db.execute(ask, (key,)).fetchall()
            db.executemany("UPDATE controls SET taken_at = ? WHERE id = ?", [(iso(utc_now()), row[0]) for row in found])
        return tuple(statements.read_request(row) for row in found)

    def answer_control(self, control_id: int, answer: str) -> None:
        """Store the answer to a request, for the process that made it."""
        with self._transaction() as db:
            db.execute("UPDATE controls SET answer = ? WHERE id = ?", (valid_text(answer), control_id))

    def acknowledge(self, sink: str, run_id: str, seq: int) -> None:
        """Record that `sink` has all events of a run up to `seq`. The position never moves backwards."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO acknowledgements (sink, run, seq) SELECT ?, key, min(?, last_seq) FROM runs "
                "WHERE id = ? ON CONFLICT (sink, run) DO UPDATE SET seq = max(seq, excluded.seq)",
                (sink, seq, run_id),
            )

    def mark_interrupted(self, plan_path: str | None = None) -> tuple[RunRecord, ...]:
        """End the runs whose process died before they ended, and return them.

        Their open tasks and sub-tasks become `cancelled`, by events of the run, of which the last is `RunEnded`. A
        caller that holds the lock of a plan gives the plan's path: then all earlier runs of that plan are dead, on any
        host.
        """
        with self._transaction():
            dead = [run for run in self._unended() if (plan_path and run.plan_path == plan_path) or _is_dead(run)]
            for run in dead:
                self._append(run.id, self._closing_events(run))
        return tuple(self.run(run.id) for run in dead)

    def forget_old(self, keep: int) -> int:
        """Delete the runs of each plan except the newest `keep`; return how many.

        Runs that have not ended are kept, and those with events that a sink has not acknowledged.
        """
        with self._transaction() as db:
            keys = [(row[0],) for row in db.execute(statements.SELECT_OLD, (keep,))]
            for delete in statements.DELETE_RUN:
                db.executemany(delete, keys)
        return len(keys)

    def _unended(self) -> list[RunRecord]:
        found = self._ask(RUNS.select + "WHERE ended_at IS NULL ORDER BY key")
        return list(self._records(RUNS, found))

    def _closing_events(self, run: RunRecord) -> list[Event]:
        """Return the events that end what a dead run left open."""
        died = f"process {run.pid} on {run.host} died"
        events = closing_events(self.tasks(run.id), self.subtasks(run.id), f"its run was interrupted: {died}")
        return [*events, RunEnded(status=RunStatus.INTERRUPTED, exit_code=UNKNOWN_EXIT, error=died)]

    def _append(self, run_id: str, events: Sequence[Event]) -> tuple[Recorded, ...]:
        key, state = self._load(run_id, events)
        known = state.run is not None
        first = 1 if state.run is None else state.run.last_seq + 1
        process = process_token(events[0].pid) if isinstance(events[0], RunStarted) else None
        apply_events(state, run_id, events, process)
        recorded = tuple(Recorded(run_id=run_id, seq=seq, event=event) for seq, event in enumerate(events, first))
        self._save(key if known else None, state, recorded)
        return recorded

    def _load(self, run_id: str, events: Sequence[Event]) -> tuple[int, State]:
        """Return the run's key, 0 for a new one, and the records that the events may change, as they are now."""
        found = self._db.execute(RUNS.select + "WHERE id = ?", (run_id,)).fetchone()
        starts = isinstance(events[0], RunStarted) if events else False
        if starts == (found is not None):
            fault = "was started already" if starts else "has no start"
            raise StoreError(f"{self.path}: run {run_id} {fault}; its events cannot be stored")
        if found is None:
            return 0, State()
        key = found[0]
        tasks, subtasks = collect_touched(events)
        state = State(run=RUNS.read(found))
        state.tasks = {task.id: task for task in self._read(TASKS, key, "id", tasks)}
        state.subtasks = {subtask.id: subtask for subtask in self._read(SUBTASKS, key, "id", subtasks)}
        attempts = self._read(ATTEMPTS, key, "subtask_id", subtasks)
        state.attempts = {(attempt.subtask_id, attempt.number): attempt for attempt in attempts}
        if any(isinstance(event, TaskAdded) for event in events):
            (state.task_count,) = self._db.execute("SELECT count(*) FROM tasks WHERE run = ?", (key,)).fetchone()
        return key, state

    def _read(self, table: RecordTable[R], key: int, column: str, ids: set[str]) -> list[R]:
        """Return the records of a run whose `column` is among `ids`."""
        sql = f"{table.select} WHERE run = ? AND {column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
        found = self._db.execute(sql, (key, json.dumps(sorted(ids)))) if ids else ()
        return [table.read(row) for row in found]

    def _save(self, key: int | None, state: State, recorded: Sequence[Recorded]) -> None:
        db = self._db
        run = state.run
        assert run is not None  # noqa: S101 - `_load` and `apply_events` see to it
        run.last_seq = recorded[-1].seq
        written = db.execute(RUNS.upsert, RUNS.row(run))
        if key is None:
            key = written.lastrowid or 0
            db.executemany(statements.INSERT_ACKNOWLEDGEMENT, [(sink, key) for sink in self.outboxes])
        db.executemany(TASKS.upsert, [(key, *TASKS.row(task)) for task in state.tasks.values()])
        db.executemany(SUBTASKS.upsert, [(key, *SUBTASKS.row(subtask)) for subtask in state.subtasks.values()])
        db.executemany(ATTEMPTS.upsert, [(key, *ATTEMPTS.row(attempt)) for attempt in state.attempts.values()])
        db.executemany(statements.INSERT_EVENT, [statements.event_row(key, each.seq, each.event) for each in recorded])

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Begin a write transaction, which is committed at the end of the block or rolled back on an error.

        A file that was removed in the meantime could still be written, but never read again: that is an error.
        """
        with self._lock, explained(self.path):
            if _identity(self.path) != self._file:
                raise StoreError(
                    f"{self.path}: the run's state cannot be saved any more: the file was removed or replaced. "
                    "Run the plan again: what was generated is kept"
                )
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # SQLite rolls back by itself when the disk is full
                    self._db.execute("ROLLBACK")
                raise


def request_control(folder: StrPath, run_id: str, kind: ControlKind, task_id: str | None = None) -> int:
    """Store a request to a running run, from any other process; return the request's id.

    Raises StoreError where the run has ended, its process is dead or it has no such task.
    """
    db = open_for_requests(folder)
    try:
        with explained(Path(folder) / FILE_NAME):
            return _insert_request(db, run_id, kind, task_id)
    finally:
        db.close()


def _insert_request(db: sqlite3.Connection, run_id: str, kind: ControlKind, task_id: str | None) -> int:
    found = db.execute(RUNS.select + "WHERE id = ?", (run_id,)).fetchone()
    if found is None:
        raise NoSuchRunError(f"there is no run {run_id}; `runner status` lists the runs")
    run = RUNS.read(found)
    if run.status.ended or _is_dead(run):
        ended = f"it is {run.status.value}" if run.status.ended else f"its process {run.pid} is dead"
        raise StoreError(f"run {run.id} cannot {kind}: {ended}")
    if task_id is not None:
        ids = [row[0] for row in db.execute("SELECT id FROM tasks WHERE run = ? ORDER BY position", found[:1])]
        if task_id not in ids:
            raise NoSuchRunError(f"run {run.id} has no task {task_id!r}; its tasks are {', '.join(ids)}")
    inserted = db.execute(
        "INSERT INTO controls (run, kind, task_id, requested_at, requested_by) VALUES (?, ?, ?, ?, ?)",
        (found[0], kind, task_id, iso(utc_now()), os.getpid()),
    )
    return inserted.lastrowid or 0


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of the file at a path, which identify it; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _is_dead(run: RunRecord) -> bool:
    return not is_alive(run.pid, run.host, run.process)
