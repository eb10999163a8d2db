"""Pages of a table: labels instead of names, the columns of a list, and the resulting files."""

from __future__ import annotations

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.model.application import Application
from runner.generation.model.labels import family, label_fields
from runner.generation.react.page_view import PageView
from runner.generation.registry import load_agent

PEOPLE = """
CREATE TABLE teams (id bigserial PRIMARY KEY, name text NOT NULL, motto text, budget numeric(8,2) DEFAULT 0);
CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team_id bigint NOT NULL REFERENCES teams (id),
    nisn varchar(10) NOT NULL UNIQUE,
    first_name varchar(40) NOT NULL,
    last_name varchar(40) NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    distance_km numeric(5,2),
    email varchar(200),
    password_hash text NOT NULL,
    status text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'old')),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE team_people (
    team_id bigint NOT NULL REFERENCES teams (id),
    person_id bigint NOT NULL REFERENCES people (id),
    since date,
    PRIMARY KEY (team_id, person_id)
);
CREATE TABLE visits (
    id bigserial PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES people (id),
    visited_on date NOT NULL,
    note text
);
COMMENT ON TABLE people IS 'People "of" the teams';
COMMENT ON COLUMN people.nisn IS 'Nomor Induk Siswa Nasional, 10 digits.';
"""


@pytest.fixture(scope="module")
def pages() -> dict[str, PageView]:
    application = Application(read_ddl_text(PEOPLE, "postgres"))
    return {table.ddl.name.name: PageView(table=table) for table in application.tables}


def test_labels_of_fields_read_naturally(pages: dict[str, PageView]) -> None:
    labels = {field: told["label"] for field, told in pages["people"].fields.items()}
    assert labels["team_id"] == "Team"
    assert labels["nisn"] == "NISN"
    assert labels["is_active"] == "Active"
    assert labels["distance_km"] == "Distance (km)"
    assert labels["first_name"] == "First name"


def test_a_comment_that_spells_out_a_name_makes_it_an_acronym() -> None:
    schema = read_ddl_text(
        "CREATE TABLE a (id int PRIMARY KEY, nuptk text, kks text, status text);"
        "COMMENT ON COLUMN a.nuptk IS 'Nomor Unik Pendidik dan Tenaga Kependidikan.';"
        "COMMENT ON COLUMN a.kks IS 'Number of the card (KKS).';"
        "COMMENT ON COLUMN a.status IS 'Some Text After That.';",
        "postgres",
    )
    fields = PageView(table=Application(schema).tables[0]).fields
    assert [fields[name]["label"] for name in ("nuptk", "kks", "status")] == ["NUPTK", "KKS", "Status"]


def test_fields_declare_only_what_their_type_does_not_imply(pages: dict[str, PageView]) -> None:
    fields = pages["people"].fields
    assert fields["nisn"] == {"label": "NISN", "help": "Nomor Induk Siswa Nasional, 10 digits."}
    assert fields["email"] == {"label": "Email", "format": "email"}
    assert fields["password_hash"] == {"label": "Password", "format": "secret"}
    assert fields["status"] == {"label": "Status", "initial": "new"}
    assert fields["is_active"] == {"label": "Active", "initial": True}
    assert fields["created_at"] == {"label": "Created at", "readOnly": True}
    assert pages["teams"].fields["budget"] == {"label": "Budget", "places": 2, "initial": "0"}
    assert pages["teams"].fields["motto"] == {"label": "Motto", "long": True}
    assert pages["teams"].fields["name"] == {"label": "Name"}


def test_a_list_begins_with_the_label_fields_and_hides_technical_ones(pages: dict[str, PageView]) -> None:
    columns = pages["people"].columns
    assert columns[:2] == ("first_name", "last_name")
    assert {"team_id", "nisn", "status"} <= set(columns)
    assert not {"id", "metadata", "password_hash", "created_at"} & set(columns)


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("teams", ("name",)),
        ("people", ("first_name", "last_name")),
        ("team_people", ("team_id", "person_id")),
        ("visits", ("person_id", "visited_on")),
    ],
)
def test_label_fields_are_the_name_or_what_the_row_refers_to(
    pages: dict[str, PageView], table: str, fields: tuple[str, ...]
) -> None:
    assert label_fields(pages[table].table) == fields


def test_only_a_table_of_references_is_a_link(pages: dict[str, PageView]) -> None:
    assert [name for name, page in pages.items() if page.table.is_link] == ["team_people"]


def test_tables_whose_names_begin_alike_are_a_family(pages: dict[str, PageView]) -> None:
    assert family(pages["teams"].table) == family(pages["team_people"].table) == "Teams"
    schema = read_ddl_text("CREATE TABLE p5_projects (id int PRIMARY KEY)", "postgres")
    assert family(Application(schema).tables[0]) == "P5"


def test_a_table_has_files_of_its_own_and_one_for_the_user() -> None:
    schema = read_ddl_text(PEOPLE, "postgres")
    files = {
        file.path: file for file in load_agent("ui-crud").generate(AgentContext(schema=schema, table=schema.tables[1]))
    }
    names = {path.removeprefix("frontend/src/pages/people/"): file.mode for path, file in files.items()}
    assert names == {
        "customize.tsx": "once",
        "nav.ts": "generated",
        "page.test.tsx": "generated",
        "page.tsx": "generated",
    }
    page = files["frontend/src/pages/people/page.tsx"].text
    assert "about: 'People \"of\" the teams.'," in page
    assert '    nisn: { label: "NISN", help: "Nomor Induk Siswa Nasional, 10 digits." },' in page
