"""Everything below a directory and nothing outside it, regardless of links in it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.generation.workspace.directory import Directory, FileState
from runner.records.errors import WorkspaceError
from runner.records.process_identity import own_mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Directory]:
    """Return the directory `ws`, next to a folder `outside` with a file in it."""
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    (tmp_path / "outside" / "file").write_bytes(b"theirs")
    (tmp_path / "ws").mkdir()
    with Directory(tmp_path / "ws") as directory:
        yield directory


def test_files_are_written_and_read_with_their_folders(workspace: Directory) -> None:
    workspace.replace("a/b/c.txt", b"text", mode=0o640)
    workspace.replace("a/run", b"x", mode=0o640, executable=True)
    workspace.replace("top", b"", mode=0o600)
    assert workspace.read("a/b/c.txt") == FileState(b"text", 0o640)
    assert workspace.read("a/run") == FileState(b"x", 0o750)
    assert workspace.names() == ("a", "top")
    assert workspace.names("a") == ("b", "run")
    for absent in ("x", "a/x", "x/y/z"):
        assert workspace.read(absent) is None
        assert not workspace.exists(absent)
        assert workspace.names(absent) == ()
        workspace.remove(absent)
        workspace.refuse_links(absent)


def test_files_of_any_size_are_read_whole(workspace: Directory) -> None:
    for size in (0, 1, 4095, 4096, 4097, 3_000_000):
        workspace.replace("f", b"x" * size)
        state = workspace.read("f")
        assert state is not None
        assert len(state.data) == size


def test_a_root_that_is_missing_is_made_by_the_first_write(tmp_path: Path) -> None:
    with Directory(tmp_path / "new" / "ws") as workspace:
        assert workspace.read("a") is None
        assert workspace.names() == ()
        assert not (tmp_path / "new").exists()
        workspace.replace("a", b"text")
    assert (tmp_path / "new" / "ws" / "a").read_bytes() == b"text"


def test_folders_that_others_remove_and_make_again_are_opened_again(workspace: Directory) -> None:
    root = Path(workspace.root)
    workspace.replace("a/b/c", b"1")
    (root / "a" / "b" / "c").unlink()
    (root / "a" / "b").rmdir()
    workspace.replace("a/b/c", b"2")
    assert (root / "a" / "b" / "c").read_bytes() == b"2"


@pytest.mark.parametrize(
    "call",
    [
        lambda workspace, path: workspace.read(path),
        lambda workspace, path: workspace.replace(path, b"ours"),
        lambda workspace, path: workspace.open(path, os.O_RDWR | os.O_CREAT),
        lambda workspace, path: workspace.exists(path),
        lambda workspace, path: workspace.status(path),
        lambda workspace, path: workspace.names(path),
        lambda workspace, path: workspace.remove(path, empty_parents=True),
        lambda workspace, path: workspace.refuse_links(path),
    ],
)
def test_a_link_in_place_of_a_folder_is_an_error_that_names_it(
    workspace: Directory, call: Callable[[Directory, str], object]
) -> None:
    (Path(workspace.root) / "a").mkdir()
    (Path(workspace.root) / "a" / "link").symlink_to("../../outside")
    for path in ("a/link/file", "a/link/deep/file"):
        with pytest.raises(OSError, match="a/link is a link") as caught:
            call(workspace, path)
        assert caught.value.errno == errno.ELOOP
    assert_untouched(workspace)


def test_a_link_in_place_of_a_file_is_not_followed(workspace: Directory) -> None:
    link = Path(workspace.root) / "link"
    link.symlink_to("../outside/file")
    for action in (workspace.read, lambda path: workspace.open(path, os.O_RDWR | os.O_CREAT)):
        with pytest.raises(OSError, match="link is a link"):
            action("link")
    assert workspace.exists("link")
    workspace.replace("link", b"ours")
    assert not link.is_symlink()
    assert_untouched(workspace)
    link.unlink()
    link.symlink_to("../outside/file")
    workspace.remove("link")
    assert not workspace.exists("link")
    assert_untouched(workspace)


def test_a_link_in_place_of_the_root_is_an_error(tmp_path: Path, workspace: Directory) -> None:
    (tmp_path / "ws").rmdir()
    (tmp_path / "ws").symlink_to("outside")
    with pytest.raises(NotADirectoryError):
        workspace.replace("file", b"ours")
    assert_untouched(workspace)


def test_a_tree_is_removed_with_its_links_and_without_what_they_lead_to(workspace: Directory) -> None:
    root = Path(workspace.root)
    workspace.replace("tree/a/b", b"")
    (root / "tree" / "link").symlink_to("../../outside")
    (root / "other").symlink_to("../outside")
    workspace.remove_tree("tree")
    workspace.remove_tree("other")
    workspace.remove_tree("other/deep")
    workspace.remove_tree("absent/deep")
    assert workspace.names() == ("other",)
    assert_untouched(workspace)


def test_folders_left_empty_are_removed_up_to_the_root(workspace: Directory) -> None:
    for path in ("a/b/c/file", "a/other"):
        workspace.replace(path, b"")
    workspace.remove("a/b/c/file", empty_parents=True)
    assert workspace.names("a") == ("other",)
    workspace.remove("a/other", empty_parents=True)
    assert workspace.names() == ()
    assert Path(workspace.root).is_dir()


def test_a_sweep_stays_inside(workspace: Directory) -> None:
    left = f".x.{own_mark().split('-')[0]}-{2**22 + 1}-5-7.runner-tmp"  # of a pid that the kernel never assigns
    outside = Path(workspace.root).parent / "outside" / left
    outside.write_bytes(b"half")
    workspace.replace(f"a/{left}", b"half")
    (Path(workspace.root) / "link").symlink_to("../outside")
    assert [workspace.sweep(folder) for folder in ("a", "link", "absent", "")] == [(f"a/{left}",), (), (), ()]
    assert outside.exists()


def test_what_is_no_regular_file_is_refused_at_once(workspace: Directory) -> None:
    os.mkfifo(Path(workspace.root) / "pipe")
    (Path(workspace.root) / "folder").mkdir()
    for flags in (os.O_RDONLY, os.O_RDWR | os.O_CREAT):
        with pytest.raises(WorkspaceError, match="ws/pipe: no regular file"):
            workspace.open("pipe", flags)
    with pytest.raises(WorkspaceError, match="ws/folder: a folder is in the way"):
        workspace.read("folder")


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/")
    os.mkfifo(tmp_path / "pipe")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with Directory(tmp_path) as workspace:
            workspace.replace("a/b/c/d", b"")
            workspace.read("a/b/c/d")
            workspace.names("a/b")
            workspace.sweep("a")
            for action in (workspace.read, workspace.names):
                with pytest.raises(OSError, match="link is a link"):
                    action("link/a")
            with pytest.raises(WorkspaceError):
                workspace.read("pipe")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def assert_untouched(workspace: Directory) -> None:
    outside = Path(workspace.root).parent / "outside"
    assert sorted(path.name for path in outside.rglob("*")) == ["deep", "file"]
    assert (outside / "file").read_bytes() == b"theirs"
