"""The manifest: what was generated from what, as bytes that can be committed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runner.generation.workspace.line_ends import digest
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.record_format import FileRecord, Record, encode
from runner.records.errors import WorkspaceError

if TYPE_CHECKING:
    from pathlib import Path

A, B = digest(b"a"), digest(b"b")
RECORD = Record(
    task_id="be-crud",
    piece="students",
    agent="be-crud",
    files=(FileRecord(path="b.py", sha256=B), FileRecord(path="a.py", sha256=A, mode="once")),
)


def is_up_to_date(manifest: Manifest, inputs: str) -> bool:
    return manifest.up_to_date(RECORD.task_id, [RECORD.piece], inputs) != {}


def record_file(root: Path) -> Path:
    return root / ".runner" / "manifest" / "be-crud" / "students.json"


def test_save_writes_a_line_a_file_in_order_of_paths(tmp_path: Path) -> None:
    Manifest(tmp_path).save(RECORD, "d1")
    assert record_file(tmp_path).read_text() == (
        "{\n"
        ' "format": 1,\n'
        ' "task": "be-crud",\n'
        ' "piece": "students",\n'
        ' "agent": "be-crud",\n'
        ' "files": [\n'
        f'  {{"path": "a.py", "sha256": "{A}", "mode": "once"}},\n'
        f'  {{"path": "b.py", "sha256": "{B}", "mode": "generated"}}\n'
        " ]\n"
        "}\n"
    )


@pytest.mark.parametrize(
    "record",
    [
        replace(RECORD, files=tuple(sorted(RECORD.files, key=lambda file: file.path))),
        replace(RECORD, files=()),
        replace(
            RECORD,
            task_id="A b",
            piece='Odd."Täble"/x',
            files=(FileRecord(path='q".py', sha256=A, kept=True),),
        ),
    ],
)
def test_load_returns_what_was_saved(tmp_path: Path, record: Record) -> None:
    Manifest(tmp_path).save(record, "d1")
    manifest = Manifest(tmp_path)
    assert manifest.load(record.task_id, record.piece) == record
    assert manifest.take_warnings() == ()


def test_load_returns_none_where_nothing_was_recorded(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "absent")
    assert manifest.load("be-crud", "students") is None
    assert manifest.recorded("a.py") == frozenset()
    assert list(manifest.intents()) == []
    assert manifest.take_warnings() == ()
    assert not (tmp_path / "absent").exists()


def test_tables_that_differ_in_case_alone_have_records_of_their_own(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    for piece in ("Users", "users", "USERS"):
        manifest.save(replace(RECORD, piece=piece), "d1")
    names = [path.name for path in record_file(tmp_path).parent.iterdir()]
    assert len({name.casefold() for name in names}) == 3


def test_save_leaves_an_equal_record_untouched(tmp_path: Path) -> None:
    Manifest(tmp_path).save(RECORD, "d1")
    before = record_file(tmp_path).stat()
    Manifest(tmp_path).save(replace(RECORD, files=RECORD.files[::-1]), "d1")
    after = record_file(tmp_path).stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert list(record_file(tmp_path).parent.iterdir()) == [record_file(tmp_path)]


GOOD_FILE = {"path": "a.py", "sha256": A, "mode": "generated"}
GOOD = {"format": 1, "task": "t", "piece": "p", "agent": "a", "files": [GOOD_FILE]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "\udcff",
        "<<<<<<< HEAD\n{}",
        "{}",
        json.dumps(GOOD | {"format": 0}),
        json.dumps(GOOD | {"format": "1"}),
        json.dumps(GOOD | {"files": {}} | {"files": [["a.py", A]]}),
        json.dumps(GOOD | {"files": [GOOD_FILE | {"path": "../../etc/passwd"}]}),
        json.dumps(GOOD | {"files": [GOOD_FILE | {"mode": "sometimes"}]}),
        json.dumps(GOOD | {"files": [{"path": "a.py"}]}),
    ],
)
def test_a_corrupt_record_counts_as_absent_and_is_told(tmp_path: Path, text: str) -> None:
    record_file(tmp_path).parent.mkdir(parents=True)
    record_file(tmp_path).write_text(text, errors="surrogateescape")
    manifest = Manifest(tmp_path)
    assert manifest.load("be-crud", "students") is None
    assert manifest.recorded("a.py") == frozenset()
    (warning,) = manifest.take_warnings()
    assert warning.startswith(f"{record_file(tmp_path)}: not a record that can be read. ")
    assert manifest.take_warnings() == ()


def test_a_record_of_a_newer_version_counts_as_absent_and_is_told(tmp_path: Path) -> None:
    record_file(tmp_path).parent.mkdir(parents=True)
    record_file(tmp_path).write_text(json.dumps(GOOD | {"format": 2, "files": "otherwise"}))
    manifest = Manifest(tmp_path)
    assert manifest.load("be-crud", "students") is None
    (warning,) = manifest.take_warnings()
    assert "format 2, this version of the runner reads up to 1" in warning


def test_a_record_that_is_a_folder_counts_as_absent_and_is_told(tmp_path: Path) -> None:
    record_file(tmp_path).mkdir(parents=True)
    manifest = Manifest(tmp_path)
    assert manifest.load("be-crud", "students") is None
    assert "a folder is in the way" in manifest.take_warnings()[0]
    with pytest.raises(WorkspaceError, match="a folder is in the way"):
        manifest.save(RECORD, "d1")


def test_save_names_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / ".runner").mkdir()
    (tmp_path / ".runner" / "manifest").write_text("a file")
    with pytest.raises(WorkspaceError, match=r"students\.json: cannot write it: Not a directory") as caught:
        Manifest(tmp_path).save(RECORD, "d1")
    assert isinstance(caught.value.__cause__, OSError)


def test_recorded_gathers_every_sub_tasks_hashes_and_own_later_saves(tmp_path: Path) -> None:
    other = replace(RECORD, task_id="x", piece="y", files=(FileRecord(path="b.py", sha256=A),))
    Manifest(tmp_path).save(RECORD, "d1")
    Manifest(tmp_path).save(other, "d1")
    Manifest(tmp_path).intend("x", "z", {"b.py": "killed"})
    manifest = Manifest(tmp_path)
    assert manifest.recorded("b.py") == {A, B, "killed"}
    manifest.save(replace(RECORD, piece="later", files=(FileRecord(path="b.py", sha256="c"),)), "d1")
    manifest.intend("x", "q", {"b.py": "d", "new.py": "e"})
    assert manifest.recorded("b.py") == {A, B, "killed", "c", "d"}
    assert manifest.recorded("new.py") == {"e"}
    assert manifest.recorded("absent.py") == frozenset()


def test_recorded_survives_a_corrupt_neighbour(tmp_path: Path) -> None:
    Manifest(tmp_path).save(RECORD, "d1")
    record_file(tmp_path).with_name("broken.json").write_text("{")
    manifest = Manifest(tmp_path)
    assert manifest.recorded("b.py") == {B}
    assert len(manifest.take_warnings()) == 1


def test_intents_add_up_until_the_record_is_saved(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    manifest.intend("be-crud", "students", {"a.py": "1", "b.py": "1"})
    manifest.intend("be-crud", "students", {"a.py": "2"})
    assert Manifest(tmp_path).intent("be-crud", "students") == {"a.py": {"1", "2"}, "b.py": {"1"}}
    assert len(list(manifest.intents())) == 1
    manifest.save(RECORD, "d1")
    assert manifest.intent("be-crud", "students") == {}
    assert list((tmp_path / ".runner" / "intents").iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": [1]}', "null"])
def test_a_corrupt_intent_is_passed_over(tmp_path: Path, text: str) -> None:
    manifest = Manifest(tmp_path)
    manifest.intend("be-crud", "students", {"a.py": "1"})
    (path,) = (tmp_path / ".runner" / "intents").iterdir()
    path.write_text(text)
    assert manifest.intent("be-crud", "students") == {}
    manifest.intend("be-crud", "students", {"a.py": "2"})
    assert manifest.intent("be-crud", "students") == {"a.py": {"2"}}


def test_is_up_to_date_looks_at_the_inputs_and_every_file(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    generated, once = tmp_path / "b.py", tmp_path / "a.py"
    manifest.save(RECORD, "d1")
    assert not is_up_to_date(manifest, "d1")
    generated.write_bytes(b"b")
    assert not is_up_to_date(manifest, "d1")
    once.write_bytes(b"as the user likes it")
    assert is_up_to_date(manifest, "d1")
    assert not is_up_to_date(manifest, "d2")
    generated.write_bytes(b"edited")
    assert not is_up_to_date(manifest, "d1")
    generated.unlink()
    generated.mkdir()
    assert not is_up_to_date(manifest, "d1")


def test_old_files_that_git_brings_back_are_not_taken_for_up_to_date(tmp_path: Path) -> None:
    """Records and files are committed, the note of their inputs is not: it may be newer."""
    manifest = Manifest(tmp_path)
    old = replace(RECORD, files=(FileRecord(path="b.py", sha256=B),))
    manifest.save(old, "d1")
    manifest.save(replace(RECORD, files=(FileRecord(path="b.py", sha256=A),)), "d2")
    (tmp_path / "b.py").write_bytes(b"b")
    record_file(tmp_path).write_bytes(encode(old))
    record = manifest.load("be-crud", "students")
    assert record == old
    assert not is_up_to_date(manifest, "d2")
    assert not is_up_to_date(manifest, "d1")
    manifest.save(old, "d2")
    assert is_up_to_date(manifest, "d2")


def test_a_record_with_a_kept_file_is_never_up_to_date(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_bytes(b"b")
    kept = replace(RECORD, files=(FileRecord(path="b.py", sha256=B, kept=True),))
    Manifest(tmp_path).save(kept, "d1")
    assert not is_up_to_date(Manifest(tmp_path), "d1")
    as_generated = replace(kept, files=(FileRecord(path="b.py", sha256=B),))
    Manifest(tmp_path).save(as_generated, "d1")
    assert is_up_to_date(Manifest(tmp_path), "d1")


def test_a_sub_task_that_died_before_it_took_its_intent_away_is_not_up_to_date(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    (tmp_path / "a.py").write_bytes(b"there")
    (tmp_path / "b.py").write_bytes(b"b")
    manifest.save(RECORD, "d1")
    manifest.intend(RECORD.task_id, RECORD.piece, {"b.py": B})
    assert not is_up_to_date(manifest, "d1")
    manifest.save(RECORD, "d1")
    assert is_up_to_date(manifest, "d1")


def test_other_inputs_leave_the_record_as_it_was(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    (tmp_path / "a.py").write_bytes(b"there")
    (tmp_path / "b.py").write_bytes(b"b")
    manifest.save(RECORD, "d1")
    (record,) = (tmp_path / ".runner" / "manifest").rglob("*.json")
    before = record.stat().st_mtime_ns
    manifest.save(RECORD, "d2")
    assert record.stat().st_mtime_ns == before
    assert is_up_to_date(manifest, "d2")
    assert not is_up_to_date(manifest, "d1")


def test_one_manifest_serves_many_threads(tmp_path: Path) -> None:
    Manifest(tmp_path).save(RECORD, "d1")
    manifest = Manifest(tmp_path)

    def work(number: int) -> bool:
        file = FileRecord(path="shared.py", sha256=str(number))
        manifest.intend("t", f"p{number}", {"shared.py": f"intent {number}"})
        known_before = manifest.recorded("b.py")
        manifest.save(replace(RECORD, task_id="t", piece=f"p{number}", files=(file,)), "d1")
        return known_before == {B} and str(number) in manifest.recorded("shared.py")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(100)))
    fresh = Manifest(tmp_path).recorded("shared.py")
    assert fresh == {str(number) for number in range(100)}


def test_a_record_of_another_sub_task_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    """Pruning what a record names would otherwise remove files of a table that is still there."""
    Manifest(tmp_path).save(RECORD, "d1")
    record_file(tmp_path).rename(record_file(tmp_path).with_name("other.json"))
    manifest = Manifest(tmp_path)
    assert manifest.load("be-crud", "other") is None
    assert manifest.pieces("be-crud") == ()
    assert manifest.recorded("b.py") == frozenset()
    (warning,) = manifest.take_warnings()
    assert "other.json: the record of another sub-task. " in warning


def test_paths_of_an_intent_that_nobody_may_generate_are_passed_over(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    paths = ("../evil", "/etc/passwd", ".git/config", ".runner/locks/00.lock", "a/../../b", "good.py")
    manifest.intend("be-crud", "students", dict.fromkeys(paths, "1"))
    assert manifest.intent("be-crud", "students") == {"good.py": {"1"}}


@pytest.mark.parametrize("folder", ["manifest", "manifest/be-crud", "inputs", "intents"])
def test_a_link_in_place_of_a_folder_is_neither_read_nor_written(tmp_path: Path, folder: str) -> None:
    Manifest(tmp_path / "outside").save(RECORD, "d1")
    Manifest(tmp_path / "outside").intend("be-crud", "students", {"b.py": B})
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "outside").rglob("*")}
    link = tmp_path / "ws" / ".runner" / folder
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "outside" / ".runner" / folder)
    manifest = Manifest(tmp_path / "ws")
    if folder.startswith("manifest"):
        assert manifest.load("be-crud", "students") is None
        assert f".runner/{folder} is a link" in manifest.take_warnings()[0]
    assert manifest.intent("be-crud", "students") == {}
    assert manifest.recorded("b.py") == frozenset()
    with pytest.raises(WorkspaceError, match=f"{folder} is a link. Remove the link"):
        manifest.save(RECORD, "d2")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "outside").rglob("*")} == before
