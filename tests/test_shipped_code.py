"""What is sent to workers of an agent of the user's own, and how it is unpacked there."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from runner.execution.cluster import shipped_code
from runner.execution.cluster.shipped_code import pack, unpack
from runner.records.errors import RunnerError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def plan_folder(tmp_path: Path) -> Path:
    """Return a folder with an agent's package, a module that it imports, and much that it does not."""
    folder = tmp_path / "plans"
    for name, text in {
        "agents/__init__.py": "",
        "agents/docs.py": "import json\nfrom beside import word\ndef f():\n    import lazily\n",
        "agents/sets/docs/page.md": "text",
        "agents/__pycache__/docs.pyc": "compiled",
        "beside.py": "word = 'x'\n",
        "lazily.py": "import agents\n",
        "unrelated.py": "",
        "notes/secret.txt": "secret",
        "templates/docs/page.md": "my own",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def names(data: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(data)).namelist()


def test_an_agent_is_sent_with_what_it_imports_and_nothing_else(plan_folder: Path) -> None:
    packed = pack("agents.docs:Docs", plan_folder, plan_folder / "templates")
    assert packed is not None
    assert names(packed[1]) == [
        "plan/agents/__init__.py",
        "plan/agents/docs.py",
        "plan/agents/sets/docs/page.md",
        "plan/beside.py",
        "plan/lazily.py",
        "templates/docs/page.md",
    ]
    assert packed == pack("agents.docs:Docs", plan_folder, plan_folder / "templates")  # the same bytes


def test_template_sets_beside_a_module_are_sent_with_it(plan_folder: Path) -> None:
    packed = pack("beside:Docs", plan_folder, None, plan_folder / "templates")
    assert packed is not None
    assert names(packed[1]) == ["plan/beside.py", "plan/templates/docs/page.md"]


def test_a_built_in_agent_needs_nothing(plan_folder: Path) -> None:
    assert pack("be-crud", plan_folder, None) is None


def test_what_is_too_large_is_refused(plan_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped_code, "MAX_SIZE", 10)
    with pytest.raises(RunnerError, match=r"at most 10 are sent to workers\. Install the agent's package"):
        pack("agents.docs:Docs", plan_folder, None)


def test_it_is_unpacked_as_it_was(plan_folder: Path, tmp_path: Path) -> None:
    packed = pack("agents.docs:Docs", plan_folder, plan_folder / "templates")
    assert packed is not None
    there = unpack(packed[1], tmp_path / "there")
    assert (there / "plan" / "agents" / "docs.py").read_text() == (plan_folder / "agents" / "docs.py").read_text()
    assert (there / "templates" / "docs" / "page.md").read_text() == "my own"


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "plan/../../outside", "plan\\..\\outside", ""])
def test_a_path_that_leaves_the_folder_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("plan/good.py", "")
        entry = zipfile.ZipInfo("any")
        entry.filename = name
        archive.writestr(entry, "")
    with pytest.raises(ValueError, match="is no path inside a folder"):
        unpack(data.getvalue(), tmp_path / "there")
    assert list(tmp_path.rglob("*.py")) == []


def test_more_than_the_bound_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("plan/zeros", bytes(1000))
    monkeypatch.setattr(shipped_code, "MAX_SIZE", 999)
    with pytest.raises(ValueError, match="more than 999 bytes"):
        unpack(data.getvalue(), tmp_path / "there")
