"""Which paths may be generated, and how their files are read."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.generation.agent import GeneratedFile
from runner.generation.workspace.claims import begin_claims, release_claims, sweep_claims
from runner.generation.workspace.directory import cannot
from runner.generation.workspace.file_locks import FileLockManager
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.plan_lock import PlanLock
from runner.generation.workspace.present_files import present_files
from runner.generation.workspace.runner_folder import file_name, prepare
from runner.generation.workspace.safe_paths import locate
from runner.generation.workspace.writer import WorkspaceWriter, sweep_temp_files
from runner.records.atomic_files import replace_file
from runner.records.errors import UnsafePathError, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import StrPath


@pytest.mark.parametrize("path", ["a.py", "backend/app/main.py", "deep/.hidden/..x/ü b.md", ".github/x", "c:d/e"[2:]])
def test_locate_takes_plain_relative_paths(tmp_path: Path, path: str) -> None:
    assert locate(str(tmp_path), path) == path
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
def test_locate_refuses_what_is_no_plain_path(tmp_path: Path, path: str, trouble: str) -> None:
    with pytest.raises(UnsafePathError, match=trouble) as caught:
        locate(str(tmp_path), path)
    assert repr(path) in str(caught.value)


def test_locate_refuses_links_out_of_the_workspace(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "ws"
    outside.mkdir()
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "out").symlink_to(outside)
    (root / "file").symlink_to(outside / "absent.txt")
    (root / "ws2").symlink_to(tmp_path / "ws-other")
    for path in ("sub/out/x.py", "sub/out/new/x.py", "file", "ws2/x"):
        with pytest.raises(UnsafePathError, match="leads out of the workspace"):
            locate(str(root), path)


def test_locate_refuses_links_into_folders_that_are_not_the_generated_codes(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "innocent").symlink_to(".git")
    (tmp_path / "x.json").symlink_to(".runner/manifest/x.json")
    for path in ("innocent/config", "x.json"):
        with pytest.raises(UnsafePathError, match=f"'{path}': not a path .* belongs to"):
            locate(str(tmp_path), path)


def test_locate_follows_links_inside_the_workspace(tmp_path: Path) -> None:
    real = tmp_path / "real"
    (real / "pkg").mkdir(parents=True)
    (real / "link").symlink_to("pkg")
    (real / "a.py").symlink_to("pkg/b.py")
    assert locate(str(real), "link/x.py") == "pkg/x.py"
    assert locate(str(real), "a.py") == "pkg/b.py"


def test_locate_refuses_a_folder(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    with pytest.raises(WorkspaceError, match="app: a folder is in the way"):
        locate(str(tmp_path), "app")


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


def test_cannot_says_what_why_and_the_next_step() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(cannot("write it", "a.py", full)) == (
        "a.py: cannot write it: No space left on device. Free some space and run again: what is already written is kept"
    )
    assert str(cannot("read it", "a.py", OSError("odd"))).startswith("a.py: cannot read it: odd. Look at")


class Anywhere(os.PathLike[str]):
    """A path object of another library."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __fspath__(self) -> str:
        return str(self._path)


@pytest.mark.parametrize("kind", [str, Path, Anywhere])
def test_every_public_call_takes_any_kind_of_path(kind: Callable[[Path], StrPath], tmp_path: Path) -> None:
    root, plan = kind(tmp_path / "ws"), kind(tmp_path / "plan.yaml")
    prepare(root)
    begin_claims(root, "run")
    manifest, locks = Manifest(root), FileLockManager(root)
    writer = WorkspaceWriter(root, locks, manifest, "run")
    files = [GeneratedFile("app/a.py", "one\n"), GeneratedFile("app/b.py", "one\n", mode="once")]
    assert writer.write("be/students", files, "digest").counts.created == 2
    assert present_files(root, manifest, "be", "students", "app") == {"a.py": "one\n", "b.py": "one\n"}
    assert locks.update("app/a.py", lambda before: (before or b"") + b"two\n") == b"one\ntwo\n"
    with locks.hold(kind(tmp_path / "ws" / "app" / "a.py")), PlanLock(root, plan) as lock:
        assert lock.is_in_place()
        assert locks.name_of(kind(Path("app/a.py"))) == "app/a.py"
    assert sweep_temp_files(root, manifest) == ()
    assert sweep_claims(root) == ()
    release_claims(root, "run")
    replace_file(kind(tmp_path / "other" / "c.txt"), b"text")
    assert (tmp_path / "other" / "c.txt").read_bytes() == b"text"
