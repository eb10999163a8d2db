"""What generating one table may read, and the digest that says whether it changed."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from runner.ddl.model import Schema
from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.model.application import Application
from runner.generation.model.table_part import TablePart
from runner.generation.registry import BUILT_IN, load_agent
from tests.generated_backend import read_schema

if TYPE_CHECKING:
    from runner.ddl.qualified_name import QName

DDL = """
CREATE TYPE stage AS ENUM ('new', 'old');
CREATE TABLE notes (id bigserial PRIMARY KEY, body text);
CREATE TABLE schools (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE CHECK (name <> ''), at stage);
CREATE TABLE classes (id bigserial PRIMARY KEY, school_id bigint NOT NULL REFERENCES schools (id));
"""
READS_PART = [kind for kind, found in BUILT_IN.items() if found.reads_part]


def digests(ddl: str, dialect: str = "postgres") -> dict[str, str]:
    application = Application(read_ddl_text(ddl, dialect))
    tables = application.schema.tables_by_label
    return {label: application.part(table.name).digest() for label, table in tables.items()}


def changed(before: str, after: str, ddl: str = DDL) -> set[str]:
    """Return the tables whose part differs after a change of the DDL."""
    assert before in ddl
    old, new = digests(ddl), digests(ddl.replace(before, after, 1))
    return {name for name in old.keys() & new.keys() if old[name] != new[name]}


@pytest.mark.parametrize(
    ("before", "after", "tables"),
    [
        pytest.param("body text", "body text,\n title text", {"notes"}, id="a column"),
        pytest.param("CREATE TABLE notes", "-- a line\n\nCREATE TABLE notes", set(), id="lines alone"),
        pytest.param("name <> ''", "name <> 'x'", {"schools"}, id="a check"),
        pytest.param("CREATE TABLE classes", "CREATE TABLE rooms (id int);\nCREATE TABLE classes", set(), id="a table"),
        pytest.param("'old'", "'old', 'lost'", {"schools"}, id="a value of an enum"),
    ],
)
def test_only_the_changed_table_has_another_digest(before: str, after: str, tables: set[str]) -> None:
    assert changed(before, after) == tables


def test_a_table_depends_on_the_names_order_and_rows_of_those_that_it_refers_to() -> None:
    one = "CREATE TABLE a (id int PRIMARY KEY, x text NOT NULL);\n"
    two = "CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL REFERENCES a (id));\n"
    assert changed(one, one.replace("x text", "x xml CHECK (frob(x))"), one + two) == {"a", "b"}  # no row is known
    assert digests(two + one)["b"] != digests(one + two)["b"]  # the constraint is added after both tables


def test_the_digest_is_the_same_in_another_process_and_for_a_schema_that_was_sent_there() -> None:
    schema = read_schema()
    application = Application(schema)
    own = [application.part(table.name).digest() for table in schema.tables]
    for table in application.tables:
        assert table.example is not None  # which is kept in the table once it was computed
    assert [application.part(table.name).digest() for table in schema.tables] == own
    program = (
        "import pickle, sys; from runner.generation.model.application import Application\n"
        "application = Application(pickle.load(sys.stdin.buffer))\n"
        "print(*(application.part(table.name).digest() for table in application.schema.tables), sep='\\n')"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            input=pickle.dumps(schema),
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=120,
        )
        assert done.stdout.decode().split() == own


@dataclass(frozen=True)
class OnlyPart:
    """An application that has one part, and nothing else to read."""

    found: TablePart

    def part(self, name: QName) -> TablePart:
        assert name == self.found.table.ddl.name
        return self.found


@pytest.mark.parametrize("kind", READS_PART)
def test_agents_generate_the_same_files_from_the_part_alone(kind: str) -> None:
    schema, agent = read_schema(), load_agent(kind)
    application = Application(schema)
    for table in schema.tables:
        whole = AgentContext(schema=schema, table=table, shared=application)
        apart: Any = OnlyPart(application.part(table.name))
        alone = AgentContext(
            schema=Schema(dialect="postgres", tables=()), table=table, shared=cast("Application", apart)
        )
        assert list(agent.generate(alone)) == list(agent.generate(whole))


def test_every_kind_that_works_table_by_table_reads_the_part_alone() -> None:
    assert [kind for kind, found in BUILT_IN.items() if found.per_table] == READS_PART
