"""A task while it is being run: which of its sub-tasks wait, run and have ended, and what follows from each outcome.

Pure: no clock, no process; `now` is monotonic seconds and is passed in. Owned by the orchestrator's thread. The rules:

- A task has a budget of sub-tasks at once. One worker gets all of it, unless workers are idle and no other task
  waits: then the task is cut into shards over them, which share the budget.
- A shard is a bounded chunk, so that workers come back and are shared out anew.
- A worker that dies leaves suspects: the sub-tasks that it ran. A single suspect is charged with the try. Several
  are not: each runs again alone in a worker, and the one that dies again is found out and charged.
- Of several that are late when their worker is ended, one may have held the interpreter: they are suspects, too.
- A charged try is followed by another, after a backoff, while the task's retries last and the error may pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from runner.records.backoff import backoff_delay
from runner.records.status import Progress, SubTaskStatus, TaskStatus, aggregate, progress
from runner.records.task import SubTaskSpec, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 16  # sub-tasks a thread gets before its worker is shared out anew: some 0.1 s of rendering
MIN_SHARD = 4  # fewer sub-tasks than this are not worth another worker
BACKOFF_CAP = 60.0  # seconds


@dataclass(slots=True)
class SubTaskState:
    """One sub-task: where it stands, on which worker, and what its tries came to."""

    spec: SubTaskSpec
    status: SubTaskStatus = SubTaskStatus.PENDING
    attempt: int = 0  # tries begun or handed over
    charged: int = 0  # tries that it was to blame for
    not_before: float = 0.0
    alone: bool = False  # it is under suspicion: it gets a worker for itself
    worker: int | None = None  # that has it, from the handing over on
    started_at: float | None = None  # of the running try
    step: int = 0
    message: str = ""  # of the step
    slow_told: bool = False
    stop_reason: str | None = None  # it was told to stop, and why
    stop_charged: bool = False  # that is a failure of its own (a timeout), not a wish of the user's
    kill_at: float | None = None  # when its worker is ended if it does not come back
    kill_told: bool = False  # it was, once: the next signal is the last
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """The try failed and another follows after `delay` seconds; `charged` tells whether it counts."""

    delay: float
    charged: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """The sub-task has ended."""

    status: SubTaskStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What a worker was given of a task."""

    threads: int
    states: tuple[SubTaskState, ...]


@dataclass(slots=True)
class TaskRun:
    """The state of one task of a run."""

    spec: TaskSpec
    budget: int
    states: dict[str, SubTaskState] = field(init=False)
    shards: dict[int, Held] = field(default_factory=dict)  # by worker
    told_to_stop: bool = False
    _waiting: dict[str, SubTaskState] = field(init=False)  # in order; a retry goes to the end
    _open: int = field(init=False)  # sub-tasks that have not ended

    def __post_init__(self) -> None:
        self.states = {subtask.id: SubTaskState(subtask) for subtask in self.spec.subtasks}
        self._waiting = dict(self.states)
        self._open = len(self.states)

    # ------------------------------------------------------------------------------------------ handing out

    def take_work(self, idle_workers: int, *, others_wait: bool, now: float) -> tuple[tuple[SubTaskState, ...], int]:
        """Choose the next shard: its sub-tasks and how many threads it may use; nothing when none is due.

        The states stay waiting until `hand_over` says which worker has them.
        """
        tokens = self._tokens
        due = self._due(now)
        first = next(due, None)
        if first is None or tokens <= 0:
            return (), 0
        if first.alone:
            return (first,), 1
        enough = self.budget * self.budget * CHUNK  # for every worker that could come
        chosen = [first, *islice((state for state in due if not state.alone), enough)]
        shards = 1 if others_wait else max(1, min(idle_workers, tokens, math.ceil(len(chosen) / MIN_SHARD)))
        threads = math.ceil(tokens / shards)
        count = min(math.ceil(len(chosen) / shards), CHUNK * threads)
        return tuple(chosen[:count]), min(threads, count)

    def hand_over(self, work: tuple[SubTaskState, ...], worker: int, threads: int) -> None:
        """Note that a worker has these sub-tasks now."""
        self.shards[worker] = Held(threads=threads, states=work)
        for state in work:
            del self._waiting[state.spec.id]
            state.worker = worker
            state.attempt += 1

    def has_due(self, now: float) -> bool:
        """Whether a sub-task could be handed over now, if the budget allows."""
        return self._tokens > 0 and next(self._due(now), None) is not None

    @property
    def _tokens(self) -> int:
        return self.budget - sum(held.threads for held in self.shards.values())

    def _due(self, now: float) -> Iterator[SubTaskState]:
        return (state for state in self._waiting.values() if state.not_before <= now)

    # ------------------------------------------------------------------------------------------ what happened

    def started(self, subtask_id: str, now: float) -> None:
        """A try began."""
        state = self.states[subtask_id]
        state.status = SubTaskStatus.RUNNING
        state.started_at = now
        state.step, state.message, state.slow_told = 1, "start", False

    def done(self, subtask_id: str) -> None:
        """A try succeeded."""
        self._end(self.states[subtask_id], SubTaskStatus.DONE, None)

    def failed(self, subtask_id: str, error: str, *, retryable: bool, now: float) -> Retry | Ended:
        """A try failed, and the sub-task is to blame. Decide what follows."""
        state = self.states[subtask_id]
        state.charged += 1
        if retryable and not self.told_to_stop and state.charged < self.spec.input.retries.attempts:
            return self._again(state, error, charged=True, now=now)
        return self._end(state, SubTaskStatus.FAILED, error)

    def stopped(self, subtask_id: str, error: str, now: float) -> Retry | Ended:
        """A try ended since it was told to: a timeout is charged, a user's wish ends it."""
        state = self.states[subtask_id]
        reason = state.stop_reason or error
        if state.stop_charged:
            return self.failed(subtask_id, reason, retryable=True, now=now)
        return self._end(state, SubTaskStatus.CANCELLED, reason)

    def shard_ended(self, worker: int) -> tuple[SubTaskState, ...]:
        """A worker gave its shard back. Return what it should have tried and did not."""
        held = self.shards.pop(worker)
        return tuple(state for state in held.states if state.worker == worker)

    def worker_died(
        self, worker: int, how: str, now: float, *, begun: bool = True
    ) -> list[tuple[SubTaskState, str, Retry | Ended]]:
        """A worker is gone with its shard. Return each of its sub-tasks with the error and what follows.

        What it had not begun goes back to the line, and is not among them; all of the shard where that had not
        even `begun`.
        """
        outcomes: list[tuple[SubTaskState, str, Retry | Ended]] = []
        held = self.shard_ended(worker)
        running = [state for state in held if state.status is SubTaskStatus.RUNNING]
        late = [state for state in running if state.stop_charged]
        blamed = late if len(late) == 1 else []  # one that holds the interpreter makes its neighbours late as well
        if begun and not late and len(running) <= 1:
            blamed = running or list(held)  # it died over the shard itself: no try may go on for ever
        for state in held:
            if state.stop_reason and not (state in late and self._may_try_again(late)):
                outcomes.append((state, state.stop_reason, self.stopped(state.spec.id, how, now)))
            elif state in blamed:
                error = f"{how} in {self.where(state)}" if running else f"{how} before it began"
                outcomes.append((state, error, self.failed(state.spec.id, error, retryable=True, now=now)))
            elif self.told_to_stop:
                outcomes.append((state, how, self._end(state, SubTaskStatus.CANCELLED, how)))
            elif state in running:
                state.alone = not blamed  # with a culprit known the others are no suspects
                error = f"{state.stop_reason or how}; it was not the only one there"
                outcomes.append((state, error, self._again(state, error, charged=False, now=now)))
            else:
                self._give_back(state)
        return outcomes

    def cancel_waiting(self, reason: str) -> tuple[SubTaskState, ...]:
        """End all that has not been handed over. Return it."""
        self.told_to_stop = True
        dropped = tuple(self._waiting.values())
        for state in dropped:
            self._end(state, SubTaskStatus.CANCELLED, reason)
        return dropped

    def where(self, state: SubTaskState) -> str:
        """Return the step a sub-task is in, as `step 4 (render)`."""
        return f"step {state.step} ({state.message})"

    # ------------------------------------------------------------------------------------------ the whole

    @property
    def running(self) -> tuple[SubTaskState, ...]:
        """Sub-tasks whose try has begun and not ended."""
        return tuple(state for state in self.held if state.status is SubTaskStatus.RUNNING)

    @property
    def held(self) -> tuple[SubTaskState, ...]:
        """Sub-tasks that a worker has, begun or not."""
        return tuple(state for worker, shard in self.shards.items() for state in shard.states if state.worker == worker)

    @property
    def ended(self) -> bool:
        """Whether every sub-task has ended."""
        return self._open == 0

    @property
    def status(self) -> TaskStatus:
        """The task's state, as it follows from its sub-tasks'."""
        return aggregate(state.status for state in self.states.values())

    @property
    def progress(self) -> Progress:
        """The task's counts."""
        return progress(state.status for state in self.states.values())

    @property
    def first_error(self) -> str | None:
        """What the first sub-task that did not succeed said, in the task's own order; failures before the rest."""
        ended = [state for state in self.states.values() if state.error and state.status.ended]
        ended.sort(key=lambda state: state.status is not SubTaskStatus.FAILED)
        return ended[0].error if ended else None

    def _may_try_again(self, late: list[SubTaskState]) -> bool:
        return len(late) > 1 and not self.told_to_stop

    def _give_back(self, state: SubTaskState) -> None:
        state.attempt -= 1  # it was handed over and never begun: no try
        state.worker = None
        self._waiting[state.spec.id] = state

    def _again(self, state: SubTaskState, error: str, *, charged: bool, now: float) -> Retry:
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
        state.stop_charged = state.kill_told = False
