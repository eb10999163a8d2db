"""A state file damaged between two commands: readers report it, and the next run needs no manual intervention."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.damaged_state import damage
from tests.integration.command import acting
from tests.integration.faults.aftermath import times

if TYPE_CHECKING:
    from tests.integration.faults.aftermath import MakeScene, Tally

TASKS, TABLES = 2, 6


@pytest.mark.parametrize("seed", times(2, 200))
def test_a_state_file_with_a_seeded_damage(seed: int, make_scene: MakeScene, tally: Tally) -> None:
    scene = make_scene(TASKS, TABLES)
    scene.folder.write_plan(*(acting(f"task-{number}") for number in range(TASKS)))
    assert scene.run("plan.yaml").returncode == 0
    what = damage(scene.state / "state.db", random.Random(f"command {seed}"))
    for command in ("status", "logs"):
        result = scene.run(command)
        assert "Traceback" not in result.stderr, what
        assert result.returncode == 0 or "state.db" in result.stderr, what
    result = scene.run("plan.yaml")
    assert result.returncode == 0, what + result.stdout + result.stderr
    assert "Traceback" not in result.stderr, what
    again = scene.run("plan.yaml")
    assert "set aside" not in again.stdout, what
    assert again.returncode == 0, what + again.stdout + again.stderr
    scene.look_at_mended(tally)
