"""Links in a workspace, before and during writing: nothing outside is read, written or removed."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from runner.generation.agent import GeneratedFile
from runner.generation.workspace.claims import begin_claims, release_claims, sweep_claims
from runner.generation.workspace.file_locks import DEFAULT_TIMEOUT, FileLockManager
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.writer import WorkspaceWriter, sweep_temp_files
from runner.records.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.synchronize import Event
    from pathlib import Path

CONTEXT = multiprocessing.get_context("forkserver")
SWAPS = {"app": 1_000, "app/deep": 250, ".runner": 250, ".runner/manifest": 250, ".runner/claims": 250}
LIMIT = 120.0  # seconds for all swaps of one folder


class LinkingLocks(FileLockManager):
    """Puts a link in the place of a folder as soon as the first path is held."""

    def __init__(self, root: Path, folder: Path, outside: Path) -> None:
        super().__init__(root)
        self._folder = folder
        self._outside = outside

    @contextmanager
    def hold_name(self, name: str, timeout: float = DEFAULT_TIMEOUT) -> Iterator[None]:
        with super().hold_name(name, timeout):
            if not self._folder.exists():
                self._folder.symlink_to(self._outside)
            yield


def swap(folder: Path, outside: Path, count: int, started: Event) -> None:
    """Put a link to `outside` in the place of a folder, and the folder back, `count` times."""
    aside = folder.with_name("aside")
    started.set()
    swaps = 0
    while swaps < count:
        with suppress(OSError):
            folder.rename(aside)
        with suppress(FileExistsError):  # a writer has just made the folder again
            folder.symlink_to(outside)
            swaps += 1
            folder.unlink()
            with suppress(OSError):
                aside.rename(folder)
        shutil.rmtree(aside, ignore_errors=True)


def work(root: Path, run_id: str) -> None:
    """Perform all workspace operations of a run; failures caused by the swaps are ignored here."""
    for action in (
        lambda: begin_claims(root, run_id),
        lambda: sweep_claims(root),
        lambda: writer(root, run_id).write("be/students", files(run_id), run_id),
        lambda: writer(root, run_id).write("be/teachers", files(run_id)[:1], run_id),
        lambda: writer(root, run_id).retire("be/teachers"),
        lambda: sweep_temp_files(root, Manifest(root)),
        lambda: FileLockManager(root).update("app/deep/counter", lambda before: (before or b"") + b"x"),
        lambda: release_claims(root, run_id),
    ):
        try:
            action()
        except WorkspaceError:
            continue


def writer(root: Path, run_id: str) -> WorkspaceWriter:
    return WorkspaceWriter(root, FileLockManager(root), Manifest(root), run_id)


def files(text: str) -> list[GeneratedFile]:
    return [GeneratedFile(f"app/{name}/{name}.py", text) for name in ("deep", "flat")] + [
        GeneratedFile("app/top.py", text),
        GeneratedFile("app/deep/once.py", text, mode="once"),
    ]


def snapshot(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """Return each path below a folder with its time and its bytes."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in (folder, *sorted(folder.rglob("*")))
    }


@pytest.mark.parametrize("name", SWAPS)
def test_a_folder_that_is_swapped_for_a_link_again_and_again(name: str, tmp_path: Path) -> None:
    root, outside = tmp_path / "ws", tmp_path / "outside"
    for folder in ("deep", "flat", "manifest/be", "claims/old", "locks"):  # names that a writer might treat as its own
        (outside / folder).mkdir(parents=True)
        (outside / folder / "file").write_bytes(b"theirs")
        os.utime(outside / folder, (0, 0))
    work(root, "first")
    before = snapshot(outside)
    started = CONTEXT.Event()
    swapping = CONTEXT.Process(target=swap, args=(root / name, outside, SWAPS[name], started), daemon=True)
    swapping.start()
    assert started.wait(60)
    deadline, number = time.monotonic() + LIMIT, 0
    while swapping.is_alive() and time.monotonic() < deadline:
        work(root, f"run-{number}")
        number += 1
    swapping.join(10)
    assert swapping.exitcode == 0
    assert number > 1
    assert snapshot(outside) == before


def test_a_link_that_comes_after_the_paths_were_looked_at(tmp_path: Path) -> None:
    """Where the folder of a `once` file becomes a link while another file of the sub-task is held."""
    root, outside = tmp_path / "ws", tmp_path / "outside"
    outside.mkdir()
    manifest = Manifest(root)
    writing = WorkspaceWriter(root, LinkingLocks(root, root / "late", outside), manifest, "run")
    with pytest.raises(WorkspaceError, match="late is a link"):
        writing.write(
            "be/a", [GeneratedFile("early.py", "1"), GeneratedFile("late/once.py", "2", mode="once")], "digest"
        )
    assert not (root / "early.py").exists()
    assert list(outside.iterdir()) == []
