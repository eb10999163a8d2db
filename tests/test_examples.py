"""Examples of a table satisfy its constraints by construction, in every row."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from runner.ddl.reader import read_ddl_text
from runner.generation.fastapi.left_out import left_out
from runner.generation.fastapi.python_names import attribute
from runner.generation.fastapi.python_samples import sample_source
from runner.generation.fastapi.resources import Resource, resource
from runner.generation.model.application import Application
from runner.generation.model.distinctions import Distinction, distinctions
from runner.generation.model.evaluation import evaluate
from runner.generation.model.series import Cycle, value_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.generation.model.application_tables import ApplicationTable
    from runner.generation.model.samples import Sample


def _resource(ddl: str, dialect: str = "postgres") -> Resource:
    schema = read_ddl_text(ddl, dialect)
    return resource(Application(schema), schema.tables[-1].name)


def _rows(table: ApplicationTable, numbers: Sequence[int] = (1, 2, 3, 40)) -> list[dict[str, object]]:
    """Return the first rows of a table's tests, by column; references that they need refer to the row 1."""
    names = {field.name: column for column, field in table.fields.items()}
    rows = []
    for number in numbers:
        row: dict[str, object] = {column: None if field.nullable else 1 for column, field in table.fields.items()}
        row |= dict.fromkeys(table.examples.referring, 1)
        for name, sample in table.examples.body.items():
            row[names[name]] = sample.at(number)
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
        "low int NOT NULL, high int NOT NULL, UNIQUE (low, high), CHECK (low < high)",
        "low numeric(8,2) NOT NULL UNIQUE, high numeric(8,2) NOT NULL UNIQUE, CHECK (high > low)",
        "since date NOT NULL UNIQUE, until date NOT NULL, CHECK (until > since)",
        "since timestamptz NOT NULL, until timestamptz NOT NULL, UNIQUE (since, until), CHECK (since < until)",
        "code int NOT NULL, CHECK (code::text ~ '^[0-9]{5}$')",
        "code int NOT NULL UNIQUE, CHECK (code::text ~ '^[1-9][0-9]{4}$')",
        "heads numeric(3,-2) NOT NULL UNIQUE, more numeric(6,-2) NOT NULL, CHECK (heads < more)",
        "share real NOT NULL, rest real NOT NULL, CHECK (share > rest AND share > 0 AND share < 1)",
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
    assert made.table.examples.most_rows == 3
    assert made.table.examples.body["plan"].series == Cycle(values=("a", "b", "c"))
    assert '("a", "b", "c")[n % 3]' in made.body.text


def test_few_values_beside_a_column_of_many_stay_the_same_in_every_row() -> None:
    table = _resource("CREATE TABLE t (n int, flag boolean, PRIMARY KEY (n, flag))").table
    assert table.examples.most_rows is None
    assert table.examples.body["flag"].series is None


@pytest.mark.parametrize("type_", ["inet", "cidr", "macaddr", "citext"])
def test_a_unique_column_of_a_type_of_postgresql_differs_from_row_to_row(type_: str) -> None:
    table = _resource(f"CREATE TABLE t (id int PRIMARY KEY, v {type_} NOT NULL UNIQUE)").table
    series = table.examples.body["v"].series
    assert series is not None
    assert len({value_at(series, number) for number in range(1, 60)}) == 59


@pytest.mark.parametrize(
    ("column", "rows"),
    [
        ("v time NOT NULL", None),
        ("v interval NOT NULL", None),
        ("v real NOT NULL", None),
        ("v text[] NOT NULL", None),
        ("v varchar(3)[] NOT NULL", None),
        ("v inet[] NOT NULL", None),
        ("v numeric(3,2) NOT NULL CHECK (v > 0 AND v < 2)", None),
        ("v numeric(4,1) NOT NULL", None),
        ("v smallint NOT NULL CHECK (v BETWEEN 1 AND 5)", 5),
        ("v boolean NOT NULL", 2),
        ("v jsonb NOT NULL", 1),
        ("v daterange NOT NULL", None),
        ("v tstzrange NOT NULL", None),
        ("v int8range NOT NULL", None),
        ("v int4multirange NOT NULL", 1),
        ("v daterange NOT NULL, w int NOT NULL", None),
        ("v date", None),
    ],
)
def test_no_more_rows_are_made_than_differ(column: str, rows: int | None) -> None:
    names = "v, w" if " w " in column else "v"
    examples = _resource(f"CREATE TABLE t (id int PRIMARY KEY, {column}, UNIQUE ({names}))").table.examples
    assert examples.is_accepted
    assert examples.most_rows == rows
    values = {str(_source(examples.body[name], number)) for name in names.split(", ") for number in range(1, 40)}
    assert len(values) >= (rows or 39)


@pytest.mark.parametrize(
    "columns",
    [
        "body text NOT NULL); CREATE UNIQUE INDEX i ON t (left(body, 4)",
        "body text NOT NULL); CREATE UNIQUE INDEX i ON t (substr(body, 1, 6), right(body, 2)",
        "body varchar(9) NOT NULL); CREATE UNIQUE INDEX i ON t (upper(substr(body, 2, 3))",
        "a date NOT NULL, b date NOT NULL, CHECK (a < b), EXCLUDE USING gist (daterange(a, b) WITH &&)",
        "a date NOT NULL, b date NOT NULL, EXCLUDE USING gist (daterange(a, b, '[]') WITH &&)",
        "a timestamptz NOT NULL, b timestamptz NOT NULL, EXCLUDE USING gist (tstzrange(a, b) WITH &&)",
        "a int NOT NULL, b int NOT NULL, CHECK (a < b), EXCLUDE USING gist (int4range(a, b) WITH &&)",
        "a int NOT NULL, r tsrange NOT NULL, EXCLUDE USING gist (a WITH =, r WITH &&)",
    ],
)
def test_rows_differ_in_what_no_two_may_agree_in(columns: str) -> None:
    table = _resource(f"CREATE TABLE t (id int PRIMARY KEY, {columns})").table
    assert (table.examples.most_rows, table.examples.alike) == (None, ())
    types = {name: field.type for name, field in table.fields.items()}
    made: list[Distinction] = list(distinctions(table.constraints, types, ()))
    assert len(made) == 1
    assert made[0].holds(_rows(table, (1, 2, 3, 9, 10, 11, 99, 100, 101, 110)))


@pytest.mark.parametrize(
    ("columns", "name", "rows"),
    [
        ("a date NOT NULL, EXCLUDE USING gist (daterange(a, NULL) WITH &&)", "t_daterange_excl", 1),
        ("data jsonb NOT NULL); CREATE UNIQUE INDEX i ON t ((data ->> 'key')", "i", 1),
        ("body char(1) NOT NULL CHECK (body IN ('a', 'b'))); CREATE UNIQUE INDEX i ON t (lower(body)", "i", 2),
        ("a int NOT NULL, EXCLUDE USING gist (a WITH -|-)", "t_a_excl", 1),
    ],
)
def test_where_no_values_differ_tests_make_as_many_rows_as_there_may_be(columns: str, name: str, rows: int) -> None:
    schema = read_ddl_text(f"CREATE TABLE t (id int PRIMARY KEY, {columns})", "postgres")
    table = resource(Application(schema), schema.tables[0].name).table
    assert table.examples.is_accepted
    assert (table.examples.most_rows, table.examples.alike) == (rows, (name,))
    many = "one row" if rows == 1 else "few rows"
    assert f"its tests make {many} at a time: no values are known that differ in `{name}`" in left_out(
        "postgres", table
    )


def test_a_reference_to_a_row_of_its_own_keeps_rows_apart() -> None:
    ddl = "CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, u_id int NOT NULL REFERENCES u, "
    table = _resource(f"{ddl} a int NOT NULL, EXCLUDE USING gist (u_id WITH =, int4range(a, NULL) WITH &&))").table
    assert (table.examples.most_rows, table.examples.alike) == (None, ())


def _source(sample: Sample, number: int) -> object:
    """Return what the source of a sample evaluates to in a row."""
    return eval(sample_source(sample).text, {"n": number, "dt": dt})


@pytest.mark.parametrize("index", ["lower(v)", "v) WHERE (v IS NOT NULL"])
def test_a_column_that_is_unique_in_part_differs_from_row_to_row(index: str) -> None:
    ddl = f"CREATE TABLE t (id int PRIMARY KEY, v varchar(2) NOT NULL); CREATE UNIQUE INDEX i ON t ({index})"
    series = _resource(ddl).table.examples.body["v"].series
    assert series is not None
    assert len({value_at(series, number) for number in range(60)}) == 60


def test_fields_that_break_a_rule_do_so_in_every_row_and_are_of_the_key_only_where_they_must_be() -> None:
    ddl = "CREATE TABLE t (a int PRIMARY KEY, b int NOT NULL, CONSTRAINT forward CHECK (b >= a AND a >= 0))"
    table = _resource(ddl).table
    assert table.examples.broken["forward"].keys() == {"b"}
    for row in _rows(table):
        assert evaluate(table.rules[0].condition, {**row, **table.examples.broken["forward"]}) is False
    within = _resource("CREATE TABLE t (a int, b int, PRIMARY KEY (a, b), CONSTRAINT differ CHECK (a <> b))").table
    assert within.examples.broken["differ"].keys() == {"a", "b"}


def test_a_composite_type_is_given_as_a_row_of_nulls_and_left_out_where_it_may_be() -> None:
    ddl = (
        "CREATE TYPE pair AS (a int, b int); CREATE TABLE u (x int, y int, z int); CREATE DOMAIN triple AS u;"
        "CREATE TABLE t (id int PRIMARY KEY, p pair NOT NULL, q triple NOT NULL, r pair)"
    )
    examples = _resource(ddl).table.examples
    assert (examples.body["p"].json, examples.body["q"].json, examples.body["r"].json) == ("(,)", "(,,)", None)
    assert examples.is_accepted


def test_a_type_that_is_not_known_is_left_out_and_where_it_is_required_no_rows_are_made() -> None:
    ddl = "CREATE TABLE t (id int PRIMARY KEY, v gis.outline{}); CREATE TABLE u (t_id int PRIMARY KEY REFERENCES t)"
    optional = read_ddl_text(ddl.format(""), "postgres")
    assert all(Application(optional).is_creatable(table.name) for table in optional.tables)
    assert "v" not in resource(Application(optional), optional.tables[0].name).body.text
    required = Application(read_ddl_text(ddl.format(" NOT NULL"), "postgres"))
    assert not any(required.is_creatable(table.name) for table in required.schema.tables)
    assert required.tables[0].examples.unknown == ("v",)
    assert "its tests make no rows" in " ".join(left_out("postgres", required.tables[0]))


def test_a_check_that_no_value_satisfies_and_one_over_a_function_leave_the_rows_of_tests_out() -> None:
    function = "CREATE FUNCTION fits(v text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN v = 'x'; END $$;"
    for check, name in (("(a < b AND b < a)", "t_check"), ("(fits(c))", "t_c_check")):
        ddl = f"{function} CREATE TABLE t (id int PRIMARY KEY, a int, b int NOT NULL, c text NOT NULL, CHECK {check})"
        table = _resource(ddl.replace("a int", "a int NOT NULL")).table
        assert table.examples.unmet == (name,)
    assert _resource(ddl.replace("c text NOT NULL", "c text")).table.examples.is_accepted


def test_lower_of_a_range_is_its_bound_and_no_rule_of_the_application() -> None:
    table = _resource(
        "CREATE TABLE t (id int PRIMARY KEY, r int4range CHECK (lower(r) > 10), s text CHECK (s = lower(s)))"
    )
    assert [rule.name for rule in table.table.rules] == ["t_s_check"]
    assert table.table.database_only == ("t_r_check",)


@pytest.mark.parametrize(
    ("check", "accepted", "refused"),
    [
        ("v LIKE 'a%_z'", "abcz", "az"),
        ("v ILIKE '%B%'", "abc", "ac"),
        ("substr(v, 2, 1) = 'b'", "abc", "acb"),
        ("left(v, 1) || right(v, 1) = 'ac'", "abc", "ab"),
        ("strpos(v, 'c') = 3 AND replace(v, 'c', '') = 'ab'", "abc", "acb"),
        ("octet_length(v) < 4", "abc", "ab\u00e9"),
        ("CASE WHEN v = 'x' THEN false WHEN v = 'y' THEN NULL ELSE length(v) > 0 END", "y", "x"),
        ("n / 2 = 3 AND n % 2 = 1", 7, 6),
        ("abs(n) > 5 AND greatest(n, 3) = 3", -6, 6),
        ("round(d, 1) = d", Decimal("1.5"), Decimal("1.55")),
        ("d / 2 > 0.7", Decimal("1.5"), Decimal("1.3")),
        ("extract(dow FROM day) = 0 AND extract(month FROM day) = 9", dt.date(2024, 9, 1), dt.date(2024, 9, 2)),
        ("day - DATE '2024-01-01' >= 10", dt.date(2024, 1, 11), dt.date(2024, 1, 10)),
        ("day + 7 > DATE '2024-01-10'", dt.date(2024, 1, 4), dt.date(2024, 1, 3)),
        ("at - TIMESTAMPTZ '2024-01-01 00:00:00Z' > interval '1 day 2 hours'",
         dt.datetime(2024, 1, 2, 3, tzinfo=dt.UTC), dt.datetime(2024, 1, 2, 1, tzinfo=dt.UTC)),
        ("jsonb_typeof(j) = 'array'", [], {}),
    ],
)  # fmt: skip
def test_examples_are_tried_with_checks_of_the_database_alone(check: str, accepted: object, refused: object) -> None:
    columns = "v text, n int, d numeric, day date, at timestamptz, j jsonb"
    table = _resource(f"CREATE TABLE t (id int PRIMARY KEY, {columns}, CHECK ({check}))").table
    (tried,) = table.tried
    (column,) = tried.columns
    assert evaluate(tried.condition, {column: accepted}) is not False
    assert evaluate(tried.condition, {column: refused}) is False


def test_an_interval_of_months_has_no_length_here() -> None:
    ddl = "CREATE TABLE t (id int PRIMARY KEY, v interval NOT NULL CHECK (v > interval '1 month'))"
    assert _resource(ddl).table.examples.unmet == ("t_v_check",)


def test_a_default_that_one_database_lacks_is_given_in_tests() -> None:
    ddl = "CREATE FUNCTION code() RETURNS text LANGUAGE sql AS $$ SELECT 'c' $$;"
    examples = _resource(
        f"{ddl} CREATE TABLE t (id text PRIMARY KEY DEFAULT code(), at date DEFAULT now())"
    ).table.examples
    assert "id" in examples.body
    assert "at" not in examples.body


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


def test_a_pattern_without_case_is_the_pattern_of_its_field() -> None:
    field = _resource("CREATE TABLE t (id int PRIMARY KEY, v text CHECK (v ~* '^AB'))").table.fields["v"]
    assert field.bounds.pattern == "^[Aa][Bb]"


def test_a_cast_that_changes_a_value_is_left_to_the_database() -> None:
    table = _resource("CREATE TABLE t (id int PRIMARY KEY, v real CHECK (v::text ~ '^[0-9]{5}$'))").table
    assert not table.rules
    assert table.database_only == ("t_v_check",)


def test_an_integer_as_text_is_evaluated() -> None:
    (rule,) = _resource("CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v::text ~ '^[1-3]{2}$'))").table.rules
    assert [evaluate(rule.condition, {"v": value}) for value in (12, 9, -12, None)] == [True, False, False, None]


@pytest.mark.parametrize("type_", ["double precision", "numeric"])
def test_a_check_against_what_is_no_number_bounds_nothing(type_: str) -> None:
    table = _resource(f"CREATE TABLE t (id int PRIMARY KEY, v {type_} CHECK (v < 'Infinity' AND v <> 'NaN'))").table
    assert not table.fields["v"].bounds.numbers


def test_a_number_of_a_negative_scale_has_no_digits_that_are_rounded() -> None:
    table = _resource("CREATE TABLE t (id int PRIMARY KEY, a numeric(3,-2), b numeric(3,-2) UNIQUE)").table
    assert (table.example["a"], table.example["b"]) == ("100", "200")


def test_names_that_pydantic_protects_are_not_used() -> None:
    assert attribute("model_dump_path") == "own_model_dump_path"
    assert attribute("model_name") == "model_name_"


def test_texts_and_bytes_of_a_key_may_contain_slashes() -> None:
    made = _resource("CREATE TABLE t (code text, no int, sum bytea, PRIMARY KEY (code, no, sum))")
    assert made.key_path == "/{code:text}/{no}/{sum:text}"


@pytest.mark.parametrize(
    ("type_", "text"), [("vector(3)", "[1,1,1]"), ("public.halfvec(2)", "[1,1]"), ("vector", "[1]")]
)
def test_a_vector_has_the_dimensions_of_its_type(type_: str, text: str) -> None:
    ddl = f"CREATE EXTENSION vector; CREATE TABLE t (id int PRIMARY KEY, v {type_} NOT NULL)"
    assert _resource(ddl).table.example["v"] == text


def test_an_address_in_an_array_has_no_mask() -> None:
    table = _resource("CREATE TABLE t (id int PRIMARY KEY, one inet NOT NULL, many inet[] NOT NULL)").table
    assert (table.example["one"], table.example["many"]) == ("192.0.2.1/32", ["192.0.2.1"])


def test_a_row_can_be_made_where_all_that_it_must_refer_to_can() -> None:
    ddl = (
        "CREATE TABLE a (id int PRIMARY KEY, b_id int NOT NULL);"
        "CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL);"
        "CREATE TABLE c (id int PRIMARY KEY, a_id int NOT NULL REFERENCES a);"
        "CREATE TABLE d (id int PRIMARY KEY, d_id int NOT NULL REFERENCES d);"
        "CREATE TABLE e (id int PRIMARY KEY, c_id int REFERENCES c); CREATE TABLE f (id int PRIMARY KEY REFERENCES e);"
        "ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b; ALTER TABLE b ADD FOREIGN KEY (a_id) REFERENCES a"
    )
    application = Application(read_ddl_text(ddl, "postgres"))
    found = {table.name.name: application.is_creatable(table.name) for table in application.schema.tables}
    assert found == {"a": False, "b": False, "c": False, "d": False, "e": True, "f": True}


def test_a_long_chain_of_references_is_followed() -> None:
    parts = [f"CREATE TABLE t{n} (id int PRIMARY KEY, p int NOT NULL REFERENCES t{n - 1});" for n in range(1, 1500)]
    application = Application(read_ddl_text("CREATE TABLE t0 (id int PRIMARY KEY);" + "".join(parts), "postgres"))
    assert application.is_creatable(application.schema.tables[-1].name)


def test_a_column_of_an_optional_reference_that_is_never_null_has_a_value_of_its_own() -> None:
    ddl = (
        "CREATE TABLE zone (country char(2), code int, PRIMARY KEY (country, code));"
        "CREATE TABLE site (id int PRIMARY KEY, country char(2) NOT NULL, code int,"
        " FOREIGN KEY (country, code) REFERENCES zone{})"
    )
    simple = Application(read_ddl_text(ddl.format(""), "postgres"))
    site = simple.table(simple.schema.tables[1].name)
    assert not site.references[0].required
    assert site.examples.body.keys() == {"id", "country"}
    full = Application(read_ddl_text(ddl.format(" MATCH FULL"), "postgres"))
    site = full.table(full.schema.tables[1].name)
    assert site.references[0].required
    assert site.examples.body.keys() == {"id"}
    assert site.example.keys() == {"id", "country", "code"}


def test_a_number_of_a_rule_that_is_not_known_may_be_in_a_unique_index() -> None:
    ddl = "CREATE TABLE x (id int PRIMARY KEY, a int, b int, UNIQUE KEY ab (a, (b + 1)), CHECK (a XOR b))"
    application = Application(read_ddl_text(ddl, "mysql"))
    examples = application.tables[0].examples
    assert examples.is_accepted
    assert examples.body["a"].value is None
