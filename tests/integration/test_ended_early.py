"""Runs that an error ends early which nobody expected: their records, their reports, and the run after."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from runner.progress.stores.state_reader import StateReader
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from runner.scheduling.orchestrator import ParallelOrchestrator
from tests.integration.command import LIMIT, Folder, acting, environment, make_folder
from tests.integration.jobs import HERE, Gate, job

if TYPE_CHECKING:
    from pathlib import Path

MISTAKE = "LookupError: a mistake of ours"
# The command with a mistake, in the loop and after it
IN_THE_LOOP = "from runner.scheduling.supervisor import Supervisor as place; name = '_stepped'"
AT_THE_END = "import runner.command.run_plan as place; name = 'finish_success'"
COMMAND = """
def mistake(*_):
    raise LookupError("a mistake of ours")

setattr(place, name, mistake)
from runner.command.cli import main
main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "project")


def run_with_mistake(folder: Folder, place: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"{place}\n{COMMAND}", *arguments],
        cwd=folder.path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def states_of(report: dict[str, Any]) -> set[str]:
    parts = [subtask for task in report["tasks"] for subtask in task["subtasks"]]
    return {part["status"] for part in (*report["tasks"], *parts) if part.get("started_at")}


def test_a_mistake_in_the_loop_leaves_nothing_running_and_the_next_run_continues(folder: Folder) -> None:
    folder.write_plan(acting(), acting("after", setup=True, needs=["crud"]))
    broken = run_with_mistake(folder, IN_THE_LOOP, "plan.yaml", "--junit", "junit.xml", "--json", "report.json")
    assert broken.returncode == 1
    assert broken.stderr.rstrip().endswith(MISTAKE)  # with its traceback
    assert f": {MISTAKE} (run " in broken.stdout
    report = json.loads(folder.run("status", "--json").stdout)
    assert (report["run"]["status"], report["run"]["exit_code"]) == ("failed", 1)
    assert states_of(report) == {"cancelled"}
    assert [task["error"] for task in report["tasks"]] == [f"its run ended early: {MISTAKE}"] * 2
    assert report == json.loads((folder.path / "report.json").read_text())
    root = ET.parse(folder.path / "junit.xml").getroot()
    assert root.get("errors") == "1"
    assert MISTAKE in (root.findtext("testsuite[@name='run']/testcase/error") or "")
    status = folder.run("status", "latest").stdout
    assert MISTAKE in status
    assert "running" not in status
    again = folder.run("plan.yaml", "--rerun-failed")
    assert again.returncode == 0, again.stdout
    assert len(folder.files()) == 4


def test_a_mistake_after_the_last_sub_task_is_recorded_and_all_is_run_again(folder: Folder) -> None:
    folder.write_plan(acting())
    broken = run_with_mistake(folder, AT_THE_END, "plan.yaml", "--junit", "junit.xml")
    assert broken.returncode == 1
    report = json.loads(folder.run("status", "--json").stdout)
    assert (report["run"]["status"], states_of(report)) == ("failed", {"done"})
    assert ET.parse(folder.path / "junit.xml").getroot().get("errors") == "1"
    again = folder.run("plan.yaml", "--rerun-failed")
    assert (again.returncode, MISTAKE in again.stdout) == (0, True), again.stdout


def test_an_error_of_the_caller_leaves_nothing_running(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    jobs = [job("task", tmp_path / "ws", 1, acts={"*": gate.act}), job("after", tmp_path / "ws", needs=("task",))]
    orchestrator = ParallelOrchestrator(store=tmp_path / "state", import_path=HERE)

    def work() -> None:
        with orchestrator:
            orchestrator.submit_jobs(jobs)
            gate.wait_reached()
            raise LookupError("a mistake of the caller's")

    with pytest.raises(LookupError):
        work()
    with StateReader.open(tmp_path / "state") as store:
        run = store.run()
        assert (run.status, run.error) == (RunStatus.CANCELLED, "LookupError: a mistake of the caller's")
        assert {task.status for task in store.tasks(run.id)} == {TaskStatus.CANCELLED}
        begun = [subtask.status for subtask in store.subtasks(run.id) if subtask.task_id == "task"]
        assert begun == [SubTaskStatus.CANCELLED]


def test_a_failing_loop_closes_the_run_of_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistake(*_: object) -> None:
        raise LookupError("a mistake of ours")

    orchestrator = ParallelOrchestrator(store=tmp_path / "state", import_path=HERE)
    monkeypatch.setattr(orchestrator._supervisor, "_stepped", mistake)
    with pytest.raises(LookupError), orchestrator:
        orchestrator.submit_jobs([job("task", tmp_path / "ws")])
    with StateReader.open(tmp_path / "state") as store:
        run = store.run()
        assert (run.status, run.exit_code, run.error) == (RunStatus.FAILED, 1, MISTAKE)
        assert [task.status for task in store.tasks(run.id)] == [TaskStatus.CANCELLED]


def test_a_future_cannot_be_cancelled_by_itself(tmp_path: Path) -> None:
    """Otherwise the end of its task would be a mistake in the loop."""
    gate = Gate(tmp_path / "gate")
    with ParallelOrchestrator(store=tmp_path / "state", import_path=HERE) as orchestrator:
        future = orchestrator.submit_jobs([job("task", tmp_path / "ws", 1, acts={"*": gate.act})])["task"]
        gate.wait_reached()
        assert not future.cancel()
        gate.open()
        assert future.result(LIMIT).success
