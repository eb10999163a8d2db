"""Checks and defaults: from SQL text to the model's expressions."""

from __future__ import annotations

import pickle

import pytest

from runner.ddl.dialects import dialect_named
from runner.ddl.expression_tree import ColumnRef, Const, Expression, Operation
from runner.ddl.reader import read_ddl_text
from runner.ddl.syntax.expression_parser import parse
from runner.ddl.syntax.expressions import MAX_EXPRESSION_DEPTH, parse_expression


def short(expression: Expression | None) -> str:
    """Return an expression as `op(arg, …)`, columns bare, text in quotes."""
    if expression is None:
        return "none"
    if isinstance(expression, ColumnRef):
        return expression.name
    if isinstance(expression, Const):
        return str(expression.value) if expression.is_number else repr(expression.value)
    return f"{expression.op}({', '.join(short(argument) for argument in expression.args)})"


CASES: list[tuple[str, str, str]] = [
    ("postgres", "nisn ~ '^[0-9]{10}$'", "~(nisn, '^[0-9]{10}$')"),
    ("postgres", r"a ~ E'^\\d\x41$'", r"~(a, '^\\dA$')"),
    ("postgres", r"a = E'it\'s'", '=(a, "it\'s")'),
    ("postgres", "a !~ 'x'", "not(~(a, 'x'))"),
    ("postgres", "a !~* 'x'", "not(~*(a, 'x'))"),
    ("mysql", "a REGEXP '^x'", "~*(a, '^x')"),
    ("postgres", "a IN ('x', 'y')", "in(a, 'x', 'y')"),
    ("postgres", "a NOT IN (1, 2)", "not(in(a, 1, 2))"),
    (
        "postgres",
        "((a)::text = ANY ((ARRAY['x'::character varying, 'y'::text])::text[]))",
        "in(cast(a, 'text'), 'x', 'y')",
    ),
    ("postgres", "a BETWEEN -11.1 AND 6.1", "and(>=(a, -11.1), <=(a, 6.1))"),
    ("postgres", "a NOT BETWEEN 1 AND 2", "not(and(>=(a, 1), <=(a, 2)))"),
    ("postgres", "a > 0 AND b > 0 AND c > 0 OR d", "or(and(>(a, 0), >(b, 0), >(c, 0)), d)"),
    ("postgres", "NOT (a <> b)", "not(<>(a, b))"),
    ("postgres", "a IS NULL OR b IS NOT NULL", "or(is null(a), is not null(b))"),
    ("postgres", "NOT a IS NULL", "is not null(a)"),
    ("postgres", "a IS TRUE", "=(coalesce(a, False), True)"),
    ("postgres", "char_length(btrim(a)) >= 3", ">=(length(trim(a)), 3)"),
    ("postgres", "a LIKE 'x%' AND b NOT ILIKE '%y'", "and(like(a, 'x%'), not(ilike(b, '%y')))"),
    ("postgres", "ends_on >= starts_on + 1", ">=(ends_on, +(starts_on, 1))"),
    ("postgres", 'upper("Code") = "Code"', "=(upper(Code), Code)"),
    ("postgres", "NISN = lower(nisn)", "=(nisn, lower(nisn))"),
    ("postgres", "num_nonnulls(a, b) = 1", "=(num_nonnulls(a, b), 1)"),
    ("postgres", "a <@ ARRAY[1, 2]", "<@(a, array(1, 2))"),
    ("postgres", "ARRAY[1] @> a", "<@(a, array(1))"),
    ("postgres", "born < CURRENT_DATE", "<(born, current_date())"),
    ("postgres", "extract(year FROM born) > 1900", ">(extract('year', born), 1900)"),
    ("postgres", "'2020-01-01'::date", "'2020-01-01'"),
    ("postgres", "-1", "-1"),
    ("postgres", "'it''s'::character varying", '"it\'s"'),
    ("postgres", "true", "True"),
    ("postgres", "now()", "now()"),
    ("postgres", "CURRENT_TIMESTAMP", "now()"),
    ("mysql", "CURRENT_TIMESTAMP(6)", "now(6)"),
    ("postgres", "nextval('s'::regclass)", "nextval('s')"),
    ("postgres", "gen_random_uuid()", "gen_random_uuid()"),
    ("sqlite", 'length(a) = 3 AND "b" IN (1)', "and(=(length(a), 3), in(b, 1))"),
    ("sqlite", "(strftime('%s', 'now'))", "strftime('%s', 'now')"),
    ("postgres", "a ~ ANY (ARRAY['x', 'y'])", "or(~(a, 'x'), ~(a, 'y'))"),
    ("postgres", "a LIKE ANY (ARRAY['x%'])", "like(a, 'x%')"),
    ("postgres", "a <> ALL (ARRAY[1, 2])", "and(<>(a, 1), <>(a, 2))"),
    ("postgres", "NOT (a ~ ANY (ARRAY['x', 'y']))", "not(or(~(a, 'x'), ~(a, 'y')))"),
    ("postgres", "a !~ ALL (ARRAY['x', 'y'])", "none"),  # the parser reads it as NOT (a ~ ALL (…))
    ("postgres", "a !~ ANY (ARRAY['x', 'y'])", "none"),
    ("postgres", "a = ANY (b)", "none"),
    ("postgres", "a IN (SELECT 1)", "none"),
    ("postgres", "CASE WHEN a THEN b ELSE c END", "case(a, b, c)"),
    ("postgres", "a @@@ b ???", "none"),
    ("postgres", "", "none"),
]


@pytest.mark.parametrize(("dialect", "text", "expected"), CASES)
def test_expression_is_parsed(dialect: str, text: str, expected: str):
    assert short(parse_expression(text, dialect_named(dialect))[0]) == expected


@pytest.mark.parametrize(
    ("dialect", "comment"),
    [
        ("postgres", "-- one (of two)"),
        ("postgres", "/* one */"),
        ("mysql", "# one"),
        ("mysql", "-- one"),
        ("sqlite", "-- 1"),
    ],
)
def test_comments_in_an_expression_are_left_out(dialect: str, comment: str):
    computed, check = f"(a {comment}\n + 1)", f"(a > 0 {comment}\n AND b <> 2)"
    text = f"CREATE TABLE t (a int, b int GENERATED ALWAYS AS {computed} STORED, CHECK {check})"
    (table,) = read_ddl_text(text, dialect).tables
    assert table.checks[0].text == "a > 0 AND b <> 2"
    assert table.columns[1].generated is not None
    assert table.columns[1].generated.text == "a + 1"


SIMPLE = (
    "'a'", "'it''s'", "7", "-7.5", "TRUE", "false", "NULL", "now()", "CURRENT_DATE", "current_timestamp",
    "gen_random_uuid()", "uuid_generate_v4()",
)  # fmt: skip


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite"])
@pytest.mark.parametrize("text", SIMPLE)
def test_what_is_read_without_the_parser_is_what_the_parser_reads(dialect: str, text: str):
    record = dialect_named(dialect)
    assert parse_expression(text, record) == parse(text, record)


CAST = (
    "'{}'::text[]", "'a'::public.kind", "'1'::numeric(10, 2)", "'a'::character varying", "true::boolean", "'a'::text",
    "nextval('a.b'::regclass)", "nextval('b')", "'2020-01-01'::timestamp AT TIME ZONE 'UTC'", "true::bool AND a",
    "'a'::text || 'b'", "'a'::text IS NULL", "'[1]'::json -> 0",
)  # fmt: skip


@pytest.mark.parametrize("text", CAST)
def test_what_is_cast_is_read_as_the_parser_reads_it(text: str):
    record = dialect_named("postgres")
    assert parse_expression(text, record) == parse(text, record)


def test_marks_of_comments_in_a_string_stay():
    (table,) = read_ddl_text("CREATE TABLE t (a text CHECK (a <> '--  /* #' AND  a <> ''))", "postgres").tables
    assert table.checks[0].text == "a <> '--  /* #' AND a <> ''"


def test_columns_are_known_where_the_expression_has_no_parsed_form():
    expression, columns = parse_expression("A @> ANY (SELECT b)", dialect_named("postgres"))
    assert expression is None
    assert columns == ("a", "b")


def test_check_of_a_table_refers_only_to_its_columns():
    schema = read_ddl_text("CREATE TABLE t (a int, b int CHECK (B > a AND current_user <> 'x'))", "postgres")
    assert schema.tables[0].checks[0].columns == ("b", "a")


def test_cast_of_text_to_text_is_removed():
    ddl = "CREATE TABLE t (a varchar(5), b int, CHECK ((a)::text ~ 'x'), CHECK ((b)::text ~ '1'))"
    first, second = read_ddl_text(ddl, "postgres").tables[0].checks
    assert first.expression == Operation(op="~", args=(ColumnRef(name="a"), Const(value="x")))
    assert short(second.expression) == "~(cast(b, 'text'), '1')"


@pytest.mark.parametrize("text", ["(" * 5000 + "1" + ")" * 5000, "NOT " * 5000 + "a", "- " * 2900 + "1"])
def test_hostile_expression_has_no_parsed_form(text: str):
    assert parse_expression(text, dialect_named("postgres"))[0] is None


def test_parentheses_up_to_the_limit_are_parsed():
    depth = MAX_EXPRESSION_DEPTH
    assert short(parse_expression("(" * depth + "a > 1" + ")" * depth, dialect_named("postgres"))[0]) == ">(a, 1)"


@pytest.mark.parametrize("operator", ["||", "+"])
def test_a_long_chain_is_left_as_text_and_the_schema_can_be_kept(operator: str) -> None:
    text = operator.join(["a"] * 280)
    schema = read_ddl_text(f"CREATE TABLE t (a text, b text DEFAULT {text}, CHECK ({text} IS NOT NULL));", "postgres")
    assert schema.tables[0].columns[1].default is not None
    assert schema.tables[0].columns[1].default.expression is None
    assert schema.tables[0].checks[0].text == f"{text} IS NOT NULL"
    assert pickle.loads(pickle.dumps(schema)) == schema


@pytest.mark.parametrize(
    "default", ["ARRAY[1, NULL]", "ARRAY[[1], [NULL]]", "CASE WHEN 1 IS NOT NULL THEN '{1}' ELSE '{}' END"]
)
def test_a_null_inside_of_a_default_begins_no_clause(default: str) -> None:
    schema = read_ddl_text(f"CREATE TABLE t (a int[] DEFAULT {default} NOT NULL, b int)", "postgres")
    column = schema.tables[0].columns_by_name["a"]
    assert column.default is not None
    assert (column.default.text, column.nullable, schema.notes) == (default, False, ())
