"""Agents that misbehave: each affects only its own sub-task, and a run of the corrected plan completes everything."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.integration.command import acting
from tests.integration.faults.aftermath import times

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.integration.faults.aftermath import MakeScene, Scene, Tally

TASKS, TABLES = 3, 6
LIMIT = 3.0  # seconds; the limit of a sub-task that exceeds it
MEMORY = 1024  # MiB of a worker's address space
HUNDRED_MB = 100_000_000


def write_plan(scene: Scene, acts: dict[str, str] | None = None, **top: Any) -> None:
    """Three tasks; the first performs `acts`, and runs after the second."""
    usual = {"*": "work 0.01"}
    bad = acting("task-0", needs=["task-1"], options={"acts": {**usual, **(acts or {})}})
    calm = [acting(f"task-{number}", options={"acts": usual}) for number in range(1, TASKS)]
    scene.folder.write_plan(bad, *calm, **{"retries": {"attempts": 1, "backoff": 0}, **top})


@pytest.mark.parametrize("seed", times(1, 5))
@pytest.mark.parametrize(
    ("act", "words"),
    [
        pytest.param("ignore {tmp}/reached", "timed out after 3 s in step 4 (render)", id="sleeps past the limit"),
        pytest.param("spin {tmp}/reached", "timed out after 3 s in step 4 (render)", id="holds the interpreter"),
        pytest.param("exit 7", "worker exited with code 7 in step 4 (render)", id="exits the process"),
        pytest.param("exit 0", "worker exited with code 0 in step 4 (render)", id="exits the process with 0"),
        pytest.param("signal SIGSEGV", "ended by SIGSEGV in step 4 (render)", id="crashes"),
        pytest.param("unpicklable", "LocalError: odd", id="raises what cannot be pickled"),
        pytest.param("unprintable", "SilentError", id="raises what cannot be printed"),
        pytest.param("raise exit", "SystemExit: as asked", id="raises SystemExit"),
        pytest.param("hoard", "MemoryError", id="allocates without end"),
        pytest.param("path ../outside.txt", "../outside.txt", id="returns a path outside the workspace"),
        pytest.param("path task-1/t{other}.txt", "task-1/t{other}", id="returns the path of another agent"),
    ],
)
def test_an_agent_that(act: str, words: str, seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path) -> None:
    chance = random.Random(f"{act} {seed}")
    scene = make_scene(TASKS, TABLES)
    bad, other = chance.sample(range(TABLES), 2)
    top: dict[str, Any] = {"workers": {"memory": MEMORY}} if act == "hoard" else {}
    if "timed out" in words:
        top["timeouts"] = {"task": 120, "subtask": LIMIT, "grace": 0.5}
    write_plan(scene, {f"t{bad}": act.format(tmp=tmp_path, other=other)}, **top)
    result = scene.run("plan.yaml", "--json", "report.json")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    report = scene.report()
    ends = {one["id"]: one for task in report["tasks"] for one in task["subtasks"]}
    failed = {name: one["error"] for name, one in ends.items() if one["status"] != "done"}
    assert set(failed) == {f"task-0/t{bad}"}, failed
    assert words.format(other=other) in failed[f"task-0/t{bad}"]
    assert ends[f"task-0/t{bad}"]["status"] == "failed"
    assert not (tmp_path / "project" / "outside.txt").exists()
    scene.look(tally, report, lacking=frozenset(failed))
    write_plan(scene)
    scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 5))
@pytest.mark.parametrize(
    ("act", "kept"),
    [
        pytest.param("daemon {tmp}/pid", 0, id="leaves a program behind"),
        pytest.param("orphan {tmp}/pid", 0, id="leaves an orphan in a session of its own behind"),
        pytest.param("late_thread", 0, id="leaves a thread behind that tells of progress"),
        pytest.param(f"flood {HUNDRED_MB}", 1001, id="prints 100 MB"),
        pytest.param(f"program {HUNDRED_MB}", 1001, id="has a program print 100 MB"),
    ],
)
def test_all_sub_tasks_are_done_where_an_agent(
    act: str, kept: int, seed: int, make_scene: MakeScene, tally: Tally, tmp_path: Path
) -> None:
    chance = random.Random(f"{act} {seed}")
    scene = make_scene(TASKS, TABLES)
    write_plan(scene, {f"t{chance.randrange(TABLES)}": act.format(tmp=tmp_path)})
    result = scene.run("plan.yaml", "--json", "report.json", "--log-format", "json")
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    scene.look(tally, scene.report())
    assert result.stdout.count('"Logged"') == kept
    write_plan(scene)
    scene.look_at_mended(tally)
