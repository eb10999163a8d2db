"""Runs of the school plan: any process of one is killed (`make faults`: 300 times), or ten are started at once."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
import yaml

from tests.integration.command import ROOT, Folder
from tests.integration.faults.aftermath import look_at_locks, times

if TYPE_CHECKING:
    from tests.integration.faults.aftermath import MakeScene, Scene, Tally

WAIT = 120.0  # seconds for a run that takes one to five
PLAN = "plans/school.yaml"
DROPPED = "announcements"  # a table that is dropped after the first run, so that there is something to prune
NOT_COMMITTED = {"locks", "claims", "intents", "inputs"}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of run: its options, whether the workspace was generated before, and with which schema it is run."""

    options: tuple[str, ...] = ()
    generated: bool = True
    dropped: bool = False
    code: int = 0  # when undisturbed


KINDS = {
    "first": Kind(generated=False),
    "unchanged": Kind(),
    "prune": Kind(options=("--prune",), dropped=True),
    "check": Kind(options=("--check",)),
    "check of a changed schema": Kind(options=("--check",), dropped=True, code=3),
}


@dataclass(frozen=True, kw_only=True)
class Undisturbed:
    """A project after a first run, and of each kind of run how long it takes and what the workspace is after it."""

    project: Path
    seconds: dict[str, float]
    trees: dict[str, dict[str, bytes]]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    base = tmp_path_factory.mktemp("undisturbed")
    seconds: dict[str, float] = {}
    trees: dict[str, dict[str, bytes]] = {}
    for name, kind in KINDS.items():
        project = base / name.replace(" ", "-")
        prepare(project, kind, base / "first")
        began = time.monotonic()
        result = Folder(path=project).run(PLAN, *kind.options)
        seconds[name] = time.monotonic() - began
        assert result.returncode == kind.code, result.stdout + result.stderr
        trees[name] = tree(project)
    return Undisturbed(project=base / "first", seconds=seconds, trees=trees)


def prepare(project: Path, kind: Kind, generated: Path) -> None:
    """Make the project that a run of this kind begins with; `generated` is one after a first run."""
    if kind.generated:
        shutil.copytree(generated, project, dirs_exist_ok=True)
    else:
        shutil.copytree(ROOT / "plans", project / "plans")
    if kind.dropped:
        with (project / "plans" / "school.sql").open("a") as schema:
            schema.write(f"DROP TABLE {DROPPED};\n")
        path = project / "plans" / "labels" / "school.yaml"
        labels = yaml.safe_load(path.read_text())
        del labels["tables"][DROPPED]
        path.write_text(yaml.safe_dump(labels))


def tree(project: Path) -> dict[str, bytes]:
    """Return the workspace by path: the generated files and the manifest."""
    root = project / "build" / "school"
    found = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found if not NOT_COMMITTED & set(path.parts)}


@pytest.mark.parametrize(("kind", "seed"), [(kind, seed) for kind in KINDS for seed in times(1, 60)])
def test_any_process_of_the_tree_is_killed(
    kind: str, seed: int, undisturbed: Undisturbed, make_scene: MakeScene, tally: Tally, record_property
) -> None:
    chance = random.Random(f"{kind} {seed}")
    scene, run = make_scene(0, 0), KINDS[kind]
    project = scene.folder.path
    prepare(project, run, undisturbed.project)
    process = scene.start(PLAN, *run.options)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(chance.uniform(0, undisturbed.seconds[kind]))
    victim = strike(scene.processes(), process.pid, chance)
    out, err = process.communicate(timeout=WAIT)
    said = f"{victim}, exit {process.returncode}\n{out}{err}"
    scene.until_all_gone()

    expected = undisturbed.trees[kind]
    assert "Traceback" not in said
    if victim is None:
        assert process.returncode == run.code, said
    elif victim == "supervisor":
        assert process.returncode == -signal.SIGKILL, said
    else:
        assert process.returncode in {run.code, 1}, said
        assert process.returncode != 1 or "error" in err or "failed" in out, said
    if process.returncode == run.code:
        assert differences(tree(project), expected) == [], said
    record_property("killed", f"{kind}: {victim or 'none left'}, exit {process.returncode}")

    again = scene.run(PLAN, *run.options)
    assert again.returncode == run.code, again.stdout + again.stderr
    look_at_undisturbed(scene, expected, tally)


@pytest.mark.parametrize("seed", times(1, 10))
def test_ten_plans_on_one_workspace(seed: int, undisturbed: Undisturbed, make_scene: MakeScene, tally: Tally) -> None:
    del seed
    scene = make_scene(0, 0)
    prepare(scene.folder.path, KINDS["first"], undisturbed.project)
    plans = [f"plans/school-{number}.yaml" for number in range(10)]
    for plan in plans:
        shutil.copy(scene.folder.path / PLAN, scene.folder.path / plan)
    processes = [scene.start(plan) for plan in plans]
    for process in processes:
        out, err = process.communicate(timeout=WAIT)
        assert (process.returncode, "Traceback" in out + err) == (0, False), out + err
    look_at_undisturbed(scene, undisturbed.trees["first"], tally)


@pytest.mark.parametrize("seed", times(1, 10))
def test_one_plan_ten_times_each_waiting(
    seed: int, undisturbed: Undisturbed, make_scene: MakeScene, tally: Tally
) -> None:
    del seed
    scene = make_scene(0, 0)
    prepare(scene.folder.path, KINDS["first"], undisturbed.project)
    processes = [scene.start(PLAN, "--if-running", "wait") for _ in range(10)]
    for process in processes:
        out, err = process.communicate(timeout=WAIT)
        assert (process.returncode, "Traceback" in out + err) == (0, False), out + err
    assert scene.run("status").stdout.count(" done ") == 10
    look_at_undisturbed(scene, undisturbed.trees["first"], tally)


def look_at_undisturbed(scene: Scene, expected: dict[str, bytes], tally: Tally) -> None:
    """The workspace is that of an undisturbed run; no process, claim, intent or lock is left."""
    workspace = scene.folder.path / "build" / "school"
    tally.torn += differences(tree(scene.folder.path), expected)
    scene.until_all_gone()
    left = (path for name in ("claims", "intents") for path in (workspace / ".runner" / name).rglob("*"))
    tally.left += [str(path) for path in left if path.is_file()]
    look_at_locks(tally, workspace, dict.fromkeys(sorted(expected)[:50], ""))


def strike(processes: list[psutil.Process], supervisor: int, chance: random.Random) -> str | None:
    """Kill one of the processes of a run; return which, or None where all had ended."""
    for one in chance.sample(processes, len(processes)):
        with contextlib.suppress(psutil.NoSuchProcess):
            name = name_of(one, supervisor)
            one.kill()
            return name
    return None


def name_of(process: psutil.Process, supervisor: int) -> str:
    """Return which process of the tree this is, by its place: see "Processes" in ARCHITECTURE.md."""
    if process.pid == supervisor:
        return "supervisor"
    if "resource_tracker" in " ".join(process.cmdline()):
        return "resource tracker"
    parents = [parent.pid for parent in process.parents()]
    depth = parents.index(supervisor) if supervisor in parents else len(parents)
    return ("guard", "forkserver", "worker")[depth] if depth < 3 else "program"


def differences(found: dict[str, bytes], expected: dict[str, bytes]) -> list[str]:
    """Return the paths at which two workspaces differ."""
    return sorted(path for path in found.keys() | expected.keys() if found.get(path) != expected.get(path))
