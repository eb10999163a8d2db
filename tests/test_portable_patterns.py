"""Which patterns of checks an application can use; the engine that Pydantic compiles them with is the reference."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from pydantic_core import SchemaError, SchemaValidator, core_schema

from runner.ddl.reader import read_ddl_text
from runner.generation.model.application import Application
from runner.generation.model.portable_patterns import portable_pattern

PORTABLE = [
    r"^\w{1,100}$", r"^[\w.-]{1,60}@[\w.-]{1,60}$", r"^[a-z]{1,5000}$", r"^\d{16}$", "^[^@]{1,254}$",
    r"^\+?[0-9]{8,15}$",
    "^a|b$", r"^(a(b|c){2,3})+$", "[]a]", "^[[:alpha:]]{2}$", r"\{a\}", "}", "", "a+?", r"[\]]", "^.{0,255}$",
]  # fmt: skip
LEFT_TO_THE_DATABASE = [
    r"^\w{1,255}$", r"^[\w.-]{1,254}@[\w.-]{1,254}$", r"^(\w{1,20}){1,20}$", r"^\D{1000}$", "[[a]", "[a[b]", "[a&&b]",
    "[a--b]", "a{", "a{1", "a{,3}", "a{2,1}", "(", ")", "*a", "a**", r"\m", "(?=a)", "a{1000}{1000}", "[a",
    "(" * 101 + "a" + ")" * 101, "(" * 100_000,
]  # fmt: skip


def accepted(pattern: str) -> bool:
    try:
        validator = SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError:
        return False
    with pytest.raises(ValidationError):
        validator.validate_python(1)
    return True


@pytest.mark.parametrize("pattern", PORTABLE)
def test_a_portable_pattern_is_accepted(pattern: str) -> None:
    portable = portable_pattern(pattern)
    assert portable is not None
    assert accepted(portable)


@pytest.mark.parametrize(
    ("pattern", "portable"),
    [
        ("^[a-z]{2}[0-9]{3}$", "^[A-Za-z]{2}[0-9]{3}$"),
        ("^ab?c$", "^[aA][bB]?[cC]$"),
        ("^[a-cx.A]+@[^bq]", "^[B-CXa-cx.A]+@[^BQbq]"),
        ("^a.$", r"^[aA][\s\S]$"),
        (r"\d[\wa]", r"\d[A\wa]"),
        ("[[:upper:]]", "[a-zA-Z]"),
        ("é", None),
        ("学a", None),
        ("学", "学"),
        ("[]a]", None),
        ("[^-a]", None),
    ],
)
def test_a_pattern_without_case_names_both_cases(pattern: str, portable: str | None) -> None:
    assert portable_pattern(pattern, any_case=True) == portable
    assert portable is None or accepted(portable)


@pytest.mark.parametrize(
    ("dialect", "check", "refused"),
    [
        ("postgres", "a ~ '^x.+y$'", {"xy"}),
        ("postgres", "a ~* '^X[.].*$'", {"xy", "x\ny"}),
        ("sqlite", "a GLOB 'x?y'", {"xy"}),
        ("mysql", "a REGEXP '^x.+y$'", {"xy", "x\ny"}),
    ],
)
def test_a_dot_matches_a_line_feed_where_the_database_of_the_ddl_says_so(
    dialect: str, check: str, refused: set[str]
) -> None:
    schema = read_ddl_text(f"CREATE TABLE t (id int PRIMARY KEY, a varchar(9) CHECK ({check}))", dialect)
    (table,) = Application(schema).tables
    pattern = table.fields["a"].bounds.pattern
    validator = SchemaValidator(core_schema.str_schema(pattern=pattern))
    assert {text for text in ("xy", "x\ny") if not validator.isinstance_python(text)} == refused
    (written,) = schema.tables[0].checks
    assert (r"[^\n]" in repr(written.expression).replace("\\\\", "\\")) == (dialect == "mysql")
    assert table.examples.is_accepted


@pytest.mark.parametrize(
    ("pattern", "example"),
    [
        (r"^T-?\d{3}.?\d{3}$", "T-001a111"), ("^[A-Z]+$", "AAAAAAAAA"), ("^[A-Z]*[0-9]?$", "AAAAAAAAA"),
        ("^.{0,9}$", None), ("^(a|b)+$", None), ("^a", None), ("^a b?$", None), ("^a|b$", None),
    ],
)  # fmt: skip
def test_a_padded_text_is_as_long_as_its_column_where_the_pattern_ends_in_no_blank(
    pattern: str, example: str | None
) -> None:
    ddl = f"CREATE TABLE t (id int PRIMARY KEY, a char(9) NOT NULL CHECK (a ~ '{pattern}'))"
    schema = read_ddl_text(ddl, "postgres")
    (table,) = Application(schema).tables
    assert table.fields["a"].bounds.min_length == (9 if example else None)
    assert example in (None, table.example["a"])


@pytest.mark.parametrize("pattern", LEFT_TO_THE_DATABASE, ids=lambda pattern: ascii(pattern[:20]))
def test_others_are_left_to_the_database(pattern: str) -> None:
    assert portable_pattern(pattern) is None


@pytest.mark.parametrize(
    "piece", [r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", ".", "[^a]", r"[^\s@]", r"[\w-]", "[a-z]", "a"]
)
@pytest.mark.parametrize("form", ["{}{{{}}}", "{}{{1,{}}}", "({}{{1,{}}})+"])
def test_what_is_portable_fits(piece: str, form: str) -> None:
    counts = (10, 50, 100, 150, 200, 250, 500, 1000, 2000, 5000, 10_000)
    patterns = [form.format(piece, count) for count in counts]
    assert [pattern for pattern in patterns if portable_pattern(pattern) and not accepted(pattern)] == []
