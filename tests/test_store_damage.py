"""A damaged state file: readers report it, and the next run sets it aside and succeeds."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from runner.progress.reports import commands
from runner.progress.stores.sqlite_store import SqliteStore
from runner.progress.stores.state_reader import StateReader
from runner.records.errors import StoreError
from runner.records.events import RunEnded
from runner.records.status import RunStatus
from tests.damaged_state import damage
from tests.sample_runs import run_started, whole_run

if TYPE_CHECKING:
    from pathlib import Path

PLAN = "/plans/school.yaml"
RUNS = [f"{number}1111111-aaaa-4000-8000-000000000000" for number in range(3)]
DAMAGES = 200 if os.environ.get("RUNNER_FAULTS") == "long" else 40


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs that ended and one whose process died during the run."""
    folder = tmp_path_factory.mktemp("sound") / "state"
    with SqliteStore(folder) as store:
        for run in RUNS[:2]:
            store.append(run, whole_run(tables=20))
        unfinished = [run_started(pid=2**22 + 1), *whole_run(tables=20)[1:-20]]
        store.append(RUNS[2], unfinished)
    return folder


def read_all(folder: Path) -> None:
    """Read the state file as `status`, `logs`, `watch` and the Convex sink do."""
    commands.status(folder)
    with StateReader.open(folder) as reader:
        runs = reader.runs()
        for run in runs:
            reader.attempts(run.id)
        reader.owed("convex")
    for run in runs:
        commands.status(folder, run.id)
        commands.status(folder, run.id, as_json=True)
        for _ in commands.logs(folder, run.id):
            pass


def read(folder: Path) -> str:
    """Return the readers' error; any error other than a StoreError fails the test."""
    try:
        read_all(folder)
    except StoreError as error:
        return str(error)
    return ""


def run_once(folder: Path, new: str) -> tuple[str, ...]:
    """Use the state file as a run of the plan does; return the message to the user."""
    with SqliteStore(folder) as store:
        store.mark_interrupted(PLAN)
        store.forget_old(1)
        store.append(new, [run_started(plan_path=PLAN)])
        store.append(new, whole_run(tables=20)[1:-1])
        store.append(new, [RunEnded(status=RunStatus.DONE, exit_code=0)])
        assert store.run().id == new
        assert store.run().status is RunStatus.DONE
        return store.notices


@pytest.mark.parametrize("seed", range(DAMAGES))
def test_no_damage_needs_a_person(seed: int, sound: Path, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    shutil.copytree(sound, folder)
    what = damage(folder / "state.db", random.Random(seed))
    told = read(folder)
    notices = run_once(folder, "91111111-aaaa-4000-8000-000000000000")
    if "the next run sets it aside" in told:
        assert "it was set aside" in notices[0], what
    elif notices == ():
        assert told == "" or "the next run of the plan goes on" in told, what
    assert run_once(folder, "a1111111-aaaa-4000-8000-000000000000") == (), what
