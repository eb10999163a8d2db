"""The decisions on one task, without a clock or a process."""

from __future__ import annotations

import pytest

from runner.execution.subtasks import SubTaskManager
from runner.records.status import SubTaskStatus, TaskStatus
from runner.records.task import Classification, Retries, TaskInput, TaskSpec
from runner.scheduling.task_run import BACKOFF_CAP, CHUNK, Ended, Retry, SubTaskState, TaskRun


def task_of(count: int, *, budget: int = 5, attempts: int = 2, backoff: float = 1.0) -> TaskRun:
    tables = [f"t{number}" for number in range(count)]
    spec = TaskSpec(
        id="crud",
        input=TaskInput(
            description="BE CRUD APIs",
            workspace_path="unused",
            retries=Retries(attempts=attempts, backoff=backoff),
        ),
        title="BE CRUD APIs",
        classification=Classification(kind="be-crud", method="explicit", confidence=1.0),
        subtasks=SubTaskManager.spawn_sub_tasks("crud", "BE CRUD APIs", tables),
        import_path=None,
        schema_digest=None,
        inputs_digest="",
    )
    return TaskRun(spec, budget)


def assign(task: TaskRun, worker: int, *, idle: int = 1, others_wait: bool = False, now: float = 0.0):
    work, threads = task.choose_shard(idle, others_wait=others_wait, now=now)
    task.assign(work, worker, threads)
    return [state.spec.table for state in work], threads


def start(task: TaskRun, *tables: str) -> list[SubTaskState]:
    for table in tables:
        task.started(f"crud/{table}", 0.0)
    return [task.states[f"crud/{table}"] for table in tables]


def test_one_worker_gets_the_whole_budget_when_others_wait() -> None:
    assert assign(task_of(24), 0, idle=4, others_wait=True) == ([f"t{n}" for n in range(24)], 5)


def test_idle_workers_share_the_budget_of_one_task() -> None:
    task = task_of(24)
    shards = [assign(task, worker, idle=5 - worker) for worker in range(5)]
    assert sum(threads for _, threads in shards) == 5
    assert sorted(table for tables, _ in shards for table in tables) == sorted(f"t{n}" for n in range(24))
    assert max(len(tables) for tables, _ in shards) == 5


def test_no_shard_is_assigned_beyond_the_budget() -> None:
    task = task_of(300)
    assign(task, 0)
    assert task.choose_shard(4, others_wait=False, now=0.0) == ((), 0)
    assert not task.has_due(0.0)


def test_the_size_of_a_shard_is_bounded() -> None:
    tables, threads = assign(task_of(3000), 0)
    assert (len(tables), threads) == (5 * CHUNK, 5)


def test_few_sub_tasks_are_not_spread_over_workers() -> None:
    assert assign(task_of(3), 0, idle=5) == (["t0", "t1", "t2"], 3)


def test_a_retryable_failure_is_retried_after_a_backoff() -> None:
    task = task_of(2)
    assign(task, 0)
    start(task, "t0")
    outcome = task.failed("crud/t0", "OSError: busy", retryable=True, now=10.0)
    assert isinstance(outcome, Retry)
    assert outcome.charged
    assert 0.75 <= outcome.delay <= 1.0
    task.started("crud/t1", 0.0)
    task.done("crud/t1")
    task.shard_ended(0)
    assert task.choose_shard(1, others_wait=False, now=10.0) == ((), 0)
    assert assign(task, 0, now=11.0) == (["t0"], 1)
    assert task.states["crud/t0"].attempt == 2


def test_a_sub_task_without_retries_left_fails_and_its_task_too() -> None:
    task = task_of(3, attempts=1)
    assign(task, 0)
    start(task, "t0", "t1", "t2")
    task.done("crud/t0")
    assert task.failed("crud/t1", "OSError: full", retryable=True, now=0.0) == Ended(status=SubTaskStatus.FAILED)
    before = task.ended
    task.done("crud/t2")
    assert (before, task.ended) == (False, True)
    assert task.status is TaskStatus.FAILED
    assert [state.status.value for state in task.states.values()].count("done") == 2
    assert task.first_error == "OSError: full"


def test_a_failure_that_is_not_retryable_is_not_retried() -> None:
    task = task_of(1, attempts=5)
    assign(task, 0)
    start(task, "t0")
    assert task.failed("crud/t0", "no such filter", retryable=False, now=0.0) == Ended(status=SubTaskStatus.FAILED)


@pytest.mark.parametrize("charged", range(1, 12))
def test_backoff_doubles_up_to_a_cap(charged: int) -> None:
    task = task_of(1, attempts=99, backoff=2.0)
    delays: list[float] = []
    for _ in range(charged):
        assign(task, 0, now=1e9 * (len(delays) + 1))
        start(task, "t0")
        outcome = task.failed("crud/t0", "x", retryable=True, now=0.0)
        task.shard_ended(0)
        assert isinstance(outcome, Retry)
        delays.append(outcome.delay)
    longest = min(BACKOFF_CAP, 2.0 * 2 ** (charged - 1))
    assert 0.75 * longest <= delays[-1] <= longest


def test_a_single_suspect_of_a_death_is_charged() -> None:
    task = task_of(2, attempts=1)
    assign(task, 0)
    start(task, "t0")
    ((state, error, outcome),) = task.worker_died(0, "worker was ended by SIGSEGV", 0.0)
    assert (state.spec.table, outcome) == ("t0", Ended(status=SubTaskStatus.FAILED))
    assert error == "worker was ended by SIGSEGV in step 1 (start)"
    assert assign(task, 1) == (["t1"], 1)
    assert task.states["crud/t1"].attempt == 1


def test_several_suspects_run_again_alone_and_uncharged_until_one_dies_again() -> None:
    task = task_of(3, attempts=1)
    assign(task, 0)
    start(task, "t0", "t1", "t2")
    outcomes = task.worker_died(0, "worker was ended by SIGKILL", 0.0)
    assert [outcome for _, _, outcome in outcomes] == [Retry(delay=0.0, charged=False)] * 3
    assert assign(task, 1, idle=4) == (["t0"], 1)
    assert assign(task, 2, idle=3) == (["t1"], 1)
    start(task, "t0", "t1")
    task.done("crud/t0")
    ((state, _, outcome),) = task.worker_died(2, "worker was ended by SIGKILL", 0.0)
    assert (state.spec.table, outcome) == ("t1", Ended(status=SubTaskStatus.FAILED))


def test_a_death_before_any_sub_task_began_charges_the_whole_shard() -> None:
    task = task_of(2, attempts=2)
    assign(task, 0)
    outcomes = task.worker_died(0, "worker died", 0.0)
    assert [outcome.charged for _, _, outcome in outcomes if isinstance(outcome, Retry)] == [True, True]


def test_a_worker_ended_for_a_timeout_charges_only_the_sub_task_that_was_late() -> None:
    task = task_of(2, attempts=1)
    assign(task, 0)
    late, _ = start(task, "t0", "t1")
    late.stop_reason, late.stop_charged = "timed out after 300 s in step 4 (render)", True
    outcomes = {state.spec.table: (error, outcome) for state, error, outcome in task.worker_died(0, "killed", 0.0)}
    assert outcomes["t0"] == ("timed out after 300 s in step 4 (render)", Ended(status=SubTaskStatus.FAILED))
    assert outcomes["t1"][1] == Retry(delay=0.0, charged=False)
    assert not task.states["crud/t1"].alone


def test_cancelling_ends_waiting_sub_tasks_and_retries_none() -> None:
    task = task_of(3, budget=1)
    assign(task, 0, others_wait=True)
    start(task, "t0")
    assert [state.spec.table for state in task.cancel_waiting("by hand")] == []
    for table in ("t1", "t2"):
        task.stopped(f"crud/{table}", "by hand", 0.0)
    assert task.failed("crud/t0", "x", retryable=True, now=0.0) == Ended(status=SubTaskStatus.FAILED)
    assert task.status is TaskStatus.FAILED


def test_a_shard_that_never_arrived_is_assigned_again_uncharged() -> None:
    task = task_of(2, attempts=1)
    assign(task, 0)
    assert task.worker_died(0, "worker died", 0.0, begun=False) == []
    assert assign(task, 1) == (["t0", "t1"], 2)
    assert task.states["crud/t0"].attempt == 1


def test_several_late_sub_tasks_are_suspects_and_run_again_alone() -> None:
    task = task_of(2, attempts=1)
    assign(task, 0)
    for state in start(task, "t0", "t1"):
        state.stop_reason, state.stop_charged = "timed out", True
    outcomes = task.worker_died(0, "killed", 0.0)
    assert [outcome for _, _, outcome in outcomes] == [Retry(delay=0.0, charged=False)] * 2
    assert assign(task, 1, idle=2) == (["t0"], 1)


def test_an_up_to_date_sub_task_needs_no_worker() -> None:
    task = task_of(3)
    task.up_to_date("crud/t1")
    assert assign(task, 0) == (["t0", "t2"], 2)
    for table in ("t0", "t2"):
        task.done(f"crud/{table}")
    assert (task.ended, task.status) == (True, TaskStatus.DONE)


@pytest.mark.parametrize(
    ("count", "most", "expected"), [(0, 2, 0), (1, 2, 1), (4, 2, 1), (5, 2, 2), (99, 2, 2), (99, 9, 5)]
)
def test_shards_are_worth_a_worker_each_and_within_the_budget(count: int, most: int, expected: int) -> None:
    assert task_of(count).shards_due(0.0, most) == expected
