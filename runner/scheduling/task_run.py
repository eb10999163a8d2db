"""The state of a running task: which of its sub-tasks wait, run and have ended, and what follows from each outcome.

Pure: no clock, no process; `now` is monotonic seconds and is passed in. Used by the supervisor's thread. The rules:

- A task has a budget of sub-tasks at once. One worker gets all of it, up to its width, unless workers are idle and no
  other task waits: then the task is split into shards for them, which share the budget.
- A shard has a bounded size, so that workers become free and are assigned again.
- The sub-tasks that ran in a worker that died are suspects. A single suspect is charged with the attempt. Several
  are not: each runs again alone in a worker, and the one whose worker dies again is charged.
- Of several that are late when their worker is ended, one may have held the interpreter: they are suspects, too.
- A charged attempt is followed by another, after a backoff, while retries are left and the error is retryable.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from runner.records.backoff import backoff_delay
from runner.records.status import SubTaskStatus, TaskStatus, aggregate
from runner.records.task import SubTaskSpec, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 16  # sub-tasks of a shard for each of its threads: some 0.1 s of rendering
MIN_SHARD = 4  # with fewer sub-tasks than this another worker is not worth it
BACKOFF_CAP = 60.0  # seconds


@dataclass(slots=True)
class SubTaskState:
    """One sub-task: its state, its worker, and its attempts so far."""

    spec: SubTaskSpec
    status: SubTaskStatus = SubTaskStatus.PENDING
    attempt: int = 0  # number of the newest attempt, assigned or begun
    charged: int = 0  # attempts that count
    not_before: float = 0.0
    alone: bool = False  # it is a suspect: it gets a worker for itself
    worker: int | None = None  # from the assignment on
    started_at: float | None = None  # of the running attempt
    step: int = 0
    message: str = ""  # of the step
    slow_reported: bool = False
    stop_reason: str | None = None  # why it was asked to stop; None where it was not
    stop_charged: bool = False  # it was a failure of its own (a timeout), not a request of the user
    kill_at: float | None = None  # when its worker is ended unless it stops before
    term_sent: bool = False  # SIGTERM was sent to the worker: the next signal is SIGKILL
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """The attempt failed and another follows after `delay` seconds; `charged` says whether it counts."""

    delay: float
    charged: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """The sub-task has ended, with this state."""

    status: SubTaskStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignedShard:
    """The sub-tasks of a task that a worker has, and the threads that it may use."""

    threads: int
    states: tuple[SubTaskState, ...]


def shards_of(subtasks: int, most: int) -> int:
    """Return into how many shards so many sub-tasks can be split: at most `most`, and worth a worker each."""
    return min(most, math.ceil(subtasks / MIN_SHARD))


@dataclass(slots=True)
class TaskRun:
    """The state of one task of a run: at most `budget` of its sub-tasks run at once, and `width` in one worker.

    The budget of a run on several machines changes as these come and go; without a width, it is the budget.
    """

    spec: TaskSpec
    budget: int
    width: int = 0
    states: dict[str, SubTaskState] = field(init=False)
    shards: dict[int, AssignedShard] = field(default_factory=dict)  # by worker
    stopping: bool = False  # nothing is assigned or retried any more
    _waiting: dict[str, SubTaskState] = field(init=False)  # in order; a retry goes to the end
    _open: int = field(init=False)  # sub-tasks that have not ended

    def __post_init__(self) -> None:
        self.states = {subtask.id: SubTaskState(subtask) for subtask in self.spec.subtasks}
        self._waiting = dict(self.states)
        self._open = len(self.states)
        self.width = self.width or self.budget

    # ------------------------------------------------------------------------------------------ assignment

    def choose_shard(self, idle_workers: int, *, others_wait: bool, now: float) -> tuple[tuple[SubTaskState, ...], int]:
        """Return the sub-tasks of the next shard and the number of its threads; no sub-tasks where none is due.

        They stay waiting until `assign` is called for them.
        """
        tokens = self._tokens
        due = self._due(now)
        first = next(due, None)
        if first is None or tokens <= 0:
            return (), 0
        if first.alone:
            return (first,), 1
        enough = 2 * CHUNK * min(tokens, self.width * max(1, idle_workers))  # more would not make the shard longer
        chosen = [first, *islice((state for state in due if not state.alone), enough)]
        shards = 1 if others_wait else max(1, min(idle_workers, tokens, math.ceil(len(chosen) / MIN_SHARD)))
        threads = min(self.width, math.ceil(tokens / shards))
        count = min(math.ceil(len(chosen) / shards), CHUNK * threads)
        return tuple(chosen[:count]), min(threads, count)

    def shards_due(self, now: float, most: int) -> int:
        """Return into how many shards, at most, what is due now can be split for workers of their own."""
        if self._tokens <= 0:
            return 0
        due = sum(1 for _ in islice(self._due(now), most * MIN_SHARD))
        return shards_of(due, min(most, self._tokens))

    def assign(self, work: tuple[SubTaskState, ...], worker: int, threads: int) -> None:
        """Record that a worker has these sub-tasks now."""
        self.shards[worker] = AssignedShard(threads=threads, states=work)
        for state in work:
            del self._waiting[state.spec.id]
            state.worker = worker
            state.attempt += 1

    def has_due(self, now: float) -> bool:
        """Return whether a sub-task can be assigned now, within the budget."""
        return self._tokens > 0 and next(self._due(now), None) is not None

    @property
    def _tokens(self) -> int:
        return self.budget - sum(shard.threads for shard in self.shards.values())

    def _due(self, now: float) -> Iterator[SubTaskState]:
        return (state for state in self._waiting.values() if state.not_before <= now)

    # ------------------------------------------------------------------------------------------ outcomes

    def started(self, subtask_id: str, now: float) -> None:
        """Record that an attempt began."""
        state = self.states[subtask_id]
        state.status = SubTaskStatus.RUNNING
        state.started_at = now
        state.step, state.message, state.slow_reported = 1, "start", False

    def up_to_date(self, subtask_id: str) -> None:
        """Record that a sub-task has nothing to do and needs no worker."""
        state = self.states[subtask_id]
        state.attempt = 1
        self._end(state, SubTaskStatus.DONE, None)

    def done(self, subtask_id: str) -> None:
        """Record that an attempt succeeded."""
        self._end(self.states[subtask_id], SubTaskStatus.DONE, None)

    def failed(self, subtask_id: str, error: str, *, retryable: bool, now: float) -> Retry | Ended:
        """Record that an attempt failed and counts; return what follows."""
        state = self.states[subtask_id]
        state.charged += 1
        if retryable and not self.stopping and state.charged < self.spec.input.retries.attempts:
            return self._retry(state, error, charged=True, now=now)
        return self._end(state, SubTaskStatus.FAILED, error)

    def stopped(self, subtask_id: str, error: str, now: float) -> Retry | Ended:
        """Record that an attempt stopped as asked; return what follows. A timeout counts, a user's request ends it."""
        state = self.states[subtask_id]
        reason = state.stop_reason or error
        if state.stop_charged:
            return self.failed(subtask_id, reason, retryable=True, now=now)
        return self._end(state, SubTaskStatus.CANCELLED, reason)

    def shard_ended(self, worker: int) -> tuple[SubTaskState, ...]:
        """Record that a worker's shard has ended; return those of its sub-tasks that were not attempted."""
        shard = self.shards.pop(worker)
        return tuple(state for state in shard.states if state.worker == worker)

    def worker_died(
        self, worker: int, how: str, now: float, *, begun: bool = True, lost: bool = False
    ) -> list[tuple[SubTaskState, str, Retry | Ended]]:
        """Record that a worker has died with its shard; return its sub-tasks, each with the error and what follows.

        Sub-tasks that it had not begun wait again and are not returned: all of them where the shard had not `begun`.
        A worker that was `lost` did not die of what it did: its sub-tasks are no suspects.
        """
        outcomes: list[tuple[SubTaskState, str, Retry | Ended]] = []
        unfinished = self.shard_ended(worker)
        running = [state for state in unfinished if state.status is SubTaskStatus.RUNNING]
        late = [state for state in running if state.stop_charged]
        blamed = late if len(late) == 1 else []  # one that holds the interpreter makes the others late, too
        if begun and not late and not lost and len(running) <= 1:
            blamed = running or list(unfinished)  # where the shard itself kills the worker, this bounds the attempts
        for state in unfinished:
            if state.stop_reason and not (state in late and self._may_retry(late)):
                outcomes.append((state, state.stop_reason, self.stopped(state.spec.id, how, now)))
            elif state in blamed:
                error = f"{how} in {self.where(state)}" if running else f"{how} before it began"
                outcomes.append((state, error, self.failed(state.spec.id, error, retryable=True, now=now)))
            elif self.stopping:
                outcomes.append((state, how, self._end(state, SubTaskStatus.CANCELLED, how)))
            elif state in running:
                state.alone = state.alone if lost else not blamed  # once one is blamed the others are no suspects
                error = how if lost else f"{state.stop_reason or how}; it was not the only one there"
                outcomes.append((state, error, self._retry(state, error, charged=False, now=now)))
            else:
                self._unassign(state)
        return outcomes

    def cancel_waiting(self, reason: str) -> tuple[SubTaskState, ...]:
        """End all sub-tasks that are not assigned, and return them."""
        self.stopping = True
        dropped = tuple(self._waiting.values())
        for state in dropped:
            self._end(state, SubTaskStatus.CANCELLED, reason)
        return dropped

    def cancel_assigned(self, reason: str) -> tuple[SubTaskState, ...]:
        """End all sub-tasks that workers have, and return them."""
        dropped = self.assigned
        for state in dropped:
            self._end(state, SubTaskStatus.CANCELLED, reason)
        return dropped

    def where(self, state: SubTaskState) -> str:
        """Return the current step of a sub-task, such as `step 4 (render)`."""
        return f"step {state.step} ({state.message})"

    # ------------------------------------------------------------------------------------------ the task

    @property
    def assigned(self) -> tuple[SubTaskState, ...]:
        """The sub-tasks that a worker has, begun or not."""
        return tuple(state for worker, shard in self.shards.items() for state in shard.states if state.worker == worker)

    @property
    def ended(self) -> bool:
        """Whether every sub-task has ended."""
        return self._open == 0

    @property
    def status(self) -> TaskStatus:
        """The task's state, which follows from those of its sub-tasks."""
        return aggregate(state.status for state in self.states.values())

    @property
    def first_error(self) -> str | None:
        """The error of the first sub-task that did not succeed, in the task's order; failures before cancellations."""
        ended = [state for state in self.states.values() if state.error and state.status.ended]
        ended.sort(key=lambda state: state.status is not SubTaskStatus.FAILED)
        return ended[0].error if ended else None

    def _may_retry(self, late: list[SubTaskState]) -> bool:
        return len(late) > 1 and not self.stopping

    def _unassign(self, state: SubTaskState) -> None:
        state.attempt -= 1  # it has not begun, so there was no attempt
        state.worker = None
        self._waiting[state.spec.id] = state

    def _retry(self, state: SubTaskState, error: str, *, charged: bool, now: float) -> Retry:
        first = self.spec.input.retries.backoff
        delay = backoff_delay(state.charged, first=first, longest=BACKOFF_CAP) if charged else 0.0
        self._clear(state)
        state.status, state.error, state.not_before = SubTaskStatus.PENDING, error, now + delay
        self._waiting[state.spec.id] = state
        return Retry(delay=delay, charged=charged)

    def _end(self, state: SubTaskState, status: SubTaskStatus, error: str | None) -> Ended:
        self._clear(state)
        self._waiting.pop(state.spec.id, None)
        state.status, state.error = status, error
        self._open -= 1
        return Ended(status=status)

    def _clear(self, state: SubTaskState) -> None:
        state.worker = state.started_at = state.stop_reason = state.kill_at = None
        state.stop_charged = state.term_sent = False
