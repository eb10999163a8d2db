"""The list of dialects, and that no code branches on a dialect's name."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import runner
from runner.ddl.dialects import DEFAULT, NAMES, NAMES_IN_WORDS, dialect_named, meant_dialect
from runner.plan.dispatcher import AgentDispatcher
from runner.records.errors import TaskInputError
from runner.records.task import TaskInput
from runner.scheduling.preparation import Preparation

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNNER = Path(runner.__file__).parent


def test_each_module_of_the_folder_is_a_dialect() -> None:
    assert NAMES == ("mariadb", "mysql", "postgres", "sqlite")
    assert NAMES_IN_WORDS == "mariadb, mysql, postgres or sqlite"
    assert DEFAULT in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_other_names_of_a_dialect_find_it(name: str) -> None:
    for word in dialect_named(name).other_names:
        assert word not in NAMES
        assert meant_dialect(word.upper()) == name


def test_other_words_find_none() -> None:
    assert meant_dialect("oracle") is None
    with pytest.raises(ValueError, match=r"unknown SQL dialect 'oracle'; known are mariadb, mysql, postgres or sqlite"):
        dialect_named("oracle")


def test_a_task_of_an_unknown_dialect_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("CREATE TABLE t (id int PRIMARY KEY);")
    task = TaskInput(
        id="t", description="BE CRUD APIs", workspace_path=tmp_path, ddl_path=tmp_path / "a.sql", dialect="oracle"
    )
    with pytest.raises(TaskInputError, match=r"dialect 'oracle' is not known. Give mariadb, mysql, postgres or sqlite"):
        Preparation(AgentDispatcher()).prepare(task)


# ------------------------------------------------------------------------------------------ no comparison of names


def _named_dialects(node: ast.AST) -> set[str]:
    """Return the names of dialects that an expression contains as text."""
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and part.value in NAMES}


def _decisions_by_name(tree: ast.AST) -> Iterator[int]:
    """Yield the lines where code branches on a dialect's name: comparisons, `case`s and tables keyed by names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(_named_dialects(part) for part in (node.left, *node.comparators)):
            yield node.lineno
        elif isinstance(node, ast.MatchValue) and _named_dialects(node.value):
            yield node.value.lineno
        elif isinstance(node, ast.Dict) and len(set().union(*map(_named_dialects, filter(None, node.keys)))) > 1:
            yield node.lineno


@pytest.mark.parametrize(
    "code",
    [
        'if cursor.dialect == "mysql": pass',
        'x = dialect in {"mysql", "sqlite"}',
        'match dialect:\n    case "sqlite": pass',
        '_TABLE = {"postgres": 1, "sqlite": 2}',
    ],
)
def test_a_decision_by_name_is_found(code: str) -> None:
    assert list(_decisions_by_name(ast.parse(code)))


def test_no_code_decides_by_the_name_of_a_dialect() -> None:
    found = [
        f"{path.relative_to(RUNNER)}:{line}"
        for path in sorted(RUNNER.rglob("*.py"))
        for line in _decisions_by_name(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, "ask the dialect's record instead (runner/ddl/syntax/dialect.py)"


def test_a_record_has_the_name_of_its_module() -> None:
    assert [dialect_named(name).name for name in NAMES] == list(NAMES)
