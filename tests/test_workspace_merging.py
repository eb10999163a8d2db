"""Files that were edited by hand, through the writer: merged, in conflict, deleted, and what is recorded of them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from runner.generation.agent import GeneratedFile
from runner.generation.merging.merged_text import has_markers
from runner.generation.workspace import batch as batches
from runner.generation.workspace.base_store import BaseStore, BaseTexts
from runner.generation.workspace.file_locks import FileLockManager
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.settlement import Settlement, workspace_of
from runner.generation.workspace.writer import WorkspaceWriter, WriteReport
from runner.records.errors import WorkspaceError
from runner.records.task import FileCounts, Merging

if TYPE_CHECKING:
    from pathlib import Path

    from runner.generation.workspace.record_format import FileRecord
    from runner.generation.workspace.settlement import Choice
    from runner.records.task import ConflictPolicy

OWNER = "crud/users"
ONE = "one = 1\nlast = 9\n"
TWO = "one = 1\ntwo = 2\nlast = 9\n"
OTHER = "one = 7\nlast = 9\n"  # contradicts MINE
MINE = "one = 5\nlast = 9\n"


def write(root: Path, text: str, *, run_id: str, policy: ConflictPolicy = "reject", **options: bool) -> WriteReport:
    writer = WorkspaceWriter(
        root, FileLockManager(root), Manifest(root), run_id, merging=Merging(conflict=policy), **options
    )
    return writer.write(OWNER, [GeneratedFile("a/x.py", text), GeneratedFile("a/y.py", "y = 1\n")], "d", agent="crud")


def begun(root: Path, edited: str = MINE) -> Path:
    """Generate the files, edit one, and return its path."""
    write(root, ONE, run_id="first")
    (root / "a" / "x.py").write_text(edited)
    return root / "a" / "x.py"


def recorded(root: Path) -> FileRecord:
    record = Manifest(root).load("crud", "users")
    assert record is not None
    return record.files[0]


def is_up_to_date(root: Path) -> bool:
    return bool(Manifest(root).up_to_date("crud", ["users"], "d"))


def bases(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".runner" / "base").rglob("*") if path.is_file())


def test_an_edit_and_what_is_generated_are_merged(tmp_path: Path) -> None:
    edited = begun(tmp_path)
    report = write(tmp_path, TWO, run_id="2")
    assert report.changes == (("merge", "a/x.py"),)
    assert report.counts == FileCounts(merged=1, identical=1)
    assert edited.read_text() == "one = 5\ntwo = 2\nlast = 9\n"
    assert is_up_to_date(tmp_path)
    assert len(bases(tmp_path)) == 1
    assert write(tmp_path, TWO, run_id="3").changes == ()
    assert write(tmp_path, ONE, run_id="4").changes == (("merge", "a/x.py"),)
    assert edited.read_text() == MINE


def test_an_edit_of_what_is_generated_again_is_up_to_date(tmp_path: Path) -> None:
    begun(tmp_path)
    assert not is_up_to_date(tmp_path)
    assert write(tmp_path, ONE, run_id="2").counts == FileCounts(identical=2)
    assert is_up_to_date(tmp_path)


def test_a_check_tells_merges_from_conflicts_and_writes_nothing(tmp_path: Path) -> None:
    edited = begun(tmp_path)
    before = bases(tmp_path)
    assert write(tmp_path, TWO, run_id="2", check=True).changes == (("merge", "a/x.py"),)
    assert write(tmp_path, OTHER, run_id="3", check=True).changes == (("conflict", "a/x.py"),)
    assert edited.read_text() == MINE
    assert sorted(path.name for path in edited.parent.iterdir()) == ["x.py", "y.py"]
    assert bases(tmp_path) == before


def test_a_conflict_leaves_the_file_and_writes_the_new_text_beside_it(tmp_path: Path) -> None:
    edited = begun(tmp_path)
    for run_id in ("2", "3"):
        report = write(tmp_path, OTHER, run_id=run_id)
        assert report.counts == FileCounts(conflicts=1, identical=1)
        assert edited.read_text() == MINE
    rejected = edited.with_name("x.py.rej").read_text()
    assert "\n-one = 1\n+one = 7\n" in rejected
    assert rejected.endswith(OTHER)
    assert recorded(tmp_path).conflict
    assert not is_up_to_date(tmp_path)


def test_an_edit_that_ends_a_conflict_is_merged_and_the_rejection_removed(tmp_path: Path) -> None:
    edited = begun(tmp_path)
    write(tmp_path, OTHER, run_id="2")
    edited.write_text("one = 7\nlast = 9\nmine = 5\n")
    assert write(tmp_path, OTHER, run_id="3").changes == ()
    assert edited.read_text() == "one = 7\nlast = 9\nmine = 5\n"
    assert not edited.with_name("x.py.rej").exists()
    assert is_up_to_date(tmp_path)


def test_markers_stay_a_conflict_until_they_are_removed(tmp_path: Path) -> None:
    edited = begun(tmp_path)
    assert write(tmp_path, OTHER, run_id="2", policy="markers").counts.conflicts == 1
    marked = edited.read_text()
    assert "one = 5" in marked
    assert "one = 7" in marked
    assert write(tmp_path, OTHER, run_id="3", policy="markers").counts.conflicts == 1
    assert edited.read_text() == marked
    edited.write_text("one = 57\nlast = 9\n")
    assert write(tmp_path, OTHER, run_id="4").changes == ()
    assert is_up_to_date(tmp_path)


def test_theirs_takes_what_is_generated_and_saves_the_edited_file(tmp_path: Path) -> None:
    edited = begun(tmp_path, MINE + "mine = 3\n")
    assert write(tmp_path, OTHER, run_id="2", policy="theirs").counts == FileCounts(merged=1, identical=1)
    assert edited.read_text() == OTHER + "mine = 3\n"
    assert edited.with_name("x.py.orig").read_text() == MINE + "mine = 3\n"
    assert is_up_to_date(tmp_path)


def test_keep_writes_nothing(tmp_path: Path) -> None:
    edited = begun(tmp_path)
    assert write(tmp_path, OTHER, run_id="2", policy="keep").counts.conflicts == 1
    assert sorted(path.name for path in edited.parent.iterdir()) == ["x.py", "y.py"]


def test_without_a_base_an_edited_file_is_kept(tmp_path: Path) -> None:
    edited = begun(tmp_path)
    for name in bases(tmp_path):
        (tmp_path / ".runner" / "base" / "crud" / name).unlink()
    assert write(tmp_path, TWO, run_id="2").changes == (("keep", "a/x.py"),)
    assert edited.read_text() == MINE


@pytest.mark.parametrize("damage", [b"", b"no zlib"])
def test_a_damaged_base_is_no_base(tmp_path: Path, damage: bytes) -> None:
    begun(tmp_path)
    for name in bases(tmp_path):
        (tmp_path / ".runner" / "base" / "crud" / name).write_bytes(damage)
    assert write(tmp_path, TWO, run_id="2").changes == (("keep", "a/x.py"),)


def test_a_layout_of_another_formatter_is_no_edit(tmp_path: Path) -> None:
    edited = begun(tmp_path, "one=1\n\nlast=9\n")
    assert write(tmp_path, TWO, run_id="2").changes == (("update", "a/x.py"),)
    assert edited.read_text() == TWO


def test_a_file_that_was_deleted_stays_deleted_until_forced(tmp_path: Path) -> None:
    write(tmp_path, ONE, run_id="first")
    path = tmp_path / "a" / "x.py"
    path.unlink()
    for run_id in ("2", "3"):
        assert write(tmp_path, TWO, run_id=run_id).changes == ()
        assert not path.exists()
        assert recorded(tmp_path).deleted
        assert is_up_to_date(tmp_path)
    assert write(tmp_path, TWO, run_id="4", force=True).changes == (("create", "a/x.py"),)
    assert not recorded(tmp_path).deleted


def test_a_deleted_file_that_its_owner_brings_back_is_merged_again(tmp_path: Path) -> None:
    write(tmp_path, ONE, run_id="first")
    path = tmp_path / "a" / "x.py"
    path.unlink()
    write(tmp_path, ONE, run_id="2")
    path.write_text(MINE)
    assert not is_up_to_date(tmp_path)
    assert write(tmp_path, TWO, run_id="3").changes == (("merge", "a/x.py"),)


@pytest.mark.parametrize("text", [ONE, MINE])
def test_a_file_that_was_missing_during_a_run_gets_what_was_generated_meanwhile(tmp_path: Path, text: str) -> None:
    path = begun(tmp_path, text)
    path.unlink()
    for run_id in ("2", "3"):
        write(tmp_path, TWO, run_id=run_id)
    path.write_text(text)
    assert write(tmp_path, TWO, run_id="4", check=True).changes
    write(tmp_path, TWO, run_id="5")
    assert path.read_text() == text.replace("last", "two = 2\nlast")


def test_the_conflict_of_a_file_that_was_missing_during_a_run_is_still_known(tmp_path: Path) -> None:
    path = begun(tmp_path)
    write(tmp_path, OTHER, run_id="2")
    path.unlink()
    assert write(tmp_path, OTHER, run_id="3").changes == ()
    assert is_up_to_date(tmp_path)
    assert Settlement(tmp_path).conflicts() == ()
    path.write_text(MINE)
    assert write(tmp_path, OTHER, run_id="4").changes == (("conflict", "a/x.py"),)
    path.write_text(OTHER)
    write(tmp_path, OTHER, run_id="5")
    assert not path.with_name("x.py.rej").exists()


def test_a_lost_base_is_known_again_where_the_same_is_generated(tmp_path: Path) -> None:
    """So is that of a file which a runner without a base store generated."""
    edited = begun(tmp_path)
    for name in bases(tmp_path):
        (tmp_path / ".runner" / "base" / "crud" / name).unlink()
    assert write(tmp_path, ONE, run_id="2").counts == FileCounts(identical=2)
    assert write(tmp_path, TWO, run_id="3").changes == (("merge", "a/x.py"),)
    assert edited.read_text() == "one = 5\ntwo = 2\nlast = 9\n"


def test_a_file_that_was_never_generated_is_kept_in_each_run(tmp_path: Path) -> None:
    path = tmp_path / "a" / "x.py"
    path.parent.mkdir()
    path.write_text(MINE)
    for run_id in ("1", "2"):
        assert write(tmp_path, ONE, run_id=run_id).counts.kept == 1


def test_a_byte_order_mark_is_no_edit_and_stays(tmp_path: Path) -> None:
    mark = "\ufeff"
    edited = begun(tmp_path, mark + ONE)
    assert write(tmp_path, TWO, run_id="2").changes == (("update", "a/x.py"),)
    assert edited.read_text() == mark + TWO
    edited.write_text(mark + MINE)
    write(tmp_path, ONE + "three = 3\n", run_id="3")
    assert edited.read_text() == mark + MINE + "three = 3\n"


def test_files_are_generated_again_where_their_whole_folder_was_removed(tmp_path: Path) -> None:
    write(tmp_path, ONE, run_id="first")
    for name in ("x.py", "y.py"):
        (tmp_path / "a" / name).unlink()
    assert write(tmp_path, ONE, run_id="2").counts == FileCounts(created=2)


def test_a_merge_whose_record_was_not_saved_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edited = begun(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(batches.Batch, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, TWO, run_id="2")
    assert edited.read_text() == "one = 5\ntwo = 2\nlast = 9\n"
    assert len(bases(tmp_path)) == 2
    three = "one = 1\nthree = 3\nlast = 9\n"
    assert write(tmp_path, three, run_id="3").changes == (("merge", "a/x.py"),)
    assert edited.read_text() == "one = 5\nthree = 3\nlast = 9\n"  # `two` was no edit
    assert len(bases(tmp_path)) == 1


@pytest.mark.parametrize("text", [TWO, OTHER])  # merged, and in conflict: no file is changed then
def test_a_killed_process_leaves_no_base_that_no_record_names(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(BaseStore, "remove", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, text, run_id="2", policy="keep")
    assert len(bases(tmp_path)) == 2
    assert not is_up_to_date(tmp_path)
    write(tmp_path, text, run_id="3", policy="keep")
    assert len(bases(tmp_path)) == 1


def test_base_texts_come_back_as_they_were(tmp_path: Path) -> None:
    store = BaseStore(str(tmp_path))
    texts = BaseTexts(base={"b": b"two\n", "a": b""}, waiting={"b": "ü".encode()})
    name = store.save("task", "public.users", texts)
    assert store.load("task", "public.users", name) == texts
    assert store.save("task", "public.users", texts) == name
    assert store.names("task", "public.users") == (name,)
    assert store.names("task", "public") == ()
    assert store.load("task", "public.users", "../x") == BaseTexts()
    store.remove("task", "public.users", name)
    assert store.load("task", "public.users", name) == BaseTexts()


def test_a_path_that_may_not_be_generated_makes_base_texts_unreadable(tmp_path: Path) -> None:
    store = BaseStore(str(tmp_path))
    name = store.save("task", "users", BaseTexts(base={"../../etc/passwd": b"x"}))
    assert store.load("task", "users", name) == BaseTexts()


@pytest.mark.parametrize("policy", ["reject", "markers", "keep"])
@pytest.mark.parametrize(
    ("choice", "text"),
    [("ours", "one = 5\nlast = 9\nmine = 3\nmore = 4\n"), ("theirs", "one = 7\nlast = 9\nmine = 3\nmore = 4\n")],
)
def test_a_conflict_is_settled_for_one_side_and_the_rest_is_merged(
    tmp_path: Path, policy: ConflictPolicy, choice: Choice, text: str
) -> None:
    edited = begun(tmp_path, MINE + "mine = 3\n")
    new = OTHER + "more = 4\n"
    write(tmp_path, new, run_id="2", policy=policy)
    settlement = Settlement(workspace_of(edited))
    (conflict,) = settlement.conflicts("a")
    assert settlement.conflicts("b") == ()
    assert "one = 7" in settlement.shown(conflict)
    settlement.settle(conflict, choice)
    assert sorted(edited.read_text().splitlines()) == sorted(text.splitlines())
    assert settlement.conflicts() == ()
    assert not edited.with_name("x.py.rej").exists()
    assert len(bases(tmp_path)) == 1
    before = edited.read_text()
    assert write(tmp_path, new, run_id="3").changes == ()
    assert is_up_to_date(tmp_path)
    write(tmp_path, new + "last_one = 5\n", run_id="4")
    assert sorted(edited.read_text().splitlines()) == sorted([*before.splitlines(), "last_one = 5"])


def test_a_conflict_is_settled_with_the_file_as_it_was_edited(tmp_path: Path) -> None:
    edited = begun(tmp_path)
    write(tmp_path, OTHER, run_id="2", policy="markers")
    settlement = Settlement(tmp_path)
    (conflict,) = settlement.conflicts()
    with pytest.raises(WorkspaceError, match="still has the markers"):
        settlement.settle(conflict, "edited")
    edited.write_text("one = 57\nlast = 9\n")
    settlement.settle(conflict, "edited")
    assert edited.read_text() == "one = 57\nlast = 9\n"
    assert write(tmp_path, OTHER, run_id="3").changes == ()


def test_a_file_without_a_base_is_settled_and_merged_from_then_on(tmp_path: Path) -> None:
    edited = tmp_path / "a" / "x.py"
    edited.parent.mkdir()
    edited.write_text(MINE)
    assert write(tmp_path, ONE, run_id="1").counts.kept == 1
    settlement = Settlement(tmp_path)
    (conflict,) = settlement.conflicts()
    with pytest.raises(WorkspaceError, match=r"cannot be merged: .* unknown\. Edit it, then use --edited"):
        settlement.settle(conflict, "ours")  # what is generated would never be in it
    settlement.settle(conflict, "edited")
    assert edited.read_text() == MINE
    assert write(tmp_path, TWO, run_id="2").changes == (("merge", "a/x.py"),)


@pytest.mark.parametrize("base", ["present", "missing"])
def test_edits_that_cannot_be_merged_are_saved_or_stay(tmp_path: Path, base: str) -> None:
    mine = "one = (5\nlast = 9\n"
    edited = begun(tmp_path, mine)
    for name in bases(tmp_path) if base == "missing" else ():
        (tmp_path / ".runner" / "base" / "crud" / name).unlink()
    write(tmp_path, TWO, run_id="2")
    settlement = Settlement(tmp_path)
    (conflict,) = settlement.conflicts()
    with pytest.raises(WorkspaceError, match="it cannot be merged: "):
        settlement.settle(conflict, "ours")
    assert edited.read_text() == mine
    assert settlement.settle(conflict, "theirs") == "a/x.py.orig"
    assert edited.read_text() == TWO
    assert edited.with_name("x.py.orig").read_text() == mine


def test_files_of_the_user_beside_a_conflict_are_not_overwritten(tmp_path: Path) -> None:
    edited = begun(tmp_path)
    for suffix in ("rej", "orig"):
        edited.with_name(f"x.py.{suffix}").write_text("own")
    write(tmp_path, OTHER, run_id="2")
    assert "one = 7" in edited.with_name("x.py.rej.1").read_text()
    write(tmp_path, OTHER.replace("7", "8"), run_id="3")
    write(tmp_path, OTHER, run_id="4", policy="theirs")
    edited.write_text(MINE.replace("5", "6"))
    write(tmp_path, ONE.replace("1", "2"), run_id="5", policy="theirs")
    present = {path.name: path.read_text() for path in edited.parent.iterdir()}
    assert present == {
        "x.py": "one = 2\nlast = 9\n",
        "x.py.rej": "own",
        "x.py.orig": "own",
        "x.py.orig.1": MINE,
        "x.py.orig.2": MINE.replace("5", "6"),
        "y.py": "y = 1\n",
    }


@pytest.mark.parametrize("choice", ["ours", "theirs", "edited"])
def test_what_is_generated_while_a_file_has_markers_is_merged_once_they_are_settled(
    tmp_path: Path, choice: Choice
) -> None:
    edited = begun(tmp_path)
    write(tmp_path, OTHER, run_id="2", policy="markers")
    newer = OTHER + "added = 1\n"
    write(tmp_path, newer, run_id="3", policy="markers")
    if choice == "edited":
        edited.write_text(MINE)
    settlement = Settlement(tmp_path)
    (conflict,) = settlement.conflicts()
    settlement.settle(conflict, choice)
    write(tmp_path, newer, run_id="4")
    assert edited.read_text() == (newer if choice == "theirs" else MINE + "added = 1\n")


def test_markers_that_were_copied_from_the_rejection_are_settled_as_those_of_the_file(tmp_path: Path) -> None:
    edited = begun(tmp_path)
    write(tmp_path, OTHER, run_id="2")
    rejected = edited.with_name("x.py.rej").read_text()
    edited.write_text(rejected.partition("each other\n")[2].partition("\n---- the generated text")[0])
    newer = OTHER + "added = 1\n"
    write(tmp_path, newer, run_id="3")
    settlement = Settlement(tmp_path)
    settlement.settle(settlement.conflicts()[0], "ours")
    assert write(tmp_path, newer, run_id="4").counts.conflicts == 0
    assert edited.read_text() == MINE + "added = 1\n"


def test_a_path_outside_of_any_workspace_is_named(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="in no workspace"):
        workspace_of(tmp_path / "x")
    write(tmp_path / "build" / "school", ONE, run_id="1")
    with pytest.raises(WorkspaceError, match=r"such as .*build/school, or"):
        workspace_of(tmp_path)


def test_the_edited_files_of_a_dropped_table_are_named_and_stay(tmp_path: Path) -> None:
    edited = begun(tmp_path)
    write(tmp_path, OTHER, run_id="2")
    writer = WorkspaceWriter(tmp_path, FileLockManager(tmp_path), Manifest(tmp_path), "3")
    assert writer.edited(OWNER) == ("a/x.py",)
    assert writer.retire(OWNER).changes == (("leave", "a/x.py"), ("remove", "a/y.py"))
    assert [path.name for path in edited.parent.iterdir()] == ["x.py"]
    assert bases(tmp_path) == []


def test_edits_of_a_renamed_table_are_carried_to_its_new_files(tmp_path: Path) -> None:
    old = '"""Users."""\n\nclass User:\n    table = "users"\n    name = 1\n'
    new = '"""People."""\n\nclass Person:\n    table = "people"\n    name = 1\n    born = 2\n'

    def rename(run_id: str) -> WriteReport:
        writer = WorkspaceWriter(tmp_path, FileLockManager(tmp_path), Manifest(tmp_path), run_id)
        files = [GeneratedFile("a/people/model.py", new), GeneratedFile("a/people/test_people.py", "x = 1\n")]
        return writer.write("crud/people", files, "d", agent="crud", former=("older", "users"))

    writer = WorkspaceWriter(tmp_path, FileLockManager(tmp_path), Manifest(tmp_path), "1")
    writer.write(
        "crud/users",
        [GeneratedFile("a/users/model.py", old), GeneratedFile("a/users/test_users.py", "x = 1\n")],
        "d",
        agent="crud",
    )
    edited = tmp_path / "a" / "users" / "model.py"
    edited.write_text(old + "\n    def shout(self):\n        return User.name\n")
    assert rename("2").changes == (("merge", "a/people/model.py"), ("create", "a/people/test_people.py"))
    carried = (tmp_path / "a" / "people" / "model.py").read_text()
    assert carried == new + "\n    def shout(self):\n        return Person.name\n"
    assert edited.exists()
    assert rename("3").changes == ()
    assert (tmp_path / "a" / "people" / "model.py").read_text() == carried


def test_a_file_of_the_users_own_and_a_deleted_one_follow_a_renamed_table(tmp_path: Path) -> None:
    def generate(table: str, run_id: str, *former: str) -> WriteReport:
        files = [
            GeneratedFile(f"{table}/model.py", f'table = "{table}"\n'),
            GeneratedFile(f"{table}/test_{table}.py", "x = 1\n"),
            GeneratedFile(f"{table}/customize.py", "# yours\n", mode="once"),
        ]
        writer = WorkspaceWriter(tmp_path, FileLockManager(tmp_path), Manifest(tmp_path), run_id)
        return writer.write(f"crud/{table}", files, "d", former=former)

    generate("users", "1")
    own = tmp_path / "users" / "customize.py"
    own.write_text("from users.model import table\n")
    (tmp_path / "users" / "test_users.py").unlink()
    generate("users", "2")
    report = generate("people", "3", "users")
    assert report.changes == (("merge", "people/customize.py"), ("create", "people/model.py"))
    assert (tmp_path / "people" / "customize.py").read_text() == "from people.model import table\n"
    record = Manifest(tmp_path).load("crud", "people")
    assert record is not None
    assert [file.path for file in record.files if file.deleted] == ["people/test_people.py"]
    assert generate("people", "4").changes == ()
    assert not (tmp_path / "people" / "test_people.py").exists()
    writer = WorkspaceWriter(tmp_path, FileLockManager(tmp_path), Manifest(tmp_path), "5", check=True)
    assert writer.edited("crud/users") == ("users/customize.py",)


def edit_users(root: Path) -> None:
    writer = WorkspaceWriter(root, FileLockManager(root), Manifest(root), "1")
    writer.write("crud/users", [GeneratedFile("users/model.py", "users = 1\nlast = 9\n")], "d")
    (root / "users" / "model.py").write_text("users = 5\nlast = 9\n")


def rename_contradicted(root: Path, run_id: str, policy: ConflictPolicy = "reject") -> WriteReport:
    """Generate the file of the table `users` under its new name, with another change of the line that was edited."""
    merging = Merging(conflict=policy)
    writer = WorkspaceWriter(root, FileLockManager(root), Manifest(root), run_id, merging=merging)
    new = GeneratedFile("people/model.py", "people = 2\nlast = 9\nmore = 3\n")
    return writer.write("crud/people", [new], "d", former=("users",))


@pytest.mark.parametrize(
    ("policy", "text", "beside"),
    [
        ("reject", "people = 5\nlast = 9\n", ["model.py.rej"]),
        ("keep", "people = 5\nlast = 9\n", []),
        ("markers", "people = 5\n", []),
        ("theirs", "people = 2\nlast = 9\nmore = 3\n", ["model.py.orig"]),
    ],
)
def test_edits_that_a_renamed_table_contradicts_become_what_the_policy_says(
    tmp_path: Path, policy: ConflictPolicy, text: str, beside: list[str]
) -> None:
    edit_users(tmp_path)
    report = rename_contradicted(tmp_path, "2", policy)
    path = tmp_path / "people" / "model.py"
    found = path.read_text()
    assert has_markers(found) == (policy == "markers")
    assert text in found if policy == "markers" else text == found
    assert [each.name for each in sorted(path.parent.iterdir()) if each != path] == beside
    assert (tmp_path / "users" / "model.py").read_text() == "users = 5\nlast = 9\n"
    if policy == "theirs":
        assert report.counts == FileCounts(merged=1)
        assert rename_contradicted(tmp_path, "3", policy).changes == ()
        return
    assert report.changes == (("conflict", "people/model.py"),)
    assert rename_contradicted(tmp_path, "3", policy).changes == report.changes
    assert path.read_text() == found
    (conflict,) = Settlement(tmp_path).conflicts()
    Settlement(tmp_path).settle(conflict, "ours")
    assert path.read_text() == "people = 5\nlast = 9\nmore = 3\n"
    assert rename_contradicted(tmp_path, "4", policy).changes == ()


def test_a_renamed_table_is_in_conflict_as_before_where_the_process_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_users(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(Manifest, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            rename_contradicted(tmp_path, "2")
    assert rename_contradicted(tmp_path, "3").changes == (("conflict", "people/model.py"),)
    (conflict,) = Settlement(tmp_path).conflicts()
    assert conflict.base == b"people = 1\nlast = 9\n"


def test_the_base_may_be_a_commit(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True, capture_output=True)

    def generate(text: str, run_id: str) -> WriteReport:
        writer = WorkspaceWriter(
            tmp_path, FileLockManager(tmp_path), Manifest(tmp_path), run_id, merging=Merging(git=True)
        )
        return writer.write(OWNER, [GeneratedFile("a/x.py", text)], "d")

    generate(ONE, "1")
    assert bases(tmp_path) == []
    edited = tmp_path / "a" / "x.py"
    edited.write_text(MINE)
    assert generate(TWO, "2").changes == (("keep", "a/x.py"),)  # it was never committed
    edited.write_text(ONE)
    git("init", "-q")
    git("add", "a")
    git("commit", "-qm", "generated")
    edited.write_text(MINE)
    git("commit", "-qam", "edited")
    assert generate(TWO, "3").changes == (("merge", "a/x.py"),)
    assert edited.read_text() == "one = 5\ntwo = 2\nlast = 9\n"
    git("commit", "-qam", "merged")  # no commit has the generated text without the edit
    assert generate(ONE + "three = 3\n", "4").changes == (("merge", "a/x.py"),)
    assert edited.read_text() == MINE + "three = 3\n"
    assert len(bases(tmp_path)) == 1
    edited.write_text(ONE + "three = 3\n")
    generate(TWO, "5")
    assert bases(tmp_path) == []
