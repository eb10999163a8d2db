"""Real runs with a deployment: the copy, the live view, `sync`, `status`, `watch`, and the load."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from runner.progress.convex import subscription as convex_watch
from runner.progress.convex.target import SINK
from runner.progress.reports.watch import WatchFailedError, watch
from runner.progress.stores.state_reader import StateReader
from runner.records.events import (
    EVENT_TYPES,
    Event,
    Logged,
    RunEnded,
    RunPaused,
    RunResumed,
    SubTaskRetrying,
    TaskEnded,
    TaskStarted,
)
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from tests.integration.command import ROOT, Folder, environment
from tests.integration.convex_deployment import TOKEN, Deployment, any_deployment
from tests.integration.convex_runs import assert_same
from tests.integration.counting_server import CountingServer
from tests.integration.jobs import HERE, until
from tests.made_up_runs import Played
from tests.sample_runs import at, ended, run_started, started, step, task_added

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLES = "".join(f"CREATE TABLE t{number} (id int PRIMARY KEY);\n" for number in range(6))
ORDER = {"pending": 0, "running": 1, "done": 2, "failed": 2, "cancelled": 2, "skipped": 2}


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    with any_deployment() as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "school.sql").write_text(TABLES)
    (tmp_path / "acting_agents.py").write_text((HERE / "acting_agents.py").read_text())
    return Folder(path=tmp_path)


def acting(task_id: str, act: str = "write", **more: Any) -> dict[str, Any]:
    options = {"folder": task_id, "acts": {"*": act}}
    return {"id": task_id, "description": task_id, "agent": "acting_agents:Acting", "options": options, **more}


def command(folder: Folder, *arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return folder.run(*arguments, largest_file=None, **env)


def latest(folder: Folder) -> str:
    with closing(StateReader.open(folder.path / ".runner")) as reader:
        return reader.run().id


# ------------------------------------------------------------------------------------------- the copy of a run


def test_every_kind_of_event_is_accepted_and_projected_alike(deployment: Deployment, tmp_path: Path) -> None:
    """The events and their validators are written in two languages."""
    whole: list[Event] = [
        run_started(),
        task_added("a", ["x", "y", "ü'\"\\"], needs=("b",)),
        task_added("b", [None]),
        TaskStarted(task_id="a", at=at(1)),
        started("a", "x"),
        step("a", "x", 1),
        SubTaskRetrying(task_id="a", subtask_id="a/x", attempt=1, error="e", delay=0.1, charged=False, at=at(2)),
        started("a", "x", attempt=2),
        Logged(level="debug", message="of the run", at=at(3)),
        Logged(level="error", message="\ud800", task_id="a", subtask_id="a/x", at=at(3)),
        ended("a", "x", up_to_date=True),
        ended("a", "y", SubTaskStatus.CANCELLED, error="stopped"),
        RunPaused(at=at(4)),
        RunResumed(at=at(5)),
        ended("a", "ü'\"\\", SubTaskStatus.FAILED, error="no"),
        TaskEnded(task_id="a", status=TaskStatus.FAILED, error="no", at=at(6)),
        TaskEnded(task_id="b", status=TaskStatus.SKIPPED, error="needs a", at=at(6)),
        RunEnded(status=RunStatus.FAILED, exit_code=1, error="no", at=at(7)),
    ]
    assert {type(event) for event in whole} == set(EVENT_TYPES.values()), "a kind of event is new: add it here"
    run = Played(tmp_path, deployment.target())
    run.post(whole)
    assert run.finish() is None
    assert run.warnings == []
    assert_same(deployment, tmp_path, run.run_id)


def test_the_school_plan_and_its_copy(deployment: Deployment, tmp_path: Path) -> None:
    """The plan shipped with the project, as a user runs it; then again, with everything up to date."""
    plan = tmp_path / "plans" / "school.yaml"
    shutil.copytree(ROOT / "plans", plan.parent)
    folder = Folder(path=tmp_path)
    for _ in range(2):
        done = command(folder, str(plan), "--json", "report.json", env=deployment.environ)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Convex" not in done.stdout + done.stderr
        assert_same(deployment, tmp_path / ".runner", latest(folder))
    with closing(StateReader.open(tmp_path / ".runner")) as reader:
        assert reader.owed(SINK) == {}


_SUBSCRIBER = """
import json, os, sys
from convex import ConvexClient
args = {"token": os.environ["READ_TOKEN"], "run": sys.argv[1]}
for board in ConvexClient(os.environ["CONVEX_URL"]).subscribe("runs:board", args):
    print(json.dumps(board), flush=True)
    if board and board["run"]["endedAt"]:
        break
"""


def test_a_subscriber_sees_every_long_task_and_no_state_goes_backwards(deployment: Deployment, folder: Folder) -> None:
    plan = folder.write_plan(
        acting("long", "work 0.5"),
        acting("longer", "work 0.6"),
        acting("short"),
        acting("after", needs=["short"]),
        convex={"enabled": True},
        concurrency={"tasks": 3, "subtasks": 1},
    )
    with folder.start(str(plan), **deployment.environ) as process:
        until((folder.path / ".runner" / "state.db").exists, "a state file")
        until(lambda: len(_runs(folder)) > 0, "a run")
        run_id = latest(folder)
        with subprocess.Popen(
            [sys.executable, "-c", _SUBSCRIBER, run_id],
            env=environment(**deployment.environ, READ_TOKEN=deployment.read_token),
            stdout=subprocess.PIPE,
            text=True,
        ) as subscriber:
            killer = threading.Timer(60, subscriber.kill)
            killer.start()
            assert subscriber.stdout is not None
            boards = [board for line in subscriber.stdout if (board := json.loads(line))]
            killer.cancel()
        assert process.wait(60) == 0
    _assert_forward(boards)
    assert boards[-1]["run"]["status"] == "done"
    assert {card["status"] for column in boards[-1]["columns"].values() for card in column} == {"done"}
    with closing(StateReader.open(folder.path / ".runner")) as reader:
        long = {task.id for task in reader.tasks(run_id) if _seconds(task.started_at, task.ended_at) > 2}
    assert {"long", "longer"} <= long
    for task_id in long:
        assert any(card["externalId"] == task_id for board in boards for card in board["columns"]["running"])
        assert any(card["running"] for board in boards for card in board["columns"]["running"])
    assert_same(deployment, folder.path / ".runner", run_id)


def _runs(folder: Folder) -> tuple[object, ...]:
    with closing(StateReader.open(folder.path / ".runner")) as reader:
        return reader.runs()


def _seconds(start: str | None, end: str | None) -> float:
    assert start is not None
    assert end is not None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _assert_forward(boards: list[dict[str, Any]]) -> None:
    """Compare every view of a run with the one before it: no state, count or step goes backwards."""
    assert len(boards) > 3, "the subscriber saw hardly anything"
    seen: dict[str, tuple[float, ...]] = {}
    for board in boards:
        for column in board["columns"].values():
            for card in column:
                progress = card["progress"]
                now = (ORDER[card["status"]], progress["completed"] + progress["failed"], progress["total"])
                before = seen.setdefault(card["externalId"], now)
                assert all(new >= old for new, old in zip(now, before, strict=True)), (before, now)
                seen[card["externalId"]] = now
                for each in card["running"]:
                    at_step = (each["attempts"], each["step"])
                    assert at_step >= seen.get(each["externalId"], at_step)
                    seen[each["externalId"]] = at_step


# ------------------------------------------------------------------------------------- settings and commands


def test_without_settings_nothing_is_sent_or_printed(folder: Folder) -> None:
    plan = folder.write_plan(acting("a"))
    done = folder.run(str(plan))
    assert done.returncode == 0
    assert "convex" not in (done.stdout + done.stderr).lower()
    assert "convex" not in folder.run("status").stdout.lower()
    with closing(StateReader.open(folder.path / ".runner")) as reader:
        assert reader.owed(SINK) == {}


def test_the_url_alone_warns(folder: Folder) -> None:
    done = folder.run(str(folder.write_plan(acting("a"))), CONVEX_URL="http://127.0.0.1:1")
    assert done.returncode == 0
    assert "RUNNER_CONVEX_TOKEN is not set" in done.stdout


def test_a_plan_that_enables_convex_without_settings_is_an_error_at_its_line(folder: Folder) -> None:
    plan = folder.write_plan(acting("a"), convex={"enabled": True, "url": "http://127.0.0.1:1"})
    done = folder.run(str(plan))
    assert done.returncode == 2
    assert "plan.yaml:" in done.stderr
    assert "RUNNER_CONVEX_TOKEN" in done.stderr
    assert not folder.workspace.exists()


def test_a_plan_that_disables_convex_sends_nothing_then_or_later(deployment: Deployment, folder: Folder) -> None:
    off = folder.write_plan(acting("a"), convex={"enabled": False})
    assert command(folder, str(off), env=deployment.environ).returncode == 0
    quiet = latest(folder)
    on = folder.write_plan(acting("a"), name="on.yaml")
    assert command(folder, str(on), env=deployment.environ).returncode == 0
    assert command(folder, "sync", env=deployment.environ).returncode == 0
    assert deployment.query("runs:get", run=quiet) is None
    assert deployment.query("runs:get", run=latest(folder)) is not None


def test_a_check_leaves_no_trace(deployment: Deployment, folder: Folder) -> None:
    before = len(deployment.pages("runs:list"))
    command(folder, str(folder.write_plan(acting("a"))), "--check", env=deployment.environ)
    assert len(deployment.pages("runs:list")) == before
    enabled = folder.write_plan(acting("a"), convex={"enabled": True})
    assert folder.run(str(enabled), "--check").returncode == 3  # without secrets, as in CI


def test_an_unreachable_deployment_costs_the_drain_and_one_line(folder: Folder, deployment: Deployment) -> None:
    plan = folder.write_plan(acting("a"))
    gone = {"CONVEX_URL": "http://127.0.0.1:1", "RUNNER_CONVEX_TOKEN": TOKEN, "RUNNER_CONVEX_DRAIN": "10"}
    done = command(folder, str(plan), "--json", "report.json", env=gone)
    assert done.returncode == 0
    said = [line for line in (done.stdout + done.stderr).splitlines() if "runner sync" in line]
    assert len(said) == 1
    assert "events wait" in said[0]
    assert "cannot be reached" in said[0]
    status = folder.run("status").stdout
    assert "not sent yet" in status
    assert "runner sync" in status
    synced = command(folder, "sync", env=deployment.environ)
    assert synced.returncode == 0, synced.stderr
    assert "sent" in synced.stdout
    assert_same(deployment, folder.path / ".runner", latest(folder))
    assert "runner sync" not in folder.run("status").stdout
    assert command(folder, "sync", env=deployment.environ).stdout == "nothing waits to be sent to Convex\n"


def test_sync_without_settings_says_what_is_missing(folder: Folder) -> None:
    for env, missing in (({}, "CONVEX_URL"), ({"CONVEX_URL": "http://127.0.0.1:1"}, "RUNNER_CONVEX_TOKEN")):
        done = command(folder, "sync", env=env)
        assert done.returncode == 2
        assert missing in done.stderr


def test_sync_with_a_wrong_token_says_so_and_keeps_everything(deployment: Deployment, folder: Folder) -> None:
    wrong = {**deployment.environ, "RUNNER_CONVEX_TOKEN": "wrong-secret-1"}
    plan = folder.write_plan(acting("a"))
    first = command(folder, str(plan), env=wrong)
    assert first.returncode == 0
    assert "refused the secret" in first.stdout + first.stderr
    done = command(folder, "sync", env=wrong)
    assert done.returncode == 1
    assert "RUNNER_CONVEX_TOKEN" in done.stdout
    assert "wrong-secret-1" not in first.stdout + first.stderr + done.stdout + done.stderr
    assert command(folder, "sync", env=deployment.environ).returncode == 0
    assert_same(deployment, folder.path / ".runner", latest(folder))


@contextmanager
def ending(process: subprocess.Popen[str], seconds: float) -> Iterator[None]:
    """Kill a process that is still running after `seconds`, so that reading its output ends."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@pytest.mark.parametrize("convex", [True, False])
def test_watch_shows_a_run_to_its_end(deployment: Deployment, folder: Folder, *, convex: bool) -> None:
    go = folder.path / "go"
    plan = folder.write_plan(acting("slow", f"attend {go}"), acting("bad", "raise final"))
    with folder.start(str(plan), **deployment.environ) as process:
        until(lambda: (folder.path / ".runner" / "state.db").exists() and bool(_runs(folder)), "a run")
        run_id = latest(folder)
        settings = {**deployment.environ, "RUNNER_CONVEX_READ_TOKEN": deployment.read_token} if convex else {}
        if convex:
            until(lambda: deployment.query("runs:get", run=run_id) is not None, "the run in Convex")
        with folder.start("watch", "--run", run_id[:8], **settings) as watching, ending(watching, 60.0):
            assert watching.stdout is not None
            assert watching.stderr is not None
            seen = ""
            while "slow: Acting  running" not in seen and (line := watching.stdout.readline()):
                seen += line
            go.touch()
            rest, errors = watching.stdout.read(), watching.stderr.read()
            watching.wait(60)
        process.wait(60)
    shown = seen + rest
    assert watching.returncode == 0, errors
    assert "slow: Acting  running" in seen
    assert "slow: Acting  done" in rest
    assert "bad: Acting  failed" in shown
    assert "\x1b" not in shown
    assert "failed" in shown.splitlines()[-1] or run_id in shown
    assert deployment.token not in shown + errors


def test_watch_reports_that_convex_cannot_be_reached(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convex_watch.watch_boards, "__kwdefaults__", {"first": 2.0, "interval": 0.1})
    environ = {"CONVEX_URL": "http://127.0.0.1:1", "RUNNER_CONVEX_TOKEN": TOKEN}
    with pytest.raises(WatchFailedError, match="runner status") as caught:
        list(watch(folder.path / ".runner", None, environ, terminal=False))
    assert TOKEN not in str(caught.value)


def test_watch_reports_an_unknown_run(deployment: Deployment, folder: Folder) -> None:
    environ = {"CONVEX_URL": deployment.url, "RUNNER_CONVEX_TOKEN": deployment.token}
    with pytest.raises(WatchFailedError, match="no run 'nowhere'"):
        list(watch(folder.path / ".runner", "nowhere", environ, terminal=False))


def test_watch_reports_a_refusal_of_the_deployment(deployment: Deployment, folder: Folder) -> None:
    environ = {"CONVEX_URL": deployment.url, "RUNNER_CONVEX_TOKEN": "wrong-secret-2"}
    with pytest.raises(WatchFailedError, match="Reading needs"):
        list(watch(folder.path / ".runner", None, environ, terminal=False))


def test_no_secret_is_in_anything_that_is_written(deployment: Deployment, folder: Folder) -> None:
    """Everything that a run, `sync`, `status`, `logs` and a report print or store, with and without errors."""
    plan = folder.write_plan(acting("a"), acting("b", "raise value"), retries={"attempts": 1})
    said = ""
    for url in (deployment.url, "http://127.0.0.1:1"):
        env = {**deployment.environ, "CONVEX_URL": url, "RUNNER_CONVEX_DRAIN": "0.3"}
        env["RUNNER_CONVEX_READ_TOKEN"] = deployment.read_token
        for arguments in (
            [str(plan), "--json", "report.json"],
            [str(plan), "--log-format", "json", "--force"],
            ["status"],
            ["status", "--json"],
            ["logs"],
            ["sync"] if url == deployment.url else ["validate", str(plan)],
        ):
            done = command(folder, *arguments, env=env)
            assert "Traceback" not in done.stderr
            assert done.returncode == (1 if str(plan) in arguments and "validate" not in arguments else 0)
            said += done.stdout + done.stderr
    assert command(folder, "sync", env=deployment.environ).returncode == 0
    said += json.dumps(deployment.pages("runs:list")) + json.dumps(deployment.query("runs:board"))
    kept = b"".join(path.read_bytes() for path in sorted(folder.path.rglob("*")) if path.is_file())
    for secret in (deployment.token, deployment.read_token):
        for form in (secret, json.dumps(secret)[1:-1]):
            assert form not in said
            assert form.encode() not in kept


# --------------------------------------------------------------------------------------------------- the load

_LOAD = """
import os, resource, sys, time
from pathlib import Path
from runner.progress.convex.target import required_target
from tests.made_up_runs import Played
from tests.integration.test_convex_runs import many_events
run = Played(Path(sys.argv[1]), required_target(None, os.environ))
run.post(many_events(int(sys.argv[2])))
run.flush()
word = run.finish()
assert word is None, word
assert run.warnings == [], run.warnings
print(run.run_id, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def many_events(count: int) -> Iterator[Event]:
    """Yield the events of a run of one task with `count` sub-tasks: seven for each, and five more."""
    names = [f"t{number}" for number in range(count)]
    yield run_started()
    yield task_added("many", names)
    yield TaskStarted(task_id="many", at=at(1))
    for name in names:
        yield started("many", name)
        for number in range(1, 6):
            yield step("many", name, number)
        yield ended("many", name)
    yield TaskEnded(task_id="many", status=TaskStatus.DONE, at=at(3))
    yield RunEnded(status=RunStatus.DONE, exit_code=0, at=at(4))


def _load(tmp_path: Path, url: str, count: int) -> tuple[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(tmp_path / str(count)), str(count)],
        env=environment(CONVEX_URL=url, RUNNER_CONVEX_TOKEN=TOKEN, RUNNER_CONVEX_DRAIN="240", NO_PROXY="127.0.0.1"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    run_id, peak = done.stdout.split()
    return run_id, int(peak)


def test_ten_thousand_subtasks_take_few_calls_and_little_memory(tmp_path: Path) -> None:
    count = 10_000
    with CountingServer() as small, CountingServer() as large:
        _, base = _load(tmp_path, small.url, 100)
        run_id, peak = _load(tmp_path, large.url, count)
        assert large.calls < 400
        assert large.largest < 1 << 20
        assert len(large.subtasks) == count
        steps = large.events.pop("SubTaskStep")
        assert large.events == {
            "RunStarted": 1, "TaskAdded": 1, "TaskStarted": 1, "SubTaskStarted": count, "SubTaskEnded": count,
            "TaskEnded": 1, "RunEnded": 1,
        }  # fmt: skip
        assert count <= steps < 2 * count  # the newest of each, and those that a batch's end separated
        assert (run_id, 7 * count + 5) in large.seqs
        print(f"{large.calls} calls, {peak - base:,} KiB more than for 100 sub-tasks")
        assert peak - base < 150 * 1024
