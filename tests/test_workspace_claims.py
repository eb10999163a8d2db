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
    second.claim("p", "b", "1")
    first.claim("p", "a", "1")
    with pytest.raises(PathOwnedError, match="'a'"):
        second.claim("p", "b", "2")
    with pytest.raises(PathOwnedError, match=r"'(a|b)'"):
        claims(tmp_path).claim("p", "c", "2")


def test_the_same_claim_again_is_not_written_again(tmp_path: Path) -> None:
    book = claims(tmp_path)
    book.claim("p", "a", "1")
    size = log_of(tmp_path).stat().st_size
    book.claim("p", "a", "1")
    claims(tmp_path).claim("p", "a", "1")
    assert log_of(tmp_path).stat().st_size == size
    book.claim("p", "a", "2")
    claims(tmp_path).claim("p", "b", "2")


@pytest.mark.parametrize("torn", [b'["p", "dead", "', b"\xff\xfe", b"[]", b'["p"]', b"7"])
def test_a_torn_line_of_a_dead_writer_is_passed_over(tmp_path: Path, torn: bytes) -> None:
    early = claims(tmp_path)
    early.claim("p", "a", "1")
    with log_of(tmp_path).open("ab") as log:
        log.write(torn)
    claims(tmp_path).claim("p", "b", "1")
    for book in (early, claims(tmp_path)):
        with pytest.raises(PathOwnedError):
            book.claim("p", "c", "2")
    assert log_of(tmp_path).read_bytes().splitlines()[1:] == [torn, b'["p", "b", "1"]']


def test_runs_do_not_see_each_others_claims(tmp_path: Path) -> None:
    claims(tmp_path, "one").claim("p", "a", "1")
    claims(tmp_path, "two").claim("p", "b", "2")
    release_claims(tmp_path, "one")
    release_claims(tmp_path, "one")
    claims(tmp_path, "one").claim("p", "b", "3")
    with pytest.raises(PathOwnedError):
        claims(tmp_path, "two").claim("p", "c", "1")


def test_a_claim_that_cannot_be_written_leaves_the_log_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = claims(tmp_path)
    book.claim("p", "a", "1")
    before = log_of(tmp_path).read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", FullDisk(5).write)
        with pytest.raises(WorkspaceError, match="No space left"):
            book.claim("p", "b", "1")
    assert log_of(tmp_path).read_bytes() == before
    book.claim("p", "b", "1")
    assert log_of(tmp_path).read_bytes().count(b"\n") == 2


def test_claims_leave_no_file_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(5):
        claims(tmp_path).claim("p", f"owner {number}", "1")
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
        claims(tmp_path, run_id).claim("p", "a", "1")
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
