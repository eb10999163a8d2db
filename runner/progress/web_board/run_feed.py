"""A run as the board's page sees it: its state as a whole, then what has changed.

A message is a mapping of JSON values. `seq` is the number of the newest event that it contains; a page that comes back
with it gets what came after. Records are those of `run_records`, log lines are `{seq, at, level, where, text}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.progress.reports.log_selection import level_of
from runner.progress.reports.logs_view import describe
from runner.progress.stores.projection import State, apply_events, collect_touched
from runner.records.events import Logged, SubTaskEnded, SubTaskRetrying, TaskEnded, TaskStarted
from runner.records.json_values import iso, to_json_value
from runner.records.status import SubTaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.progress.reporter import Recorded
    from runner.progress.stores.run_records import RunRecord
    from runner.progress.stores.state_reader import StateReader

Message = dict[str, Any]
MOST_RESUMED = 5000  # events after which a page that comes back gets the whole state
LOG_LINES = 500  # of the log, with the whole state: the newest
_PART = 250  # sub-tasks in a message
_RUNS = 50  # in the history
_RUN_FIELDS = ("id", "plan", "status", "started_at", "ended_at", "exit_code", "error")
_TASK_FIELDS = (
    "id", "position", "title", "agent", "priority", "needs", "status", "error", "started_at", "ended_at",
    "pending", "running", "done", "failed", "cancelled",
)  # fmt: skip
_SUBTASK_FIELDS = (
    "id", "task_id", "position", "title", "table", "status", "step", "total_steps", "message", "attempts", "error",
    "pid", "started_at", "ended_at", "up_to_date", "files",
)  # fmt: skip


class RunFeed:
    """Follows one run in the state file. Used by one thread at a time."""

    def __init__(self, reader: StateReader, run_id: str) -> None:
        self._reader = reader
        self._run_id = run_id
        self._state = State()
        with reader.at_one_moment():
            self._state.run = reader.run(run_id)
            self._state.tasks = {task.id: task for task in reader.tasks(run_id)}
            self._state.subtasks = {subtask.id: subtask for subtask in reader.subtasks(run_id)}
            self._state.attempts = {(each.subtask_id, each.number): each for each in reader.attempts(run_id)}
        self._state.task_count = len(self._state.tasks)
        self.seq = self._run.last_seq

    @property
    def _run(self) -> RunRecord:
        if self._state.run is None:
            raise LookupError(self._run_id)
        return self._state.run

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self._run.status.ended

    def whole(self) -> Iterator[Message]:
        """Yield the state as a whole, in parts, of which only the last one has a `seq`.

        The records are read while the parts are sent, so later ones may be newer than that; what has changed is sent
        again.
        """
        lines = self._reader.newest_events(self._run_id, _LOGGED, LOG_LINES)
        seq = self.seq
        yield {
            "kind": "whole",
            "run": _values(self._run, _RUN_FIELDS),
            "tasks": [_values(task, _TASK_FIELDS) for task in self._state.tasks.values()],
            "subtasks": [],
            "log": [_line(recorded) for recorded in lines if recorded.seq <= seq and _is_shown(recorded)],
        }
        subtasks = list(self._state.subtasks.values())
        for first in range(0, len(subtasks), _PART):
            yield self._part([_values(subtask, _SUBTASK_FIELDS) for subtask in subtasks[first : first + _PART]])
        yield self._part([]) | {"seq": seq}

    def _part(self, subtasks: list[Message]) -> Message:
        run = _values(self._run, _RUN_FIELDS)
        return {"kind": "change", "run": run, "tasks": [], "subtasks": subtasks, "log": []}

    def advance(self) -> Message | None:
        """Read new events; return what they changed, None where there are none."""
        before = self._run.status
        found = list(self._reader.events(self._run_id, self.seq))
        if found:
            apply_events(self._state, self._run_id, (recorded.event for recorded in found))
            self.seq = found[-1].seq
        elif not before.ended:
            self._run.status = self._reader.run(self._run_id).status  # interrupted, where its process has died
        return self._change(found) if found or self._run.status is not before else None

    def since(self, seq: int) -> Iterator[Message]:
        """Yield what has changed after event `seq`, or the whole state where that is much."""
        if self.seq - MOST_RESUMED <= seq <= self.seq:
            yield self._change([each for each in self._reader.events(self._run_id, seq) if each.seq <= self.seq])
        else:
            yield from self.whole()

    def _change(self, found: Sequence[Recorded]) -> Message:
        tasks, subtasks = collect_touched(recorded.event for recorded in found)
        return {
            "kind": "change",
            "seq": self.seq,
            "run": _values(self._run, _RUN_FIELDS),
            "tasks": [_values(task, _TASK_FIELDS) for each in tasks if (task := self._state.tasks.get(each))],
            "subtasks": [
                _values(subtask, _SUBTASK_FIELDS) for each in subtasks if (subtask := self._state.subtasks.get(each))
            ],
            "log": [_line(recorded) for recorded in found if _is_shown(recorded)],
        }


def history(reader: StateReader) -> list[Message]:
    """Return the newest runs, the newest first."""
    return [_values(run, _RUN_FIELDS) for run in reader.runs(_RUNS)]


_LOGGED = (Logged, SubTaskRetrying, SubTaskEnded, TaskStarted, TaskEnded)


def _is_shown(recorded: Recorded) -> bool:
    event = recorded.event
    return isinstance(event, _LOGGED) and getattr(event, "status", None) is not SubTaskStatus.DONE


def _line(recorded: Recorded) -> Message:
    event = recorded.event
    where = getattr(event, "subtask_id", None) or getattr(event, "task_id", None)
    text = event.message if isinstance(event, Logged) else describe(event)
    return {"seq": recorded.seq, "at": iso(event.at), "level": level_of(event), "where": where, "text": text}


def _values(record: Any, names: Iterable[str]) -> Message:
    return {name: to_json_value(getattr(record, name)) for name in names}
