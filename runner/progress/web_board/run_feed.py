"""The board's runs in the state file of this machine. Messages are those of `board_source`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.progress.reports.log_selection import level_of
from runner.progress.reports.logs_view import describe
from runner.progress.stores.projection import State, apply_events, collect_touched
from runner.progress.stores.state_reader import StateReader
from runner.progress.web_board.board_source import (
    LOG_LINES,
    MOST_RESUMED,
    RUN_FIELDS,
    RUNS,
    SUBTASK_FIELDS,
    TASK_FIELDS,
    BoardSource,
    Feed,
    Message,
    whole_state,
)
from runner.records.events import Logged, SubTaskEnded, SubTaskRetrying, TaskEnded, TaskStarted
from runner.records.json_values import iso, to_json_value
from runner.records.status import SubTaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from runner.progress.reporter import Recorded
    from runner.progress.stores.run_records import RunRecord


class StateSource(BoardSource):
    """The runs of a state folder. Used by one thread at a time."""

    poll_interval = 0.2
    history_interval = 1.0

    def __init__(self, state: Path) -> None:
        self._state = state
        self._reader: StateReader | None = None

    def runs(self) -> list[Message]:
        """Return the newest runs, the newest first."""
        return [_values(run, RUN_FIELDS) for run in self._open().runs(RUNS)]

    def follow(self, run_id: str) -> RunFeed:
        """Begin to follow a run."""
        return RunFeed(self._open(), run_id)

    def close(self) -> None:
        """Close the state file."""
        if self._reader is not None:
            self._reader.close()

    def _open(self) -> StateReader:
        """Return the reader of the state file; as long as there is none, one that has no runs."""
        if self._reader is None:
            reader = StateReader.open(self._state)
            if not reader.has_file:
                return reader
            self._reader = reader
        return self._reader


class RunFeed(Feed):
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
        """Yield the state as a whole; a record is turned into a message when it is sent."""
        lines = self._reader.newest_events(self._run_id, _LOGGED, LOG_LINES)
        seq = self.seq
        return whole_state(
            _values(self._run, RUN_FIELDS),
            [_values(task, TASK_FIELDS) for task in self._state.tasks.values()],
            (_values(subtask, SUBTASK_FIELDS) for subtask in list(self._state.subtasks.values())),
            [_line(recorded) for recorded in lines if recorded.seq <= seq and _is_shown(recorded)],
            seq,
        )

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
            "run": _values(self._run, RUN_FIELDS),
            "tasks": [_values(task, TASK_FIELDS) for each in tasks if (task := self._state.tasks.get(each))],
            "subtasks": [
                _values(subtask, SUBTASK_FIELDS) for each in subtasks if (subtask := self._state.subtasks.get(each))
            ],
            "log": [_line(recorded) for recorded in found if _is_shown(recorded)],
        }


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
