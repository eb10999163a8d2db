"""A run that merges is killed at a random moment: no file is half written, and the next run ends as an undisturbed one.

`make merges` kills 100.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.integration.faults.aftermath import Scene, Tally, look_at_locks, times
from tests.integration.merging.pairs import Pair, draw_everywhere, look_at, prepare
from tests.integration.merging.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.merging.pairs import Undisturbed

WAIT = 120.0  # seconds for a run that takes two
EARLIEST = 0.3  # of a run's time: before, it reads the plan and the schema
LEFT = (".runner/claims", ".runner/intents")


@dataclass(frozen=True, kw_only=True)
class Merged:
    """An edited project before its second run, and what that run makes of it undisturbed."""

    project: Project
    seconds: float
    code: int
    tree: dict[str, bytes]


@pytest.fixture(scope="module")
def merged(generated: Project, undisturbed: Undisturbed, tmp_path_factory: pytest.TempPathFactory) -> Merged:
    folder = tmp_path_factory.mktemp("merged")
    pair: Pair = draw_everywhere(0, undisturbed)
    project = prepare(pair, generated, folder / "edited")
    run = project.copy(folder / "run")
    began = time.monotonic()
    result = run.generate()
    seconds = time.monotonic() - began
    assert look_at(pair, run, result, undisturbed).problems == []
    return Merged(project=project, seconds=seconds, code=result.returncode, tree=run.tree())


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Provide a folder whose processes are killed after the test, whether it passed or not."""
    made = Scene(tmp_path / "scene", 0, 0)
    yield made
    for process in made.processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


@pytest.mark.parametrize("seed", times(3, 100))
def test_a_killed_run_leaves_whole_files_and_the_next_one_ends_as_an_undisturbed_one(
    seed: int, merged: Merged, scene: Scene
) -> None:
    chance = random.Random(f"kill {seed}")
    shutil.rmtree(scene.folder.path)
    project = Project(folder=merged.project.copy(scene.folder.path).folder)
    before = project.tree()
    process = scene.start("plan.yaml")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(chance.uniform(EARLIEST, 1.0) * merged.seconds)
    process.kill()
    process.communicate(timeout=WAIT)
    scene.until_all_gone()
    tally = Tally()
    tally.torn += [
        path
        for path, content in project.tree().items()
        if content not in (before.get(path), merged.tree.get(path)) and not path.endswith(".runner-tmp")
    ]
    tally.lost += sorted((before.keys() & merged.tree.keys()) - project.tree().keys())

    again = scene.run("plan.yaml")
    assert again.returncode == merged.code, again.stdout + again.stderr
    found = project.tree()
    paths = sorted(found.keys() | merged.tree.keys())
    tally.torn += [path for path in paths if found.get(path) != merged.tree.get(path)]
    left = (path for name in LEFT for path in (project.workspace / name).rglob("*"))
    tally.left += [str(path) for path in left if path.is_file()]
    look_at_locks(tally, project.workspace, dict.fromkeys(sorted(merged.tree)[:20], ""))
    assert tally.clean, tally
