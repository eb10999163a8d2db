"""Which paths may be generated, and files that are whole or not there."""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path

import pytest

from runner.generation.workspace import atomic_files
from runner.generation.workspace.atomic_files import cannot, read_file, replace_file, sweep_folders
from runner.generation.workspace.runner_folder import file_name
from runner.generation.workspace.safe_paths import resolve
from runner.records.errors import UnsafePathError, WorkspaceError
from runner.records.process_identity import is_gone, own_mark


@pytest.mark.parametrize("path", ["a.py", "backend/app/main.py", "deep/.hidden/..x/ü b.md", ".github/x", "c:d/e"[2:]])
def test_resolve_takes_plain_relative_paths(tmp_path: Path, path: str) -> None:
    assert resolve(tmp_path, path) == tmp_path / path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "trouble"),
    [
        ("", "it is empty"),
        ("/etc/passwd", "it is absolute"),
        ("../x", r"'\.\.' leaves its folder"),
        ("a/../../x", r"'\.\.' leaves its folder"),
        ("a/..", r"'\.\.' leaves its folder"),
        ("C:/x", "begins with a drive"),
        ("c:x", "begins with a drive"),
        ("a\\b", "backslash"),
        ("..\\x", "backslash"),
        ("a\0b", "control character"),
        ("a\nb", "control character"),
        ("a//b", "empty part"),
        ("a/", "empty part"),
        ("./a", "empty part"),
        (".", "empty part"),
        ("a\ud800", "not Unicode text"),
        (".runner/manifest/x.json", r"'\.runner' belongs to the runner"),
        (".RUNNER/x", r"'\.runner' belongs to the runner"),
        (".git/hooks/pre-commit", r"'\.git' belongs to git"),
        ("sub/.Git/config", r"'\.git' belongs to git"),
    ],
)
def test_resolve_refuses_what_is_no_plain_path(tmp_path: Path, path: str, trouble: str) -> None:
    with pytest.raises(UnsafePathError, match=trouble) as caught:
        resolve(tmp_path, path)
    assert repr(path) in str(caught.value)


def test_resolve_refuses_links_out_of_the_workspace(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "ws"
    outside.mkdir()
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "out").symlink_to(outside)
    (root / "file").symlink_to(outside / "absent.txt")
    (root / "ws2").symlink_to(tmp_path / "ws-other")
    for path in ("sub/out/x.py", "sub/out/new/x.py", "file", "ws2/x"):
        with pytest.raises(UnsafePathError, match="leads out of the workspace"):
            resolve(root, path)


def test_resolve_refuses_links_into_folders_that_are_not_the_generated_codes(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "innocent").symlink_to(".git")
    (tmp_path / "x.json").symlink_to(".runner/manifest/x.json")
    for path in ("innocent/config", "x.json"):
        with pytest.raises(UnsafePathError, match=f"'{path}': not a path .* belongs to"):
            resolve(tmp_path, path)


def test_resolve_follows_links_inside_the_workspace(tmp_path: Path) -> None:
    real = tmp_path / "real"
    (real / "pkg").mkdir(parents=True)
    (real / "link").symlink_to("pkg")
    (real / "a.py").symlink_to("pkg/b.py")
    (tmp_path / "root").symlink_to("real")
    assert resolve(tmp_path / "root", "link/x.py") == real / "pkg" / "x.py"
    assert resolve(tmp_path / "root", "a.py") == real / "pkg" / "b.py"


def test_resolve_refuses_a_folder(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    with pytest.raises(WorkspaceError, match="app: a folder is in the way"):
        resolve(tmp_path, "app")


def test_file_names_stay_readable_unequal_and_safe() -> None:
    assert file_name("be-crud") == "be-crud"
    assert file_name("audit.log_2") == "audit.log_2"
    assert file_name("Users") == "%55sers"
    assert file_name("a/b c") == "a%2Fb%20c"
    assert file_name("schüler") == "sch%C3%BCler"
    assert file_name(".") == "%2E"
    assert file_name("..") == "%2E."
    assert file_name("%55sers") == "%2555sers"
    odd = ["", "%", "a" * 300, "a" * 301, "ü" * 63, "A", "a", "~", "a\0", "\ud800", ".a", "a."]
    names = [file_name(text) for text in odd]
    assert len({name.casefold() for name in names}) == len(odd)
    assert all(0 < len(name) <= 180 and name.isascii() and "/" not in name for name in names)


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


def test_cannot_says_what_why_and_the_next_step() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(cannot("write it", "a.py", full)) == (
        "a.py: cannot write it: No space left on device. Free some space and run again: what is already written is kept"
    )
    assert str(cannot("read it", "a.py", OSError("odd"))).startswith("a.py: cannot read it: odd. Look at")


def test_read_file_refuses_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WorkspaceError, match="pipe: no regular file"):
        read_file(tmp_path / "pipe")
    with pytest.raises(WorkspaceError, match="a folder is in the way"):
        read_file(tmp_path)
    assert read_file(tmp_path / "absent") is None


def test_read_file_reads_files_of_any_size(tmp_path: Path) -> None:
    for size in (0, 1, 4095, 4096, 4097, 3_000_000):
        (tmp_path / "f").write_bytes(b"x" * size)
        state = read_file(tmp_path / "f")
        assert state is not None
        assert len(state.data) == size


def test_reading_and_writing_leave_no_file_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        replace_file(tmp_path / "a", b"x")
        read_file(tmp_path / "a")
        with pytest.raises(WorkspaceError):
            read_file(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def temp_name(mark: str, name: str = "a.py") -> str:
    return f".{name}.{mark}-7{atomic_files.TEMP_SUFFIX}"


def test_sweep_folders_removes_what_dead_processes_left_and_nothing_else(tmp_path: Path) -> None:
    space, pid, start = own_mark().split("-")
    dead = [
        temp_name(f"{space}-{pid}-{int(start) + 1}"),  # this pid, in an earlier life
        temp_name(f"{space}-{2**22 + 1}-5"),  # a pid that the kernel never gives out
        temp_name("ffffff-1-1", "old"),  # of another host, and old
    ]
    alive = [
        temp_name(own_mark()),
        temp_name("ffffff-1-1"),  # of another host, and young
        f".mine{atomic_files.TEMP_SUFFIX}",  # not a name of ours
        "a.py",
        ".env",
    ]
    for name in (*dead, *alive):
        (tmp_path / name).write_bytes(b"half")
    long_ago = time.time() - 3600
    os.utime(tmp_path / dead[2], (long_ago, long_ago))
    removed = sweep_folders([tmp_path, tmp_path / "absent"])
    assert {path.name for path in removed} == set(dead)
    assert {path.name for path in tmp_path.iterdir()} == set(alive)


def test_sweep_folders_passes_over_what_is_put_in_place_meanwhile(
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
    assert {path.name for path in sweep_folders([tmp_path])} == {names[0], names[3]}


def test_the_name_of_a_temp_file_names_its_living_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real_replace = os.replace

    def replace(source: str, target: str) -> None:
        seen.extend(path.name for path in tmp_path.iterdir())
        assert sweep_folders([tmp_path]) == ()
        real_replace(source, target)

    monkeypatch.setattr(os, "replace", replace)
    replace_file(tmp_path / "a.py", b"x")
    assert len(seen) == 1
    assert seen[0].startswith(f".a.py.{own_mark()}-")
    assert seen[0].endswith(".runner-tmp")


def test_is_gone_says_no_where_it_cannot_know() -> None:
    assert not is_gone(own_mark())
    for mark in ("", "x", "ffffff-1-1", own_mark().split("-")[0] + "-x-1"):
        assert not is_gone(mark)
