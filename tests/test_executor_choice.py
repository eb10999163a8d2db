"""Which executor a run gets, and what is refused or warned of before anything is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.command import executor_choice
from runner.command.executor_choice import (
    cluster_executor,
    cluster_warnings,
    executor_settings,
)
from runner.execution.cluster.dask_executor import DaskExecutor
from runner.execution.worker_protocol import Limits
from runner.plan.plan_model import ExecutorSettings, Plan
from runner.plan.validation import read_plan
from runner.records.errors import InputError, MissingExtraError, PlanError

ROOT = Path(__file__).resolve().parent.parent


def plan(folder: Path, executor: object = None) -> Plan:
    values = {"version": 1, "name": "x", "workspace": "out", "tasks": [{"description": "Schema docs", "ddl": "a.sql"}]}
    if executor is not None:
        values["executor"] = executor
    (folder / "a.sql").write_text("CREATE TABLE t (id int);")
    return read_plan(folder / "plan.yaml", json.dumps(values).encode())


@pytest.mark.parametrize(
    ("executor", "expected"),
    [
        (None, None),
        ("local", None),
        ("tcp://10.0.0.1", ExecutorSettings(dask="tcp://10.0.0.1:8786")),
        ({"dask": "tls://[::1]:99"}, ExecutorSettings(dask="tls://[::1]:99")),
        (
            {"dask": "tls://a:1", "ca": "ca", "wait": 5, "workspace": "shared", "env": "A", "listen": "b:2"},
            ExecutorSettings(dask="tls://a:1", ca="ca", wait=5, workspace="shared", env=("A",), listen="b:2"),
        ),
    ],
)
def test_a_plan_says_where_its_workers_are(tmp_path: Path, executor: object, expected: ExecutorSettings | None) -> None:
    assert plan(tmp_path, executor).executor == expected


@pytest.mark.parametrize(
    ("executor", "message"),
    [
        ("cluster", '"cluster" is not the address of a scheduler. Give tls://HOST:PORT'),
        ({"dask": "http://a:1"}, "is not the address of a scheduler"),
        ({"dask": "tcp://a:99999"}, "is not an address"),
        ({"dask": "tcp://user:secret@a:1"}, "is not the address of a scheduler"),
        ({"ca": "x"}, "dask"),
        ({"dask": "tcp://a", "workspace": "mine"}, "Write shared, or leave it out"),
        ({"dask": "tcp://a", "listen": "a/b"}, "is not an address of this machine"),
    ],
)
def test_what_is_no_cluster_is_refused_with_what_to_write(tmp_path: Path, executor: object, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan(tmp_path, executor)
    assert message in str(caught.value)


def test_the_option_replaces_the_scheduler_of_the_plan_and_keeps_its_files(tmp_path: Path) -> None:
    given = plan(tmp_path, {"dask": "tls://a:1", "ca": "ca"})
    assert executor_settings(given, None) == given.executor
    assert executor_settings(given, "local") is None
    assert executor_settings(given, "tls://b:2") == ExecutorSettings(dask="tls://b:2", ca="ca")
    assert executor_settings(plan(tmp_path), "tcp://b:2") == ExecutorSettings(dask="tcp://b:2")


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("tcp://10.0.0.1:8786", True),
        ("tcp://scheduler:8786", True),
        ("tls://10.0.0.1:8786", False),
        ("tcp://127.0.0.1:8786", False),
        ("tcp://localhost:8786", False),
        ("tcp://[::1]:8786", False),
    ],
)
def test_a_plain_connection_beyond_this_machine_is_warned_of(address: str, warned: bool) -> None:
    messages = [event.message for event in cluster_warnings(ExecutorSettings(dask=address))]
    assert bool(messages) == warned
    assert all("anyone who can reach the scheduler can run code" in message for message in messages)


def test_without_dask_one_line_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor_choice, "find_spec", lambda name: None)
    settings = ExecutorSettings(dask="tcp://a:1")
    with pytest.raises(MissingExtraError) as caught:
        cluster_executor(plan(tmp_path), settings, Limits(), {})
    assert str(caught.value) == "a Dask cluster needs the extra `dask`: python -m pip install 'plan-runner[dask]'"
    assert caught.value.exit_code == 2


def test_missing_variables_and_files_are_reported_at_their_places(tmp_path: Path) -> None:
    given = plan(tmp_path, {"dask": "tls://a:1", "ca": "absent.pem", "env": ["KEY", "HOME"]})
    assert given.executor is not None
    with pytest.raises(InputError) as caught:
        cluster_executor(given, given.executor, Limits(), {"HOME": "/root"})
    assert "executor.env: KEY is not set in this environment" in str(caught.value)
    assert "executor.ca: absent.pem cannot be read: No such file" in str(caught.value)
    assert caught.value.exit_code == 2


def test_workers_get_the_named_variables_and_no_other(tmp_path: Path) -> None:
    given = plan(tmp_path, {"dask": "tcp://127.0.0.1:1", "env": ["KEY"], "listen": "127.0.0.1:7000"})
    assert given.executor is not None
    executor = cluster_executor(given, given.executor, Limits(), {"KEY": "secret", "OTHER": "secret"})
    assert isinstance(executor, DaskExecutor)
    assert executor._options.environment == {"KEY": "secret"}
    assert executor._options.listen == ("127.0.0.1", 7000)
    executor.close()


def test_a_run_on_this_machine_imports_nothing_of_dask(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("CREATE TABLE t (id int);")
    (tmp_path / "plan.yaml").write_text(
        "{version: 1, name: x, workspace: out, ddl: a.sql, tasks: [{description: Schema docs}]}"
    )
    code = (
        "import sys; from pathlib import Path; from runner.command.run_options import RunOptions; "
        "from runner.command.run_plan import run_plan; "
        "code = run_plan(RunOptions(plan=Path('plan.yaml'), state=Path('.runner'), quiet=True)); "
        "names = {name.partition('.')[0] for name in sys.modules}; "
        "print(code, *sorted(names & {'dask', 'distributed', 'tornado', 'asyncio'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "0"
