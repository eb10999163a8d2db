"""The list of dialects, and that nothing but their modules knows their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.ddl.dialects import DEFAULT, NAMES, NAMES_IN_WORDS, dialect_named, meant_dialect
from runner.plan.dispatcher import AgentDispatcher
from runner.records.task import TaskInput
from runner.scheduling.preparation import Preparation, TaskInputError

if TYPE_CHECKING:
    from pathlib import Path


def test_each_module_of_the_folder_is_a_dialect() -> None:
    assert NAMES == ("mysql", "postgres", "sqlite")
    assert NAMES_IN_WORDS == "mysql, postgres or sqlite"
    assert DEFAULT in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_names_that_people_write_lead_to_one_dialect(name: str) -> None:
    for word in dialect_named(name).other_names:
        assert word not in NAMES
        assert meant_dialect(word.upper()) == name


def test_other_words_lead_to_none() -> None:
    assert meant_dialect("oracle") is None
    with pytest.raises(ValueError, match=r"unknown SQL dialect 'oracle'; known are mysql, postgres or sqlite"):
        dialect_named("oracle")


def test_a_task_of_an_unknown_dialect_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("CREATE TABLE t (id int PRIMARY KEY);")
    task = TaskInput(
        id="t", description="BE CRUD APIs", workspace_path=tmp_path, ddl_path=tmp_path / "a.sql", dialect="oracle"
    )
    with pytest.raises(TaskInputError, match=r"dialect 'oracle' is not known. Give mysql, postgres or sqlite"):
        Preparation(AgentDispatcher()).prepare(task)
