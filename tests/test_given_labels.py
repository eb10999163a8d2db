"""Labels that a plan gives: where they are read, and what is wrong with the option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.command.plan_jobs import prepare_plan
from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.model.label_problems import label_problems
from runner.generation.registry import load_agent
from runner.plan.loading import load_plan
from runner.records.errors import PlanError
from tests.generated_backend import read_schema, school_labels

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = read_ddl_text(
    """
    CREATE TYPE mood AS ENUM ('glad', 'sad');
    CREATE TABLE fees (id int PRIMARY KEY, note text);
    CREATE TABLE fee_payments (
        id int PRIMARY KEY,
        fee_id int NOT NULL REFERENCES fees,
        mood mood,
        method text CHECK (method IN ('cash', 'qris'))
    );
    COMMENT ON COLUMN fees.note IS 'Anything.';
    """,
    "postgres",
)
GIVEN: dict[str, Any] = {
    "groups": {"Fees": {"id": "Biaya"}},
    "columns": {"note": {"id": "Catatan"}, "mood": {"values": {"glad": {"id": "Senang"}}}},
    "enums": {"mood": {"glad": {"id": "Gembira"}, "sad": "Blue"}},
    "tables": {
        "fees": {
            "label": {"id": "Biaya"},
            "about": {"id": "Semua biaya"},
            "columns": {"note": {"help": {"id": "Apa saja"}}},
        },
        "fee_payments": {
            "columns": {"method": {"label": "How", "values": {"qris": "QRIS"}}, "fee_id": {"en": "For", "id": "Untuk"}}
        },
    },
}


def page(table: str, given: object = None) -> dict[str, str]:
    context = AgentContext(
        schema=SCHEMA,
        table=next(found for found in SCHEMA.tables if found.name.name == table),
        options={} if given is None else {"labels": given},
    )
    return {file.path.rpartition("/")[2]: file.text for file in load_agent("ui-crud").generate(context)}


def test_labels_by_language_are_added_to_those_of_names() -> None:
    files = page("fees", GIVEN)
    assert '  label: { en: "Fees", id: "Biaya" },\n  labelSingular: "Fee",\n' in files["nav.ts"]
    assert '  family: { en: "Fees", id: "Biaya" },\n' in files["nav.ts"]
    assert 'about: { id: "Semua biaya" },' in files["page.tsx"]
    assert 'note: {\n      label: { en: "Note", id: "Catatan" },\n' in files["page.tsx"]
    assert 'help: { en: "Anything.", id: "Apa saja" },' in files["page.tsx"]


def test_one_text_is_for_all_languages_and_what_is_given_for_a_column_comes_first() -> None:
    source = page("fee_payments", GIVEN)["page.tsx"]
    assert 'method: { label: "How", values: { qris: "QRIS" } },' in source
    assert 'fee_id: { label: { en: "For", id: "Untuk" } },' in source
    assert 'values: { glad: { id: "Senang" }, sad: "Blue" }' in source


def test_without_labels_texts_follow_from_names() -> None:
    files = page("fees")
    assert '  label: "Fees",\n  labelSingular: "Fee",\n  family: "Fees",\n' in files["nav.ts"]
    assert 'note: { label: "Note", help: "Anything.", long: true },' in files["page.tsx"]


def test_the_title_is_in_the_language_of_the_reader() -> None:
    options = {"title": "School", "labels": {"title": {"id": "Sekolah"}}}
    files = {
        file.path: file.text
        for file in load_agent("fe-boilerplate").generate(AgentContext(schema=SCHEMA, options=options))
    }
    assert 'textIn({ en: "School", id: "Sekolah" })' in files["frontend/src/app/application.ts"]
    assert "<title>School</title>" in files["frontend/index.html"]


@pytest.mark.parametrize(
    ("given", "key", "reason", "expected"),
    [
        (3, "labels", "is no mapping", "Give a mapping by key"),
        ({"tabels": {}}, "labels.tabels", "there is no key 'tabels'", "Did you mean tables?"),
        ({"tables": {"fee": {}}}, "labels.tables.fee", "there is no table 'fee'", "Did you mean fees?"),
        (
            {"tables": {"fees": {"labl": "x"}}},
            "labels.tables.fees.labl",
            "there is no key 'labl'",
            "Did you mean label?",
        ),
        (
            {"tables": {"fees": {"columns": {"nota": "x"}}}},
            "labels.tables.fees.columns.nota",
            "there is no column 'nota'",
            "Did you mean note?",
        ),
        (
            {"columns": {"zzz": "x"}},
            "labels.columns.zzz",
            "there is no column 'zzz'",
            "Each column is one of id, note, fee_id",
        ),
        ({"enums": {"moods": {}}}, "labels.enums.moods", "there is no enumeration 'moods'", "Did you mean mood?"),
        (
            {"enums": {"mood": {"gald": "x"}}},
            "labels.enums.mood.gald",
            "there is no value 'gald'",
            "Did you mean glad?",
        ),
        (
            {"columns": {"mood": {"values": {"bad": "x"}}}},
            "labels.columns.mood.values.bad",
            "there is no value 'bad'",
            "Did you mean sad?",
        ),
        ({"title": ""}, "labels.title", "is no text", "Give a text"),
        ({"title": {"english": "x"}}, "labels.title.english", "'english' is no language", "Give a tag"),
        ({"columns": {"note": 3}}, "labels.columns.note", "is no text", "Give a text"),
    ],
)
def test_what_is_wrong_is_reported_at_its_place(given: object, key: str, reason: str, expected: str) -> None:
    problem = next(iter(label_problems(given, SCHEMA)))
    assert (problem.key, problem.reason) == (key, reason)
    assert problem.expected.startswith(expected)


def test_what_is_wrong_in_a_file_of_labels_is_placed_there(tmp_path: Path) -> None:
    (tmp_path / "fees.sql").write_text("CREATE TABLE fees (id int);")
    (tmp_path / "words.yaml").write_text("title: Fees\ntables:\n  fees: {label: Biaya}\n  fee:\n    label: Biaya\n")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nname: fees\nworkspace: out\nddl: fees.sql\ndialect: postgres\nlabels: words.yaml\n"
        "tasks:\n  - description: FE setup\n"
    )
    with pytest.raises(PlanError) as error:
        prepare_plan(plan, tmp_path / "state", refresh=False)
    (problem,) = error.value.problems
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "words.yaml"), 5, 5)


def test_nothing_is_wrong_with_the_examples() -> None:
    assert list(label_problems(GIVEN, SCHEMA)) == []
    assert list(label_problems(school_labels(), read_schema())) == []


def test_every_word_of_the_school_has_an_indonesian_label() -> None:
    schema, options = read_schema(), {"labels": school_labels()}
    missing = []
    for table in schema.tables:
        for file in load_agent("ui-crud").generate(AgentContext(schema=schema, table=table, options=options)):
            lines = [line.strip() for line in file.text.splitlines()]
            plain = [
                line
                for line in lines
                if line.startswith(("label:", "labelSingular:", "about:", "help:")) and "{" not in line
            ]
            missing += [f"{file.path}: {line}" for line in plain]
    assert missing == []


PLAN = """
version: 1
name: fees
ddl: fees.sql
labels: fees.labels.yaml
workspace: out
tasks:
  - description: UI CRUD pages
"""


def test_a_file_of_labels_is_part_of_the_plan(tmp_path: Path) -> None:
    (tmp_path / "fees.sql").write_text("CREATE TABLE fees (id int PRIMARY KEY);")
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "out").mkdir()
    labels = tmp_path / "fees.labels.yaml"
    for text in ("Biaya", "Iuran"):  # the plan is the same, and the labels are not
        labels.write_text(f"tables: {{fees: {{label: {{id: {text}}}}}}}")
        plan = load_plan(tmp_path / "plan.yaml")
        assert plan.tasks[0].options["labels"] == {"tables": {"fees": {"label": {"id": text}}}}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("fees.label.yaml", "{}", "labels fees.labels.yaml is no file. Did you mean fees.label.yaml?"),
        ("fees.labels.yaml", "tables: [", "labels fees.labels.yaml cannot be read: line 2: "),
        ("fees.labels.yaml", "- tables", "labels fees.labels.yaml contains no mapping"),
    ],
)
def test_a_file_of_labels_that_cannot_be_read_is_reported(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / "fees.sql").write_text("CREATE TABLE fees (id int PRIMARY KEY);")
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / name).write_text(content)
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "plan.yaml")
    assert message in str(caught.value)
