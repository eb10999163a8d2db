"""Runs that are killed, at seeded moments: `make test` tries few of them, `make faults` many."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import psutil
import pytest

from runner.events import SubTaskEnded
from runner.orchestrator import ParallelOrchestrator
from runner.status import SubTaskStatus
from runner.stores.reader import StateReader
from runner.supervisor import Settings
from runner.task import Retries
from tests.integration.command import acting, make_folder
from tests.integration.faults.aftermath import (
    LONG,
    Tally,
    look_at_events,
    look_at_files,
    look_at_locks,
    times,
    until_gone,
)
from tests.integration.jobs import HERE, Gate, events_of, job, until, workers

if TYPE_CHECKING:
    from pathlib import Path

TASKS, TABLES = 4, 12
PATIENT = Retries(attempts=20, backoff=0.01)  # an innocent may be struck often; it must not be charged for it
WAIT = 120.0  # seconds for a run that takes one
EXPECTED = {f"task-{task}/t{table}.txt": f"t{table}\n" for task in range(TASKS) for table in range(TABLES)}
SUBTASKS = {f"task-{task}/t{table}" for task in range(TASKS) for table in range(TABLES)}


def tables(count: int) -> str:
    return "".join(f"CREATE TABLE t{number} (id int PRIMARY KEY);\n" for number in range(count))


def below(process: psutil.Process) -> list[psutil.Process]:
    return process.children(recursive=True)


def strike(chance: random.Random, how: str) -> None:
    """Kill one worker, two at once, or each in turn."""
    victims = workers()
    chance.shuffle(victims)
    chosen = {"one": victims[:1], "two": victims[:2], "each": victims}[how]
    for victim in chosen:
        if victim.is_running():
            victim.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("how", ["one", "two", "each"])
@pytest.mark.parametrize("seed", times(7, 67))
def test_workers_killed_at_a_random_moment_cost_nothing(seed: int, how: str, tmp_path: Path) -> None:
    chance = random.Random(f"{how} {seed}")
    state, workspace = tmp_path / "state", tmp_path / "ws"
    orchestrator = ParallelOrchestrator(store=state, settings=Settings(), import_path=HERE)
    acts = {"*": "work 0.005"}
    orchestrator.submit_jobs(
        [job(f"task-{number}", workspace, TABLES, acts=acts, retries=PATIENT) for number in range(TASKS)]
    )
    moment = chance.randrange(len(EXPECTED))
    until(lambda: sum(1 for _ in workspace.rglob("*.txt")) >= moment, f"{moment} files")
    strike(chance, how)
    assert orchestrator.on_idle(WAIT)
    orchestrator.close()
    assert {result.success for result in orchestrator.results.values()} == {True}
    tally = Tally()
    look_at_events(tally, state, orchestrator.run_id, SUBTASKS)
    look_at_files(tally, workspace, EXPECTED)
    look_at_locks(tally, workspace, EXPECTED)
    assert tally.clean, tally
    until_gone(workers(), 2.0)


@pytest.mark.parametrize("seed", times(5, 50))
def test_a_killed_supervisor_takes_its_workers_along_and_the_next_run_goes_on(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    folder = make_folder(tmp_path / "project", tables(TABLES))
    acts = {"acts": {"*": "work 0.01"}}
    folder.write_plan(*(acting(f"task-{number}", options=acts) for number in range(TASKS)))
    process = folder.start("plan.yaml", "--log-format", "json")
    moment = chance.randrange(len(EXPECTED))
    until(
        lambda: process.poll() is not None or sum(1 for _ in folder.workspace.rglob("*.txt")) >= moment,
        f"{moment} files",
    )
    family = below(psutil.Process(process.pid)) if process.poll() is None else []
    process.kill()
    process.communicate()
    until_gone(family, 2.0)
    for path in folder.workspace.rglob("*.txt"):
        assert path.read_text() == f"{path.stem}\n"
    again = folder.run("plan.yaml", "--json", "report.json")
    assert again.returncode == 0, again.stdout + again.stderr
    report = json.loads((folder.path / "report.json").read_text())
    tally = Tally()
    look_at_events(tally, folder.path / ".runner", report["run"]["id"], SUBTASKS)
    look_at_files(tally, folder.workspace, EXPECTED)
    look_at_locks(tally, folder.workspace, EXPECTED)
    assert tally.clean, tally
    assert {subtask["status"] for task in report["tasks"] for subtask in task["subtasks"]} == {"done"}
    shown = folder.run("status").stdout
    runs = shown.splitlines()[1:]
    assert len(runs) == 2 or moment == 0, shown  # before the first file it may not even have begun
    assert {run.split()[2] for run in runs[1:]} <= {"interrupted", "done"}, shown


def test_a_second_signal_ends_a_run_at_once(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "project")
    reached = folder.path / "reached"
    acts = {"acts": {"teachers": f"ignore {reached}"}}
    folder.write_plan(acting(options=acts), timeouts={"task": 600, "subtask": 600, "grace": 500})
    process = folder.start("plan.yaml")
    until(reached.exists, "the agent at work")
    family = below(psutil.Process(process.pid))
    process.send_signal(signal.SIGINT)
    until(lambda: "interrupted by SIGINT" in folder.run("logs").stdout or process.poll() is not None, "the first")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    until_gone(family, 2.0)


@pytest.mark.parametrize("kind", ["cancel", "pause"])
def test_control_in_the_middle_of_500_sub_tasks(kind: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "project", tables(100))
    gate = Gate(folder.path / "gate")
    acts = {"*": "work 0.02"}
    running = [acting(f"task-{number}", options={"acts": acts}) for number in range(1, 5)]
    held = acting("task-0", options={"acts": {**acts, "t50": gate.act}})  # it cannot end before it is let
    folder.write_plan(held, *running, acting("later", needs=["task-0"]))
    process = folder.start("plan.yaml", "--json", "report.json")
    gate.wait_reached()
    began = time.monotonic()
    said = folder.run(kind)
    assert said.returncode == 0, said.stderr
    assert time.monotonic() - began < 5.0
    gate.open()
    if kind == "pause":
        until(lambda: sum(1 for _ in folder.workspace.rglob("task-*/*.txt")) == 500, "the running tasks' end", 60)
        assert not (folder.workspace / "later").exists()
        assert folder.run("resume").returncode == 0
    out, err = process.communicate(timeout=120)
    assert process.returncode == (1 if kind == "cancel" else 0), out + err
    report = json.loads((folder.path / "report.json").read_text())
    ended = {subtask["status"] for task in report["tasks"] for subtask in task["subtasks"]}
    assert ended <= ({"done", "cancelled", "pending"} if kind == "cancel" else {"done"})
    names = {kind} if kind == "cancel" else {"RunPaused", "RunResumed"}
    logs = folder.run("logs").stdout
    assert all(name.lower().removeprefix("run") in logs.lower() for name in names)


def test_twenty_ask_for_the_status_of_a_run_under_load(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "project", tables(300))
    folder.write_plan(acting(options={"acts": {"*": "work 0.02"}}))
    process = folder.start("plan.yaml")
    until((folder.path / ".runner" / "state.db").exists, "the state file")
    askers = [folder.start("status") for _ in range(20)]
    for asker in askers:
        out, err = asker.communicate(timeout=60)
        assert asker.returncode == 0, out + err
        assert "locked" not in err
    assert process.wait(120) == 0
    process.communicate()


def test_a_workspace_that_cannot_be_written_is_said_before_anything_is_run(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "project")
    folder.write_plan(acting(), workspace="/proc/nowhere")
    result = folder.run("plan.yaml")
    assert result.returncode == 2
    assert "/proc/nowhere" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (folder.path / ".runner").exists()


@pytest.mark.skipif(not LONG, reason="ten minutes: part of `make faults`")
def test_a_soak_with_random_deaths_leaves_memory_and_open_files_flat(tmp_path: Path) -> None:
    """200 tasks, 5,000 sub-tasks a round, workers killed at random, for ten minutes."""
    chance = random.Random(6)
    me = psutil.Process()
    sizes: list[tuple[int, int]] = []
    until_time = time.monotonic() + 600
    round_number = 0
    while time.monotonic() < until_time:
        round_number += 1
        state, workspace = tmp_path / f"state-{round_number}", tmp_path / f"ws-{round_number}"
        orchestrator = ParallelOrchestrator(store=state, settings=replace(Settings()), import_path=HERE)
        orchestrator.submit_jobs([job(f"task-{n}", workspace, 25, retries=PATIENT) for n in range(200)])
        while not orchestrator.on_idle(chance.uniform(0.2, 1.0)):
            strike(chance, "one")
        orchestrator.close()
        ended = [event for event in events_of(state, orchestrator) if isinstance(event, SubTaskEnded)]
        assert len(ended) == 5000
        assert {event.status for event in ended} == {SubTaskStatus.DONE}
        sizes.append((me.memory_info().rss, me.num_fds()))
        subprocess.run(["rm", "-rf", str(state), str(workspace)], check=True)
    assert len(sizes) >= 4
    assert sizes[-1][0] < sizes[1][0] * 1.25, sizes
    assert sizes[-1][1] <= sizes[1][1] + 5, sizes
    print(f"{round_number} rounds; memory and files after each: {sizes}", file=sys.stderr)


def test_a_clock_set_back_by_an_hour_changes_nothing_but_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, workspace = tmp_path / "state", tmp_path / "ws"
    orchestrator = ParallelOrchestrator(store=state, settings=Settings(), import_path=HERE)
    acts = {"*": "work 0.02"}
    orchestrator.submit_jobs([job(f"task-{number}", workspace, TABLES, acts=acts) for number in range(TASKS)])
    until(lambda: sum(1 for _ in workspace.rglob("*.txt")) >= 5, "5 files")
    post = orchestrator._reporter.post
    set_back = lambda event: post(replace(event, at=event.at - timedelta(hours=1)))  # noqa: E731
    monkeypatch.setattr(orchestrator._supervisor, "_post", set_back)
    monkeypatch.setattr(orchestrator._reporter, "post", set_back)
    assert orchestrator.on_idle(WAIT)
    orchestrator.close()
    assert {result.success for result in orchestrator.results.values()} == {True}
    tally = Tally()
    look_at_events(tally, state, orchestrator.run_id, SUBTASKS)
    look_at_files(tally, workspace, EXPECTED)
    assert tally.clean, tally
    with StateReader.open(state) as reader:
        run = reader.run()
        assert run.ended_at is not None
        assert run.ended_at < run.started_at
