from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import TYPE_CHECKING

import pytest

from runner.ddl import dialects
from runner.ddl.model import Schema
from runner.generation.agent import AgentContext
from runner.generation.registry import BUILT_IN, code_digest, known_agents, load_agent
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
from runner.generation.agent import Agent, GeneratedFile

class Notes(Agent):
    kind = "notes"
    title = "Notes"
    per_table = False

    def generate(self, ctx):
        return [GeneratedFile("notes.md", "notes")]

class Abstract(Agent):
    kind = "a"
    title = "A"

class Nameless(Agent):
    def generate(self, ctx):
        return []

class Needy(Notes):
    def __init__(self, more):
        self.more = more

class Stranger:
    pass

not_a_class = 1
"""


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    name = f"own_agents_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(GOOD, encoding="utf-8")
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    return tmp_path / f"{name}.py"


@pytest.mark.parametrize("name", ["be-crud", "BE CRUD APIs", "be crud apis", " be-crud "])
def test_slug_and_title_mean_the_same(name: str) -> None:
    agent = load_agent(name)
    assert (agent.kind, agent.title, agent.per_table) == ("be-crud", "BE CRUD APIs", True)


def test_built_in_classes_agree_with_the_registry() -> None:
    for slug in ("be-boilerplate", "be-crud"):
        agent = load_agent(slug)
        assert (agent.kind, agent.title) == (slug, BUILT_IN[slug].title)


def test_an_agent_next_to_the_plan(beside: Path) -> None:
    agent = load_agent(f"{beside.stem}:Notes", beside.parent)
    files = agent.generate(AgentContext(schema=Schema(dialect="postgres", tables=())))
    assert [file.path for file in files] == ["notes.md"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Missing", "has no class 'Missing'"),
        ("not_a_class", "has no class"),
        ("Stranger", "not a subclass"),
        ("Abstract", "does not implement generate"),
        ("Nameless", "lacks kind and title"),
        ("Needy", "must need no arguments"),
    ],
)
def test_a_class_that_is_no_agent_is_an_error(beside: Path, name: str, message: str) -> None:
    with pytest.raises(AgentError, match=message):
        load_agent(f"{beside.stem}:{name}", beside.parent)


def test_a_module_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="'no_such_module_here' cannot be imported"):
        load_agent("no_such_module_here:Agent", tmp_path)


def test_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="be-crud"):
        load_agent("be-everything", tmp_path)
    assert "be-boilerplate" in known_agents()


def test_code_digest_follows_the_agents_own_file(beside: Path) -> None:
    agent = load_agent(f"{beside.stem}:Notes", beside.parent)
    first = code_digest(agent)
    assert first == code_digest(agent)
    beside.write_text(f"{GOOD}\n# changed\n", encoding="utf-8")
    assert code_digest(agent) != first


def test_code_digest_does_not_depend_on_the_modules_that_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / f"own_package_{tmp_path.name.replace('-', '_')}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "notes.py").write_text(f"import {package.name}\n{GOOD}", encoding="utf-8")
    (package / "late.py").write_text("word = 'one'\n")
    monkeypatch.setattr("sys.path", [*sys.path])
    agent = load_agent(f"{package.name}.notes:Notes", tmp_path)
    first = code_digest(agent)
    importlib.import_module(f"{package.name}.late")
    for name in pkgutil.iter_modules(dialects.__path__, f"{dialects.__name__}."):
        importlib.import_module(name.name)
    assert code_digest(agent) == first
    (package / "late.py").write_text("word = 'two'\n")
    assert code_digest(agent) != first
