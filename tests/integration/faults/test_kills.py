"""Processes that are killed at seeded moments: workers, the forkserver, the supervisor. `make faults` tries many."""

from __future__ import annotations

import random
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from runner.records.task import Retries
from runner.scheduling.orchestrator import ParallelOrchestrator
from runner.scheduling.supervisor import Settings
from tests.integration.command import acting
from tests.integration.faults.aftermath import (
    look_at_events,
    look_at_files,
    look_at_locks,
    times,
    until_gone,
)
from tests.integration.jobs import HERE, forkserver, job, until, workers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.faults.aftermath import MakeScene, Tally

TASKS, TABLES = 4, 12
PATIENT = Retries(attempts=20, backoff=0.01)  # a healthy sub-task may be hit often; that must not count
WAIT = 120.0  # seconds for a run that takes one
EXPECTED = {f"task-{task}/t{table}.txt": f"t{table}\n" for task in range(TASKS) for table in range(TABLES)}
SUBTASKS = {f"task-{task}/t{table}" for task in range(TASKS) for table in range(TABLES)}


def strike(chance: random.Random, how: str) -> None:
    """Kill one worker, two at once, or each in turn; or the forkserver, or its guard."""
    victims = workers()
    chance.shuffle(victims)
    if how in {"forkserver", "guard"}:
        server = forkserver()
        victims = [server if how == "forkserver" else psutil.Process(server.ppid())]
    for victim in {"one": victims[:1], "two": victims[:2]}.get(how, victims):
        if victim.is_running():
            victim.send_signal(signal.SIGKILL)


def start(state: Path, workspace: Path, act: str) -> ParallelOrchestrator:
    orchestrator = ParallelOrchestrator(store=state, settings=Settings(), import_path=HERE)
    jobs = [job(f"task-{number}", workspace, TABLES, acts={"*": act}, retries=PATIENT) for number in range(TASKS)]
    orchestrator.submit_jobs(jobs)
    return orchestrator


def finish(orchestrator: ParallelOrchestrator) -> None:
    until(lambda: orchestrator.on_idle(0.0), "the end of the run", WAIT)
    orchestrator.close()


@pytest.mark.parametrize(
    ("how", "seed"),
    [
        *((how, seed) for how in ("one", "two", "each") for seed in times(7, 67)),
        *((how, seed) for how in ("forkserver", "guard") for seed in times(1, 10)),
    ],
)
def test_workers_killed_at_a_random_moment_lose_nothing(how: str, seed: int, tally: Tally, tmp_path: Path) -> None:
    chance = random.Random(f"{how} {seed}")
    state, workspace = tmp_path / "state", tmp_path / "ws"
    orchestrator = start(state, workspace, "work 0.005")
    moment = chance.randrange(len(EXPECTED))
    until(lambda: sum(1 for _ in workspace.rglob("*.txt")) >= moment, f"{moment} files")
    strike(chance, how)
    finish(orchestrator)
    assert {result.success for result in orchestrator.results.values()} == {True}
    look_at_events(tally, state, orchestrator.run_id, SUBTASKS)
    look_at_files(tally, workspace, EXPECTED)
    look_at_locks(tally, workspace, EXPECTED)
    until_gone(workers())


@pytest.mark.parametrize("seed", times(3, 50))
def test_a_killed_supervisor_ends_all_processes_and_the_next_run_resumes(
    seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    scene = make_scene(TASKS, TABLES)
    acts = {"*": "work 0.01", f"t{chance.randrange(TABLES)}": f"orphan {tmp_path / 'orphan'}"}
    tasks = [acting(f"task-{number}", options={"acts": acts}) for number in range(TASKS)]
    scene.folder.write_plan(*tasks)
    process = scene.start("plan.yaml", "--log-format", "json")
    moment = chance.randrange(len(EXPECTED))
    until(lambda: process.poll() is not None or scene.written() >= moment, f"{moment} files", WAIT)
    process.kill()
    process.wait(WAIT)
    scene.until_all_gone()
    process.communicate(timeout=WAIT)
    for path in scene.folder.workspace.rglob("t*.txt"):
        assert path.read_text() == f"{path.stem}\n"
    scene.look_at_mended(tally)
    runs = scene.run("status").stdout.splitlines()[1:]
    assert len(runs) == 2 or moment == 0, runs  # before the first file the run may not have started
    assert {run.split()[2] for run in runs[1:]} <= {"interrupted", "done"}, runs


@pytest.mark.parametrize("seed", times(1, 5))
@pytest.mark.parametrize("act", ["daemon", "orphan"])
def test_processes_of_an_agent_end_with_a_killed_supervisor(
    act: str, seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path
) -> None:
    del seed
    scene = make_scene(1, 2)
    started, reached = tmp_path / "started", tmp_path / "reached"
    acts = {"t0": f"{act} {started}", "t1": f"ignore {reached}"}
    scene.folder.write_plan(acting("task-0", options={"acts": acts}), timeouts={"task": 600, "subtask": 600})
    process = scene.start("plan.yaml")
    until(lambda: reached.exists() and started.exists() and started.read_text() != "", "the agents at work", WAIT)
    left = psutil.Process(int(started.read_text()))
    process.kill()
    process.wait(WAIT)
    until_gone([left])
    scene.until_all_gone()
    process.communicate(timeout=WAIT)
    scene.folder.write_plan(acting("task-0"))
    scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 5))
@pytest.mark.parametrize("ask", [("logs", "--follow"), ("status", "--follow"), ("watch",)], ids=" ".join)
def test_a_follower_of_a_killed_run_reports_it(
    ask: tuple[str, ...], seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path
) -> None:
    del seed
    scene = make_scene(1, 2)
    reached, acts = tmp_path / "reached", {"t1": f"ignore {tmp_path / 'reached'}"}
    scene.folder.write_plan(acting("task-0", options={"acts": acts}), timeouts={"task": 600, "subtask": 600})
    process = scene.start("plan.yaml")
    until(reached.exists, "the agent at work", WAIT)
    follower = scene.start(*ask)
    assert follower.stdout is not None
    assert follower.stdout.readline() != ""  # it is following
    process.kill()
    process.communicate(timeout=WAIT)
    out, err = follower.communicate(timeout=WAIT)
    assert (follower.returncode, err) == (0, "")
    assert "interrupted" in out
    scene.until_all_gone()
    scene.folder.write_plan(acting("task-0"))
    scene.look_at_mended(tally)
