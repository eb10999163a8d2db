"""The model of an application: types, references, rules and defaults, as data."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from runner.ddl.qualified_name import QName
from runner.ddl.reader import read_ddl_text
from runner.generation.model.application import Application
from runner.generation.model.checks import Bounds, RowRule
from runner.generation.model.evaluation import evaluate
from runner.generation.model.field_types import FieldType

if TYPE_CHECKING:
    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.fields import Field


def application(ddl: str) -> Application:
    return Application(read_ddl_text(ddl, "postgres"))


def table(ddl: str, name: str = "t") -> ApplicationTable:
    return application(ddl).table(QName(schema="public", name=name))


def field(column: str) -> Field:
    return table(f"CREATE DOMAIN short AS varchar(5) NOT NULL; CREATE TABLE t (x {column})").fields["x"]


@pytest.mark.parametrize(
    ("column", "facts"),
    [
        ("char(3)", {"kind": "text", "max_length": 3, "is_padded": True}),
        ("text", {"kind": "text", "max_length": None}),
        ("int", {"kind": "integer", "bits": 32}),
        ("double precision", {"kind": "number", "bits": 64}),
        ("numeric(8,2)", {"kind": "decimal", "digits": 8, "places": 2}),
        ("numeric", {"kind": "decimal", "digits": None, "places": None}),
        ("timestamptz(3)", {"kind": "timestamp", "precision": 3}),
        ("timestamp", {"kind": "local_timestamp", "precision": None}),
        ("numeric(8,2)[][]", {"kind": "array", "dimensions": 2}),
        ("short", {"kind": "text", "max_length": 5, "domain": QName(schema="public", name="short")}),
        ("int4range", {"kind": "native", "name": "int4range"}),
    ],
)
def test_a_type_has_its_kind_and_what_bounds_it(column: str, facts: dict[str, object]) -> None:
    found = field(column).type
    assert {name: getattr(found, name) for name in facts} == facts


def test_the_item_of_an_array_has_a_type_of_its_own() -> None:
    item = field("numeric(8,2)[][]").type.item
    assert item is not None
    assert (item.kind, item.digits, item.places, item.dimensions) == ("decimal", 8, 2, 0)


@pytest.mark.parametrize(
    ("column", "nullable", "required", "writable"),
    [
        ("int", True, False, True),
        ("int NOT NULL", False, True, True),
        ("int NOT NULL DEFAULT 1", False, False, True),
        ("short", False, True, True),
        ("serial", False, False, False),
        ("int GENERATED ALWAYS AS (1 + 1) STORED", True, False, False),
    ],
)
def test_what_a_new_row_must_be_given(column: str, nullable: bool, required: bool, writable: bool) -> None:
    found = field(column)
    assert (found.nullable, found.required, found.writable) == (nullable, required, writable)


@pytest.mark.parametrize(
    ("column", "kind", "value"),
    [
        ("int DEFAULT 5", "constant", "5"),
        ("boolean DEFAULT 'yes'", "constant", True),
        ("text[] DEFAULT '{a,\"b c\"}'", "constant", None),
        ("timestamptz DEFAULT now()", "now", None),
        ("date DEFAULT current_date", "today", None),
        ("uuid DEFAULT gen_random_uuid()", "new uuid", None),
        ("text DEFAULT lower('A')", "expression", None),
    ],
)
def test_a_default_is_a_constant_or_what_kind_of_value_it_is(column: str, kind: str, value: object) -> None:
    default = field(column).default
    assert default is not None
    assert (default.kind, default.value) == (kind, value)


# ----------------------------------------------------------------------------------------------------------- references

LINKED = """
CREATE TABLE people (id bigserial PRIMARY KEY, name text NOT NULL);
CREATE TABLE passports (id bigserial PRIMARY KEY, person_id bigint NOT NULL UNIQUE REFERENCES people ON DELETE CASCADE);
CREATE TABLE teams (id bigserial PRIMARY KEY, leader_id bigint REFERENCES people, place_id int REFERENCES places (id));
CREATE TABLE members (team_id bigint REFERENCES teams, person_id bigint REFERENCES people, since date,
    PRIMARY KEY (team_id, person_id));
"""


def test_a_reference_knows_its_target_and_how_many_rows_refer_to_one() -> None:
    passports = table(LINKED, "passports")
    (reference,) = passports.references
    assert (reference.fields, reference.module, reference.target_fields) == (("person_id",), "people", ("id",))
    assert (reference.required, reference.one_to_one, reference.key.on_delete) == (True, True, "CASCADE")
    (leader,) = table(LINKED, "teams").references  # places is not defined, so that nothing can refer to it
    assert (leader.required, leader.one_to_one) == (False, False)


def test_a_default_does_not_make_a_reference_optional() -> None:
    ddl = """CREATE TABLE words (code text PRIMARY KEY);
        CREATE TABLE notes (id int, part int DEFAULT 0, PRIMARY KEY (id, part));
        CREATE TABLE t (id int PRIMARY KEY, word text NOT NULL DEFAULT 'en' REFERENCES words, note int NOT NULL,
            part int NOT NULL DEFAULT 0, FOREIGN KEY (note, part) REFERENCES notes)"""
    assert [reference.required for reference in table(ddl).references] == [True, True]


def test_referrers_come_from_all_tables() -> None:
    found = application(LINKED).referrers(QName(schema="public", name="people"))
    assert [reference.table.name for reference in found] == ["passports", "teams", "members"]


SEATS = """
CREATE TABLE student (id int PRIMARY KEY, mentor_id int REFERENCES student);
CREATE TABLE course (id int PRIMARY KEY);
CREATE TABLE seat (student_id int REFERENCES student, course_id int REFERENCES course,
    since timestamptz DEFAULT now(), note text, PRIMARY KEY (student_id, course_id));
CREATE TABLE graded_seat (student_id int REFERENCES student, course_id int REFERENCES course, grade int NOT NULL,
    PRIMARY KEY (student_id, course_id));
CREATE TABLE numbered_seat (id serial PRIMARY KEY, student_id int REFERENCES student, course_id int REFERENCES course,
    UNIQUE (student_id, course_id));
CREATE TABLE present (student_id int PRIMARY KEY REFERENCES student);
CREATE TABLE swap (a_id int REFERENCES student, b_id int REFERENCES student, PRIMARY KEY (a_id, b_id));
"""


def test_a_table_that_only_links_others_is_a_link() -> None:
    assert [found.module for found in application(SEATS).tables if found.is_link] == ["seat", "swap"]


def test_unique_sets_are_of_fields_that_clients_give() -> None:
    ddl = """CREATE TABLE t (id serial PRIMARY KEY, a int UNIQUE, b int, c int, UNIQUE (b, c));
    CREATE UNIQUE INDEX ON t (c); CREATE UNIQUE INDEX ON t (b) WHERE a > 1; CREATE UNIQUE INDEX ON t (lower(b::text))"""
    assert table(ddl).unique_columns == (("id",), ("a",), ("b", "c"), ("c",))
    assert table(ddl).unique_sets == (("a",), ("b", "c"), ("c",))


# ---------------------------------------------------------------------------------------------------------------- rules


def rule(check: str) -> RowRule:
    found = table(f"CREATE TABLE t (a int, b int, at date, s text, tags text[], CONSTRAINT r CHECK ({check}))")
    (made,) = found.rules
    assert (made.name, made.text) == ("r", made.text)
    return made


@pytest.mark.parametrize(
    ("check", "row", "value"),
    [
        ("a < b", {"a": 1, "b": 2}, True),
        ("a < b", {"a": 2, "b": 2}, False),
        ("a < b", {"a": None, "b": 2}, None),
        ("a < b OR s IS NULL", {"a": None, "b": 2, "s": None}, True),
        ("NOT (a = b AND s = 'x')", {"a": 1, "b": 1, "s": "x"}, False),
        ("a + b <= 10", {"a": 5, "b": 6}, False),
        ("a % b = -1", {"a": -5, "b": 2}, True),  # the sign of the first, as in SQL
        ("s ~ '^[[:digit:]]+$' OR a > 0", {"s": "12", "a": 0}, True),
        ("num_nonnulls(a, b) = 1", {"a": 1, "b": None}, True),
        ("tags <@ ARRAY['x', 'y'] OR a > 0", {"tags": ["x", "z"], "a": 0}, False),
        ("length(s) > a", {"s": "abc", "a": 2}, True),
        ("coalesce(a, 0) >= b", {"a": None, "b": 0}, True),
        ("at >= '2024-01-02' OR a > 0", {"at": None, "a": 0}, None),
    ],
)
def test_a_rule_is_evaluated_as_in_sql(check: str, row: dict[str, object], value: object) -> None:
    assert evaluate(rule(check).condition, row) is value


def test_checks_go_to_whoever_can_enforce_them() -> None:
    found = table("""CREATE TABLE t (a int CHECK (a BETWEEN 1 AND 9), b int, s text CHECK (s IN ('x', 'y')),
        c int CHECK (c = 0), CONSTRAINT rule CHECK (a < b), CONSTRAINT own CHECK (pg_sleep(a) IS NULL))""")
    assert found.fields["a"].bounds == Bounds(numbers={"ge": Decimal(1), "le": Decimal(9)})
    assert found.fields["s"].bounds == Bounds(choices=("x", "y"))
    assert found.fields["c"].bounds.choices == (0,)
    assert [found.name for found in found.rules] == ["rule"]
    assert found.database_only == ("own",)


@pytest.mark.parametrize(
    "check",
    [
        "pg_sleep(a) IS NULL OR b > 0",
        "CAST(s AS date) > at",
        "s ~ '(?i)x' OR a > 0",
        "tags ~ 'x' OR a > 0",
        "a / b > 1",
    ],
)
def test_what_an_application_cannot_evaluate_is_left_to_the_database(check: str) -> None:
    found = table(f"CREATE TABLE t (a int, b int, at date, s text, tags text[], CONSTRAINT r CHECK ({check}))")
    assert (found.rules, found.database_only) == ((), ("r",))


def test_examples_keep_the_rules_and_break_one_at_a_time() -> None:
    found = table("CREATE TABLE t (id serial PRIMARY KEY, low int NOT NULL, high int NOT NULL, CHECK (low < high))")
    (made,) = found.rules
    accepted = {name: sample.value for name, sample in found.examples.body.items()}
    assert evaluate(made.condition, accepted) is True
    assert evaluate(made.condition, found.examples.broken[made.name]) is False


def test_columns_of_mariadb_have_what_a_postgresql_database_takes() -> None:
    ddl = """
        CREATE TABLE t (
            id uuid NOT NULL DEFAULT uuid(),
            address inet6,
            since timestamp(6) GENERATED ALWAYS AS ROW START,
            ends timestamp(6) GENERATED ALWAYS AS ROW END,
            PRIMARY KEY (id),
            PERIOD FOR SYSTEM_TIME (since, ends)
        ) WITH SYSTEM VERSIONING
    """
    fields = Application(read_ddl_text(ddl, "mariadb")).table(QName(schema=None, name="t")).fields
    assert fields["id"].default is not None
    assert fields["id"].default.kind == "new uuid"
    assert fields["address"].type == FieldType(kind="native", name="inet")
    assert [name for name, field in fields.items() if field.is_read_only] == ["since", "ends"]
    assert fields["since"].default is not None
    assert fields["since"].default.kind == "now"


def test_examples_match_a_pattern_that_the_database_alone_enforces() -> None:
    found = table(r"CREATE TABLE t (id int PRIMARY KEY, handle text NOT NULL CHECK (handle ~ '^\w{1,255}$'))")
    assert found.database_only == ("t_handle_check",)
    assert found.fields["handle"].bounds.pattern is None
    assert re.fullmatch(r"\w{1,255}", found.example["handle"])
    assert found.examples.invalid["handle"] == 1  # the application accepts any text


def test_an_example_holds_whatever_number_the_database_assigns() -> None:
    found = table("CREATE TABLE t (id serial PRIMARY KEY, c text NOT NULL, CHECK (c ~ '^[a-z]+$' OR id > 3))")
    assert found.example == {"c": "a"}
    assert found.examples.broken == {}


def test_a_text_of_sqlite_that_a_computed_column_reads_as_json_is_json() -> None:
    ddl = """CREATE TABLE t (id integer PRIMARY KEY, data text, "more" text, plain text, flags json,
        a text GENERATED ALWAYS AS (JSON_EXTRACT(data, '$.a')) STORED, b text AS ("more" ->> '$.b'))"""
    (found,) = Application(read_ddl_text(ddl, "sqlite")).tables
    kinds = {name: field.type.kind for name, field in found.fields.items()}
    assert (kinds["data"], kinds["more"], kinds["plain"]) == ("json", "json", "text")
    (elsewhere,) = Application(read_ddl_text(ddl.replace('"', ""), "postgres")).tables
    assert elsewhere.fields["data"].type.kind == "text"
