"""The cost of a new field: three edits for an event, two for a plan key, and it appears everywhere it should."""

from __future__ import annotations

import filecmp
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from runner.progress.stores.sqlite_store import SqliteStore
from tests.integration.convex_deployment import ROOT, Server, open_server
from tests.sample_runs import whole_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT = 60.0  # seconds for one program
EARLIER = "11111111-aaaa-4000-8000-000000000000"  # the run written by the released code
LATER = "22222222-aaaa-4000-8000-000000000000"
PARTS = ("runner", "templates", "convex", "tests/convex_server", "package.json", "tsconfig.json")

# Run with the edited code: records a run whose event has the field, and prints the reports of both runs.
RECORD = """
import dataclasses, json, sys
from pathlib import Path
from runner.progress.convex.target import SINK
from runner.progress.reports.json_report import run_report
from runner.progress.stores.sqlite_store import SqliteStore
from tests.sample_runs import whole_run

folder, event, earlier, later = sys.argv[1:]
events = [dataclasses.replace(each, weight=12) if type(each).__name__ == event else each for each in whole_run()]
with SqliteStore(Path(folder)) as store:
    assert store.notices == ()
    store.outboxes = (SINK,)
    store.append(later, events)
    print(json.dumps([run_report(store, run) for run in (earlier, later)]))
"""

# Run with the edited code: sends what waits to a deployment, and prints how much still waits.
SEND = """
import sys
from pathlib import Path
from runner.progress.convex.sync import sync
from runner.progress.convex.target import ConvexTarget

folder, url, token = sys.argv[1:]
synced = sync(Path(folder), ConvexTarget(url=url, token=token), patience=5)
print(synced.waiting, synced.problem)
"""


@dataclass(frozen=True)
class Case:
    """An event, the record that it changes, and the fields in `validators.ts` that it shares with its document."""

    event: str
    record: str
    fields: str


CASES = [
    Case("RunStarted", "RunRecord", "runFacts"),
    Case("TaskAdded", "TaskRecord", "taskFacts"),
    Case("SubTaskEnded", "SubTaskRecord", "subTaskResult"),
]


@pytest.fixture(params=CASES, ids=lambda case: case.event)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project."""
    copy = tmp_path / "project"
    for part in PARTS:
        source, target = ROOT / part, copy / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    shutil.copy(ROOT / "tests" / "sample_runs.py", copy / "tests")
    (copy / "node_modules").symlink_to((ROOT / "node_modules").resolve())
    return copy


@pytest.fixture
def edited(case: Case, project: Path) -> Path:
    """A copy in which the event has a field `weight`: all edits that a developer has to make."""
    add_field(project / "runner/records/events.py", case.event)
    add_field(project / "runner/progress/stores/run_records.py", case.record)
    validators = project / "convex/validators.ts"
    head = f"export const {case.fields} = {{"
    text = validators.read_text()
    assert text.count(head) == 1
    validators.write_text(text.replace(head, f"{head} weight: v.optional(v.number()),"))
    return project


def add_field(module: Path, record: str, field: str = "weight: int = 3") -> None:
    """Add a field to a class of a module, before its existing ones."""
    before, head, body = module.read_text().partition(f"class {record}")
    docstring, end, fields = body.partition('"""\n\n')
    assert head
    assert end
    module.write_text(f"{before}{head}{docstring}{end}    {field}\n{fields}")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder written by the current code."""
    with SqliteStore(tmp_path / "state") as store:
        store.append(EARLIER, whole_run())
    return tmp_path / "state"


def run_edited(copy: Path, code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=copy,
        env={"PYTHONPATH": str(copy), "PATH": "", "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Run with the edited code: loads a plan, and prints the key as a worker would get it.
LOAD = """
import pickle
from pathlib import Path
from runner.plan.dispatcher import AgentDispatcher
from runner.plan.loading import load_plan
from runner.scheduling.preparation import Preparation

text = "{version: 1, name: a, workspace: b, tasks: [{description: BE setup, weight: 12}, {description: FE setup}]}"
Path("plan.yaml").write_text(text)
jobs = [Preparation(AgentDispatcher(enable_llm=False)).prepare(task) for task in load_plan("plan.yaml").tasks]
print([pickle.loads(pickle.dumps(job.spec)).input.weight for job in jobs])
"""


def record(copy: Path, state: Path, case: Case) -> list[dict[str, Any]]:
    reports: list[dict[str, Any]] = json.loads(run_edited(copy, RECORD, str(state), case.event, EARLIER, LATER))
    return reports


def changed_files(copy: Path) -> list[str]:
    found = [path.relative_to(copy) for part in PARTS for path in sorted((copy / part).rglob("*")) if path.is_file()]
    return [str(path) for path in found if "__pycache__" not in path.parts and differs(copy / path, ROOT / path)]


def differs(one: Path, other: Path) -> bool:
    return not filecmp.cmp(one, other, shallow=False)


def test_a_key_of_a_plan_is_two_edits(project: Path) -> None:
    add_field(
        project / "runner/plan/format.py", "TaskEntry", "weight: Count = Field(default=3, description='A weight.')"
    )
    add_field(project / "runner/records/task.py", "TaskInput")
    assert run_edited(project, LOAD) == "[12, 3]\n"
    assert changed_files(project) == ["runner/plan/format.py", "runner/records/task.py"]


def weights(report: dict[str, Any], case: Case) -> set[int]:
    tasks = report["tasks"]
    parts = {
        "RunStarted": [report["run"]],
        "TaskAdded": tasks,
        "SubTaskEnded": [subtask for task in tasks for subtask in task["subtasks"]],
    }
    return {part["weight"] for part in parts[case.event]}


def test_a_field_of_an_event_is_three_edits(edited: Path, state: Path, case: Case) -> None:
    earlier, later = record(edited, state, case)
    assert changed_files(edited) == [
        "runner/progress/stores/run_records.py",
        "runner/records/events.py",
        "convex/validators.ts",
    ]
    assert weights(earlier, case) == {3}, "a row of the released format gets the default"
    assert weights(later, case) == {12}
    with SqliteStore(state) as store:  # the current code continues with a file that newer code has written
        assert store.notices == ()
        assert store.run(LATER).last_seq == len(whole_run())
        assert len(list(store.events(LATER))) == len(whole_run())


@pytest.fixture
def deployment(edited: Path) -> Iterator[Server]:
    with open_server(root=edited) as server:
        yield server


def test_convex_keeps_the_field(edited: Path, state: Path, case: Case, deployment: Server) -> None:
    record(edited, state, case)
    assert run_edited(edited, SEND, str(state), deployment.url, deployment.token) == "0 None\n"
    run = deployment.query("runs:get", run=LATER)
    tasks = deployment.pages("tasks:list", runId=run["_id"])
    subtasks = [each for task in tasks for each in deployment.pages("subtasks:listByTask", taskId=task["_id"])]
    documents = {"RunStarted": [run], "TaskAdded": tasks, "SubTaskEnded": subtasks}
    assert {document["weight"] for document in documents[case.event]} == {12}


def test_convex_refuses_a_field_that_its_validators_do_not_have(edited: Path, state: Path, case: Case) -> None:
    record(edited, state, case)
    with open_server() as server:
        answer = run_edited(edited, SEND, str(state), server.url, server.token)
    assert answer.startswith(f"{len(whole_run())} Convex at {server.url} progress:ingest: ")
