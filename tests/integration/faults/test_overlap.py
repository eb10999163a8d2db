"""Several commands on one plan, one workspace or one state folder at once."""

from __future__ import annotations

import json
import random
import signal
import time
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from runner.progress.stores.state_reader import StateReader
from runner.records.events import Logged, RunPaused, RunResumed
from tests.integration.command import acting
from tests.integration.faults.aftermath import times
from tests.integration.jobs import Gate, until

if TYPE_CHECKING:
    from pathlib import Path

    from runner.records.events import Event
    from tests.integration.faults.aftermath import MakeScene, Scene, Tally

TASKS, TABLES = 4, 12
WAIT = 120.0  # seconds for a run that takes one to ten
ANSWER = 5.0  # seconds for a whole command, including its start on a busy machine
OBEYED = 1.0  # seconds from a request to the run's reaction


@pytest.mark.parametrize("seed", times(1, 10))
def test_two_runs_of_one_plan(seed: int, make_scene: MakeScene, tally: Tally) -> None:
    scene = make_scene(TASKS, TABLES)
    acts = {"acts": {"*": "work 0.02"}}
    scene.folder.write_plan(*(acting(f"task-{n}", options=acts) for n in range(TASKS)))
    reports = ("one.json", "two.json")
    processes = []
    for name in reports:
        processes.append(scene.start("plan.yaml", "--json", name))
        time.sleep(random.Random(seed).uniform(0, 0.05))
    codes = []
    for process in processes:
        out, err = process.communicate(timeout=WAIT)
        assert process.returncode in {0, 75}, out + err
        assert "Traceback" not in out + err
        assert process.returncode == 0 or "already being run by" in err
        codes.append(process.returncode)
    assert 0 in codes
    for name, code in zip(reports, codes, strict=True):
        if code == 0:
            scene.look(tally, scene.report(name))
    scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 10))
def test_two_plans_on_one_workspace(seed: int, make_scene: MakeScene, tally: Tally) -> None:
    """Each file is written by both plans in either order; the records of each plan are complete."""
    scene = make_scene(1, 40)
    acts = {"acts": {"*": "work 0.005"}, "folder": "task-0"}
    for name in ("one", "two"):
        scene.folder.write_plan(acting("task-0", options=acts), name=f"{name}.yaml")
    processes = {}
    for name in ("one", "two"):
        processes[name] = scene.start(f"{name}.yaml", "--json", f"{name}.json")
        time.sleep(random.Random(seed).uniform(0, 0.1))
    for process in processes.values():
        out, err = process.communicate(timeout=WAIT)
        assert process.returncode == 0, out + err
    for name in processes:
        scene.look(tally, scene.report(f"{name}.json"))
    for record in (scene.folder.workspace / ".runner" / "manifest").rglob("*.json"):
        json.loads(record.read_text())
    scene.look_at_mended(tally, "one.yaml")


def delays(scene: Scene) -> dict[str, float]:
    """Return how many seconds after each request its event happened, by kind; both by the clock of this machine."""
    with StateReader.open(scene.state) as reader:
        events = [recorded.event for recorded in reader.events(reader.run().id)]
        found: dict[str, float] = {}
        number = 1
        while (request := reader.control(number)) is not None:
            obeyed = next(event for event in events if _obeys(event, request.kind, f"process {request.requested_by}"))
            found[request.kind] = (obeyed.at - datetime.fromisoformat(request.requested_at)).total_seconds()
            number += 1
    return found


def _obeys(event: Event, kind: str, who: str) -> bool:
    told = isinstance(event, Logged) and event.message.startswith(f"cancelled by {who}: ")
    return {"pause": isinstance(event, RunPaused), "resume": isinstance(event, RunResumed), "cancel": told}[kind]


@pytest.mark.parametrize("seed", times(1, 5))
@pytest.mark.parametrize("kind", ["cancel", "cancel task", "pause"])
def test_control_in_the_middle_of_500_sub_tasks(
    kind: str, seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path, record_property
) -> None:
    scene = make_scene(6, 84)
    gate = Gate(tmp_path / "gate")
    acts = {"*": "work 0.01"}
    middle = f"t{random.Random(seed).randrange(20, 60)}"
    held = acting("task-0", options={"acts": {**acts, middle: gate.act}})  # it cannot end before the gate opens
    running = [acting(f"task-{number}", options={"acts": acts}) for number in range(1, 5)]
    scene.folder.write_plan(held, *running, acting("task-5", needs=["task-0"]))
    process = scene.start("plan.yaml", "--json", "report.json")
    gate.wait_reached()
    began = time.monotonic()
    command, _, argument = kind.partition(" ")
    said = scene.run(command, *([f"{argument}-0"] if argument else []))
    assert said.returncode == 0, said.stderr
    assert time.monotonic() - began < ANSWER
    assert "has not answered" not in said.stdout
    gate.open()
    if kind == "pause":
        until(lambda: scene.written() == 5 * 84, "the running tasks' end", WAIT)
        assert '"paused"' in scene.run("status", "--json").stdout
        assert not (scene.folder.workspace / "task-5").exists()
        assert "resumed" in scene.run("resume").stdout
    out, err = process.communicate(timeout=WAIT)
    assert process.returncode == (0 if kind == "pause" else 1), out + err
    report = scene.report()
    took = delays(scene)
    assert set(took) == ({"pause", "resume"} if kind == "pause" else {"cancel"})
    assert all(0 <= seconds < OBEYED for seconds in took.values()), took
    for seconds in took.values():
        record_property("delay", seconds)
    states = {task["id"]: task["status"] for task in report["tasks"]}
    logs = scene.run("logs").stdout
    if kind == "pause":
        assert set(states.values()) == {"done"}
        assert "paused" in logs
        assert "resumed" in logs
    elif kind == "cancel":
        assert states["task-0"] == states["task-5"] == "cancelled"
        assert "cancelled by process" in logs
    else:
        assert states == {"task-0": "cancelled", **{f"task-{n}": "done" for n in range(1, 5)}, "task-5": "skipped"}
        assert "cancelled by process" in logs
    scene.look(tally, report, cancelled=kind != "pause")
    scene.folder.write_plan(*(acting(f"task-{number}") for number in range(6)))
    scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 5))
def test_a_supervisor_that_is_stopped_for_a_while(
    seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path
) -> None:
    """A request to it reports that there was no answer; once it continues, it carries the request out.

    If it was stopped during a transaction, the state file is locked: the request fails and is not recorded.
    """
    del seed
    scene = make_scene(2, 6)
    gate = Gate(tmp_path / "gate")
    held = acting("task-0", options={"acts": {"t0": gate.act}})
    scene.folder.write_plan(held, acting("task-1", needs=["task-0"]))
    process = scene.start("plan.yaml", "--json", "report.json")
    gate.wait_reached()
    process.send_signal(signal.SIGSTOP)
    asked = scene.run("pause")
    assert asked.returncode == 1
    was_asked = "has not answered" in asked.stderr
    assert was_asked or "another process has locked the state file" in asked.stderr
    assert "running" in scene.run("status").stdout
    process.send_signal(signal.SIGCONT)
    if was_asked:
        until(lambda: "paused" in scene.run("status").stdout, "the pause")
        assert "resumed" in scene.run("resume").stdout
    gate.open()
    out, err = process.communicate(timeout=WAIT)
    assert process.returncode == 0, out + err
    scene.look(tally, scene.report())
    scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 5))
def test_twenty_processes_follow_a_run_under_load(
    seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path
) -> None:
    scene = make_scene(5, 60)
    gate = Gate(tmp_path / "gate")
    acts = {"*": "work 0.02"}
    held = acting("task-0", options={"acts": {**acts, f"t{random.Random(seed).randrange(60)}": gate.act}})
    scene.folder.write_plan(held, *(acting(f"task-{n}", options={"acts": acts}) for n in range(1, 5)))
    process = scene.start("plan.yaml", "--json", "report.json")
    gate.wait_reached()
    assert "running" in scene.run("status").stdout
    ask = [("status", "latest", "--follow"), ("logs", "--follow"), ("logs", "--follow", "--task", "task-1")]
    askers = [scene.start(*ask[number % len(ask)]) for number in range(20)]
    gate.open()
    for asker in askers:
        out, err = asker.communicate(timeout=WAIT)
        assert (asker.returncode, err) == (0, ""), out + err
        assert "done" in out
    out, err = process.communicate(timeout=WAIT)
    assert process.returncode == 0, out + err
    scene.look(tally, scene.report())
    scene.look_at_mended(tally)
