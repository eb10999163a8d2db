"""Names of references in paths, labels that tell rows apart, and the references by which searches find rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.model.application import Application
from runner.generation.model.chosen_columns import chosen_columns
from runner.generation.model.labels import label_fields, label_qualifiers
from runner.generation.model.reference_names import field_of, named_references
from runner.generation.model.searched_references import searched_references
from runner.generation.model.searched_text import searched_text
from runner.plan.dispatcher import AgentDispatcher
from runner.records.errors import TaskInputError
from runner.records.task import TaskInput
from runner.scheduling.preparation import Preparation

if TYPE_CHECKING:
    from pathlib import Path

    from runner.generation.model.application_tables import ApplicationTable

DDL = """
CREATE TABLE years (id int PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE classes (
    id int PRIMARY KEY, name text NOT NULL, year_id uuid NOT NULL, year int REFERENCES years, track text, part int,
    UNIQUE (name, year, track, part), UNIQUE (year, name)
);
CREATE TABLE rooms (id int PRIMARY KEY, name text, batch_id int, UNIQUE (name, batch_id));
CREATE TABLE pupils (id int PRIMARY KEY, full_name text NOT NULL, age int);
CREATE TABLE scores (
    id int PRIMARY KEY, pupil_id int REFERENCES pupils, pupil text, helper int REFERENCES pupils, note text,
    class_id int REFERENCES classes, class_pupil_id int,
    FOREIGN KEY (class_id, pupil_id) REFERENCES places (class, pupil)
);
CREATE TABLE places (class int REFERENCES classes, pupil int REFERENCES pupils, PRIMARY KEY (class, pupil));
CREATE INDEX ON scores (pupil_id, note);
CREATE INDEX ON scores (class_id) WHERE note IS NULL;
CREATE INDEX ON scores (lower(note), helper);
"""


def table(name: str) -> ApplicationTable:
    application = Application(read_ddl_text(DDL, "postgres"))
    return next(one for one in application.tables if one.title == name)


def test_a_reference_is_named_by_its_field_without_the_suffix() -> None:
    names = {name: field_of(reference) for name, reference in named_references(table("scores")).items()}
    assert names == {
        "class_pupil": "class_id+pupil_id",
        "pupil_id": "pupil_id",  # `pupil` is a field of its own
        "helper": "helper",
        "class": "class_id",
    }


@pytest.mark.parametrize(
    ("name", "label", "qualifiers"),
    [
        ("years", ("name",), ()),
        ("classes", ("name",), ("year",)),
        ("rooms", ("name",), ()),  # nobody can read the number of a batch
        ("pupils", ("full_name",), ()),
        ("places", ("class", "pupil"), ()),
    ],
)
def test_a_name_that_may_occur_twice_is_completed(name: str, label: tuple[str, ...], qualifiers: Any) -> None:
    assert label_fields(table(name)) == label
    assert label_qualifiers(table(name)) == qualifiers


def searched(name: str, search: Any = None, *, creates: bool = False) -> dict[str, tuple[str, ...]]:
    chosen = chosen_columns({"search": search} if search is not None else {}, "search")
    return searched_references(table(name), chosen, all_have_indexes=creates)


def test_searches_follow_references_that_have_an_index() -> None:
    assert searched("scores") == {"pupil_id": ()}
    assert list(searched("scores", creates=True)) == ["class_pupil", "pupil_id", "helper", "class"]
    assert searched("places") == {"class": ()}
    assert searched("scores", {"pupils": ["full_name"]}) == {"pupil_id": ()}


def test_the_option_names_columns_of_referenced_rows() -> None:
    search = {"scores": ["note", "helper.full_name", "class.name", "class.track"], "places": []}
    assert searched("scores", search) == {"helper": ("full_name",), "class": ("name", "track")}
    assert searched("places", search) == {}
    text = searched_text(table("scores"), chosen_columns({"search": search}, "search"))
    assert [field.name for field in text.fields] == ["note"]


@pytest.mark.parametrize(
    ("search", "key", "message"),
    [
        ({"scores": ["note", "helpr.full_name"]}, "search.scores.1", "no reference 'helpr'. Did you mean helper?"),
        ({"scores": ["pupil.full_name"]}, "search.scores.0", "no reference 'pupil'. Did you mean pupil_id?"),
        ({"scores": ["helper.age"]}, "search.scores.0", "pupils does not search a column 'age'. There are: full_name"),
        ({"scores": ["helper.full_nam"]}, "search.scores.0", "Did you mean full_name?"),
    ],
)
def test_what_leads_to_no_text_is_refused_before_the_run(tmp_path: Path, search: Any, key: str, message: str) -> None:
    (tmp_path / "a.sql").write_text(DDL, encoding="utf-8")
    task = TaskInput(
        description="BE setup",
        id="t",
        workspace_path=tmp_path / "w",
        ddl_path=tmp_path / "a.sql",
        options={"search": search},
    )
    with pytest.raises(TaskInputError, match=message) as caught:
        Preparation(AgentDispatcher(enable_llm=False)).prepare(task)
    assert caught.value.key == key
