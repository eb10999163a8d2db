"""Which files are read again to find that nothing is to be done: those without the stamp that they had."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from runner.generation.workspace import input_notes, manifest
from runner.generation.workspace.line_ends import digest
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.record_format import FileRecord, Record

if TYPE_CHECKING:
    from pathlib import Path

    from runner.generation.workspace.directory import Directory


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a workspace with one sub-task of two files, one of them written `once`."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("a")
    (tmp_path / "mine.py").write_text("mine")
    files = (
        FileRecord(path="src/a.py", sha256=digest(b"a")),
        FileRecord(path="mine.py", sha256=digest(b"mine"), mode="once"),
    )
    Manifest(tmp_path).save(Record(task_id="crud", piece="users", agent="be-crud", files=files), "inputs")
    return tmp_path


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let so much time have passed that times are finer than it."""
    now = time.time_ns
    monkeypatch.setattr("time.time_ns", lambda: now() + 2 * input_notes.RACY)


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths of the files that are compared with their digests."""
    paths: list[str] = []
    compare = manifest._is_at

    def noted(folder: Directory, path: str, file: FileRecord, edited: str) -> bool:
        paths.append(path)
        return compare(folder, path, file, edited)

    monkeypatch.setattr(manifest, "_is_at", noted)
    return paths


def up_to_date(root: Path, inputs: str = "inputs", *, keep_stamps: bool = True) -> dict[str, int]:
    return Manifest(root).up_to_date("crud", ["users", "others"], inputs, keep_stamps=keep_stamps)


def log(root: Path) -> Path:
    return root / ".runner" / "inputs" / "crud.jsonl"


@pytest.mark.usefixtures("later")
def test_a_file_is_read_once_and_not_again_while_it_has_its_stamp(workspace: Path, files_read: list[str]) -> None:
    assert up_to_date(workspace) == {"users": 2}
    assert sorted(files_read) == ["mine.py", "src/a.py"]
    assert up_to_date(workspace) == {"users": 2}
    assert len(files_read) == 2
    assert up_to_date(workspace, "other inputs") == {}


@pytest.mark.usefixtures("later")
def test_nothing_is_stamped_where_nothing_may_be_written(workspace: Path) -> None:
    before = log(workspace).read_bytes()
    assert up_to_date(workspace, keep_stamps=False) == {"users": 2}
    assert log(workspace).read_bytes() == before


def test_a_file_that_was_just_written_is_not_stamped(workspace: Path, files_read: list[str]) -> None:
    """An edit within the granularity of its times would leave the stamp as it is."""
    assert up_to_date(workspace) == {"users": 2}
    assert up_to_date(workspace) == {"users": 2}
    assert files_read.count("src/a.py") == 2
    assert "stamps" not in log(workspace).read_text()


@pytest.mark.usefixtures("later")
def test_an_edit_by_hand_that_hides_its_time_is_noticed(workspace: Path) -> None:
    """Of equal size, in place and with the old mtime: what is left is the ctime."""
    path = workspace / "src" / "a.py"
    before = path.stat()
    assert up_to_date(workspace) == {"users": 2}
    path.write_text("b")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert up_to_date(workspace) == {}
    path.write_text("a")
    assert up_to_date(workspace) == {"users": 2}


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "src" / "a.py").unlink(),
        lambda root: (root / "mine.py").unlink(),
        lambda root: next((root / ".runner" / "manifest").rglob("*.json")).write_text("{}"),
        lambda root: next((root / ".runner" / "manifest").rglob("*.json")).unlink(),
        lambda root: Manifest(root).intend("crud", "users", {"src/a.py": digest(b"a")}),
        lambda root: (root / "src").rename(root / "elsewhere"),
    ],
)
def test_what_is_stamped_is_not_up_to_date_after(workspace: Path, change: object) -> None:
    assert up_to_date(workspace) == {"users": 2}
    assert callable(change)
    change(workspace)
    assert up_to_date(workspace) == {}


@pytest.mark.usefixtures("later")
def test_a_folder_that_a_link_replaces_is_not_followed(workspace: Path, files_read: list[str]) -> None:
    """The file is the same one, with the same stamp; but it is read only where the link stays in the workspace."""
    assert up_to_date(workspace) == {"users": 2}
    outside = workspace.parent / "outside"
    (workspace / "src").rename(outside)
    (workspace / "src").symlink_to(outside)
    assert up_to_date(workspace) == {}
    (workspace / "src").unlink()
    outside.rename(workspace / "inside")
    (workspace / "src").symlink_to("inside")
    assert up_to_date(workspace) == {"users": 2}
    assert "inside/a.py" in files_read


@pytest.mark.usefixtures("later")
def test_lines_that_are_not_whole_are_ignored_and_old_ones_are_removed(workspace: Path) -> None:
    save = Manifest(workspace).save
    record = Manifest(workspace).load("crud", "users")
    assert record is not None
    for number in range(20):
        save(record, f"inputs {number}")
    save(record, "inputs")
    with log(workspace).open("a") as file:
        file.write('[]\n{"piece": 1}\n{"piece": "users", "inputs": "torn')
    assert up_to_date(workspace) == {"users": 2}
    (line,) = log(workspace).read_text().splitlines()
    assert set(json.loads(line)["stamps"]) == {"src/a.py", ".runner/manifest/crud/users.json"}


@pytest.mark.parametrize("text", ["", "{", '{"piece": "users"}', '{"piece": "users", "inputs": "inputs", "record": 1}'])
def test_a_damaged_log_means_work(workspace: Path, text: str) -> None:
    log(workspace).write_text(text)
    assert up_to_date(workspace) == {}


@pytest.mark.parametrize(
    "stamps", [{"src/a.py": [1, 2, 3, 4]}, {"src/a.py": []}, {"src/a.py": ["1", None, {}, []]}, {"../x": [1, 2, 3, 4]}]
)
def test_stamps_of_a_stranger_prove_nothing(workspace: Path, stamps: dict[str, list[object]]) -> None:
    log(workspace).write_text(json.dumps(json.loads(log(workspace).read_text()) | {"stamps": stamps}) + "\n")
    (workspace / "src" / "a.py").write_text("edited")
    assert up_to_date(workspace) == {}
