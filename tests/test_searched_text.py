"""Which columns of a table are searched: by default, and as the option names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.model.application import Application
from runner.generation.model.chosen_columns import chosen_columns
from runner.generation.model.searched_text import searched_text
from runner.plan.dispatcher import AgentDispatcher
from runner.records.errors import AgentError, TaskInputError
from runner.records.task import TaskInput
from runner.scheduling.preparation import Preparation
from tests.generated_backend import backend_files

if TYPE_CHECKING:
    from pathlib import Path

DDL = """
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE people (
    id bigint PRIMARY KEY, name text, mobile_phone varchar(20), phone_extension text, password_hash text, born date,
    weight numeric(5, 2), mood mood, tags text[], upper_name text GENERATED ALWAYS AS (upper(name)) STORED,
    size text CHECK (size IN ('s', 'm')), lower_name text GENERATED ALWAYS AS (lower(name)) VIRTUAL
);
CREATE TABLE hr.staff (id int PRIMARY KEY, nick text);
"""


def searched(table: str, search: Any = None) -> tuple[list[str], list[str]]:
    """Return the names of a table's searched fields, and of those that hold phone numbers."""
    application = Application(read_ddl_text(DDL, "postgres"))
    chosen = chosen_columns({"search": search} if search is not None else {}, "search")
    found = next(part for part in application.tables if application.schema.label(part.ddl.name) == table)
    text = searched_text(found, chosen)
    return [field.name for field in text.fields], [field.name for field in text.phones]


def test_all_stored_free_texts_but_secrets_are_searched() -> None:
    assert searched("people") == (["mobile_phone", "name", "phone_extension", "upper_name"], ["mobile_phone"])


def test_the_option_names_columns_of_some_tables() -> None:
    search = {"people": ["weight", "name", "id", "name"], "hr.staff": []}
    assert searched("people", search) == (["id", "name", "weight"], [])
    assert searched("hr.staff", search) == ([], [])
    assert searched("people", {"hr.staff": "nick"})[1] == ["mobile_phone"]
    assert searched("hr.staff", {"hr.staff": "nick"}) == (["nick"], [])


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (["people"], "give the columns of each table"),
        ({"people": ["nmae"]}, "people has no column 'nmae'; did you mean 'name'"),
        ({"people": ["born"]}, "people.born cannot be searched: it is date"),
        ({"people": ["mood"]}, "cannot be searched"),
        ({"people": ["tags"]}, "cannot be searched"),
        ({"people": ["lower_name"]}, "cannot be searched"),
    ],
)
def test_what_cannot_be_searched_is_refused(search: Any, message: str) -> None:
    with pytest.raises(AgentError, match=message):
        searched("people", search)


@pytest.mark.parametrize(
    ("search", "key", "message"),
    [
        ({"poeple": ["name"]}, "search.poeple", "'poeple' matches no table. Did you mean people?"),
        ({"people": ["name", "nmae"]}, "search.people.1", "people has no column 'nmae'. Did you mean name?"),
        ({"hr.staff": ["zzz"]}, "search.hr.staff.0", "hr.staff has no column 'zzz'. Its columns are id, nick"),
    ],
)
def test_unknown_names_are_refused_before_the_run(tmp_path: Path, search: Any, key: str, message: str) -> None:
    (tmp_path / "a.sql").write_text(DDL, encoding="utf-8")
    task = TaskInput(
        description="BE setup",
        id="t",
        workspace_path=tmp_path / "w",
        ddl_path=tmp_path / "a.sql",
        options={"search": search},
    )
    with pytest.raises(TaskInputError) as caught:
        Preparation(AgentDispatcher(enable_llm=False)).prepare(task)
    assert (caught.value.key, str(caught.value)) == (key, message)


def test_a_table_may_have_the_name_of_what_searches() -> None:
    files = backend_files(read_ddl_text("CREATE TABLE searches (id int PRIMARY KEY, word text);", "postgres"))
    router = files["backend/app/searches/router.py"].text
    assert router.count(" import Search\n") == 1
    assert ' searched=("word",)' in router
