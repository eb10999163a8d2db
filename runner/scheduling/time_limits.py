"""Enforces the time limits of tasks and sub-tasks.

A sub-task that exceeds its limit is asked to stop. After the grace period its worker's process group is ended, by
SIGTERM and a second later by SIGKILL. Used by one thread, the supervisor's loop, which checks every tick.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from runner.records.events import Event, Logged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.execution.executor import Executor
    from runner.scheduling.task_run import SubTaskState, TaskRun

_SLOW_SHARE = 0.5  # of its limit, after which a sub-task is reported as slow
_TERM_WAIT = 1.0  # seconds from SIGTERM to SIGKILL, after the grace period


class TimeLimits:
    """Checks what runs. `post` takes events; `drop_waiting` ends a task's waiting sub-tasks, with the given reason."""

    def __init__(
        self,
        executor: Executor,
        post: Callable[[Event], None],
        drop_waiting: Callable[[TaskRun, str], None],
    ) -> None:
        self._executor = executor
        self._post = post
        self._drop_waiting = drop_waiting

    def check(self, tasks: Iterable[TaskRun], expired: Iterable[TaskRun], now: float) -> None:
        """Check the sub-tasks of the running `tasks`; `expired` are those that have exceeded their own limit."""
        for task in expired:
            if not task.stopping:
                self._task_timed_out(task)
        for task in tasks:
            for state in task.assigned:  # including those that have not begun: they may have been asked to stop
                self._check_subtask(task, state, now)

    def ask_to_stop(self, task: TaskRun, state: SubTaskState, reason: str, *, charged: bool) -> None:
        """Ask an assigned sub-task to stop, and begin its grace period; only the first reason counts."""
        if state.stop_reason is None and state.worker is not None:
            state.stop_reason, state.stop_charged = reason, charged
            state.kill_at = time.monotonic() + task.spec.input.timeouts.grace
            self._executor.cancel(state.worker, state.spec.id, state.attempt)

    def _check_subtask(self, task: TaskRun, state: SubTaskState, now: float) -> None:
        limit = task.spec.input.timeouts.subtask
        if state.kill_at is not None:
            if now >= state.kill_at:
                self._end_worker_of(state, now)
        elif state.started_at is None:
            return
        elif now >= state.started_at + limit:
            reason = f"timed out after {limit:g} s in {task.where(state)}"
            self.ask_to_stop(task, state, reason, charged=True)
        elif not state.slow_reported and now >= state.started_at + limit * _SLOW_SHARE:
            state.slow_reported = True
            message = f"SLOW: {now - state.started_at:.0f} s of at most {limit:g} s, in {task.where(state)}"
            self._post(Logged(level="warning", message=message, task_id=task.spec.id, subtask_id=state.spec.id))

    def _task_timed_out(self, task: TaskRun) -> None:
        reason = f"its task timed out after {task.spec.input.timeouts.task:g} s"
        self._drop_waiting(task, reason)  # from here on failures are not retried
        for state in task.assigned:
            begun = state.started_at is not None
            self.ask_to_stop(task, state, f"{reason}, in {task.where(state)}" if begun else reason, charged=begun)

    def _end_worker_of(self, state: SubTaskState, now: float) -> None:
        """End the process of a sub-task that did not stop by itself: by SIGTERM, the next time by SIGKILL."""
        if state.worker is not None:
            self._executor.end(state.worker, force=state.term_sent)
            state.term_sent, state.kill_at = True, now + _TERM_WAIT
