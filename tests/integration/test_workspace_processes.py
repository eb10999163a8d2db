"""The writer among real processes: two at once, a full disk, and SIGKILL at every step."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import resource
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from runner.generation.agent import GeneratedFile
from runner.generation.workspace.claims import release_claims
from runner.generation.workspace.file_locks import FileLockManager
from runner.generation.workspace.line_ends import digest
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.writer import WorkspaceWriter, WriteReport, sweep_temp_files
from runner.records.errors import WorkspaceError
from runner.records.task import FileCounts

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONTEXT = multiprocessing.get_context("forkserver")
SUBTASKS, SHARED, ROUNDS = 30, 6, 3
BULK = 40_000  # characters of a file, so that a torn one would show


def write(root: Path, run_id: str, owner: str, files: dict[str, str]) -> WriteReport:
    writer = WorkspaceWriter(root, FileLockManager(root), Manifest(root), run_id)
    return writer.write(owner, [GeneratedFile(path, text) for path, text in files.items()], "digest")


def run_in_process(target: Callable[..., None], *args: Any) -> int | None:
    process = CONTEXT.Process(target=target, args=args, daemon=True)
    process.start()
    process.join(120)
    return process.exitcode


def run_plan(root: Path, plan: str, start: threading.Barrier) -> None:
    """Write sub-tasks in five threads, round by round; each also writes a file that the other plan writes."""
    start.wait(60)
    for number in range(ROUNDS):
        manifest, locks = Manifest(root), FileLockManager(root)
        writer = WorkspaceWriter(root, locks, manifest, f"{plan}-{number}")

        def work(piece: int, writer: WorkspaceWriter = writer, number: int = number) -> None:
            text = f"{plan[-1]}{number}" * (BULK // 2)
            shared = GeneratedFile(f"shared/{piece % SHARED}.txt", text)
            own = GeneratedFile(f"{plan}/{piece}/own.txt", text)
            writer.write(f"{plan}/table {piece}", [shared, own], f"digest {number}")

        with ThreadPoolExecutor(5) as pool:
            list(pool.map(work, range(SUBTASKS)))
        release_claims(root, f"{plan}-{number}")


def test_two_plans_at_once_tear_no_file_and_lose_no_record(tmp_path: Path) -> None:
    start = CONTEXT.Barrier(3)
    plans = ["plan-a", "plan-b"]
    processes = [CONTEXT.Process(target=run_plan, args=(tmp_path, plan, start), daemon=True) for plan in plans]
    for process in processes:
        process.start()
    start.wait(60)
    seen = 0
    while any(process.is_alive() for process in processes):
        for path in tmp_path.glob("shared/*.txt"):
            text = path.read_text()
            assert text == text[:2] * (BULK // 2)
            seen += 1
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert seen > 0
    manifest = Manifest(tmp_path)
    last = f"digest {ROUNDS - 1}"
    for plan in plans:
        lines = (tmp_path / ".runner" / "inputs" / f"{plan}.jsonl").read_text().splitlines()
        notes = {note["piece"]: note for note in map(json.loads, lines)}
        for piece in range(SUBTASKS):
            record = manifest.load(plan, f"table {piece}")
            assert record is not None
            assert notes[f"table {piece}"]["inputs"] == last
            own, shared = sorted(record.files, key=lambda file: file.path)
            assert own.sha256 == digest((tmp_path / own.path).read_bytes())
            assert shared.path == f"shared/{piece % SHARED}.txt"
    for path in tmp_path.glob("shared/*.txt"):
        assert digest(path.read_bytes()) in manifest.recorded(f"shared/{path.name}")
    assert manifest.take_warnings() == ()
    assert list(manifest.intents()) == []
    assert not list(tmp_path.rglob("*.runner-tmp"))
    assert not list((tmp_path / ".runner" / "claims").iterdir())


@contextmanager
def tiny_file_system(folder: Path, kilobytes: int) -> Iterator[bool]:
    """Mount a file system of that size at `folder`; yields False if this user may not mount anything."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(["mount", *options], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", folder], check=True)


def write_with_limit(root: Path, files: dict[str, str], limit: int) -> None:
    """Write where no file may grow beyond `limit` bytes; exits with 7 if the error is reported correctly."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        write(root, "1", "t/setup", files)
    except WorkspaceError as error:
        told = isinstance(error.__cause__, OSError) and "b.txt: cannot write it: File too large" in str(error)
        raise SystemExit(7 if told else 8) from error


FILES = {f"{name}.txt": name * size for name, size in (("a", 30_000), ("b", 100_000), ("c", 30_000))}


def assert_whole(root: Path) -> None:
    for path in root.glob("*.txt"):
        if path.name in FILES:
            assert path.read_text() == FILES[path.name]
    assert not list(root.rglob("*.runner-tmp"))


def test_a_limit_on_file_sizes_leaves_whole_files_and_the_next_run_goes_on(tmp_path: Path) -> None:
    assert run_in_process(write_with_limit, tmp_path, FILES, 50_000) == 7
    assert_whole(tmp_path)
    assert (tmp_path / "a.txt").exists()
    assert not (tmp_path / "b.txt").exists()
    assert write(tmp_path, "2", "t/setup", FILES).counts == FileCounts(created=2, identical=1)


def test_a_full_file_system_leaves_whole_files_and_the_next_run_goes_on(tmp_path: Path) -> None:
    root = tmp_path / "tiny"
    with tiny_file_system(root, kilobytes=256) as mounted:
        if not mounted:  # then the limit on file sizes has to suffice
            assert run_in_process(write_with_limit, root, FILES, 50_000) == 7
            assert_whole(root)
            return
        (root / "filler").write_bytes(b"x" * 120_000)
        with pytest.raises(WorkspaceError, match=r"b\.txt: cannot write it: No space left on device") as caught:
            write(root, "1", "t/setup", FILES)
        assert isinstance(caught.value.__cause__, OSError)
        assert_whole(root)
        assert (root / "a.txt").exists()
        (root / "filler").unlink()
        assert write(root, "2", "t/setup", FILES).counts == FileCounts(created=2, identical=1)
        del caught  # its traceback refers to a writer, whose open folders keep the file system mounted
        gc.collect()


class DyingProcess:
    """Wraps calls to the system so that the n-th one kills the process; a write dies half-way through."""

    def __init__(self, n: int) -> None:
        self.left = n

    def wrap(self, name: str) -> None:
        real = getattr(os, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                if name == "write":
                    real(args[0], bytes(args[1])[: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        setattr(os, name, call)


BEFORE = {"a.py": "a1" * 500, "b.py": "b1" * 500}
AFTER = {"a.py": "a2" * 500, "b.py": "b1" * 500, "deep/c.py": "c2" * 500}
LATER = {path: text + "later" for path, text in AFTER.items()}


def die_at_every_step(folder: Path) -> None:
    """Kill a writing process at its first call to the system, then at its second, until one survives."""
    deaths = half_written = 0
    while True:
        root = folder / str(deaths)
        write(root, "1", "t/setup", BEFORE)
        child = os.fork()
        if child == 0:
            dying = DyingProcess(deaths + 1)
            for name in ("open", "write", "replace", "unlink", "close"):
                dying.wrap(name)
            write(root, "2", "t/setup", AFTER)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
        half_written += bool(list(root.rglob("*.runner-tmp")))
        deaths += 1
        assert_usable(root)
    assert deaths > 20, deaths
    assert half_written > 5, half_written


def assert_usable(root: Path) -> None:
    for path, text in AFTER.items():
        there = (root / path).read_text() if (root / path).exists() else None
        assert there in {BEFORE.get(path), text}, (root, path)
    record = Manifest(root).load("t", "setup")
    assert record is not None
    sweep_temp_files(root, Manifest(root))
    assert not list(root.rglob("*.runner-tmp")), root
    counts = write(root, "3", "t/setup", LATER).counts  # the templates were changed before the next run
    assert counts.kept == 0, (root, counts)
    assert {path: (root / path).read_text() for path in LATER} == LATER
    assert list(Manifest(root).intents()) == []


def test_sigkill_at_any_step_leaves_whole_files_and_the_next_run_goes_on(tmp_path: Path) -> None:
    assert run_in_process(die_at_every_step, tmp_path) == 0
