"""The same with the real command and its workers: killed during a run, then `runner sync`; and two at once."""

from __future__ import annotations

import random
import signal
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest

from runner.progress.convex.target import SINK
from runner.progress.stores.state_reader import StateReader
from runner.records.status import RunStatus
from tests.integration.command import Folder
from tests.integration.convex_runs import assert_same
from tests.integration.faults.test_convex import seeds, server, shared  # noqa: F401 - fixtures
from tests.integration.jobs import HERE, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.convex_deployment import Server

TABLES = 12
LIMIT = 120.0  # seconds for a run to end
DRAIN = "60"  # seconds to send what is left: on a busy machine the default of ten may not be enough


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    tables = (f"CREATE TABLE t{number} (id int PRIMARY KEY);\n" for number in range(TABLES))
    (tmp_path / "school.sql").write_text("".join(tables))
    (tmp_path / "acting_agents.py").write_text((HERE / "acting_agents.py").read_text())
    return Folder(path=tmp_path)


def acting(task_id: str) -> dict[str, Any]:
    options = {"folder": task_id, "acts": {"*": "work 0.6"}}
    return {"id": task_id, "description": task_id, "agent": "acting_agents:Acting", "options": options}


def recorded(folder: Folder) -> int:
    """Return how many runs the state file has."""
    if not (folder.path / ".runner" / "state.db").exists():
        return 0
    with closing(StateReader.open(folder.path / ".runner")) as reader:
        return len(reader.runs())


@seeds
def test_a_command_that_is_killed_and_then_sync(server: Server, folder: Folder, seed: int) -> None:  # noqa: F811
    plan = folder.write_plan(acting("a"), acting("b"), name=f"plan-{seed}.yaml")
    with folder.start(str(plan), **server.environ) as process:
        until(lambda: recorded(folder) == 1, "a run")
        time.sleep(random.Random(seed).uniform(0.0, 1.0))
        process.send_signal(signal.SIGKILL)
        process.wait(LIMIT)
    synced = folder.run("sync", largest_file=None, **server.environ)
    assert synced.returncode == 0, synced.stderr
    with closing(StateReader.open(folder.path / ".runner")) as reader:
        run = reader.run()
        assert run.status is RunStatus.INTERRUPTED
        assert reader.owed(SINK) == {}
    assert_same(server, folder.path / ".runner", run.id)
    again = folder.run(str(plan), largest_file=None, **server.environ)
    assert again.returncode == 0, again.stdout
    with closing(StateReader.open(folder.path / ".runner")) as reader:
        runs = [each.id for each in reader.runs()]
    assert len(runs) == 2
    for run_id in runs:
        assert_same(server, folder.path / ".runner", run_id)


@seeds
def test_two_commands_at_once(server: Server, folder: Folder, seed: int) -> None:  # noqa: F811
    """In one folder with one state file, while the deployment drops responses and is overloaded."""
    rng = random.Random(seed)
    plans = [folder.write_plan(acting(name), name=f"{name}.yaml", workspace=name) for name in ("one", "two")]
    with ExitStack() as running:
        environ = {**server.environ, "RUNNER_CONVEX_DRAIN": DRAIN}
        processes = [running.enter_context(folder.start(str(plan), **environ)) for plan in plans]
        until(lambda: recorded(folder) == 2, "two runs")
        for _ in range(3):
            server.faults(**{rng.choice(("dropAfterCommit", "dropBefore", "unavailable")): rng.randint(1, 2)})
            time.sleep(rng.uniform(0.1, 0.4))
        outputs = [process.communicate(timeout=LIMIT) for process in processes]
        assert [process.returncode for process in processes] == [0, 0], outputs
    server.calm()
    with closing(StateReader.open(folder.path / ".runner")) as reader:
        assert reader.owed(SINK) == {}, outputs
        runs = [run.id for run in reader.runs()]
    for run_id in runs:
        assert_same(server, folder.path / ".runner", run_id)
