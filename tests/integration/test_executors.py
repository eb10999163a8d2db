"""What every executor promises to the supervisor: one suite over this machine's, a Dask cluster's and one in memory."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from runner.execution.cluster.cluster_options import ClusterOptions
from runner.execution.cluster.dask_executor import DaskExecutor
from runner.execution.executor import Executor, Printed, WorkerDied
from runner.execution.local_executor import LocalExecutor
from runner.execution.worker_protocol import (
    AttemptFailed,
    FilesChanged,
    Limits,
    Shard,
    ShardBegun,
    ShardEnded,
    WorkerReady,
)
from runner.records.events import SubTaskEnded, SubTaskStarted, SubTaskStep
from tests.integration.dask_cluster import DaskCluster, dask_cluster
from tests.integration.jobs import HungError, job, until
from tests.memory_executor import MemoryExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.scheduling.job import Job

WAIT = 60.0  # seconds for any wait
PLACES = 2


@dataclass
class Talk:
    """An executor with all that its workers have sent."""

    executor: Executor
    received: dict[int, list[Any]] = field(default_factory=dict)

    def start(self) -> int:
        """Start a worker and return its number once it is ready."""
        number = self.executor.start_worker()
        assert number is not None
        self.until(lambda: any(isinstance(one, WorkerReady) for one in self.of(number)))
        return number

    def assign(self, worker: int, made: Job, *, attempt: int = 1, threads: int = 2, schema: bool = True) -> None:
        work = tuple((subtask, attempt) for subtask in made.spec.subtasks)
        shard = Shard(run_id="run", task=replace(made.spec, subtasks=()), work=work, threads=threads)
        self.executor.assign(worker, shard, made.pickle_schema() if schema else None)

    def run(self, worker: int, made: Job, **keys: Any) -> list[Any]:
        """Have a worker run all sub-tasks of a task; return what it sent from then on until the shard's end."""
        before = len(self.of(worker))
        self.assign(worker, made, **keys)
        self.until(lambda: any(isinstance(one, ShardEnded | WorkerDied) for one in self.of(worker)[before:]))
        return self.of(worker)[before:]

    def of(self, worker: int) -> list[Any]:
        return self.received.setdefault(worker, [])

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT
        while not condition():
            if time.monotonic() > deadline:
                raise HungError(str(self.received))
            for worker, message in self.executor.receive(0.2):
                self.of(worker).append(message)

    def has(self, worker: int, kind: Any, name: str = "") -> bool:
        return any(isinstance(one, kind) and (not name or one.subtask_id.endswith(name)) for one in self.of(worker))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("cluster"), PLACES) as made:
        yield made


@pytest.fixture(params=["local", "dask", "memory"])
def talk(request: pytest.FixtureRequest) -> Iterator[Talk]:
    executor: Executor
    if request.param == "local":
        executor = LocalExecutor(PLACES, Limits())
    elif request.param == "memory":
        executor = MemoryExecutor(PLACES)
    else:
        cluster = request.getfixturevalue("cluster")
        executor = DaskExecutor(ClusterOptions(scheduler=cluster.address), Limits())
    try:
        executor.prepare()
        until(lambda: executor.places == PLACES, "the workers", WAIT)
        yield Talk(executor)
    finally:
        executor.close()


def outcomes(messages: list[Any]) -> dict[str, str]:
    found = {}
    for one in messages:
        if isinstance(one, SubTaskEnded):
            found[one.subtask_id] = one.status.value
        elif isinstance(one, AttemptFailed):
            found[one.subtask_id] = "cancelled" if one.cancelled else one.error
    return found


def test_the_messages_of_a_shard_come_in_order_and_its_files_are_written(talk: Talk, tmp_path: Path) -> None:
    messages = talk.run(talk.start(), job("task", tmp_path / "ws", 5))
    assert isinstance(messages[0], ShardBegun)
    assert isinstance(messages[-1], ShardEnded)
    assert messages[-1].error is None
    for table in range(5):
        mine = [one for one in messages if getattr(one, "subtask_id", "") == f"task/t{table}"]
        mine = [one for one in mine if not isinstance(one, FilesChanged)]
        assert isinstance(mine[0], SubTaskStarted)
        assert isinstance(mine[-1], SubTaskEnded)
        assert all(isinstance(one, SubTaskStep) for one in mine[1:-1])
        assert (tmp_path / "ws" / "task" / f"t{table}.txt").read_text() == f"t{table}\n"


def test_a_worker_runs_one_shard_after_the_other_and_keeps_the_schema(talk: Talk, tmp_path: Path) -> None:
    worker = talk.start()
    talk.run(worker, job("first", tmp_path / "ws", 3))
    assert set(outcomes(talk.run(worker, job("second", tmp_path / "ws", 3), schema=False)).values()) == {"done"}


def test_failures_are_messages_that_say_whether_another_attempt_could_succeed(talk: Talk, tmp_path: Path) -> None:
    made = job("task", tmp_path / "ws", 4, acts={"t0": "raise os", "t1": "raise value", "t2": "raise final"})
    failed = {one.subtask_id: one for one in talk.run(talk.start(), made) if isinstance(one, AttemptFailed)}
    assert {name: (one.error, one.retryable) for name, one in failed.items()} == {
        "task/t0": ("OSError: as asked", True),
        "task/t1": ("ValueError: as asked", False),
        "task/t2": ("as asked", False),
    }


def test_a_cancelled_attempt_stops_and_no_other_does(talk: Talk, tmp_path: Path) -> None:
    worker = talk.start()
    talk.assign(worker, job("task", tmp_path / "ws", 3, acts={"t1": f"obey {tmp_path / 'reached'}"}))
    talk.until(lambda: talk.has(worker, SubTaskStep, "t1"))
    talk.executor.cancel(worker, "task/t1", 1)
    talk.until(lambda: talk.has(worker, ShardEnded))
    assert outcomes(talk.of(worker)) == {"task/t0": "done", "task/t1": "cancelled", "task/t2": "done"}


@pytest.mark.parametrize(("act", "how"), [("signal SIGKILL", "ended by SIGKILL"), ("exit 7", "exited with code 7")])
def test_what_a_worker_sent_before_it_died_is_delivered_and_then_its_death(
    talk: Talk, tmp_path: Path, act: str, how: str
) -> None:
    worker = talk.start()
    messages = talk.run(worker, job("task", tmp_path / "ws", 3, acts={"t2": act}), threads=1)
    assert outcomes(messages) == {"task/t0": "done", "task/t1": "done"}
    assert [one.subtask_id for one in messages if isinstance(one, SubTaskStarted)][-1] == "task/t2"
    died = messages[-1]
    assert isinstance(died, WorkerDied)
    assert how in died.how
    assert not died.lost
    talk.executor.cancel(worker, "task/t2", 1)  # the dead are not spoken to, and that is no error
    talk.executor.end(worker, force=True)
    again = talk.start()
    assert again != worker
    assert set(outcomes(talk.run(again, job("other", tmp_path / "ws", 2))).values()) == {"done"}


@pytest.mark.parametrize("force", [False, True])
def test_a_worker_is_ended_in_the_middle_of_a_shard(talk: Talk, tmp_path: Path, force: bool) -> None:
    worker = talk.start()
    talk.assign(worker, job("task", tmp_path / "ws", 1, acts={"t0": f"ignore {tmp_path / 'reached'}"}))
    talk.until(lambda: talk.has(worker, SubTaskStep, "t0"))
    talk.executor.end(worker, force=force)
    talk.until(lambda: talk.has(worker, WorkerDied))
    assert ("SIGKILL" if force else "SIGTERM") in talk.of(worker)[-1].how


def test_what_programs_print_arrives_before_the_end_of_the_shard(talk: Talk, tmp_path: Path) -> None:
    messages = talk.run(talk.start(), job("task", tmp_path / "ws", acts={"t0": "program 3"}))
    printed = "".join(one.text for one in messages if isinstance(one, Printed))
    assert printed.startswith("a program speaks\n")
    assert isinstance(messages[-1], ShardEnded)


@pytest.mark.parametrize("talk", ["dask", "memory"], indirect=True)  # on this machine the supervisor counts
def test_there_are_no_more_workers_than_places(talk: Talk) -> None:
    numbers = [talk.start() for _ in range(PLACES)]
    assert talk.executor.start_worker() is None
    talk.executor.retire(numbers[0])
    assert talk.start() not in numbers


def test_another_thread_wakes_the_one_that_waits(talk: Talk) -> None:
    timer = threading.Timer(0.1, talk.executor.wake)
    timer.start()
    began = time.monotonic()
    assert talk.executor.receive(WAIT) == []
    assert time.monotonic() - began < WAIT / 2
    timer.join()


def test_closing_ends_busy_workers(talk: Talk, tmp_path: Path) -> None:
    worker = talk.start()
    talk.assign(worker, job("task", tmp_path / "ws", 1, acts={"t0": f"ignore {tmp_path / 'reached'}"}))
    talk.until(lambda: talk.has(worker, SubTaskStep, "t0"))
    (started,) = (one for one in talk.of(worker) if isinstance(one, SubTaskStarted))
    talk.executor.close()
    if not isinstance(talk.executor, MemoryExecutor):
        until(lambda: not psutil.pid_exists(started.pid) or is_zombie(started.pid), "the end of the worker")


@pytest.mark.parametrize("talk", ["local", "dask"], indirect=True)  # in memory there are no agents
def test_an_agent_gets_its_memory_and_the_present_files(talk: Talk, tmp_path: Path) -> None:
    counts = []
    for number in range(3):
        worker = talk.start()
        made = job("task", tmp_path / "ws", agent="acting_agents:Counting", options={"run": number})
        made = replace(made, spec=replace(made.spec, inputs_digest=f"inputs {number}"))
        assert set(outcomes(talk.run(worker, made)).values()) == {"done"}
        talk.executor.retire(worker)
        counts.append((tmp_path / "ws" / "task" / f"{number}.txt").read_text())
    assert counts == ["memory None, present []\n", "memory 1, present [0.txt]\n", "memory 2, present [0.txt, 1.txt]\n"]


def is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
