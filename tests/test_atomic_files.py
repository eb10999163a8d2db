"""Files that are complete or missing, and leftovers of dead writers."""

from __future__ import annotations

import errno
import os
import stat
import time
from typing import TYPE_CHECKING

import pytest

from runner.records import atomic_files
from runner.records.atomic_files import replace_file, sweep_directory
from runner.records.process_identity import is_gone, own_mark

if TYPE_CHECKING:
    from pathlib import Path


def test_replace_file_creates_folders_and_leaves_the_mode_to_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "a" / "b.txt", b"text")
        replace_file(tmp_path / "run.sh", b"text", executable=True)
    finally:
        os.umask(before)
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"text"
    assert stat.S_IMODE((tmp_path / "a" / "b.txt").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "run.sh").stat().st_mode) == 0o750


def test_replace_file_keeps_the_mode_that_it_is_given(tmp_path: Path) -> None:
    replace_file(tmp_path / "a", b"1", mode=0o600)
    replace_file(tmp_path / "b", b"1", mode=0o604, executable=True)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o705


def test_replace_file_takes_the_longest_name_there_is(tmp_path: Path) -> None:
    for name in ("x" * 255, "ü" * 127):
        replace_file(tmp_path / name, b"text")
        assert (tmp_path / name).read_bytes() == b"text"


def test_replace_file_leaves_no_trace_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.txt"
    target.write_bytes(b"before")
    real_write = os.write

    def write_half(descriptor: int, data: bytes) -> int:
        if len(data) > 4:
            return real_write(descriptor, bytes(data)[:4])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", write_half)
    with pytest.raises(OSError, match="No space left"):
        replace_file(target, b"after!!")
    monkeypatch.undo()
    assert target.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def sweep(folder: Path) -> tuple[str, ...]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return sweep_directory(descriptor)
    finally:
        os.close(descriptor)


def temp_name(mark: str, name: str = "a.py") -> str:
    return f".{name}.{mark}-7{atomic_files.TEMP_SUFFIX}"


def test_sweep_directory_removes_what_dead_processes_left_and_nothing_else(tmp_path: Path) -> None:
    space, pid, start = own_mark().split("-")
    dead = [
        temp_name(f"{space}-{pid}-{int(start) + 1}"),  # this pid, reused from an earlier process
        temp_name(f"{space}-{2**22 + 1}-5"),  # a pid that the kernel never assigns
        temp_name("ffffff-1-1", "old"),  # of another host, and old
    ]
    alive = [
        temp_name(own_mark()),
        temp_name("ffffff-1-1"),  # of another host, and young
        f".mine{atomic_files.TEMP_SUFFIX}",  # not a name used by the runner
        "a.py",
        ".env",
    ]
    for name in (*dead, *alive):
        (tmp_path / name).write_bytes(b"half")
    long_ago = time.time() - 3600
    os.utime(tmp_path / dead[2], (long_ago, long_ago))
    assert sweep(tmp_path) == tuple(sorted(dead))
    assert {path.name for path in tmp_path.iterdir()} == set(alive)


def test_sweep_directory_passes_over_what_is_put_in_place_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [temp_name(f"ffffff-{number}-1") for number in range(4)]
    for name in names:
        (tmp_path / name).write_bytes(b"half")

    def finish_two(mark: str) -> bool:
        for path in list(tmp_path.iterdir()):
            if "-1-1-" in path.name or "-2-1-" in path.name:
                path.unlink()
        return "-3-" in mark or "-0-" in mark

    monkeypatch.setattr(atomic_files, "is_gone", finish_two)
    assert sweep(tmp_path) == (names[0], names[3])


def test_the_name_of_a_temp_file_names_its_living_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real_replace = os.replace

    def replace(source: str, target: str, **folders: int | None) -> None:
        seen.extend(path.name for path in tmp_path.iterdir())
        assert sweep(tmp_path) == ()
        real_replace(source, target, **folders)

    monkeypatch.setattr(os, "replace", replace)
    replace_file(tmp_path / "a.py", b"x")
    assert len(seen) == 1
    assert seen[0].startswith(f".a.py.{own_mark()}-")
    assert seen[0].endswith(".runner-tmp")


def test_is_gone_says_no_where_it_cannot_know() -> None:
    assert not is_gone(own_mark())
    for mark in ("", "x", "ffffff-1-1", own_mark().split("-")[0] + "-x-1"):
        assert not is_gone(mark)
