from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.ddl.reader import read_ddl
from runner.generation.agent import AgentContext
from runner.generation.encoders import Code
from runner.generation.encoders.typescript_text import comment
from runner.generation.react.javascript_patterns import javascript_pattern
from runner.generation.react.typescript_source import Arrow, Call, Open, laid_out, literal, properties
from runner.generation.registry import load_agent
from runner.records.errors import AgentError
from tests.generated_backend import read_schema

if TYPE_CHECKING:
    from pathlib import Path

LONG = "x" * 60
Files = dict[str, str]


def services(ddl: str, folder: Path) -> Files:
    path = folder / "schema.sql"
    path.write_text(ddl, encoding="utf-8")
    schema = read_ddl([path], "postgres")
    agent = load_agent("fe-crud")
    found = [file for table in schema.tables for file in agent.generate(AgentContext(schema=schema, table=table))]
    return {file.path.removeprefix("frontend/src/tables/"): file.text for file in found}


# --------------------------------------------------------------------------------------------------------------- source


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("it's", '"it\'s"'),
        ('say "it"', "'say \"it\"'"),
        ("a\\b\n\u2028", '"a\\\\b\\n\\u2028"'),
        ({"plain": 1, "two words": None}, '{ plain: 1, "two words": null }'),
        ([1.0, 0.5, True], "[1, 0.5, true]"),
        ([], "[]"),
        ({}, "{}"),
        (Call("f.text", ({"max": 3},), ".nullish()"), "f.text({ max: 3 }).nullish()"),
        (Arrow("row", Call("sql.lt", (Code("row.a"), "b"))), '(row) => sql.lt(row.a, "b")'),
    ],
)
def test_literal_is_on_one_line(value: Any, source: str) -> None:
    assert literal(value) == source


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ([LONG, LONG], f'[\n  "{LONG}",\n  "{LONG}",\n]'),
        ([{"a": 1, "b": 2}, {"a": 3, "b": 4}], "[\n  { a: 1, b: 2 },\n  { a: 3, b: 4 },\n]"),
        ([{"a": 1}, {"a": 2}], "[{ a: 1 }, { a: 2 }]"),
        (Open({"a": 1}), "{\n  a: 1,\n}"),
        (Call("f.choice", ([LONG, LONG],)), f'f.choice([\n  "{LONG}",\n  "{LONG}",\n])'),
        (Call("f.text", ({"a": LONG, "b": LONG},), ".nullish()"),
         f'f\n  .text({{\n    a: "{LONG}",\n    b: "{LONG}",\n  }})\n  .nullish()'),
        (Call("g", (Code(LONG), Code(LONG))), f"g(\n  {LONG},\n  {LONG},\n)"),
        (Arrow("row", Code(LONG * 2)), f"(row) =>\n  {LONG * 2}"),
    ],
)  # fmt: skip
def test_long_values_are_broken_as_the_formatter_breaks_them(value: Any, source: str) -> None:
    assert laid_out(value) == source


def test_numbers_fill_their_lines() -> None:
    lines = laid_out(list(range(1000, 1040))).split("\n")
    assert [len(line) for line in lines] == [1, 97, 97, 49, 1]


def test_a_long_text_after_a_long_name_goes_to_the_next_line() -> None:
    assert properties({"message": "x" * 90}, 2) == [f'  message:\n    "{"x" * 90}",']
    assert properties({"text": "x" * 90}, 2) == [f'  text: "{"x" * 90}",']


def test_comments_cannot_be_ended_from_within() -> None:
    assert comment("ends */ here") == "/** ends * / here */"
    assert comment(f"{LONG} {LONG}", 2) == f"/**\n   * {LONG}\n   * {LONG}\n   */"


# ------------------------------------------------------------------------------------------------------------- patterns


@pytest.mark.parametrize(
    ("pattern", "translated"),
    [
        (r"^[0-9]{10}$", r"^[0-9]{10}$"),
        (r"^\d+/\w{2,}$", r"^\p{Nd}+\/[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]{2,}$"),
        (r"[^@\s]\.[\w.-]", r"[^@\p{White_Space}]\.[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}.-]"),
        (r"[\-\.\/\]]\-", r"[\-./\]]-"),
        ("a.b", r"a[^\n]b"),
        ("a{b}]", r"a\{b\}\]"),
        ("[[{2}]", "[[{2}]"),
        (r"[\W]", None),
        ("[a&&b]", None),
        (r"[\d-z]", None),
        (r"[a-\d]", None),
        ("a++", None),
        (r"\A", None),
        ("[a", None),
    ],
)
def test_patterns_in_javascript(pattern: str, translated: str | None) -> None:
    assert javascript_pattern(pattern) == translated


# ---------------------------------------------------------------------------------------------------------------- agent


def test_two_generations_are_identical() -> None:
    schema, agent = read_schema(), load_agent("fe-crud")
    first, second = (
        [agent.generate(AgentContext(schema=read, table=table)) for table in read.tables]
        for read in (schema, read_schema())
    )
    assert first == second
    assert len(first) == len(schema.tables) == 25


def test_a_table_is_needed() -> None:
    with pytest.raises(AgentError, match="was given none"):
        load_agent("fe-crud").generate(AgentContext(schema=read_schema()))


def test_fields_that_clients_cannot_write_are_only_read(tmp_path: Path) -> None:
    files = services(
        """CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a integer NOT NULL,
           b integer GENERATED ALWAYS AS (a * 2) STORED, made_at timestamptz NOT NULL DEFAULT now(), note text);""",
        tmp_path,
    )
    read, create = files["t/types.ts"].split("export const createSchema")
    assert all(f"  {field}: " in read for field in ("id", "a", "b", "made_at", "note"))
    assert [line.strip() for line in create.splitlines()[1:5]] == [
        "a: f.int32(),", "made_at: f.timestamp().optional(),", "note: f.text().nullish(),", "});",
    ]  # fmt: skip
    assert "createSchema.partial()" in create


def test_items_of_an_array_have_the_bounds_of_their_domain(tmp_path: Path) -> None:
    types = services(
        """CREATE DOMAIN dose AS int CHECK (VALUE > 100); CREATE DOMAIN colour AS text CHECK (VALUE IN ('red', 'blue'));
        CREATE TABLE t (id int PRIMARY KEY, doses dose[] NOT NULL, colours colour[] NOT NULL);""",
        tmp_path,
    )["t/types.ts"]
    assert "  doses: f.array(f.int32({ gt: 100 })),\n" in types
    assert 'const coloursChoice = f.textChoice(["red", "blue"]);' in types


def test_a_key_that_clients_give_cannot_be_changed(tmp_path: Path) -> None:
    files = services("CREATE TABLE t (a int, b date, c text, PRIMARY KEY (a, b));", tmp_path)
    assert "createSchema.omit({ a: true, b: true }).partial()" in files["t/types.ts"]
    assert 'key: ["a", "b"]' in files["t/api.ts"]


def test_a_table_of_keys_alone_has_no_changes(tmp_path: Path) -> None:
    files = services("CREATE TABLE t (a int, b int, PRIMARY KEY (a, b));", tmp_path)
    assert "updateSchema" not in files["t/types.ts"] + files["t/api.ts"]
    assert "useTUpdate" not in files["t/hooks.ts"]


def test_a_table_without_a_key_is_read_only(tmp_path: Path) -> None:
    files = services("CREATE TABLE log (at timestamptz CHECK (at < now()), text text);", tmp_path)
    assert "createSchema" not in files["log/types.ts"] + files["log/api.ts"]
    assert "useLogList" in files["log/hooks.ts"]
    assert "useLogRow" not in files["log/hooks.ts"]
    assert "key: []," in files["log/api.ts"]
    assert "**Read-only**: the table has no primary key" in files["log/README.md"]


def test_bounds_patterns_and_choices_are_the_fields(tmp_path: Path) -> None:
    types = services(
        r"""CREATE TYPE mood AS ENUM ('good', 'bad');
           CREATE TABLE t (id int PRIMARY KEY, mood mood NOT NULL, moods mood[] NOT NULL,
             kind varchar(5) NOT NULL CHECK (kind IN ('a', 'b')), level smallint NOT NULL CHECK (level IN (1, 2)),
             code varchar(4) NOT NULL CHECK (code ~ '^[A-Z]{4}$'), big bigint NOT NULL CHECK (big > 9007199254740993),
             price numeric(8,2) NOT NULL CHECK (price >= 0.5), rate double precision NOT NULL CHECK (rate < 1.5),
             foreign_pattern text NOT NULL CHECK (foreign_pattern ~ '[\W]'));""",
        tmp_path,
    )["t/types.ts"]
    for line in (
        'const moodChoice = f.choice(["good", "bad"]);',
        'const kindChoice = f.textChoice(["a", "b"]);',
        "const levelChoice = f.intChoice([1, 2]);",
        "  mood: moodChoice,",
        "  moods: f.array(moodChoice),",
        '  code: f.text({ max: 4, pattern: /^[A-Z]{4}$/u, like: "AAAA" }),',
        '  big: f.int64({ gt: "9007199254740993" }),',
        '  price: f.decimal({ digits: 8, places: 2, ge: "0.5" }),',
        "  rate: f.float({ lt: 1.5 }),",
        "  foreign_pattern: f.text(),",
    ):
        assert f"{line}\n" in types


@pytest.mark.parametrize(
    ("check", "source"),
    [
        ("a < b", "sql.lt(sql.num(row.a), sql.num(row.b))"),
        ("d > DATE '2024-01-01' OR e IS NULL", 'sql.anyOf(sql.gt(row.d, "2024-01-01"), sql.isNull(row.e))'),
        ("d <= CURRENT_DATE OR e IS NOT NULL", "sql.anyOf(sql.le(row.d, sql.today()), sql.not(sql.isNull(row.e)))"),
        ("s < t", "sql.lt(sql.timeOfDay(row.s), sql.timeOfDay(row.t))"),
        ("z > m AND a > 0", None),
        ("i > j", None),
        ("md5(e) = f", None),
    ],
)
def test_rules_over_a_row(check: str, source: str | None, tmp_path: Path) -> None:
    files = services(
        f"""CREATE TABLE t (id int PRIMARY KEY, a int, b bigint, d date, e text, f text, s time, t time,
            z timestamptz, m timestamp, i interval, j interval, CHECK ({check}));""",
        tmp_path,
    )
    if source is None:
        assert "sql" not in files["t/types.ts"]
        assert "t/rules.ts" not in files
    else:
        assert f"holds: (row) => {source},\n" in files["t/rules.ts"]


def test_references_are_declared_once_by_their_own_table(tmp_path: Path) -> None:
    ddl = """CREATE TABLE a (x int, y int, PRIMARY KEY (x, y));
             CREATE TABLE b (id int PRIMARY KEY, x int, y int, up int REFERENCES b, FOREIGN KEY (x, y) REFERENCES a);"""
    files = services(ddl, tmp_path)
    assert "readonly DeclaredReference[] = [];" in files["a/references.ts"]
    told = files["b/references.ts"]
    assert '{ path: "x_y", fields: ["x", "y"], table: "a", targetFields: ["x", "y"] },' in told
    assert '{ path: "up", fields: ["up"], table: "b", targetFields: ["id"] },' in told


def test_no_file_of_a_table_is_long() -> None:
    schema, agent = read_schema(), load_agent("fe-crud")
    for table in schema.tables:
        for file in agent.generate(AgentContext(schema=schema, table=table)):
            assert len(file.text.splitlines()) <= 125, file.path
