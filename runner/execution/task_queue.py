"""Decides which task starts next: strict priority among ready tasks, first in, first out within a priority.

Pure: no thread, no clock, no input or output. Time is passed in as seconds of one monotonic clock. Not thread-safe: the
supervisor's loop is the only thread that uses a run's queue.

    add ──► blocked ──(last need done)──► ready ──take──► running ──finish──► ended
              │                             │
              └────────── clear, cancel, skipped by a need ───────────────────┘
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from runner.records.status import TaskStatus
from runner.records.task import DEFAULT_PRIORITY, TASK_CONCURRENCY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

HIGHEST_PRIORITY = 10
LOWEST_PRIORITY = 1

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueEntry(Generic[T]):
    """An entry of the queue. `payload` is the caller's own and is not used."""

    id: str
    payload: T
    priority: int = DEFAULT_PRIORITY  # 10 goes first, 1 last
    needs: tuple[str, ...] = ()  # ids that must be done before this one is ready
    timeout: float | None = None  # seconds that it may run; None: the queue's limit


class Skipped(NamedTuple):
    """An entry that never started because one that it needs is not done."""

    id: str
    reason: str  # with the id of the need, and of the entry whose failure caused it


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueStats:
    """Counts at one moment: `size` entries wait, `pending` ones run, at most `concurrency` at once."""

    size: int
    pending: int
    concurrency: int
    paused: bool


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How an entry ended, and the entry whose own end caused it."""

    status: TaskStatus
    root: str
    root_status: TaskStatus


class TaskQueue(Generic[T]):
    """Decides the order of tasks; starts nothing by itself.

    `concurrency` is how many may run at once, `timeout` how many seconds each may run (None: no limit). Without
    `auto_start` the queue begins paused. Adding, taking and finishing an entry take O(log n). Raises ValueError for a
    concurrency below 1 and a timeout that is not above 0.
    """

    def __init__(
        self,
        concurrency: int = TASK_CONCURRENCY,
        auto_start: bool = True,  # noqa: FBT001, FBT002 - part of the public interface
        timeout: float | None = None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency {concurrency}: at least 1 is needed for anything to run")
        _check_timeout(timeout)
        self.concurrency = concurrency
        self.timeout = timeout
        self._paused = not auto_start
        self._waiting: dict[str, QueueEntry[T]] = {}
        self._running: dict[str, tuple[QueueEntry[T], float]] = {}  # with the start time
        self._ended: dict[str, _Outcome] = {}
        self._unmet: dict[str, set[str]] = {}  # needs that are not done, by blocked entry
        self._dependents: defaultdict[str, list[str]] = defaultdict(list)  # need -> blocked ids
        self._order: dict[str, int] = {}  # of adding, within a priority
        self._added = 0
        self._ready: list[tuple[int, int, str]] = []  # heap; ids that no longer wait are ignored
        self._ready_count = 0  # without the ignored ones
        self._idle_callbacks: list[Callable[[], None]] = []
        self._was_busy = False

    def add(self, entry: QueueEntry[T]) -> list[Skipped]:
        """Add one entry; see `add_many`."""
        return self.add_many([entry])

    def add_many(self, entries: Iterable[QueueEntry[T]]) -> list[Skipped]:
        """Add entries, which may need one another in any order, and return those that can never start.

        An entry that needs a failed one is skipped at once.

        Raises:
            ValueError: a repeated id, a priority outside 1 to 10, an unknown need, or a cycle of needs. Nothing is
                added then.

        """
        batch = self._checked(list(entries))
        doomed = []
        for entry in batch.values():
            self._order[entry.id] = self._added
            self._added += 1
            self._waiting[entry.id] = entry
            unmet = {need for need in entry.needs if not self._is_done(need)}
            if unmet:
                self._unmet[entry.id] = unmet
                for need in sorted(unmet):
                    self._dependents[need].append(entry.id)
                    if need in self._ended:
                        doomed.append(need)
            else:
                self._push(entry)
        self._was_busy = self._was_busy or not self.is_idle
        skipped = [skip for need in dict.fromkeys(doomed) for skip in self._skip_dependents(need)]
        self._notify_if_idle()
        return skipped

    def take(self, now: float) -> QueueEntry[T] | None:
        """Return the most urgent ready entry, which is running from now on; None if none may start."""
        if self._paused or len(self._running) >= self.concurrency:
            return None
        while self._ready:
            _, _, entry_id = heapq.heappop(self._ready)
            entry = self._waiting.pop(entry_id, None)
            if entry is None:
                continue  # it was cancelled while it was ready
            self._ready_count -= 1
            self._running[entry_id] = (entry, now)
            return entry
        return None

    def next_ready(self, most: int) -> list[QueueEntry[T]]:
        """Return up to `most` entries in the order in which `take` would return them now; none while paused."""
        places = min(most, self.concurrency - len(self._running))
        if self._paused or places <= 0:
            return []
        while self._ready and self._ready[0][-1] not in self._waiting:
            heapq.heappop(self._ready)
        if places == 1:
            return [self._waiting[self._ready[0][-1]]] if self._ready else []
        waiting = ((order, entry_id) for *order, entry_id in self._ready if entry_id in self._waiting)
        return [self._waiting[entry_id] for _, entry_id in heapq.nsmallest(places, waiting)]

    def finish(self, entry_id: str, status: TaskStatus, now: float) -> list[Skipped]:
        """Record how a running entry ended; return what is skipped because of it, transitively.

        Raises:
            ValueError: the entry is not running, `status` is not final, or `now` is before its start.

        """
        if entry_id not in self._running:
            raise ValueError(f"{entry_id!r} is not running, so it cannot end")
        if not status.ended:
            raise ValueError(f"{entry_id!r}: {status} is not the state of a task that has ended")
        started = self._running[entry_id][1]
        if now < started:
            raise ValueError(f"{entry_id!r} cannot end at {now}, before its start at {started}")
        del self._running[entry_id]
        return self._end(entry_id, status)

    def cancel(self, entry_id: str) -> list[Skipped]:
        """End a waiting entry as cancelled; return those that are skipped because of it, transitively.

        Raises:
            ValueError: the entry is not waiting.

        """
        if entry_id not in self._waiting:
            raise ValueError(f"{entry_id!r} is not waiting, so it cannot be taken out of the queue")
        self._drop(entry_id)
        return self._end(entry_id, TaskStatus.CANCELLED)

    def clear(self) -> list[QueueEntry[T]]:
        """Remove all waiting entries and return them in order of adding; running ones are not affected."""
        dropped = list(self._waiting.values())
        for entry in dropped:
            del self._order[entry.id]
        self._waiting.clear()
        self._unmet.clear()
        self._dependents.clear()  # only waiting entries depend on anything
        self._ready.clear()
        self._ready_count = 0
        self._notify_if_idle()
        return dropped

    def pause(self) -> None:
        """Return no entry from `take` until `start`; running ones are not affected."""
        self._paused = True

    def start(self) -> None:
        """Return entries from `take` (again)."""
        self._paused = False

    def expired(self, now: float) -> list[QueueEntry[T]]:
        """Return the running entries that have exceeded their time limit, longest running first."""
        return [
            entry
            for entry, started in self._running.values()
            if (limit := self._limit(entry)) is not None and now - started >= limit
        ]

    def has_ready(self) -> bool:
        """Return whether an entry could start as soon as one ends; False while paused."""
        return self._ready_count > 0 and not self._paused

    def on_idle(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time that the queue becomes idle, from within the method that made it idle."""
        self._idle_callbacks.append(callback)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing runs."""
        return not self._waiting and not self._running

    @property
    def is_paused(self) -> bool:
        """Whether `take` returns nothing until `start`."""
        return self._paused

    @property
    def waiting(self) -> tuple[QueueEntry[T], ...]:
        """The entries that have not started, blocked or ready, in order of adding."""
        return tuple(self._waiting.values())

    @property
    def running(self) -> tuple[QueueEntry[T], ...]:
        """The entries that were taken and have not ended, in order of starting."""
        return tuple(entry for entry, _ in self._running.values())

    @property
    def stats(self) -> QueueStats:
        """The current counts."""
        return QueueStats(
            size=len(self._waiting),
            pending=len(self._running),
            concurrency=self.concurrency,
            paused=self._paused,
        )

    def _checked(self, entries: list[QueueEntry[T]]) -> dict[str, QueueEntry[T]]:
        """Return the entries by id. Raises ValueError for one that could never be scheduled."""
        batch: dict[str, QueueEntry[T]] = {}
        for entry in entries:
            if entry.id in self._order or entry.id in batch:
                raise ValueError(f"{entry.id!r} was added before; each id can be added once")
            if not LOWEST_PRIORITY <= entry.priority <= HIGHEST_PRIORITY:
                bounds = f"{LOWEST_PRIORITY} to {HIGHEST_PRIORITY}"
                raise ValueError(f"{entry.id!r} has priority {entry.priority}, expected {bounds}")
            _check_timeout(entry.timeout)
            batch[entry.id] = entry
        for entry in entries:
            for need in entry.needs:
                if need not in self._order and need not in batch:
                    raise ValueError(f"{entry.id!r} needs {need!r}, which was never added")
        _refuse_cycle({entry.id: [need for need in entry.needs if need in batch] for entry in entries})
        return batch

    def _is_done(self, entry_id: str) -> bool:
        outcome = self._ended.get(entry_id)
        return outcome is not None and outcome.status is TaskStatus.DONE

    def _limit(self, entry: QueueEntry[T]) -> float | None:
        return self.timeout if entry.timeout is None else entry.timeout

    def _push(self, entry: QueueEntry[T]) -> None:
        heapq.heappush(self._ready, (-entry.priority, self._order[entry.id], entry.id))
        self._ready_count += 1

    def _drop(self, entry_id: str) -> None:
        """Remove a waiting entry; a ready one stays in the heap, where it is ignored."""
        del self._waiting[entry_id]
        if self._unmet.pop(entry_id, None) is None:
            self._ready_count -= 1

    def _end(self, entry_id: str, status: TaskStatus) -> list[Skipped]:
        self._ended[entry_id] = _Outcome(status, entry_id, status)
        skipped = []
        if status is TaskStatus.DONE:
            self._release_dependents(entry_id)
        else:
            skipped = self._skip_dependents(entry_id)
        self._notify_if_idle()
        return skipped

    def _release_dependents(self, need: str) -> None:
        for dependent in self._dependents.pop(need, ()):
            unmet = self._unmet.get(dependent)
            if unmet is None:
                continue  # it was skipped or cancelled in the meantime
            unmet.discard(need)
            if not unmet:
                del self._unmet[dependent]
                self._push(self._waiting[dependent])

    def _skip_dependents(self, need: str) -> list[Skipped]:
        """Skip the entries that need `need`, those that need these, and so on, breadth first."""
        skipped: list[Skipped] = []
        causes = [need]
        for cause in causes:  # grows during the loop
            outcome = self._ended[cause]
            for dependent in self._dependents.pop(cause, ()):
                if dependent not in self._waiting:
                    continue
                self._drop(dependent)
                self._ended[dependent] = _Outcome(TaskStatus.SKIPPED, outcome.root, outcome.root_status)
                skipped.append(Skipped(dependent, _reason(cause, outcome)))
                causes.append(dependent)
        return skipped

    def _notify_if_idle(self) -> None:
        if not (self._was_busy and self.is_idle):
            return
        self._was_busy = False
        for callback in tuple(self._idle_callbacks):
            callback()


def _reason(need: str, outcome: _Outcome) -> str:
    if outcome.root == need:
        return f"needs {need!r}, which {_PAST[outcome.status]}"
    return f"needs {need!r}, which was skipped because {outcome.root!r} {_PAST[outcome.root_status]}"


_PAST = {
    TaskStatus.FAILED: "failed",
    TaskStatus.CANCELLED: "was cancelled",
    TaskStatus.SKIPPED: "was skipped",
}


def _check_timeout(timeout: float | None) -> None:
    if timeout is not None and timeout <= 0:
        raise ValueError(f"timeout {timeout}: expected seconds above 0, or None for no limit")


def _refuse_cycle(needs: Mapping[str, Iterable[str]]) -> None:
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))  # graphlib goes from a need to what needs it
        raise ValueError(f"tasks need one another in a cycle: {' needs '.join(cycle)}") from None
