"""What tables are made of is carried into PostgreSQL's migration, each part after what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.ddl.expression_tree import ColumnRef, Operation
from runner.ddl.notes import NoteKind
from runner.ddl.reader import read_ddl_text
from runner.generation.model.application import Application
from tests.generated_backend import backend_files, first_revision
from tests.test_backend_difference import lost, up

if TYPE_CHECKING:
    from runner.ddl.model import Schema


def created(ddl: str) -> list[str]:
    """Return the statements of PostgreSQL's first revision."""
    return [" ".join(statement.split()) for statement in first_revision(backend_files(read(ddl)), "postgresql")]


def read(ddl: str) -> Schema:
    return read_ddl_text(ddl, "postgres", "f")


TIDY = "CREATE FUNCTION is_tidy(word text = '') RETURNS boolean LANGUAGE sql AS $$ SELECT is_low(word) $$;"
LOW = "CREATE FUNCTION is_low(text) RETURNS boolean LANGUAGE sql AS $$ SELECT $1 = lower($1) $$;"


def test_functions_come_before_what_calls_them():
    ddl = (
        f"{TIDY}{LOW}CREATE FUNCTION unused() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "CREATE DOMAIN slug AS text CHECK (is_tidy(VALUE)); CREATE TABLE t (id int PRIMARY KEY, a slug);"
    )
    assert created(ddl)[:4] == [
        "SET LOCAL check_function_bodies = off",
        "CREATE OR REPLACE FUNCTION is_tidy(word text = '') RETURNS boolean LANGUAGE sql AS $$ SELECT is_low(word) $$",
        "CREATE OR REPLACE FUNCTION is_low(text) RETURNS boolean LANGUAGE sql AS $$ SELECT $1 = lower($1) $$",
        "CREATE DOMAIN slug AS text CHECK (is_tidy(VALUE))",
    ]
    (note,) = read(ddl).notes
    assert (note.kind, note.statement.split("(")[0]) == (NoteKind.FUNCTION, "CREATE FUNCTION unused")


def test_a_function_over_a_domain_comes_after_it():
    ddl = (
        "CREATE DOMAIN slug AS text; CREATE FUNCTION f(slug) RETURNS boolean LANGUAGE sql AS 'SELECT true';"
        "CREATE TABLE t (id int PRIMARY KEY, a slug CHECK (f(a)));"
    )
    assert [statement.split("(")[0] for statement in created(ddl)[:3]] == [
        "SET LOCAL check_function_bodies = off",
        "CREATE DOMAIN slug AS text",
        "CREATE OR REPLACE FUNCTION f",
    ]


def test_a_renamed_function_is_called_by_its_new_name():
    schema = read(
        f"{LOW}CREATE TABLE t (a text CHECK (is_low(a)), b text DEFAULT fresh()); CREATE INDEX ON t (is_low(a));"
        "CREATE FUNCTION fresh() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$; CREATE SCHEMA s;"
        "ALTER FUNCTION is_low(text) RENAME TO is_small; ALTER FUNCTION fresh() SET SCHEMA s;"
    )
    (table,) = schema.tables
    assert table.checks[0].text == "is_small(a)"
    assert table.indexes[0].parts[0].expression == "is_small(a)"
    assert table.columns[1].default is not None
    assert table.columns[1].default.text == "s.fresh()"
    assert [str(function.name) for function in schema.functions] == ["public.is_small", "s.fresh"]


def test_a_function_in_another_language_is_named():
    schema = read(
        "CREATE FUNCTION f(text) RETURNS boolean LANGUAGE plpython3u AS 'x'; CREATE TABLE t (a text CHECK (f(a)));"
    )
    assert schema.functions == ()
    (note,) = schema.notes
    assert (note.kind, note.line) == (NoteKind.CODE_BLOCK, 1)
    assert "plpython3u" in note.reason


def test_composite_and_row_types_are_created_in_order():
    found = created(
        "CREATE SCHEMA shop; CREATE TYPE shop.pair AS (a int, b text[]); CREATE TABLE shop.item (id int PRIMARY KEY);"
        "CREATE DOMAIN shop.some_item AS shop.item;"
        "CREATE TABLE shop.basket (id int PRIMARY KEY, p shop.pair, what shop.some_item);"
    )
    assert found[:2] == ["CREATE SCHEMA IF NOT EXISTS shop", "CREATE TYPE shop.pair AS (a integer, b text[])"]
    assert found[2].startswith("CREATE TABLE shop.item")
    assert found[3] == "CREATE DOMAIN shop.some_item AS shop.item"
    assert found[4].startswith("CREATE TABLE shop.basket")


@pytest.mark.parametrize(
    ("ddl", "needed", "schemas"),
    [
        ("CREATE TABLE t (g geometry(Point, 4326), c citext[])", ("postgis", "citext"), ()),
        ("CREATE EXTENSION hstore; CREATE TABLE t (p gis.geometry, h hstore)", ("hstore", "postgis"), ("gis",)),
        ("CREATE DOMAIN citext AS text; CREATE TABLE t (c citext)", (), ()),
        ("CREATE TYPE seg AS (a int); CREATE TABLE t (c seg)", (), ()),
    ],
)
def test_well_known_types_need_their_extensions(ddl: str, needed: tuple[str, ...], schemas: tuple[str, ...]) -> None:
    schema = read_ddl_text(ddl, "postgres")
    assert schema.extensions == needed
    assert tuple(own for _, own in schema.extension_schemas) == schemas


def test_an_extension_is_created_in_its_schema():
    found = created("CREATE SCHEMA ext; CREATE EXTENSION hstore WITH SCHEMA ext; CREATE TABLE t (a ext.hstore, b int);")
    assert found[:2] == ["CREATE SCHEMA IF NOT EXISTS ext", "CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA ext"]


def test_a_table_comes_after_the_one_whose_sequence_it_uses():
    found = created(
        "CREATE TABLE fine (id int PRIMARY KEY); CREATE TABLE letter (id bigserial PRIMARY KEY);"
        "ALTER TABLE fine ALTER COLUMN id SET DEFAULT nextval('letter_id_seq'::regclass);"
    )
    assert [statement.split(" (")[0] for statement in found] == ["CREATE TABLE letter", "CREATE TABLE fine"]


def test_a_changed_function_is_replaced():
    old = f"{LOW}CREATE TABLE t (id int PRIMARY KEY, a text CHECK (is_low(a)));"
    new = old.replace("lower($1)", "upper($1)")
    assert up(old, old) == []
    assert up(old, new) == [
        "SET LOCAL check_function_bodies = off",
        "CREATE OR REPLACE FUNCTION is_low(text) RETURNS boolean LANGUAGE sql AS $$ SELECT $1 = upper($1) $$",
    ]
    assert up(old, "CREATE TABLE t (id int PRIMARY KEY, a text);") == [
        "ALTER TABLE t DROP CONSTRAINT t_a_check",
        "DROP FUNCTION is_low(text)",
    ]


def test_names_of_sqlite_indexes_differ_without_case():
    files = backend_files(
        read('CREATE TABLE t (a int, b int); CREATE INDEX "T_i" ON t (a); CREATE INDEX t_i ON t (b);')
    )
    assert first_revision(files, "sqlite")[1:] == ['CREATE INDEX "T_i" ON t (a)', "CREATE INDEX t_i_2 ON t (b)"]


def test_a_table_without_columns_is_left_out():
    schema = read("CREATE TABLE mark (); CREATE TABLE t (id int PRIMARY KEY);")
    assert [table.name.name for table in schema.tables] == ["mark", "t"]
    assert [table.name.name for table in schema.with_columns().tables] == ["t"]
    assert "mark" in schema.warnings[0]


def test_a_new_column_of_a_domain_that_rejects_null_is_filled():
    old = "CREATE DOMAIN said AS date NOT NULL; CREATE TABLE t (id int PRIMARY KEY);"
    filled = f"{old} ALTER TABLE t ADD COLUMN a said DEFAULT '2024-05-01'; ALTER TABLE t ALTER COLUMN a DROP DEFAULT;"
    assert up(old, filled) == [
        "ALTER TABLE t ADD COLUMN a said DEFAULT '2024-05-01'",
        "ALTER TABLE t ALTER COLUMN a DROP DEFAULT",
    ]
    assert lost(old, filled) == []
    empty = f"{old} ALTER TABLE t ADD COLUMN a said;"
    (statement,) = up(old, empty)
    assert statement.endswith("ALTER TABLE t ADD COLUMN a said")
    assert statement.startswith("--")
    assert lost(old, empty) == ["t.a is new and NOT NULL, and existing rows have no value for it"]


def test_names_in_other_schemas_are_found_without_them():
    found = created(
        "CREATE SCHEMA app; SET search_path = app; CREATE TYPE level AS ENUM ('a');"
        "CREATE FUNCTION ok(l level) RETURNS boolean LANGUAGE sql AS 'SELECT true';"
        "CREATE TABLE t (l level CHECK (ok(l)));"
    )
    assert found[2] == "SELECT set_config('search_path', current_setting('search_path') || ', app', true)"


COLLATED = (
    "CREATE COLLATION IF NOT EXISTS public.\"Plain\" (provider = icu, locale = 'und', deterministic = true);"
    'CREATE TABLE t (id int PRIMARY KEY, a text COLLATE "Plain");'
)


def test_a_collation_comes_before_what_sorts_by_it():
    assert created(COLLATED)[0] == (
        "CREATE COLLATION IF NOT EXISTS \"Plain\" (provider = icu, locale = 'und', deterministic = true)"
    )
    assert read(COLLATED).notes == ()


def test_a_later_collation_is_created_by_the_revision_that_needs_it():
    plain = "CREATE TABLE t (id int PRIMARY KEY, a text);"
    assert up(plain, COLLATED)[0].startswith('CREATE COLLATION IF NOT EXISTS "Plain" (provider')
    assert lost(plain, COLLATED) == []
    assert not [statement for statement in up(COLLATED, plain) if "DROP COLLATION" in statement]


def test_a_domain_that_begins_to_reject_null_may_lose_rows():
    old = (
        "CREATE DOMAIN word AS text; CREATE DOMAIN said AS word; CREATE TABLE t (id int PRIMARY KEY, a said, b word[]);"
    )
    new = old.replace("word AS text", "word AS text NOT NULL")
    assert lost(old, new) == ["t.a becomes NOT NULL: rows without a value are rejected"]
    fields = Application(read(new)).tables[0].fields
    assert (fields["a"].nullable, fields["b"].nullable) == (False, True)


@pytest.mark.parametrize(
    ("function", "call", "expression"),
    [
        ("f(v text) RETURNS bool LANGUAGE sql AS $$ SELECT v = lower(v) $$", "f(a)", "a = lower(a)"),
        ("f(text) RETURNS bool LANGUAGE sql STRICT AS 'SELECT $1 = lower($1);'", "f(a)", "a = lower(a)"),
        ("f(v text) RETURNS bool RETURN v = lower(v)", "f(upper(a))", "upper(a) = lower(upper(a))"),
        (
            "f(IN v text, n numeric(4,1)) RETURNS bool LANGUAGE sql AS 'SELECT length(v) < n'",
            "f(a, 3)",
            "length(a) < 3",
        ),
    ],
)
def test_a_check_over_a_function_of_one_expression_is_a_check_over_that(function: str, call: str, expression: str):
    (inlined,) = read(f"CREATE FUNCTION {function}; CREATE TABLE t (a text CHECK ({call}))").tables[0].checks
    (written,) = read(f"CREATE TABLE t (a text CHECK ({expression}))").tables[0].checks
    assert inlined.expression == written.expression
    assert inlined.text == call


@pytest.mark.parametrize(
    "function",
    [
        "f(v text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN true; END'",
        "f(v text) RETURNS bool LANGUAGE sql AS 'SELECT true FROM u'",
        "f(v text) RETURNS bool LANGUAGE sql AS 'SELECT 1; SELECT true'",
        "f(v text) RETURNS bool LANGUAGE sql AS 'SELECT other > 1'",
        "f(v text) RETURNS bool LANGUAGE sql STRICT AS 'SELECT v IS NULL'",
        "f(v text, n int) RETURNS bool LANGUAGE sql AS 'SELECT v > n'",
        "f(v text = 'x') RETURNS bool LANGUAGE sql AS 'SELECT v > 1'",
        "f(v text) RETURNS bool LANGUAGE sql AS 'SELECT f(v)'",
    ],
)
def test_a_check_over_any_other_function_is_left_to_the_database(function: str):
    (check,) = read(f"CREATE FUNCTION {function}; CREATE TABLE t (a text CHECK (f(a)))").tables[0].checks
    assert check.expression == Operation(op="f", args=(ColumnRef(name="a"),))


def test_a_computed_column_over_a_function_of_one_expression_is_computed_on_sqlite():
    ddl = (
        "CREATE FUNCTION gross(net int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT twice(net) + 1';"
        "CREATE FUNCTION twice(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n * 2';"
        "CREATE TABLE t (id int PRIMARY KEY, net int, total int GENERATED ALWAYS AS (gross(net)) STORED)"
    )
    (statement,) = first_revision(backend_files(read(ddl)), "sqlite")
    assert "net * 2" in statement
