"""A store without a disk: what `SqliteStore` promises, over the same projection, in a few dictionaries."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING

from runner.progress.reporter import Control, ControlKind, Recorded
from runner.progress.stores.projection import UNKNOWN_EXIT, State, apply_events
from runner.progress.stores.run_records import AttemptRecord, ControlRecord, RunRecord, SubTaskRecord, TaskRecord
from runner.progress.stores.state_reader import LATEST, NoSuchRunError
from runner.records.errors import StoreError
from runner.records.events import Event, RunEnded, RunStarted, utc_now
from runner.records.json_values import iso
from runner.records.status import RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class MemoryStore:
    """Keeps runs in memory. Its processes never die."""

    def __init__(self) -> None:
        self._states: dict[str, State] = {}
        self._events: dict[str, list[Recorded]] = {}
        self._controls: list[ControlRecord] = []
        self._acknowledged: dict[tuple[str, str], int] = {}

    def append(self, run_id: str, events: Sequence[Event]) -> tuple[Recorded, ...]:
        if isinstance(events[0], RunStarted) == (run_id in self._states):
            raise StoreError(f"run {run_id} was started already, or has no start")
        state = copy.deepcopy(self._states.get(run_id, State()))
        apply_events(state, run_id, events)
        kept = self._events.setdefault(run_id, [])
        recorded = tuple(
            Recorded(run_id=run_id, seq=seq, event=event) for seq, event in enumerate(events, len(kept) + 1)
        )
        kept += recorded
        assert state.run is not None
        state.run.last_seq = len(kept)
        self._states[run_id] = state
        return recorded

    def take_controls(self, run_id: str) -> tuple[Control, ...]:
        waiting = [each for each in self._controls if each.run_id == run_id and each.taken_at is None]
        for each in waiting:
            each.taken_at = iso(utc_now())
        return tuple(
            Control(id=each.id, kind=each.kind, task_id=each.task_id, requested_at=utc_now(), requested_by=os.getpid())
            for each in waiting
        )

    def answer_control(self, control_id: int, answer: str) -> None:
        self._controls[control_id - 1].answer = answer

    def request_control(self, run_id: str, kind: ControlKind, task_id: str | None = None) -> int:
        run = self.run(run_id)
        if run.status.ended or (task_id is not None and task_id not in self._states[run_id].tasks):
            raise StoreError(f"run {run_id} cannot be told to {kind}")
        number = len(self._controls) + 1
        self._controls.append(
            ControlRecord(
                id=number,
                run_id=run_id,
                kind=kind,
                task_id=task_id,
                requested_at=iso(utc_now()),
                requested_by=os.getpid(),
                taken_at=None,
                answer=None,
            )
        )
        return number

    def control(self, control_id: int) -> ControlRecord | None:
        return self._controls[control_id - 1] if 0 < control_id <= len(self._controls) else None

    def acknowledge(self, sink: str, run_id: str, seq: int) -> None:
        if run_id in self._events:
            before = self._acknowledged.get((sink, run_id), 0)
            self._acknowledged[sink, run_id] = max(before, min(seq, len(self._events[run_id])))

    def acknowledged(self, sink: str, run_id: str) -> int:
        return self._acknowledged.get((sink, run_id), 0)

    def outbox(self, sink: str, run_id: str, limit: int = 500) -> tuple[Recorded, ...]:
        first = self.acknowledged(sink, run_id)
        return tuple(self._events.get(run_id, [])[first : first + limit])

    def lag(self, sink: str) -> dict[str, int]:
        waiting = {run_id: len(kept) - self.acknowledged(sink, run_id) for run_id, kept in self._events.items()}
        return {run_id: number for run_id, number in waiting.items() if number}

    def mark_interrupted(self, plan_path: str | None = None) -> tuple[RunRecord, ...]:
        dead = [run for run in self.runs() if not run.status.ended and run.plan_path == plan_path]
        for run in dead:
            self.append(run.id, [RunEnded(status=RunStatus.INTERRUPTED, exit_code=UNKNOWN_EXIT)])
        return tuple(self.run(run.id) for run in dead)

    def runs(self, limit: int | None = None) -> tuple[RunRecord, ...]:
        newest_first = [state.run for state in reversed(self._states.values()) if state.run is not None]
        return tuple(copy.copy(run) for run in newest_first[:limit])

    def run(self, reference: str = LATEST) -> RunRecord:
        found = [run for run in self.runs() if reference == LATEST or run.id.startswith(reference.strip().lower())]
        if not found or (len(found) > 1 and reference != LATEST) or len(reference) < 4:
            raise NoSuchRunError(f"no run {reference!r}, or several")
        return found[0]

    def tasks(self, run_id: str) -> tuple[TaskRecord, ...]:
        return tuple(self._states[run_id].tasks.values()) if run_id in self._states else ()

    def subtasks(self, run_id: str, task_id: str | None = None) -> tuple[SubTaskRecord, ...]:
        found = self._states[run_id].subtasks.values() if run_id in self._states else ()
        mine = [each for each in found if task_id in {None, each.task_id}]
        return tuple(sorted(mine, key=lambda each: (each.task_id, each.position)))

    def attempts(self, run_id: str, subtask_id: str | None = None) -> tuple[AttemptRecord, ...]:
        found = self._states[run_id].attempts.items() if run_id in self._states else ()
        return tuple(each for key, each in sorted(found) if subtask_id in {None, key[0]})

    def events(self, run_id: str, after_seq: int = 0, *, task_id: str | None = None) -> Iterator[Recorded]:
        for each in self._events.get(run_id, [])[after_seq:]:
            if task_id is None or getattr(each.event, "task_id", None) == task_id:
                yield each
