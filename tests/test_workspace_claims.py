"""Claims: one owner of a path's content in a run, even with an incomplete log."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from runner.generation.workspace.claims import RunClaims, begin_claims, release_claims, sweep_claims
from runner.generation.workspace.file_locks import FileLockManager
from runner.generation.workspace.runner_folder import CLAIMS_FOLDER
from runner.records.errors import PathOwnedError, WorkspaceError
from runner.records.process_identity import own_mark
from tests.workspace_full_disk import FullDisk


def claims(root: Path, run_id: str = "run") -> RunClaims:
    return RunClaims(root, run_id)


def log_of(root: Path) -> Path:
    (log,) = (root / CLAIMS_FOLDER).glob("run/*.log")
    return log


def test_a_claim_is_seen_by_others_whether_they_looked_before_or_not(tmp_path: Path) -> None:
    first, second = claims(tmp_path), claims(tmp_path)
    second.claim({"p": "1"}, "b")
    first.claim({"p": "1"}, "a")
    with pytest.raises(PathOwnedError, match="'a'"):
        second.claim({"p": "2"}, "b")
    with pytest.raises(PathOwnedError, match=r"'(a|b)'"):
        claims(tmp_path).claim({"p": "2"}, "c")


def test_the_same_claim_again_is_not_written_again(tmp_path: Path) -> None:
    book = claims(tmp_path)
    book.claim({"p": "1"}, "a")
    size = log_of(tmp_path).stat().st_size
    book.claim({"p": "1"}, "a")
    claims(tmp_path).claim({"p": "1"}, "a")
    assert log_of(tmp_path).stat().st_size == size
    book.claim({"p": "2"}, "a")
    claims(tmp_path).claim({"p": "2"}, "b")


def test_claims_go_on_in_a_workspace_that_was_moved_away(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    book = claims(workspace)
    book.claim({"p": "1", "q": "1"}, "a")
    workspace.rename(tmp_path / "moved")
    other = claims(workspace)
    other.claim({"r": "1"}, "b")
    book.claim({"s": "1"}, "a")
    with pytest.raises(PathOwnedError, match="'b'"):
        book.claim({"r": "2"}, "a")


@pytest.mark.parametrize("torn", [b'["p", "dead", "', b"\xff\xfe", b"[]", b'["p"]', b"7"])
def test_a_torn_line_of_a_dead_writer_is_passed_over(tmp_path: Path, torn: bytes) -> None:
    early = claims(tmp_path)
    early.claim({"p": "1"}, "a")
    with log_of(tmp_path).open("ab") as log:
        log.write(torn)
    claims(tmp_path).claim({"p": "1"}, "b")
    for book in (early, claims(tmp_path)):
        with pytest.raises(PathOwnedError):
            book.claim({"p": "2"}, "c")
    assert log_of(tmp_path).read_bytes().splitlines()[1:] == [torn, b'["p", "b", "1"]']


def test_of_the_files_of_a_folder_all_are_claimed_or_none(tmp_path: Path) -> None:
    claims(tmp_path).claim({"app/a": "1", "app/b": "1"}, "first")
    book = claims(tmp_path)
    with pytest.raises(PathOwnedError, match=r"app/b: sub-task 'first'"):
        book.claim({"app/a": "1", "app/b": "2", "app/c": "1"}, "second")
    assert not book.is_claimed("app/c", "third")
    assert not claims(tmp_path).is_claimed("app/c", "third")
    assert not claims(tmp_path).is_claimed("app/a", "first")


def test_runs_do_not_see_each_others_claims(tmp_path: Path) -> None:
    claims(tmp_path, "one").claim({"p": "1"}, "a")
    claims(tmp_path, "two").claim({"p": "2"}, "b")
    release_claims(tmp_path, "one")
    release_claims(tmp_path, "one")
    claims(tmp_path, "one").claim({"p": "3"}, "b")
    with pytest.raises(PathOwnedError):
        claims(tmp_path, "two").claim({"p": "1"}, "c")


def test_a_claim_that_cannot_be_written_leaves_the_log_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = claims(tmp_path)
    book.claim({"p": "1"}, "a")
    before = log_of(tmp_path).read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", FullDisk(5).write)
        with pytest.raises(WorkspaceError, match="No space left"):
            book.claim({"p": "1"}, "b")
    assert log_of(tmp_path).read_bytes() == before
    book.claim({"p": "1"}, "b")
    assert log_of(tmp_path).read_bytes().count(b"\n") == 2


def test_claims_leave_no_file_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(5):
        claims(tmp_path).claim({"p": "1"}, f"owner {number}")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_run_that_cannot_be_marked_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FileLockManager(tmp_path).hold("a"):
        pass
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", FullDisk(0).write)
        with pytest.raises(WorkspaceError, match="run-by: cannot write it: No space left"):
            begin_claims(tmp_path, "run")


def test_sweep_forgets_dead_runs_only(tmp_path: Path) -> None:
    space, pid, start = own_mark().split("-")
    for run_id in ("alive", "dead", "young", "old", "old but marked by the living"):
        begin_claims(tmp_path, run_id)
        claims(tmp_path, run_id).claim({"p": "1"}, "a")
    folder = tmp_path / CLAIMS_FOLDER
    (folder / "dead" / "run-by").write_text(f"{space}-{pid}-{int(start) + 1}")
    (folder / "young" / "run-by").unlink()
    (folder / "old" / "run-by").unlink()
    long_ago = time.time() - 2 * 86_400
    for path in (folder / "old", *(folder / "old").iterdir()):
        os.utime(path, (long_ago, long_ago))
    assert sweep_claims(tmp_path) == ("dead", "old")
    assert len(list(folder.iterdir())) == 3
    assert sweep_claims(tmp_path / "absent") == ()
