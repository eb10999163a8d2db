"""The kind `schema-docs`: every table and reference is on a page and in a diagram, for any names."""

from __future__ import annotations

import functools
import operator
import random
import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from runner.ddl.reader import read_ddl, read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.registry import load_agent
from runner.generation.schema_docs.families import families
from runner.generation.schema_docs.layered_layout import lay_out

if TYPE_CHECKING:
    from runner.ddl.model import Schema

SCHOOL = Path(__file__).parents[1] / "plans" / "school.sql"
SVG = "{http://www.w3.org/2000/svg}"


def pages(schema: Schema) -> dict[str, str]:
    found = load_agent("schema-docs").generate(AgentContext(schema=schema, options={"title": "School"}))
    return {file.path.removeprefix("docs/schema/"): file.text for file in found}


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", text)


def test_every_table_of_the_school_has_a_page_and_every_link_leads_to_one() -> None:
    schema = read_ddl([SCHOOL], "postgres")
    found = pages(schema)
    assert {f"tables/{table.name.name}.md" for table in schema.tables} <= set(found)
    for path, text in found.items():
        for link in links(text) if path.endswith(".md") else ():
            assert str((Path("/") / path).parent.joinpath(link).resolve().relative_to("/")) in found, (path, link)
    students = found["tables/students.md"]
    assert "| **`id`** | `bigint` |  | numbered |  |  |" in students
    assert "- Unique: `school_id`, `nis`" in students
    assert "- `primary_parent_id` → [parents](parents.md); on delete: set null" in students
    assert "- [grades](grades.md) by `student_id`" in students
    assert "- `students_nisn_check`: `nisn ~ '^[0-9]{10}$'`" in students


def test_the_diagrams_show_every_reference_between_two_tables() -> None:
    schema = read_ddl([SCHOOL], "postgres")
    found = pages(schema)
    expected = {
        (table.name.name, key.columns[0], key.references.name)
        for table in schema.tables
        for key in table.foreign_keys
        if key.references != table.name
    }
    picture = ET.fromstring(found["diagrams/all-tables.svg"])
    titles = [line[0].text or "" for line in picture.findall(f"{SVG}path")]
    assert {tuple(re.split(r"\.| refers to ", title)) for title in titles} == expected
    lines = re.findall(r"^    (\w+) [|}]o--(?:\|\||o\|) (\w+) : (\w+)$", found["diagrams/all-tables.md"], re.MULTILINE)
    assert {(start, column, end) for start, end, column in lines} == expected


def test_a_column_that_is_unique_refers_at_most_once() -> None:
    found = pages(read_ddl([SCHOOL], "postgres"))
    assert "user_accounts |o--o| students : student_id" in found["diagrams/all-tables.md"]
    assert "[students](students.md), at most one row for each" in found["tables/user_accounts.md"]


def test_a_schema_with_many_tables_is_split_into_families() -> None:
    ddl = "".join(f"CREATE TABLE t{n} (id int PRIMARY KEY, up int REFERENCES t{n // 12 * 12});" for n in range(130))
    found = pages(read_ddl_text(ddl, "postgres"))
    drawn = [ET.fromstring(text).findall(f"{SVG}g") for path, text in found.items() if path.endswith(".svg")]
    assert len(drawn) > 3
    assert max(map(len, drawn)) <= 40
    assert sum(map(len, drawn)) == 130


ODD_NAMES = ("Order Details", "a|b", '<b>&"', "`tick`", "学生", "erDiagram", "}", "1st", "a.b")


def test_names_from_any_schema_leave_pages_and_pictures_whole() -> None:
    quoted = [name.replace('"', '""') for name in ODD_NAMES]
    ddl = "".join(
        f'CREATE TABLE "{name}" ("id" int PRIMARY KEY, "{name}" text DEFAULT \'|`<\', up int REFERENCES "{quoted[0]}");'
        f"COMMENT ON TABLE \"{name}\" IS 'One | two\n<script>';"
        for name in quoted
    )
    found = pages(read_ddl_text(ddl, "postgres"))
    for path, text in found.items():
        if path.endswith(".svg"):
            ET.fromstring(text)
            continue
        assert "<script>" not in text
        tables = [line for line in text.splitlines() if line.startswith("| ")]
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in tables}
        assert len(widths) <= 2, (path, tables)  # two tables of an index may differ
    mermaid = found["diagrams/all-tables.md"]
    word = r"[A-Za-z_][A-Za-z0-9_]*"
    attribute = rf"    {word} {{|        {word} {word}( PK, FK| PK| FK)?"
    relation = rf"    {word} [|}}]o--(\|\||o\|) {word} : {word}"
    body = mermaid.partition("erDiagram\n")[2].rpartition("```")[0]
    for line in body.splitlines():
        assert re.fullmatch(attribute, line) or re.fullmatch(relation, line) or line == "    }", line


@pytest.mark.parametrize("seed", range(20))
def test_boxes_never_overlap_and_lines_meet_their_layers(seed: int) -> None:
    rng = random.Random(seed)
    sizes = {str(n): (rng.randint(80, 300), rng.randint(40, 400)) for n in range(rng.randint(1, 40))}
    lines = [(rng.choice(list(sizes)), rng.choice(list(sizes))) for _ in range(rng.randint(0, 60))]
    layout = lay_out(sizes, lines)
    areas = [(x, y, x + sizes[name][0], y + sizes[name][1]) for name, (x, y) in layout.corners.items()]
    for one, other in combinations(areas, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart
    assert max(area[2] for area in areas) <= layout.width
    assert max(area[3] for area in areas) <= layout.height + 0.001
    for (start, end), bends in layout.bends.items():
        columns = [layout.corners[start][0], *(left for left, _, _ in bends), layout.corners[end][0]]
        assert len({one < other for one, other in pairwise(columns)}) <= 1, "a line goes one way"
        for left, right, y in bends:
            crossed = [area for area in areas if area[0] < right and left < area[2] and area[1] < y < area[3]]
            assert not crossed


def test_families_are_bounded_whole_and_keep_what_belongs_together() -> None:
    names = [f"{group}{n}" for group in "abc" for n in range(10)]
    inside = [(f"{group}{n}", f"{group}0") for group in "abc" for n in range(1, 10)]
    found = families(names, [*inside, ("a0", "b0")], 12)
    assert sorted(map(sorted, found)) == [[f"{group}{n}" for n in range(10)] for group in "abc"]
    assert families(names, [], 40) == [names]
    assert families([], [], 40) == []
    alone = families(names, [], 12)
    assert sorted(functools.reduce(operator.iadd, alone, [])) == sorted(names)
    assert max(map(len, alone)) <= 12
