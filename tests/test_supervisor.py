"""The supervisor's loop over workers in memory: what it hands out when, and what follows from what workers do."""

from __future__ import annotations

import pickle
import threading
from typing import TYPE_CHECKING, Any

import pytest

from runner.ddl.model import Schema
from runner.records.errors import ClusterError
from runner.records.events import Event, Logged, SubTaskEnded, SubTaskRetrying, SubTaskStarted, TaskEnded, TaskStarted
from runner.records.status import SubTaskStatus, TaskStatus
from runner.records.task import Classification, Retries, TaskInput, TaskSpec, Timeouts, subtasks_of
from runner.scheduling.job import Job
from runner.scheduling.supervisor import Settings, Supervisor
from tests.memory_executor import MemoryExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.records.task import TaskResult

WAIT = 20.0  # seconds; a run takes milliseconds
_SCHEMA = Schema(dialect="postgres", tables=())


class Run:
    """A supervisor over an executor, with what it has reported."""

    def __init__(self, executor: MemoryExecutor, **settings: Any) -> None:
        self.executor = executor
        self.events: list[Event] = []
        self.results: dict[str, TaskResult] = {}
        self.failures: list[BaseException] = []
        self.posted = threading.Condition()
        self.supervisor = Supervisor(
            "run", Settings(**settings), executor, self._post, self._ended, self.failures.append
        )

    def finish(self, *jobs: Job) -> list[Event]:
        """Run jobs to their end and return the events."""
        self.supervisor.start()
        self.supervisor.add(jobs)
        assert self.supervisor.wait_idle(WAIT)
        self.supervisor.stop()
        return self.events

    def wait_for(self, condition: Callable[[Event], bool]) -> None:
        """Wait until an event satisfies a condition."""
        with self.posted:
            assert self.posted.wait_for(lambda: any(map(condition, self.events)), WAIT)

    def statuses(self) -> dict[str, SubTaskStatus]:
        return {one.subtask_id: one.status for one in self.events if isinstance(one, SubTaskEnded)}

    def _post(self, event: Event) -> None:
        with self.posted:
            self.events.append(event)
            self.posted.notify_all()

    def _ended(self, result: TaskResult) -> None:
        self.results[result.task_id] = result


@pytest.fixture
def make_run() -> Iterator[Callable[..., Run]]:
    made: list[Run] = []

    def make(executor: MemoryExecutor, **settings: Any) -> Run:
        made.append(Run(executor, **settings))
        return made[-1]

    yield make
    for run in made:
        run.supervisor.stop()


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., Job]:
    def make(
        task_id: str,
        tables: int = 1,
        *,
        acts: dict[str, str] | None = None,
        priority: int = 5,
        needs: tuple[str, ...] = (),
        attempts: int = 2,
        timeouts: Timeouts = Timeouts(),
    ) -> Job:
        spec = TaskSpec(
            id=task_id,
            input=TaskInput(
                description=task_id,
                workspace_path=tmp_path / "ws",
                priority=priority,
                needs=needs,
                retries=Retries(attempts=attempts, backoff=0.01),
                timeouts=timeouts,
                options={"folder": task_id, "acts": acts or {}},
            ),
            title="Acting",
            classification=Classification(kind="acting", method="explicit", confidence=1.0),
            subtasks=subtasks_of(task_id, "Acting", [f"t{number}" for number in range(tables)]),
            import_path=None,
            schema_digest="schema",
            inputs_digest="inputs",
        )
        return Job(spec=spec, read_schema=lambda: _SCHEMA, pickle_schema=lambda: pickle.dumps(_SCHEMA))

    return make


def test_the_most_urgent_task_is_next_and_needs_are_met_first(make_run, make_job) -> None:
    run = make_run(MemoryExecutor(1, parallel=1), workers=1)
    run.finish(
        make_job("late", priority=1),
        make_job("dependent", priority=10, needs=("late",)),
        make_job("urgent", priority=9),
    )
    assert [one.task_id for one in run.events if isinstance(one, TaskStarted)] == ["urgent", "late", "dependent"]


def test_a_single_suspect_is_charged_and_the_rest_are_done(make_run, make_job) -> None:
    run = make_run(MemoryExecutor(2))
    run.finish(make_job("task", 12, acts={"t3": "signal SIGSEGV"}))
    statuses = run.statuses()
    assert statuses.pop("task/t3") is SubTaskStatus.FAILED
    assert set(statuses.values()) == {SubTaskStatus.DONE}
    charged = [one for one in run.events if isinstance(one, SubTaskRetrying) and one.charged]
    assert {one.subtask_id for one in charged} <= {"task/t3"}


def test_nobody_is_charged_for_a_worker_that_was_lost(make_run, make_job) -> None:
    executor = MemoryExecutor(1)
    run = make_run(executor)
    job = make_job("task", 3, acts={"*": "obey"}, attempts=1)
    run.supervisor.start()
    run.supervisor.add([job])
    for loss in range(1, 4):
        run.wait_for(lambda one, loss=loss: isinstance(one, SubTaskStarted) and one.attempt == loss)
        run.supervisor.call(lambda loss=loss: executor.die(loss - 1, "the cluster was lost", lost=True))
    run.wait_for(lambda one: isinstance(one, SubTaskStarted) and one.attempt == 4)
    run.supervisor.cancel_all("enough")
    assert run.supervisor.wait_idle(WAIT)
    retries = [one for one in run.events if isinstance(one, SubTaskRetrying)]
    assert {(one.charged, one.error) for one in retries} == {(False, "the cluster was lost")}
    assert set(run.statuses().values()) == {SubTaskStatus.CANCELLED}
    assert not [one for one in run.events if isinstance(one, Logged) and "it is replaced" in one.message]


def test_each_machine_runs_as_many_sub_tasks_of_a_task_as_one_alone(make_run, make_job) -> None:
    for machines, most in ((1, 5), (4, 20)):
        executor = MemoryExecutor(4, machines=machines, files=False)
        run = make_run(executor)
        run.supervisor.start()
        run.supervisor.add([make_job("task", 40, acts={"*": "obey"})])
        run.wait_for(lambda _, run=run, most=most: sum(isinstance(one, SubTaskStarted) for one in run.events) == most)
        assert max(shard.threads for _, shard, _ in executor.assigned) <= 5
        assert sum(shard.threads for _, shard, _ in executor.assigned) == most
        run.supervisor.cancel_all("enough")
        assert run.supervisor.wait_idle(WAIT)


def test_a_place_that_is_new_is_used_at_once(make_run, make_job) -> None:
    executor = MemoryExecutor(1, files=False)
    run = make_run(executor)
    run.supervisor.start()
    run.supervisor.add([make_job("first", 1, acts={"*": "obey"}), make_job("second", 1, acts={"*": "obey"})])
    run.wait_for(lambda one: isinstance(one, SubTaskStarted))
    assert len(executor.assigned) == 1
    run.supervisor.call(lambda: setattr(executor, "places", 2))
    run.wait_for(lambda _: sum(isinstance(one, SubTaskStarted) for one in run.events) == 2)
    run.supervisor.cancel_all("enough")
    assert run.supervisor.wait_idle(WAIT)


def test_a_run_whose_cluster_is_gone_for_good_ends_with_all_its_events(make_run, make_job) -> None:
    executor = MemoryExecutor(1, files=False)
    run = make_run(executor)
    run.supervisor.start()
    run.supervisor.add([make_job("task", 8, acts={"t1": "obey"}), make_job("next", 2, needs=("task",))])
    run.wait_for(lambda one: isinstance(one, SubTaskStarted) and one.subtask_id == "task/t1")
    run.supervisor.call(lambda: setattr(executor, "error", ClusterError("the scheduler is away")))
    with pytest.raises(ClusterError, match="the scheduler is away"):
        run.supervisor.wait_idle(WAIT)
    run.supervisor.stop()
    assert executor.closed
    assert {name: result.status for name, result in run.results.items()} == {
        "task": TaskStatus.CANCELLED,
        "next": TaskStatus.CANCELLED,
    }
    assert set(run.statuses()) >= {one.subtask_id for one in run.events if isinstance(one, SubTaskStarted)}
    assert [one.task_id for one in run.events if isinstance(one, TaskEnded)].count("task") == 1
    assert run.failures == []
    with pytest.raises(ClusterError):
        run.supervisor.add([make_job("another")])


def test_a_sub_task_past_its_limit_is_asked_to_stop_then_ended(make_run, make_job) -> None:
    run = make_run(MemoryExecutor(2))
    limits = Timeouts(task=60, subtask=0.3, grace=0.3)
    run.finish(make_job("polite", acts={"*": "obey"}, timeouts=limits, attempts=1),
               make_job("deaf", acts={"*": "ignore"}, timeouts=limits, attempts=1))  # fmt: skip
    errors = {one.subtask_id: one.error for one in run.events if isinstance(one, SubTaskEnded)}
    assert set(errors.values()) == {"timed out after 0.3 s in step 4 (render)"}
    assert run.supervisor.deaths == 1
