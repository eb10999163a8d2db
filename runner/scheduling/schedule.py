"""The tasks of a run: which wait, run and have ended.

`task_queue` and `task_run` make the decisions; here they become events and results. Used by one thread, the
supervisor's loop.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from runner.execution.task_queue import QueueEntry, Skipped, TaskQueue
from runner.records.events import (
    Event,
    RunPaused,
    RunResumed,
    SubTaskEnded,
    SubTaskRetrying,
    SubTaskStarted,
    TaskEnded,
    TaskStarted,
    utc_now,
)
from runner.records.status import SubTaskStatus, TaskStatus
from runner.records.task import FileCounts, TaskResult, TaskSpec
from runner.scheduling.task_run import Ended, Retry, SubTaskState, TaskRun, shards_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from runner.scheduling.job import Job
    from runner.scheduling.survey import Survey


class Schedule:
    """The tasks of a run, `workers` at once, and on each machine `subtasks` of each.

    `post` takes events; `on_end` is called with the result of each task that ends.

    `survey` says which sub-tasks have nothing to do: these end when their task starts.
    """

    def __init__(
        self,
        workers: int,
        subtasks: int,
        post: Callable[[Event], None],
        on_end: Callable[[TaskResult], None],
        *,
        survey: Survey,
        fail_fast: bool,
    ) -> None:
        self.queue: TaskQueue[Job] = TaskQueue(workers)
        self.active: dict[str, TaskRun] = {}  # those that run
        self.jobs: dict[str, Job] = {}  # those that have not ended
        self._subtasks = subtasks
        self._budget = subtasks  # of a task
        self._post = post
        self._on_end = on_end
        self._survey = survey
        self._fail_fast = fail_fast
        self._stopping: str | None = None

    # ----------------------------------------------------------------------------- adding and starting

    def add(self, jobs: Iterable[Job]) -> None:
        """Add jobs. Those that need a failed task end as skipped at once; all end once nothing is started any more."""
        batch = {job.spec.id: job for job in jobs}
        self.jobs |= batch
        entries = [
            QueueEntry(
                id=task_id,
                payload=job,
                priority=job.spec.input.priority,
                needs=job.spec.input.needs,
                timeout=job.spec.input.timeouts.task,
            )
            for task_id, job in batch.items()
        ]
        self._end_skipped(self.queue.add_many(entries))
        if self._stopping:
            self.clear(self._stopping)

    def next_task(self, now: float) -> TaskRun | None:
        """Return the next task to assign: a running one without a worker, else a new one, else any with due work."""
        due = [task for task in self.active.values() if task.has_due(now)]
        due.sort(key=lambda task: -task.spec.input.priority)
        for task in due:
            if not task.shards:
                return task
        return self._start(now) or (due[0] if due else None)

    def end_up_to_date(self, now: float) -> None:
        """Start and end the tasks with nothing to do, as long as none with work is more urgent: they need no worker."""
        while self._survey.holds and not self._stopping:
            upcoming = self.queue.next_ready(1)
            if not upcoming or self._survey.count_work(upcoming[0].payload):
                return
            self._start(now)

    def workers_due(self, now: float, most: int) -> int:
        """Return how many more workers could be used now; a task uses `most` at once."""
        running = sum(task.shards_due(now, max(1, most - len(task.shards))) for task in self.active.values())
        upcoming = [] if self._stopping else self.queue.next_ready(self.queue.concurrency)
        counts = (self._survey.count_work(entry.payload) for entry in upcoming)
        return running + sum(shards_of(count, min(most, self._budget)) for count in counts)

    def scale(self, machines: int) -> None:
        """Set how many machines there are; a task may use all of them."""
        self._budget = self._subtasks * max(1, machines)
        for task in self.active.values():
            task.budget = self._budget

    def _start(self, now: float) -> TaskRun | None:
        """Start the most urgent task that is ready, and end its sub-tasks with nothing to do."""
        entry = None if self._stopping else self.queue.take(now)
        if entry is None:
            return None
        task = self.active[entry.id] = TaskRun(entry.payload.spec, self._budget, self._subtasks)
        self._post(TaskStarted(task_id=entry.id))
        for subtask_id, files in self._survey.up_to_date(entry.payload).items():
            task.up_to_date(subtask_id)
            self._post(
                SubTaskStarted(task_id=entry.id, subtask_id=subtask_id, attempt=1, total_steps=1, pid=os.getpid())
            )
            self._post(
                SubTaskEnded(
                    task_id=entry.id,
                    subtask_id=subtask_id,
                    status=SubTaskStatus.DONE,
                    attempt=1,
                    up_to_date=True,
                    files=FileCounts(identical=files),
                )
            )
        self.end_if_complete(task)
        return task

    def task_waits(self) -> bool:
        """Return whether another task could start if a worker were free."""
        stats = self.queue.stats
        return self.queue.has_ready() and stats.pending < stats.concurrency

    def expired(self, now: float) -> list[TaskRun]:
        """Return the running tasks that have exceeded their time limit."""
        return [self.active[entry.id] for entry in self.queue.expired(now) if entry.id in self.active]

    def pause(self) -> None:
        """Start no task until `resume`."""
        if not self.queue.is_paused:
            self.queue.pause()
            self._post(RunPaused())

    def resume(self) -> None:
        """Start tasks again."""
        if self.queue.is_paused:
            self.queue.start()
            self._post(RunResumed())

    # ----------------------------------------------------------------------------- ends of sub-tasks

    def report_outcome(
        self, task: TaskRun, state: SubTaskState, error: str, outcome: Retry | Ended, at: datetime | None = None
    ) -> None:
        """Post what follows from an attempt that did not succeed and that ended `at` this time, or now."""
        at = at or utc_now()
        match outcome:
            case Retry():
                self._post(
                    SubTaskRetrying(
                        task_id=task.spec.id,
                        subtask_id=state.spec.id,
                        attempt=state.attempt,
                        error=error,
                        delay=outcome.delay,
                        charged=outcome.charged,
                        at=at,
                    )
                )
            case Ended():
                self._report_ended(task, state, at)
                if outcome.status is SubTaskStatus.FAILED and self._fail_fast and not self._stopping:
                    self.stop_assigning(f"--fail-fast: {state.spec.id} failed")
                self.end_if_complete(task)

    def _report_ended(self, task: TaskRun, state: SubTaskState, at: datetime) -> None:
        self._post(
            SubTaskEnded(
                task_id=task.spec.id,
                subtask_id=state.spec.id,
                status=state.status,
                attempt=state.attempt,
                error=state.error,
                at=at,
            )
        )

    def drop_waiting(self, task: TaskRun, reason: str) -> None:
        """End what no worker has of a running task."""
        for state in task.cancel_waiting(reason):
            self._report_ended(task, state, utc_now())
        self.end_if_complete(task)

    # ----------------------------------------------------------------------------- ends of tasks

    def end_if_complete(self, task: TaskRun) -> None:
        """Record a task's end, if it has ended, before its worker is assigned again; skip what needs it."""
        if not task.ended or self.active.pop(task.spec.id, None) is None:
            return
        self._post(TaskEnded(task_id=task.spec.id, status=task.status, error=task.first_error))
        skipped = self.queue.finish(task.spec.id, task.status, time.monotonic())
        self._conclude(task.spec, task.status, task.first_error)
        self._end_skipped(skipped)

    def clear(self, reason: str) -> None:
        """Cancel every task that has not started."""
        for entry in self.queue.clear():
            self._end_unstarted(entry.payload.spec, TaskStatus.CANCELLED, reason)

    def cancel_waiting(self, task_id: str, reason: str) -> None:
        """Cancel a task that has not started, and skip what needs it. Does nothing for a task that has ended."""
        if task_id in self.jobs:
            skipped = self.queue.cancel(task_id)
            self._end_unstarted(self.jobs[task_id].spec, TaskStatus.CANCELLED, reason)
            self._end_skipped(skipped)

    def stop_assigning(self, reason: str) -> None:
        """Cancel everything that is not assigned to a worker, and start no task any more."""
        self._stopping = reason
        self.clear(reason)
        for task in list(self.active.values()):
            self.drop_waiting(task, reason)

    def abandon(self, reason: str) -> None:
        """Cancel everything, what workers have included: there are none any more."""
        self.stop_assigning(reason)
        for task in list(self.active.values()):
            for state in task.cancel_assigned(reason):
                self._report_ended(task, state, utc_now())
            self.end_if_complete(task)

    def _end_skipped(self, skipped: Iterable[Skipped]) -> None:
        for entry_id, reason in skipped:
            self._end_unstarted(self.jobs[entry_id].spec, TaskStatus.SKIPPED, reason)

    def _end_unstarted(self, spec: TaskSpec, status: TaskStatus, reason: str) -> None:
        self._post(TaskEnded(task_id=spec.id, status=status, error=reason))
        self._conclude(spec, status, reason)

    def _conclude(self, spec: TaskSpec, status: TaskStatus, error: str | None) -> None:
        del self.jobs[spec.id]
        self._on_end(
            TaskResult(
                success=status is TaskStatus.DONE,
                task_id=spec.id,
                sub_task_count=len(spec.subtasks),
                status=status,
                error=error,
            )
        )
