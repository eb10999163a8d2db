"""Disks that are full or read-only: real small ones if this user may mount them, otherwise limits and permissions."""

from __future__ import annotations

import contextlib
import random
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.command import acting, environment
from tests.integration.faults.aftermath import times
from tests.integration.jobs import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.faults.aftermath import MakeScene, Scene, Tally

TASKS, TABLES = 2, 6
BIG = 4_000_000  # bytes of one file, far more than the state of its run
ROOM = 12_000_000  # bytes of a small disk
LARGE = 256_000_000
WAIT = 120.0  # seconds for a run that takes one


class Disk:
    """A disk of `size` bytes at a folder: a file system if this user may mount one, otherwise the plain folder."""

    def __init__(self, path: Path, size: int) -> None:
        path.mkdir(parents=True)
        self.path = path
        self.real = self._mount(f"size={size}", "tmpfs", str(path)) == 0

    def grow(self, size: int) -> None:
        """Enlarge the disk."""
        if self.real:
            assert self._mount(f"remount,size={size}", str(self.path)) == 0

    def lock(self) -> None:
        """Make it read-only."""
        if self.real:
            assert self._mount("remount,ro", str(self.path)) == 0
        else:
            self.path.chmod(0o555)

    def unlock(self) -> None:
        """Make it writable again."""
        if self.real:
            assert self._mount("remount,rw", str(self.path)) == 0
        else:
            self.path.chmod(0o755)

    def close(self) -> None:
        """Unmount it."""
        if self.real:
            subprocess.run(["umount", "--lazy", str(self.path)], check=False)

    def _mount(self, options: str, *what: str) -> int:
        command = ["mount", "-t", "tmpfs", "-o", options, *what]
        with contextlib.suppress(FileNotFoundError):
            return subprocess.run(command, capture_output=True, check=False).returncode
        return 1


@contextlib.contextmanager
def disk(path: Path, size: int) -> Iterator[Disk]:
    made = Disk(path, size)
    try:
        yield made
    finally:
        made.close()


def write_big_plan(scene: Scene) -> None:
    acts = {"acts": {"*": f"big {BIG}"}}
    once = {"attempts": 1, "backoff": 0}
    scene.folder.write_plan(*(acting(f"task-{n}", options=acts) for n in range(TASKS)), retries=once)
    text = "x" * BIG + "\n"
    scene.expected = dict.fromkeys(scene.expected, text)


@pytest.mark.parametrize("seed", times(1, 10))
def test_a_workspace_whose_disk_is_full(seed: int, make_scene: MakeScene, tally: Tally) -> None:
    scene = make_scene(TASKS, TABLES)
    write_big_plan(scene)
    room = ROOM + random.Random(seed).randrange(BIG)
    with disk(scene.folder.workspace, room) as small:
        if small.real:
            result = scene.run("plan.yaml", "--json", "report.json")
        else:
            result = scene.folder.run("plan.yaml", "--json", "report.json", largest_file=BIG // 2)
        assert result.returncode == 1, result.stdout + result.stderr
        assert ("No space left on device" if small.real else "File too large") in result.stdout
        assert "Traceback" not in result.stdout + result.stderr
        report = scene.report()
        ends = {one["id"]: one["status"] for task in report["tasks"] for one in task["subtasks"]}
        lacking = {name for name, status in ends.items() if status == "failed"}
        assert lacking
        assert set(ends.values()) <= {"failed", "done"}
        scene.look(tally, report, unrecorded=frozenset(lacking))
        small.grow(LARGE)
        scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 10))
def test_a_state_folder_whose_disk_is_full(seed: int, make_scene: MakeScene, tally: Tally) -> None:
    scene = make_scene(TASKS, TABLES * 10)
    scene.folder.write_plan(*(acting(f"task-{n}", options={"acts": {"*": "work 0.01"}}) for n in range(TASKS)))
    room = random.Random(seed).randrange(100_000, 500_000)
    with disk(scene.state, room) as small:
        result = scene.run("plan.yaml") if small.real else scene.folder.run("plan.yaml", largest_file=room)
        assert result.returncode == 1, result.stdout + result.stderr
        assert "state.db" in result.stderr
        assert "Traceback" not in result.stdout + result.stderr
        scene.until_all_gone()
        small.grow(LARGE)
        scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 3))
def test_a_workspace_that_cannot_be_written(seed: int, make_scene: MakeScene, tally: Tally) -> None:
    del seed
    scene = make_scene(TASKS, TABLES)
    scene.folder.write_plan(*(acting(f"task-{n}") for n in range(TASKS)))
    with disk(scene.folder.workspace, LARGE) as locked:
        locked.lock()
        result = scene.run("plan.yaml")
        assert result.returncode == 2, result.stdout + result.stderr
        assert "out: cannot use the workspace" in result.stderr
        assert "Traceback" not in result.stdout + result.stderr
        assert not scene.state.exists()
        assert list(scene.folder.workspace.iterdir()) == []
        scene.until_all_gone()
        locked.unlock()
        first = scene.run("plan.yaml", "--json", "report.json")
        assert first.returncode == 0, first.stderr
        scene.look(tally, scene.report())
        locked.lock()  # files that are up to date stay, others cannot be written
        again = scene.run("plan.yaml")
        assert again.returncode == 2, again.stdout + again.stderr
        assert "Traceback" not in again.stderr
        locked.unlock()
        scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 3))
@pytest.mark.parametrize(("command", "code"), [("plan.yaml", 0), ("status", 1), ("logs", 1)])
def test_an_output_that_is_full(command: str, code: int, seed: int, make_scene: MakeScene, tally: Tally) -> None:
    """A run continues without it; a command whose only purpose is output reports an error."""
    del seed
    scene = make_scene(TASKS, TABLES)
    scene.folder.write_plan(*(acting(f"task-{n}") for n in range(TASKS)))
    assert scene.run("plan.yaml").returncode == 0
    shell = ["sh", "-c", f"exec {shlex.quote(sys.executable)} -m runner {command} > /dev/full"]
    result = subprocess.run(
        shell, cwd=scene.folder.path, env=environment(**scene.env), capture_output=True, text=True, timeout=WAIT,
        check=False,
    )  # fmt: skip
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    assert ("No space left on device" in result.stderr) == (code == 1)
    scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 3))
@pytest.mark.parametrize("files", [20, 40])
def test_a_limit_on_open_files(files: int, seed: int, make_scene: MakeScene, tally: Tally) -> None:
    del seed
    scene = make_scene(TASKS, TABLES)
    scene.folder.write_plan(*(acting(f"task-{n}") for n in range(TASKS)))
    shell = ["sh", "-c", f"ulimit -n {files}; exec {shlex.quote(sys.executable)} -m runner plan.yaml"]
    result = subprocess.run(
        shell, cwd=scene.folder.path, env=environment(**scene.env), capture_output=True, text=True, timeout=WAIT,
        check=False,
    )  # fmt: skip
    assert result.returncode == 1, result.stdout + result.stderr
    assert "Too many open files" in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    scene.until_all_gone()
    scene.look_at_mended(tally)


@pytest.mark.parametrize("seed", times(1, 5))
@pytest.mark.parametrize("what", ["state folder", "workspace"])
def test_a_folder_that_is_removed_in_the_middle(what: str, seed: int, make_scene: MakeScene, tally: Tally) -> None:
    """The run must not report success: its records or its generated files are missing."""
    scene = make_scene(TASKS, TABLES)
    scene.folder.write_plan(*(acting(f"task-{n}", options={"acts": {"*": "work 0.05"}}) for n in range(TASKS)))
    process = scene.start("plan.yaml")
    moment = random.Random(seed).randrange(1, TASKS * TABLES // 2)
    until(lambda: scene.written() >= moment, f"{moment} files")
    remove(scene.state if what == "state folder" else scene.folder.workspace)
    out, err = process.communicate(timeout=WAIT)
    assert process.returncode == 1, out + err
    assert "was removed or replaced" in out + err
    assert "Traceback" not in out + err
    scene.until_all_gone()
    scene.look_at_mended(tally)


def remove(folder: Path) -> None:
    """Remove a folder that is being written to: its name disappears at once, its contents afterwards."""
    gone = folder.with_name("removed")
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
