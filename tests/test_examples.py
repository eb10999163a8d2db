"""Examples of a table satisfy its constraints by construction, in every row."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.fastapi.python_names import attribute
from runner.generation.fastapi.resources import Resource, resource
from runner.generation.model.application import Application
from runner.generation.model.evaluation import evaluate
from runner.generation.model.series import Cycle, DayCounter, value_at

if TYPE_CHECKING:
    from runner.generation.model.application_tables import ApplicationTable


def _resource(ddl: str, dialect: str = "postgres") -> Resource:
    schema = read_ddl_text(ddl, dialect)
    return resource(Application(schema), schema.tables[-1].name)


def _rows(table: ApplicationTable) -> list[dict[str, object]]:
    """Return the first rows of a table's tests, by column; references that they need refer to the row 1."""
    names = {field.name: column for column, field in table.fields.items()}
    rows = []
    for number in (1, 2, 3, 40):
        row: dict[str, object] = {column: None if field.nullable else 1 for column, field in table.fields.items()}
        row |= dict.fromkeys(table.examples.referring, 1)
        for name, sample in table.examples.body.items():
            counted = sample.series is not None and not isinstance(sample.series, DayCounter)
            row[names[name]] = value_at(sample.series, number) if counted and sample.series else sample.value
        rows.append(row)
    return rows


@pytest.mark.parametrize(
    "columns",
    [
        "host text NOT NULL UNIQUE, CHECK (host = lower(host))",
        "code varchar(8) NOT NULL, CHECK (code = upper(code))",
        "slug text NOT NULL, CHECK (slug <> '' AND slug = lower(slug) AND slug !~ '[ ]')",
        "low real NOT NULL, high real NOT NULL, CHECK (low < high)",
        "a int NOT NULL UNIQUE, b int NOT NULL, CHECK (b >= a AND a >= 0)",
        "kinds text[] NOT NULL, CHECK (kinds <@ ARRAY['gold', 'silver'])",
        "status char(1) NOT NULL, CHECK (upper(status) IN ('M', 'S'))",
        "a int REFERENCES u, b int REFERENCES u, CHECK (a IS NOT NULL OR b IS NOT NULL)",
    ],
)
def test_the_rules_hold_in_every_row(columns: str) -> None:
    table = _resource(f"CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, {columns})").table
    assert table.rules
    for row in _rows(table):
        for rule in table.rules:
            assert evaluate(rule.condition, row) is not False, (rule.text, row)


def test_a_key_of_few_values_has_each_in_turn_and_no_more_rows() -> None:
    made = _resource("CREATE TYPE plan AS ENUM ('a', 'b', 'c'); CREATE TABLE t (plan plan PRIMARY KEY, n int NOT NULL)")
    assert made.table.most_rows == 3
    assert made.table.examples.body["plan"].series == Cycle(values=("a", "b", "c"))
    assert '("a", "b", "c")[n % 3]' in made.body.text


def test_few_values_beside_a_column_of_many_stay_the_same_in_every_row() -> None:
    table = _resource("CREATE TABLE t (n int, flag boolean, PRIMARY KEY (n, flag))").table
    assert table.most_rows is None
    assert table.examples.body["flag"].series is None


@pytest.mark.parametrize("type_", ["inet", "cidr", "macaddr", "citext"])
def test_a_unique_column_of_a_type_of_postgresql_differs_from_row_to_row(type_: str) -> None:
    table = _resource(f"CREATE TABLE t (id int PRIMARY KEY, v {type_} NOT NULL UNIQUE)").table
    series = table.examples.body["v"].series
    assert series is not None
    assert len({value_at(series, number) for number in range(1, 60)}) == 59


def test_a_key_of_sqlite_that_is_a_reference_is_given_by_the_client() -> None:
    ddl = "CREATE TABLE u (id INTEGER PRIMARY KEY); CREATE TABLE t (u_id INTEGER PRIMARY KEY REFERENCES u, n TEXT)"
    table = _resource(ddl, "sqlite").table
    assert [field.name for field in table.own_key] == ["u_id"]


def test_a_text_of_millions_of_characters_is_in_no_test() -> None:
    table = _resource("CREATE TABLE t (id int PRIMARY KEY, v varchar(10000000))").table
    assert table.examples.invalid["v"] == 1


@pytest.mark.parametrize(
    ("type_", "limits"),
    [
        ("smallint unsigned", {"ge": 0, "le": 65_535}),
        ("tinyint unsigned", {"ge": 0, "le": 255}),
        ("tinyint", {"ge": -128, "le": 127}),
        ("bigint unsigned", {"ge": 0, "le": 2**64 - 1}),
        ("int", {}),
    ],
)
def test_numbers_of_mysql_have_its_ranges(type_: str, limits: dict[str, int]) -> None:
    field = _resource(f"CREATE TABLE t (id int PRIMARY KEY, v {type_})", "mysql").table.fields["v"]
    assert field.bounds.numbers == {name: Decimal(number) for name, number in limits.items()}


def test_a_cast_that_changes_a_value_is_left_to_the_database() -> None:
    table = _resource("CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v::text ~ '^[0-9]{5}$'))").table
    assert not table.rules
    assert table.database_only == ("t_v_check",)


@pytest.mark.parametrize("type_", ["double precision", "numeric"])
def test_a_check_against_what_is_no_number_bounds_nothing(type_: str) -> None:
    table = _resource(f"CREATE TABLE t (id int PRIMARY KEY, v {type_} CHECK (v < 'Infinity' AND v <> 'NaN'))").table
    assert not table.fields["v"].bounds.numbers


def test_names_that_pydantic_protects_are_not_used() -> None:
    assert attribute("model_dump_path") == "own_model_dump_path"
    assert attribute("model_name") == "model_name_"


def test_the_first_text_of_a_key_may_contain_slashes() -> None:
    made = _resource("CREATE TABLE t (code text, no int, PRIMARY KEY (code, no))")
    assert made.key_path == "/{code:path}/{no}"


@pytest.mark.parametrize(
    ("type_", "text"), [("vector(3)", "[1,1,1]"), ("public.halfvec(2)", "[1,1]"), ("vector", "[1]")]
)
def test_a_vector_has_the_dimensions_of_its_type(type_: str, text: str) -> None:
    ddl = f"CREATE EXTENSION vector; CREATE TABLE t (id int PRIMARY KEY, v {type_} NOT NULL)"
    assert _resource(ddl).table.example["v"] == text


def test_an_address_in_an_array_has_no_mask() -> None:
    table = _resource("CREATE TABLE t (id int PRIMARY KEY, one inet NOT NULL, many inet[] NOT NULL)").table
    assert (table.example["one"], table.example["many"]) == ("192.0.2.1/32", ["192.0.2.1"])
