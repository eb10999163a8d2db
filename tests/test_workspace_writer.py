"""The writer: verbs, what is kept, what is refused, and the leftovers of a failed attempt."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from runner.generation.agent import GeneratedFile
from runner.generation.workspace.file_locks import FileLockManager
from runner.generation.workspace.line_ends import digest
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.present_files import present_files
from runner.generation.workspace.writer import WorkspaceWriter, WriteReport, sweep_temp_files
from runner.records import atomic_files
from runner.records.errors import PathOwnedError, UnsafePathError, WorkspaceError
from runner.records.process_identity import own_mark
from runner.records.task import FileCounts
from tests.workspace_full_disk import FullDisk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OWNER = "be-crud/students"


def writer(root: Path, run_id: str = "run", *, force: bool = False, check: bool = False) -> WorkspaceWriter:
    return WorkspaceWriter(root, FileLockManager(root), Manifest(root), run_id, force=force, check=check)


def file(path: str, text: str = "one\n", **options: object) -> GeneratedFile:
    return replace(GeneratedFile(path, text), **options)  # type: ignore[arg-type]


def error_of(action: Callable[[], object]) -> WorkspaceError | None:
    try:
        action()
    except WorkspaceError as error:
        return error
    return None


def write(root: Path, *files: GeneratedFile, run_id: str = "run", force: bool = False) -> WriteReport:
    return writer(root, run_id, force=force).write(OWNER, files, "d", agent="be-crud")


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return inode, time and bytes of every file that is not a lock or a claim."""
    return {
        str(path.relative_to(root)): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.is_file() and not {"locks", "claims"} & set(path.parts)
    }


def test_write_creates_files_and_records_them(tmp_path: Path) -> None:
    report = write(tmp_path, file("b/x.py", "ü\r\n"), file("a.py"), file("run", executable=True))
    assert report.counts == FileCounts(created=3)
    assert report.changes == (("create", "a.py"), ("create", "b/x.py"), ("create", "run"))
    assert (tmp_path / "b" / "x.py").read_bytes() == "ü\r\n".encode()
    assert os.access(tmp_path / "run", os.X_OK)
    record = Manifest(tmp_path).load("be-crud", "students")
    assert record is not None
    assert record.agent == "be-crud"
    assert Manifest(tmp_path).up_to_date("be-crud", ["students"], "d")
    assert [(made.path, made.sha256) for made in record.files] == [
        ("a.py", digest(b"one\n")),
        ("b/x.py", digest("ü\r\n".encode())),
        ("run", digest(b"one\n")),
    ]
    assert Manifest(tmp_path).up_to_date("be-crud", ["students"], "d")
    assert list(Manifest(tmp_path).intents()) == []


def test_write_again_touches_nothing(tmp_path: Path) -> None:
    files = [file("b/x.py"), file("a.py", mode="once"), file("run", executable=True)]
    write(tmp_path, *files)
    before = snapshot(tmp_path)
    report = write(tmp_path, *files[::-1], run_id="next")
    assert report == WriteReport(counts=FileCounts(identical=3), changes=())
    assert snapshot(tmp_path) == before


def test_two_workspaces_get_the_same_bytes(tmp_path: Path) -> None:
    files = [file("b/x.py"), file("a.py", mode="once")]
    write(tmp_path / "1", *files)
    write(tmp_path / "2", *files[::-1], run_id="other")
    trees = [{name: entry[2] for name, entry in snapshot(tmp_path / name).items()} for name in ("1", "2")]
    assert trees[0] == trees[1]


def test_write_updates_what_it_wrote_and_keeps_the_mode(tmp_path: Path) -> None:
    write(tmp_path, file("a.py"))
    (tmp_path / "a.py").chmod(0o600)
    report = write(tmp_path, file("a.py", "two"), run_id="next")
    assert report == WriteReport(counts=FileCounts(updated=1), changes=(("update", "a.py"),))  # type: ignore[arg-type]
    assert (tmp_path / "a.py").read_text() == "two"
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o600


def test_write_updates_what_another_sub_task_wrote(tmp_path: Path) -> None:
    writer(tmp_path, "1").write("be-setup/setup", [file("shared.py")], "d")
    assert write(tmp_path, file("shared.py", "two"), run_id="2").counts == FileCounts(updated=1)


def test_an_edit_that_contradicts_what_is_generated_is_kept_until_forced(tmp_path: Path) -> None:
    write(tmp_path, file("a.py"), file("b.py"))
    (tmp_path / "a.py").write_text("mine")
    for run_id in ("2", "3"):
        report = write(tmp_path, file("a.py", "two"), file("b.py", "two"), run_id=run_id)
        assert ("conflict", "a.py") in report.changes
        assert report.counts.conflicts == 1
        assert (tmp_path / "a.py").read_text() == "mine"
    assert not Manifest(tmp_path).up_to_date("be-crud", ["students"], "d")
    forced = write(tmp_path, file("a.py", "two"), file("b.py", "two"), run_id="4", force=True)
    assert forced.counts == FileCounts(updated=1, identical=1)
    assert (tmp_path / "a.py").read_text() == "two"
    assert Manifest(tmp_path).up_to_date("be-crud", ["students"], "d")


def test_an_edit_that_is_undone_is_updated_again(tmp_path: Path) -> None:
    write(tmp_path, file("a.py"))
    (tmp_path / "a.py").write_text("mine")
    write(tmp_path, file("a.py", "two"), run_id="2")
    (tmp_path / "a.py").write_text("one\n")
    assert write(tmp_path, file("a.py", "two"), run_id="3").counts == FileCounts(updated=1)
    assert (tmp_path / "a.py").read_text() == "two"


def test_an_edit_that_equals_what_is_generated_is_identical(tmp_path: Path) -> None:
    write(tmp_path, file("a.py"))
    (tmp_path / "a.py").write_text("two")
    assert write(tmp_path, file("a.py", "two"), run_id="2").counts == FileCounts(identical=1)


def test_write_keeps_a_file_that_was_there_before(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    assert write(tmp_path, file("README.md")).changes == (("keep", "README.md"),)
    assert write(tmp_path, file("README.md"), run_id="2").changes == (("keep", "README.md"),)
    assert (tmp_path / "README.md").read_text() == "mine"
    assert write(tmp_path, file("README.md"), run_id="3", force=True).counts == FileCounts(updated=1)


def test_once_files_are_written_only_where_absent(tmp_path: Path) -> None:
    once = file("settings.py", mode="once")
    assert write(tmp_path, once).counts == FileCounts(created=1)
    (tmp_path / "settings.py").write_text("mine")
    later = file("settings.py", "newer", mode="once")
    for run_id, force in (("2", False), ("3", True)):
        assert write(tmp_path, later, run_id=run_id, force=force).counts == FileCounts(identical=1)
    assert (tmp_path / "settings.py").read_text() == "mine"
    (tmp_path / "settings.py").unlink()
    assert write(tmp_path, later, run_id="4").counts == FileCounts(created=1)


def test_write_goes_through_links_inside_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "a.py").symlink_to("real/a.py")
    assert write(tmp_path, file("link/x.py"), file("a.py")).counts == FileCounts(created=2)
    assert (tmp_path / "a.py").is_symlink()
    assert sorted(path.name for path in (tmp_path / "real").iterdir()) == ["a.py", "x.py"]


def test_check_says_what_would_be_done_and_writes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    report = writer(root, check=True).write(OWNER, [file("a/b.py")], "d")
    assert report.changes == (("create", "a/b.py"),)
    assert not root.exists()
    write(root, file("a/b.py"), file("same.py"), file("edited.py"))
    (root / "edited.py").write_text("mine")
    before = sorted(root.rglob("*")), snapshot(root)
    report = writer(root, check=True).write(
        OWNER, [file("a/b.py", "two"), file("same.py"), file("edited.py", "two"), file("new.py")], "d"
    )
    assert report.changes == (("update", "a/b.py"), ("conflict", "edited.py"), ("create", "new.py"))
    assert report.counts == FileCounts(created=1, updated=1, identical=1, conflicts=1)
    assert (sorted(root.rglob("*")), snapshot(root)) == before


def test_check_sees_two_owners_of_one_path(tmp_path: Path) -> None:
    checking = writer(tmp_path, check=True)
    checking.write("a/x", [file("p")], "d")
    with pytest.raises(PathOwnedError, match="'a/x'"):
        checking.write("b/x", [file("p", "two")], "d")


def test_other_bytes_for_a_path_of_another_sub_task_are_refused_naming_the_owner(tmp_path: Path) -> None:
    writer(tmp_path).write("be-setup/setup", [file("shared.py")], "d")
    with pytest.raises(PathOwnedError, match=r"shared\.py: sub-task 'be-setup/setup' .* than 'be-crud/students'"):
        write(tmp_path, file("shared.py", "two"))
    assert (tmp_path / "shared.py").read_text() == "one\n"
    assert write(tmp_path, file("shared.py")).counts == FileCounts(identical=1)
    assert write(tmp_path, file("shared.py", "two"), run_id="another run").counts == FileCounts(updated=1)


def test_a_retry_of_the_same_sub_task_may_write_other_bytes(tmp_path: Path) -> None:
    write(tmp_path, file("a.py"))
    assert write(tmp_path, file("a.py", "two")).counts == FileCounts(updated=1)
    writer(tmp_path).write("be-crud/other", [file("a.py", "two")], "d")
    with pytest.raises(PathOwnedError, match="'be-crud/other'"):
        write(tmp_path, file("a.py", "three"))


def test_one_sub_task_may_name_a_path_twice_only_with_the_same_bytes(tmp_path: Path) -> None:
    assert write(tmp_path, file("a.py"), file("a.py")).counts == FileCounts(created=1)
    with pytest.raises(PathOwnedError, match=r"a\.py: one sub-task generates it twice"):
        write(tmp_path, file("a.py"), file("a.py", "two"))


def test_one_unsafe_path_refuses_the_whole_sub_task(tmp_path: Path) -> None:
    with pytest.raises(UnsafePathError, match="leaves its folder"):
        write(tmp_path / "ws", file("a.py"), file("../b.py"))
    assert list(tmp_path.iterdir()) == []


def test_text_that_is_not_unicode_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"a\.py: its text cannot be written as UTF-8: .* at character 3"):
        write(tmp_path, file("a.py", "abc\ud800"))


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "app").write_text("mine")
    with pytest.raises(WorkspaceError, match=r"app/main\.py: cannot read it: Not a directory\. A file is in the way"):
        write(tmp_path, file("app/main.py"))


def test_a_full_disk_at_any_byte_leaves_whole_files_and_the_next_try_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [file("a.py", "a" * 10), file("b.py", "b" * 10), file("c/d.py", "d" * 10)]
    failed = 0
    for room in range(0, 2_000, 7):
        root = tmp_path / str(room)
        write(root, file("b.py", "before"))
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", FullDisk(room).write)
            error = error_of(partial(write, root, *files, run_id="2"))
        if error is None:
            break
        failed += 1
        assert "No space left on device. Free some space" in str(error)
        assert isinstance(error.__cause__, OSError)
        there = {path.name: path.read_text() for path in root.rglob("*.py")}
        assert (
            there.items()
            <= {
                "a.py": "a" * 10,
                "b.py": there["b.py"],
                "d.py": "d" * 10,
            }.items()
        )
        assert there["b.py"] in {"before", "b" * 10}
        assert not list(root.rglob("*.runner-tmp"))
        changed = [file(each.path, each.text + "!") for each in files]  # e.g. the template was fixed meanwhile
        assert write(root, *changed, run_id="3").counts.kept == 0
    assert failed > 20


def test_a_file_that_may_not_be_read_or_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_open = os.open

    def refuse(path: str, flags: int, mode: int = 0o777, **folder: int | None) -> int:
        if os.fspath(path).endswith("a.py") or ".a.py." in os.fspath(path):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real_open(path, flags, mode, **folder)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        with pytest.raises(WorkspaceError, match=r"a\.py: cannot read it: Read-only file system\. Mount it"):
            write(tmp_path, file("a.py"))


def test_what_a_killed_run_wrote_is_not_taken_for_an_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run died after it wrote a file and before it recorded it; then the template was changed."""
    with monkeypatch.context() as patched:
        patched.setattr(Manifest, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, file("a.py"))
    assert (tmp_path / "a.py").read_text() == "one\n"
    assert write(tmp_path, file("a.py", "two"), run_id="2").counts == FileCounts(updated=1)


def leave_temp_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Die in the middle of writing `deep/a.py`: its temp file stays, marked by a dead process."""
    with monkeypatch.context() as patched:
        patched.setattr(atomic_files, "own_mark", lambda: f"{own_mark().split('-')[0]}-{2**22 + 1}-5")
        patched.setattr(os, "replace", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        patched.setattr(os, "unlink", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            atomic_files.replace_file(root / "deep" / "a.py", b"half")
    (left,) = root.rglob("*.runner-tmp")
    return left


def test_the_sweep_removes_half_written_files_of_the_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = Manifest(tmp_path)
    manifest.intend("be-crud", "students", {"deep/a.py": "x", "../evil": "x", "absent/b.py": "x"})
    left = leave_temp_file(tmp_path, monkeypatch)
    assert sweep_temp_files(tmp_path, manifest) == (left,)
    assert sweep_temp_files(tmp_path, manifest) == ()
    assert sweep_temp_files(tmp_path / "absent", Manifest(tmp_path / "absent")) == ()


def test_the_next_try_removes_the_half_written_files_of_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Manifest(tmp_path).intend("be-crud", "students", {"deep/a.py": "x"})
    left = leave_temp_file(tmp_path, monkeypatch)
    write(tmp_path, file("deep/a.py"))
    assert not left.exists()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.py"]


def left_by_a_try_that_died(root: Path, *paths: str) -> None:
    """Write `once` files like an attempt that is killed before it can record them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Manifest, "save", lambda *_: None)
        write(root, *(file(path, mode="once") for path in paths))


def test_a_once_file_of_a_try_that_died_is_updated(tmp_path: Path) -> None:
    left_by_a_try_that_died(tmp_path, "v/0002.sql")
    report = write(tmp_path, file("v/0002.sql", "two\n", mode="once"))
    assert report.changes == (("update", "v/0002.sql"),)
    assert (tmp_path / "v" / "0002.sql").read_text() == "two\n"
    assert write(tmp_path, file("v/0002.sql", "three\n", mode="once")).counts == FileCounts(identical=1)


def test_a_once_file_of_a_try_that_died_and_nobody_wants_is_taken_away(tmp_path: Path) -> None:
    left_by_a_try_that_died(tmp_path, "v/0002.sql", "v/mine.sql")
    (tmp_path / "v" / "mine.sql").write_text("edited since\n")
    write(tmp_path, file("a.py"))
    assert [path.name for path in (tmp_path / "v").iterdir()] == ["mine.sql"]


def test_a_once_file_that_is_recorded_outlives_a_later_try_that_died(tmp_path: Path) -> None:
    write(tmp_path, file("v/0001.sql", mode="once"))
    left_by_a_try_that_died(tmp_path, "v/0001.sql", "v/0002.sql")
    assert list(present_files(tmp_path, Manifest(tmp_path), "be-crud", "students", "v")) == ["0001.sql"]
    write(tmp_path, file("a.py"))
    assert [path.name for path in (tmp_path / "v").iterdir()] == ["0001.sql"]


def test_what_a_try_that_died_recorded_is_present(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.unlink", lambda *_, **__: None)  # killed before the intent is removed
        write(tmp_path, file("v/0002.sql", mode="once"))
    assert list(Manifest(tmp_path).intents()) != []
    assert dict(present_files(tmp_path, Manifest(tmp_path), "be-crud", "students", "v")) == {"0002.sql": "one\n"}


def test_present_files_are_those_of_one_folder_of_the_workspace(tmp_path: Path) -> None:
    write(tmp_path, file("v/a.sql"), file("v/deep/b.sql"), file("c.sql"))
    (tmp_path / "v" / "binary").write_bytes(b"\xff")
    assert list(present_files(tmp_path, Manifest(tmp_path), "t", "setup", "v")) == ["a.sql"]
    assert dict(present_files(tmp_path, Manifest(tmp_path), "t", "setup", "absent")) == {}
    with pytest.raises(UnsafePathError):
        present_files(tmp_path, Manifest(tmp_path), "t", "setup", "../out")


def test_the_memory_of_an_agent_comes_back_as_it_was(tmp_path: Path) -> None:
    memory = {"b": [1, None, {"ü": "x\ny"}], "a": {}}
    writer(tmp_path).write(OWNER, [file("a.py")], "d", agent="be-crud", memory=memory)
    record = Manifest(tmp_path).load("be-crud", "students")
    assert record is not None
    assert record.memory == memory
    assert Manifest(tmp_path).up_to_date("be-crud", ["students"], "d")


def test_what_is_no_longer_generated_is_removed_with_its_folder(tmp_path: Path) -> None:
    write(tmp_path, file("a.py"), file("old/b.py"), file("own.py", mode="once"))
    report = write(tmp_path, file("a.py"))
    assert report.changes == (("remove", "old/b.py"),)
    assert report.counts == FileCounts(identical=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".runner", "a.py", "own.py"]
    assert write(tmp_path, file("a.py")).changes == ()


def test_what_is_no_longer_generated_and_was_edited_is_left(tmp_path: Path) -> None:
    write(tmp_path, file("a.py"), file("b.py"))
    (tmp_path / "b.py").write_text("mine\n")
    assert write(tmp_path, file("a.py")).changes == (("leave", "b.py"),)
    assert (tmp_path / "b.py").read_text() == "mine\n"
    assert write(tmp_path, file("a.py"), force=True).changes == ()


def test_what_another_subtask_generates_is_not_removed(tmp_path: Path) -> None:
    write(tmp_path, file("a.py"), file("moved.py"), file("shared.py"), run_id="before")
    writer(tmp_path, "before").write("be-crud/teachers", [file("shared.py")], "d", agent="be-crud")
    moving = writer(tmp_path, "now", check=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Manifest, "save", lambda *_: None)  # it is still running: only its claim is known
        moving.write("be-setup/setup", [file("moved.py")], "d", agent="be-boilerplate")
    assert write(tmp_path, file("a.py"), run_id="now").changes == ()
    assert {"moved.py", "shared.py"} <= {path.name for path in tmp_path.iterdir()}


def test_a_check_says_what_would_be_removed_and_removes_nothing(tmp_path: Path) -> None:
    write(tmp_path, file("a.py"), file("b.py"), file("c.py"))
    (tmp_path / "c.py").write_text("mine\n")
    report = writer(tmp_path, check=True).write(OWNER, [file("a.py")], "d")
    assert report.changes == (("remove", "b.py"),)
    assert (tmp_path / "b.py").exists()


def test_a_subtask_that_is_no_more_is_retired_with_all_that_nobody_edited(tmp_path: Path) -> None:
    write(tmp_path, file("a.py"), file("b.py"), file("own.py", mode="once"), file("yours.py", mode="once"))
    for name in ("b.py", "yours.py"):
        (tmp_path / name).write_text("mine\n")
    report = writer(tmp_path, "next").retire(OWNER)
    assert report.changes == (("remove", "a.py"), ("leave", "b.py"), ("remove", "own.py"), ("leave", "yours.py"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".runner", "b.py", "yours.py"]
    assert Manifest(tmp_path).pieces("be-crud") == ()


def as_checked_out(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def test_a_file_with_crlf_line_ends_is_recognised_and_keeps_them(tmp_path: Path) -> None:
    write(tmp_path, file("a.py", "one\n"), file("old.py", "one\n"), file("b.py", "one\n"))
    for name in ("a.py", "b.py", "old.py", ".runner/manifest/be-crud/students.json"):
        as_checked_out(tmp_path / name)
    before = snapshot(tmp_path)
    again = [file(name, "one\n") for name in ("a.py", "b.py", "old.py")]
    assert write(tmp_path, *again, run_id="2").counts == FileCounts(identical=3)
    assert snapshot(tmp_path) == before
    assert Manifest(tmp_path).up_to_date("be-crud", ["students"], "d")
    report = write(tmp_path, file("a.py", "two\nlines\n"), file("b.py", "one\n"), run_id="3")
    assert report.changes == (("update", "a.py"), ("remove", "old.py"))
    assert (tmp_path / "a.py").read_bytes() == b"two\r\nlines\r\n"


@pytest.mark.parametrize(
    ("current", "verb", "after"),
    [
        (b"other\r\nmine\r\n", "conflict", b"other\r\nmine\r\n"),
        (b"one\r\r\n", "update", b"two\r\n"),
        (b"one\n\r\n", "update", b"two\n"),
    ],
)
def test_an_edit_in_a_file_with_crlf_line_ends_is_seen(tmp_path: Path, current: bytes, verb: str, after: bytes) -> None:
    write(tmp_path, file("a.py", "one\n"))
    (tmp_path / "a.py").write_bytes(current)
    assert write(tmp_path, file("a.py", "two\n"), run_id="2").changes == ((verb, "a.py"),)
    assert (tmp_path / "a.py").read_bytes() == after


def test_a_file_that_is_generated_with_crlf_line_ends_keeps_its_own(tmp_path: Path) -> None:
    write(tmp_path, file("a.bat", "one\r\ntwo\r\n"))
    assert write(tmp_path, file("a.bat", "one\r\nthree\r\n"), run_id="2").counts == FileCounts(updated=1)
    assert (tmp_path / "a.bat").read_bytes() == b"one\r\nthree\r\n"
    (tmp_path / "a.bat").write_bytes(b"one\nthree\n")
    assert write(tmp_path, file("a.bat", "one\r\nthree\r\n"), run_id="3").counts == FileCounts(identical=1)


def test_present_files_have_lf_line_ends(tmp_path: Path) -> None:
    write(tmp_path, file("v/a.sql", "one\ntwo\n", mode="once"))
    as_checked_out(tmp_path / "v" / "a.sql")
    assert dict(present_files(tmp_path, Manifest(tmp_path), "be-crud", "students", "v")) == {"a.sql": "one\ntwo\n"}
