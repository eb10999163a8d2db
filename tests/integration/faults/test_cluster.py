"""Faults of a Dask cluster at seeded moments: its processes are killed, its network is cut, workers come and go.

The clusters are real, their workers have nannies and folders of their own, and their scheduler has no plan-runner.
Beats and silence are short here, so that a cut network is noticed soon; `make faults` also cuts it for 3 and for 60 s.
"""

from __future__ import annotations

import contextlib
import random
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from distributed import Client

from runner.execution.cluster.cluster_options import ClusterOptions
from runner.execution.cluster.dask_executor import DaskExecutor
from runner.execution.cluster.link import Pulse
from runner.execution.worker_protocol import Limits
from runner.records.errors import ClusterError
from runner.records.events import Event, Logged, SubTaskEnded, SubTaskRetrying, SubTaskStarted
from runner.records.status import SubTaskStatus
from runner.records.task import Retries, Timeouts
from runner.scheduling.orchestrator import ParallelOrchestrator
from runner.scheduling.supervisor import Settings
from tests.integration.command import acting
from tests.integration.dask_cluster import DaskCluster, another_version, dask_cluster, without_runner
from tests.integration.faults.aftermath import LONG, look_at_events, look_at_files, look_at_locks, times
from tests.integration.jobs import HERE, alive, events_of, job, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.faults.aftermath import MakeScene, Tally

TASKS, TABLES = 2, 20
PATIENT = Retries(attempts=20, backoff=0.01)
WAIT = 120.0
PULSE = Pulse(beat=0.2, silence=2.0)
SUBTASKS = {f"task-{task}/t{table}" for task in range(TASKS) for table in range(TABLES)}
EXPECTED = {f"{name}.txt": f"{name.partition('/')[2]}\n" for name in SUBTASKS}
SHORT = 2  # repetitions of each in `make test`; 200 in `make faults`


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("cluster"), 2) as made:
        yield made


_runs: list[Run] = []  # of the current test


@pytest.fixture(autouse=True)
def _end_runs() -> Iterator[None]:
    """End the runs of a test that failed: they would keep the workers of the cluster from the next one."""
    yield
    while _runs:
        run = _runs.pop()
        run.orchestrator.cancel()
        with contextlib.suppress(ClusterError):
            run.orchestrator.close()


class Run:
    """A run on a cluster, and what must hold after it."""

    def __init__(self, cluster: DaskCluster, folder: Path, *, wait: float = 60.0, pulse: Pulse = PULSE) -> None:
        self.cluster = cluster
        self.state, self.workspace = folder / "state", folder / "ws"
        self.executor = DaskExecutor(ClusterOptions(scheduler=cluster.address, wait=wait, pulse=pulse), Limits())
        self.orchestrator = ParallelOrchestrator(
            store=self.state, settings=Settings(), import_path=HERE, executor=self.executor
        )
        _runs.append(self)

    def submit(self, act: str = "work 0.05", **keys: Any) -> None:
        jobs = [
            job(f"task-{number}", self.workspace, TABLES, **{"acts": {"*": act}, "retries": PATIENT, **keys})
            for number in range(TASKS)
        ]
        self.orchestrator.submit_jobs(jobs)

    def run(self) -> None:
        """Run everything to its end, or raise what ended it."""
        self.submit()
        until(lambda: self.orchestrator.on_idle(0.0), "the end of the run", WAIT)

    def until_written(self, files: int) -> None:
        until(lambda: sum(1 for _ in self.workspace.rglob("t*.txt")) >= files, f"{files} files", WAIT)

    def finish(self) -> list[Event]:
        until(lambda: self.orchestrator.on_idle(0.0), "the end of the run", WAIT)
        self.orchestrator.close()
        return events_of(self.state, self.orchestrator)

    def look(self, tally: Tally) -> None:
        assert {result.success for result in self.orchestrator.results.values()} == {True}
        look_at_events(tally, self.state, self.orchestrator.run_id, SUBTASKS)
        look_at_files(tally, self.workspace, EXPECTED)
        look_at_locks(tally, self.workspace, EXPECTED)
        until(lambda: not alive(self.cluster.hosts()), "the end of the hosts", 10.0)


def until_workers(cluster: DaskCluster, count: int) -> None:
    """Wait until the scheduler has so many workers."""
    with Client(cluster.address, timeout=WAIT, set_as_default=False) as client:
        until(lambda: len(client.scheduler_info(n_workers=-1)["workers"]) == count, f"{count} workers", WAIT)


@pytest.mark.parametrize("seed", times(SHORT, 200))
@pytest.mark.parametrize("what", ["dask worker", "host", "worker", "each host"])
def test_processes_of_a_worker_killed_at_a_random_moment(
    what: str, seed: int, cluster: DaskCluster, tally: Tally, tmp_path: Path
) -> None:
    chance = random.Random(f"{what} {seed}")
    until_workers(cluster, 2)
    run = Run(cluster, tmp_path)
    run.submit()
    run.until_written(chance.randrange(1, len(EXPECTED) - 4))
    for victim in victims(cluster, what, chance):
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
    run.finish()
    run.look(tally)


def victims(cluster: DaskCluster, what: str, chance: random.Random) -> list[psutil.Process]:
    if what == "dask worker":
        return [cluster.dask_worker(chance.randrange(2))]
    hosts = cluster.hosts()
    if what != "worker":
        return hosts if what == "each host" else hosts[:1]
    found = hosts[0].children(recursive=True)
    leaders = [one for one in found if one.is_running() and not one.children()]
    return leaders[-1:]


@pytest.mark.parametrize("seed", times(SHORT, 200))
def test_a_nanny_that_is_killed(seed: int, tally: Tally, tmp_path: Path) -> None:
    chance = random.Random(seed)
    with dask_cluster(tmp_path / "cluster", 2) as cluster:
        until_workers(cluster, 2)
        run = Run(cluster, tmp_path)
        run.submit()
        run.until_written(chance.randrange(1, len(EXPECTED) - 4))
        cluster.workers[0].kill()
        run.finish()
        run.look(tally)


@pytest.mark.parametrize("seed", times(SHORT, 200))
def test_a_scheduler_that_is_killed_and_started_again(seed: int, tally: Tally, tmp_path: Path) -> None:
    """What ran goes on where it can, the rest runs again, and nobody is charged."""
    chance = random.Random(seed)
    with dask_cluster(tmp_path / "cluster", 2) as cluster:
        until_workers(cluster, 2)
        run = Run(cluster, tmp_path)
        run.submit()
        run.until_written(chance.randrange(1, len(EXPECTED) - 4))
        assert cluster.scheduler is not None
        cluster.scheduler.kill()
        cluster.scheduler.wait(WAIT)
        cluster.start_scheduler()
        for _ in range(2):
            cluster.start_worker()
        events = run.finish()
        run.look(tally)
        assert not [event for event in events if isinstance(event, SubTaskRetrying) and event.charged]


@pytest.mark.parametrize("seed", times(1, 20))
def test_a_scheduler_that_stays_away_ends_the_run_and_the_next_one_resumes(
    seed: int, tally: Tally, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    with dask_cluster(tmp_path / "cluster", 2) as cluster:
        until_workers(cluster, 2)
        run = Run(cluster, tmp_path, wait=2.0)
        run.submit(acts={"*": "work 0.05", "t19": f"attend {tmp_path / 'never'}"})
        run.until_written(chance.randrange(1, 12))
        assert cluster.scheduler is not None
        cluster.scheduler.kill()
        cluster.scheduler.wait(WAIT)
        with pytest.raises(ClusterError, match="has been away for 2 s"):
            until(lambda: run.orchestrator.on_idle(0.0), "the end of the run", WAIT)
        run.orchestrator.close()
        look_at_events(tally, run.state, run.orchestrator.run_id, SUBTASKS, cancelled=True)
        until(lambda: not alive(cluster.hosts()), "the end of the hosts", 10.0)
    again = ParallelOrchestrator(store=run.state, settings=Settings(), import_path=HERE)
    again.submit_jobs([job(f"task-{number}", run.workspace, TABLES) for number in range(TASKS)])
    until(lambda: again.on_idle(0.0), "the end of the run", WAIT)
    again.close()
    look_at_files(tally, run.workspace, EXPECTED)


@pytest.mark.parametrize("seed", times(SHORT, 200))
def test_a_killed_supervisor_leaves_nothing_on_the_cluster_and_the_next_run_resumes(
    seed: int, cluster: DaskCluster, make_scene: MakeScene, tally: Tally
) -> None:
    chance = random.Random(seed)
    until_workers(cluster, 2)
    scene = make_scene(TASKS, TABLES)
    scene.folder.write_plan(
        *(acting(f"task-{number}", options={"acts": {"*": "work 0.05"}}) for number in range(TASKS)),
        executor=cluster.address,
    )
    process = scene.start("plan.yaml", "--log-format", "json")
    moment = chance.randrange(1, len(EXPECTED) - 4)
    until(lambda: process.poll() is not None or scene.written() >= moment, f"{moment} files", WAIT)
    process.kill()
    process.communicate(timeout=WAIT)
    until(lambda: not alive(cluster.hosts()), "the end of the hosts", 10.0)
    scene.until_all_gone()
    scene.look_at_mended(tally)


class Proxy:
    """Passes on what worker hosts and the supervisor send to each other, unless it is cut: then nothing arrives."""

    def __init__(self, run: Run) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        server = run.executor._server
        assert server is not None
        self._target = server.address
        server.address = ("127.0.0.1", self._server.getsockname()[1])
        self.flows = threading.Event()
        self.flows.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, seconds: float) -> None:
        """Pass on nothing for some seconds, then everything: TCP sends again what was lost."""
        self.flows.clear()
        time.sleep(seconds)
        self.flows.set()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                one, _ = self._server.accept()
                other = socket.create_connection(self._target)
                for pair in ((one, other), (other, one)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.flows.wait()
                target.sendall(data)
        self.flows.wait()
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


CUTS = [(0.8, PULSE), (4.0, PULSE), *([(3.0, Pulse()), (60.0, Pulse())] if LONG else [])]


@pytest.mark.parametrize("seed", times(SHORT, 20))
@pytest.mark.parametrize(
    ("seconds", "pulse"), CUTS, ids=lambda value: f"{value:g} s" if isinstance(value, float) else ""
)
def test_a_network_that_is_cut_for_a_while(
    seconds: float, pulse: Pulse, seed: int, cluster: DaskCluster, tally: Tally, tmp_path: Path
) -> None:
    """Both ends notice a long cut, and what arrives late is refused; a short one is not noticed."""
    chance = random.Random(f"{seconds} {seed}")
    until_workers(cluster, 2)
    run = Run(cluster, tmp_path, pulse=pulse)
    run.executor.prepare()
    proxy = Proxy(run)
    run.submit(timeouts=Timeouts(task=600, subtask=300, grace=1))
    run.until_written(chance.randrange(1, len(EXPECTED) - 4))
    proxy.cut(seconds)
    events = run.finish()
    proxy.close()
    run.look(tally)
    silent = [event for event in events if isinstance(event, Logged) and "no word for" in event.message]
    assert bool(silent) == (seconds > pulse.silence)


@pytest.mark.parametrize("seed", times(1, 50))
def test_a_worker_that_joins_late_is_used_and_one_that_leaves_ends_its_shard(
    seed: int, tally: Tally, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    with dask_cluster(tmp_path / "cluster", 1) as cluster:
        until_workers(cluster, 1)
        run = Run(cluster, tmp_path)
        go = tmp_path / "go"
        run.submit(acts={"*": "work 0.02", "t19": f"attend {go}"})
        run.until_written(chance.randrange(1, 19))
        cluster.start_worker()
        until(lambda: len(used(run)) == 2, "the work of both", WAIT)
        first = used(run)[0]
        with Client(cluster.address, timeout=WAIT, set_as_default=False) as client:
            leaving = threading.Thread(target=client.retire_workers, args=([first],))
            leaving.start()
            until(lambda: not is_running(client, first), "its leave", WAIT)
            go.touch()
            events = run.finish()
            leaving.join()
        run.look(tally)
        assert not [event for event in events if isinstance(event, SubTaskRetrying)]


def is_running(client: Client, worker: str) -> bool:
    """Return whether the scheduler still gives tasks to a worker."""
    return bool(client.scheduler_info(n_workers=-1)["workers"].get(worker, {}).get("status") == "running")


def used(run: Run) -> list[str]:
    """Return the workers that have begun sub-tasks so far."""
    events = events_of(run.state, run.orchestrator)
    return list(dict.fromkeys(str(event.host) for event in events if isinstance(event, SubTaskStarted)))


@pytest.mark.parametrize("seed", times(1, 20))
def test_time_limits_pause_and_cancel_are_obeyed(seed: int, cluster: DaskCluster, tally: Tally, tmp_path: Path) -> None:
    del seed
    until_workers(cluster, 2)
    run = Run(cluster, tmp_path)
    limits = Timeouts(task=60, subtask=1.0, grace=0.4)
    once = Retries(attempts=1)
    go, left = tmp_path / "go", tmp_path / "left"
    deaf = {"t0": f"daemon {left}", "t1": f"ignore {tmp_path / 'a'}"}
    run.orchestrator.submit_jobs(
        [
            job("deaf", run.workspace, 3, acts=deaf, timeouts=limits, retries=once),
            job("attending", run.workspace, 1, acts={"*": f"attend {go}"}),
        ]
    )
    until(lambda: len(used(run)) == 2, "the work of both", WAIT)
    run.orchestrator.pause()
    run.orchestrator.submit_jobs([job("late", run.workspace, 1)])
    until(lambda: "deaf" in run.orchestrator.results, "the end of the task", WAIT)
    until(lambda: run.orchestrator.get_queue_stats().paused, "the pause", WAIT)  # the loop has come to it
    until(lambda: run.orchestrator.get_queue_stats().size == 1, "the late task, which waits", WAIT)
    run.orchestrator.start()
    run.orchestrator.cancel("attending")
    events = run.finish()
    ended = {event.subtask_id: event for event in events if isinstance(event, SubTaskEnded)}
    assert ended["deaf/t1"].error == "timed out after 1 s in step 4 (render)"
    assert ended["attending/t0"].status is SubTaskStatus.CANCELLED
    assert {name for name, event in ended.items() if event.status is SubTaskStatus.DONE} == {
        "deaf/t0",
        "deaf/t2",
        "late/t0",
    }
    pid = int(left.read_text())
    until(lambda: not psutil.pid_exists(pid), "the end of the program that an agent left", 10.0)
    until(lambda: not alive(cluster.hosts()), "the end of the hosts", 10.0)


@pytest.mark.parametrize("seed", times(1, 5))
def test_a_worker_of_another_version_is_refused_and_the_others_do_the_work(
    seed: int, tally: Tally, tmp_path: Path
) -> None:
    del seed
    with dask_cluster(tmp_path / "cluster", 0) as cluster:
        cluster.start_worker(env=another_version(tmp_path))
        cluster.start_worker(env=without_runner(tmp_path / "cluster"))
        until_workers(cluster, 2)
        alone = Run(cluster, tmp_path / "alone")
        with pytest.raises(ClusterError, match="no worker of the cluster can be used") as caught:
            alone.run()
        alone.orchestrator.close()
        assert caught.value.exit_code == 2
        cluster.start_worker()
        until_workers(cluster, 3)
        run = Run(cluster, tmp_path)
        run.submit()
        events = run.finish()
        run.look(tally)
        warnings = [event.message for event in events if isinstance(event, Logged) and event.level == "warning"]
        assert len([text for text in warnings if "it has plan-runner 99, this is" in text]) == 1
        assert len([text for text in warnings if "plan-runner is not installed there" in text]) == 1
        assert all("-m pip install plan-runner==" in text for text in warnings if "plan-runner" in text)
        assert len(used(run)) == 1


def test_signals_of_a_terminal_do_not_reach_the_hosts(cluster: DaskCluster, tally: Tally, tmp_path: Path) -> None:
    until_workers(cluster, 2)
    run = Run(cluster, tmp_path)
    run.submit()
    run.until_written(1)
    for host in cluster.hosts():
        host.send_signal(signal.SIGINT)
    run.finish()
    run.look(tally)
