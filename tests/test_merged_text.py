"""Three versions of a generated file merged: what is kept of both sides, what is a conflict, what counts as no edit."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from runner.generation.merging import verification
from runner.generation.merging.blocks import lines_of, parse
from runner.generation.merging.merged_text import has_markers, merge
from runner.generation.merging.source_tokens import language_of
from runner.generation.merging.three_way import Change

if TYPE_CHECKING:
    from pathlib import Path

    from runner.generation.merging.merged_text import MergedText

MODEL = '''\
"""Students."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from app.core.columns import BigInt, Json
from app.core.database import Base


class Student(Base):
    """Students."""

    __tablename__ = "students"
    __table_args__ = (
        sa.PrimaryKeyConstraint("id", name="students_pkey"),
        sa.ForeignKeyConstraint(
            ["school_id"],
            ["schools.id"],
            name="students_school_id_fkey",
        ),
        {"comment": "Students."},
    )

    id: Mapped[int] = mapped_column(BigInt)
    name: Mapped[str] = mapped_column(sa.String(40))
    born: Mapped[dt.date] = mapped_column(sa.Date)
    data: Mapped[Any] = mapped_column(Json)
'''
PAGE = """\
import { definePage } from "../../core/ui/define-page";
import { table } from "../../tables/students";

export default definePage({
  table,
  columns: ["name", "born"],
  fields: {
    name: { label: { en: "Name", id: "Nama" } },
    born: { label: { en: "Born", id: "Lahir" }, current: true },
  },
});
"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def merged(path: str, base: str, edited: str, generated: str) -> str:
    result = merge(path, base, edited, generated)
    assert not result.conflicts, result.marked()
    return result.text()


def conflict(path: str, base: str, edited: str, generated: str) -> MergedText:
    result = merge(path, base, edited, generated)
    assert result.conflicts
    return result


COLUMN = ("    data: Mapped", "    phone: Mapped[str] = mapped_column(sa.Text)\n    data: Mapped")
FIELD = ("    data: Mapped", "    nick: Mapped[str] = mapped_column(sa.Text)\n    data: Mapped")


def test_columns_that_both_sides_add_at_one_place_are_both_kept() -> None:
    text = merged("m.py", MODEL, changed(MODEL, FIELD), changed(MODEL, COLUMN))
    assert text == changed(MODEL, ("    data: Mapped", COLUMN[1].partition("\n")[0] + "\n" + FIELD[1]))


def test_a_method_at_the_end_stays_after_a_column_that_is_added_there() -> None:
    method = "\n    def shout(self) -> str:\n        return self.name.upper()\n"
    text = merged("m.py", MODEL, MODEL + method, MODEL + "    phone: Mapped[str] = mapped_column(sa.Text)\n")
    assert text == MODEL + "    phone: Mapped[str] = mapped_column(sa.Text)\n" + method


def test_imports_are_united_and_sorted() -> None:
    mine = changed(
        MODEL, ("import datetime as dt\n", "import datetime as dt\nimport json\n"), ("Any\n", "Any, Final\n")
    )
    new = changed(
        MODEL, ("import datetime as dt\n", "import datetime as dt\nimport decimal\n"), ("Any\n", "Any, ClassVar\n")
    )
    text = merged("m.py", MODEL, mine, new)
    assert "import datetime as dt\nimport decimal\nimport json\nfrom typing import Any, ClassVar, Final\n" in text


def test_an_import_that_became_too_long_is_broken_as_the_formatter_breaks_it() -> None:
    names = [f"Column{number:02}" for number in range(8)]
    new = changed(MODEL, ("BigInt, Json", f"BigInt, {', '.join(names[:4])}, Json"))
    mine = changed(MODEL, ("BigInt, Json", f"BigInt, {', '.join(names[4:])}, Json"))
    text = merged("m.py", MODEL, mine, new)
    listed = ["BigInt", *names, "Json"]
    assert "from app.core.columns import (\n" + "".join(f"    {name},\n" for name in listed) + ")\n" in text


def test_an_import_that_the_edit_still_needs_stays() -> None:
    without = changed(MODEL, ("from typing import Any\n", ""), ("    data: Mapped[Any] = mapped_column(Json)\n", ""))
    mine = MODEL + "\n    def value(self) -> Any:\n        return self.name\n"
    text = merged("m.py", MODEL, mine, without)
    assert "from typing import Any\n" in text
    assert "mapped_column(Json)" not in text


def test_a_name_that_would_be_undefined_is_a_conflict() -> None:
    base = "limit = 1\n\n\ndef first():\n    return limit\n"
    mine = "most = 1\n\n\ndef first():\n    return most\n"
    result = conflict("m.py", base, mine, base + "\n\ndef second():\n    return limit\n")
    assert result.problem == "limit: used, but no longer defined"


def test_a_decorator_and_a_changed_column_fit_together() -> None:
    mine = changed(MODEL, ("class Student", "@audited\nclass Student"))
    text = merged("m.py", MODEL, mine, changed(MODEL, ("String(40)", "String(60)")))
    assert text == changed(mine, ("String(40)", "String(60)"))


def test_two_changes_of_one_column_fit_together_where_they_are_of_other_arguments() -> None:
    mine = changed(MODEL, ("sa.String(40))", 'sa.String(40), comment="Called")'))
    text = merged("m.py", MODEL, mine, changed(MODEL, ("String(40)", "String(60)")))
    assert '    name: Mapped[str] = mapped_column(sa.String(60), comment="Called")\n' in text


def test_a_constraint_is_known_by_its_name() -> None:
    foreign = '            name="students_school_id_fkey",\n'
    mine = changed(MODEL, (foreign, foreign + '            ondelete="CASCADE",\n'))
    added = '        sa.CheckConstraint("name <> \'\'", name="students_name_check"),\n'
    new = changed(MODEL, ("        sa.ForeignKey", f"{added}        sa.ForeignKey"))
    assert merged("m.py", MODEL, mine, new) == changed(mine, ("        sa.ForeignKey", f"{added}        sa.ForeignKey"))


def test_two_types_of_one_column_are_a_conflict_with_both_in_it() -> None:
    mine, new = (changed(MODEL, ("String(40)", f"String({size})")) for size in (50, 60))
    result = conflict("m.py", MODEL, mine, new)
    assert result.conflicts == 1
    assert result.text() == mine
    assert result.text("generated") == new
    lines = [line for line in result.marked().split("\n") if "String" in line or line.startswith(tuple("<|=>"))]
    assert [line[:7] for line in lines if "String" not in line] == ["<" * 7, "|" * 7, "=" * 7, ">" * 7]
    assert [line.rpartition("String")[2] for line in lines if "String" in line] == ["(50))", "(40))", "(60))"]
    assert has_markers(result.marked())


def test_a_column_that_was_edited_and_is_dropped_is_a_conflict() -> None:
    mine = changed(MODEL, ("String(40)", "String(50)"))
    new = changed(MODEL, ("    name: Mapped[str] = mapped_column(sa.String(40))\n", ""))
    result = conflict("m.py", MODEL, mine, new)
    assert result.text() == mine
    assert result.text("generated") == new


def test_a_function_that_was_deleted_stays_deleted_beside_a_new_one() -> None:
    base = "def test_a():\n    assert 1\n\n\ndef test_b():\n    assert 2\n"
    new = base + "\n\ndef test_c():\n    assert 3\n"
    text = merged("t.py", base, "def test_b():\n    assert 2\n", new)
    assert text.lstrip("\n") == "def test_b():\n    assert 2\n\n\ndef test_c():\n    assert 3\n"


def test_statements_without_a_name_that_both_sides_change_are_a_conflict() -> None:
    conflict("t.py", "assert a\n", "assert b\n", "assert c\n")


def test_a_label_and_a_new_property_of_one_field_fit_together() -> None:
    mine = changed(PAGE, ('en: "Born"', 'en: "Birthday"'), ('columns: ["name", ', 'columns: ["nick", "name", '))
    new = changed(PAGE, ("current: true", "current: true, readOnly: true"), ('"born"],', '"born", "phone"],'))
    text = merged("page.tsx", PAGE, mine, new)
    assert 'born: { label: { en: "Birthday", id: "Lahir" }, current: true, readOnly: true },' in text
    assert 'columns: ["nick", "name", "born", "phone"],' in text


def test_a_changed_label_and_a_removed_property_of_one_line_fit_together() -> None:
    for old, mine, new in (
        ('{ label: "Note", long: true }', '{ label: "Remark", long: true }', '{ label: "Note" }'),
        ('{ long: true, label: "Note" }', '{ long: true, label: "Remark" }', '{ label: "Note" }'),
    ):
        texts = (f"export const fields = {{\n  note: {each},\n}};\n" for each in (old, mine, new))
        assert '  note: { label: "Remark" },\n' in merged("page.tsx", *texts)


def test_a_column_that_is_added_after_one_in_conflict_is_not_part_of_it() -> None:
    data = "    data: Mapped[Any] = mapped_column(Json)\n"
    phone = "    phone: Mapped[str] = mapped_column(sa.Text)\n"
    mine = changed(MODEL, (data, f"    # {data.strip()}\n"))
    result = conflict("m.py", MODEL, mine, changed(MODEL, (data, data.replace("Json", "Bytes") + phone)))
    assert result.text() == mine + phone
    assert "Bytes" in result.text("generated")


def test_objects_get_the_entries_of_both_sides() -> None:
    entry = '    born: { label: { en: "Born", id: "Lahir" }, current: true },\n'
    mine = changed(PAGE, (entry, entry + '    nick: { label: { en: "Nick" } },\n'))
    new = changed(PAGE, (entry, entry + '    phone: { label: { en: "Phone" } },\n'))
    text = merged("page.tsx", PAGE, mine, new)
    assert entry + '    phone: { label: { en: "Phone" } },\n    nick: { label: { en: "Nick" } },\n' in text


def test_imports_of_typescript_are_united() -> None:
    base = 'import { a, c } from "./names";\n\nuse(a, c);\n'
    text = merged("x.ts", base, base.replace("{ a, c }", "{ a, b, c }"), base.replace("{ a, c }", "{ a, c, d }"))
    assert text == base.replace("{ a, c }", "{ a, b, c, d }")


def test_an_import_of_typescript_that_the_edit_still_needs_stays() -> None:
    base = 'import { a } from "a";\nimport { b } from "b";\n\nuse(a);\nalso(b);\n'
    text = merged("x.ts", base, base + "again(b);\n", 'import { a } from "a";\n\nuse(a);\n')
    assert text == 'import { a } from "a";\nimport { b } from "b";\n\nuse(a);\nagain(b);\n'


def test_an_import_from_the_application_that_the_edit_needs_and_nothing_generated_does_is_a_conflict() -> None:
    """The name may be removed from its module: importing it would be a guess."""
    status = "from app.enums import Status\n"
    base = f"import abc\n{status}\n\nstate: Status\nsize = 1\n"
    mine = base + "\n\ndef is_open(row) -> bool:\n    return row == Status.OPEN\n"
    result = conflict("m.py", base, mine, "import abc\n\n\nsize = 1\nmore = 2\n")
    assert result.conflicts == 1
    assert status in result.text()
    assert status not in result.text("generated")
    assert "more = 2\n" in result.text()
    conflict(
        "x.ts", 'import { b } from "./b";\n\nalso(b);\n', 'import { b } from "./b";\n\nalso(b);\nb(1);\n', "z();\n"
    )


def test_a_module_that_the_edit_imports_under_another_name_is_imported_under_both() -> None:
    base = 'import * as f from "./fields";\n\nexport const row = {\n  id: f.int(),\n};\n'
    mine = base.replace("* as f ", "* as fields ").replace("f.int", "fields.int")
    text = merged("types.ts", base, mine, base.replace("};", "  day: f.date(),\n};"))
    imports = {'import * as fields from "./fields";', 'import * as f from "./fields";'}
    assert set(text.splitlines()) == {*imports, *mine.splitlines(), "  day: f.date(),"}


def test_json_is_merged_by_key() -> None:
    base = '{\n  "name": "x",\n  "scripts": {\n    "build": "vite"\n  }\n}\n'
    mine = base.replace('"vite"', '"vite",\n    "mine": "run"')
    new = base.replace('"vite"', '"vite",\n    "test": "vitest"').replace('"x"', '"y"')
    assert json.loads(merged("package.json", base, mine, new)) == {
        "name": "y",
        "scripts": {"build": "vite", "test": "vitest", "mine": "run"},
    }


def test_rows_of_a_table_in_markdown_are_merged_by_their_first_cell() -> None:
    base = "# Title\n\n| column | type |\n| --- | --- |\n| `a` | text |\n| `b` | text |\n\nEnd.\n"
    mine = base.replace("| `a` | text |", "| `a` | text, as entered |").replace("End.", "My end.")
    text = merged("README.md", base, mine, base.replace("| `b`", "| `x` | date |\n| `b`"))
    assert text == mine.replace("| `b`", "| `x` | date |\n| `b`")


def test_what_is_added_beside_a_changed_line_is_kept() -> None:
    base = "# Title\n\n4 tables.\n\n- a\n"
    mine = "# Title\n\nOurs.\n\n4 tables.\n\n- a\n\n## Notes\n\nMine.\n"
    text = merged("README.md", base, mine, "# Title\n\n5 tables.\n\n- a\n- b\n")
    assert text == "# Title\n\nOurs.\n\n5 tables.\n\n- a\n- b\n\n## Notes\n\nMine.\n"


def test_lines_without_names_are_merged_where_both_sides_change_others() -> None:
    base = "clean:\n\trm -rf a b\n\ntest:\n\tpytest\n"
    text = merged(
        "Makefile", base, base.replace("test:", "# Ours.\ntest:"), base.replace("a b", "a b c") + "\ne2e:\n\tx\n"
    )
    assert text == "clean:\n\trm -rf a b c\n\n# Ours.\ntest:\n\tpytest\n\ne2e:\n\tx\n"


def test_an_entry_that_was_deleted_and_is_renamed_is_a_conflict() -> None:
    base = 'row = {\n    "a": 1,\n    "hired": 2,\n    "z": 3,\n}\n'
    mine = base.replace('    "hired": 2,\n', "")
    result = conflict("m.py", base, mine, base.replace("hired", "joined"))
    assert result.text() == mine


def test_names_that_each_side_gives_to_one_of_two_neighbours_stay_in_their_order() -> None:
    base = "import a\n\nName = a.name\nRoom = a.room\nSize = a.size\n"
    text = merged("m.py", base, changed(base, ("Name =", "OfficeName =")), changed(base, ("Room =", "Hall =")))
    assert text == "import a\n\nOfficeName = a.name\nHall = a.room\nSize = a.size\n"


def test_a_comment_at_the_beginning_of_a_file_is_not_of_the_first_import() -> None:
    base = '/** Pages. */\nimport { a } from "./a";\nimport { b } from "./b";\n\nexport default f(a, b);\n'
    mine = '/** Pages. */\nimport { b } from "./b";\nimport { a } from "./a";\n\nexport default f(a, b);\n\nuse(a);\n'
    assert merged("p.ts", base, mine, base.replace("f(a, b)", "f(a, b, 1)")) == mine.replace("f(a, b)", "f(a, b, 1)")


@pytest.mark.parametrize(
    ("path", "base", "edited"),
    [
        ("m.py", "x = f(a, b)\ny = 'c'\n", 'x = f(\n    a,\n    b,\n)\n\ny = "c"\n'),
        ("m.ts", 'const x = f({ a: 1, b: "c" });\n', "const x = f({\n    a: 1,\n    b: 'c',\n});\n"),
        ("m.json", '{"a": [1, 2]}\n', '{\n  "a": [1, 2]\n}\n'),
        ("m.py", "x = f(a)  # b\n# c\n", "x = f(\n    a\n)  # b\n\n# c\n"),
        ("m.md", "| a | bcd |\n| --- | ---: |\n| `a` | b |\n", "| a   | bcd |\n| --- | --: |\n| `a` | b   |\n"),
        ("m.ts", 'f("it\'s");\n// a\ng();\n', "f('it\\'s')\n// a\ng()\n"),
        ("m.ts", "if (a) {\n  f(); // b\n}\n", "if (a) { f() // b\n}\n"),
        (
            "m.ts",
            "type A = B | C;\nlet a = (d) => (d ? 1 : 2);\n",
            "type A =\n  | B\n  | C\nlet a = (d) => d ? 1 : 2\n",
        ),
        ("m.ts", 'f(`a  ${g("b")}`, /a  b/);\n', "f(\n\t`a  ${g('b')}`,\n\t/a  b/,\n);\n"),
        ("m.ts", "interface A { b: C; d(): void }\n", "interface A {\n  b: C,\n  d(): void,\n}\n"),
        ("m.ts", "f({ a: 1 }, <T,>(b: T) => b);\n", "f({ 'a': 1, }, (<T>(b: T) => b),)\n"),
        ("m.ts", "export type * from 'a';\n", 'export type * from "a";\n'),
        ("m.tsx", "x = <p>a {b}</p>;\n", 'x = <p>\n  a{" "}\n  {b}\n</p>;\n'),
        ("m.tsx", "x = <p b={c}>it's a {d}</p>;\n", "x = (\n  <p\n    b={c}\n  >\n    it's\n    a {d}\n  </p>\n);\n"),
        ("m.tsx", 'x = a && (\n  <p b="c" />\n);\n', "x = a && <p b='c' />\n"),
        ("m.css", '.a,.b{c:"d"}\n/* e */\n', ".a,\n.b {\n  c: 'd';\n}\n\n/* e */\n"),
        ("m.yaml", 'a: {b: [1, "c"]} # d\n', "a:\n  b:\n    - 1\n    - 'c' # d\n"),
        ("m.toml", 'a = ["b", "c"] # d\n', 'a = [\n  "b",\n  "c",\n] # d\n'),
    ],
)
def test_another_layout_is_no_edit(path: str, base: str, edited: str) -> None:
    new = base.replace("a", "z")
    assert merge(path, base, edited, new).text() == new


@pytest.mark.parametrize(
    ("path", "base", "edited"),
    [
        ("m.py", "x = (a)\n", "x = (a,)\n"),
        ("m.py", "x = 1\n", "x = 1  # one\n"),
        ("m.py", "if a:\n    b()\nc()\n", "if a:\n    b()\n    c()\n"),
        ("m.py", "x = 'a b'\n", "x = 'a  b'\n"),
        ("m.ts", "f(`a b`);\n", "f(`a  b`);\n"),
        ("m.ts", "f(); // one\n", "f();\n"),
        ("m.json", '{"a": 1, "b": 2}\n', '{"b": 2, "a": 1}\n'),
        ("m.json", '{"a": 1}\n', '{"a": true}\n'),
        ("m.json", '{"a": 1}\n', '{"a": 1.0}\n'),
        ("m.json", '{"a": {}}\n', '{"a": []}\n'),
        ("m.py", "a = f()\nb = g()  # noqa\n", "a = f()  # noqa\nb = g()\n"),
        ("m.py", "a = f()\n# noqa\n", "a = f()  # noqa\n"),
        ("m.ts", "f();\n// one\ng();\n", "f(); // one\ng();\n"),
        ("m.md", "a\nb\n", "a  \nb\n"),
        ("m.ts", "return a;\n", "return\na;\n"),
        ("m.ts", "return /* b */ a;\n", "return /* b */\na;\n"),
        ("m.ts", "type A = B;\n", "type\nA = B;\n"),
        ("m.ts", "a;\n(b)();\n", "a\n(b)();\n"),
        ("m.ts", "(a?.b).c;\n", "a?.b.c;\n"),
        ("m.ts", "export type * from 'a  b';\n", "export type * from 'a b';\n"),
        ("m.ts", "if (a)\n  b();\n", "if (a);\n  b();\n"),
        ("m.ts", "a\n++b;\n", "a++\nb;\n"),
        ("m.ts", "x = a++ + b;\n", "x = a + ++b;\n"),
        ("m.ts", "a! = b;\n", "a != b;\n"),
        ("m.ts", "x = [,];\n", "x = [];\n"),
        ("m.ts", "x = () => (a, b);\n", "x = () => a, b;\n"),
        ("m.ts", "f(/a  b/);\n", "f(/a b/);\n"),
        ("m.ts", "f(`${`a  b`}`);\n", "f(`${`a b`}`);\n"),
        ("m.ts", "f('\\\\n');\n", "f('\\n');\n"),
        ("m.tsx", "x = <p>a {b}</p>;\n", "x = <p>a{b}</p>;\n"),
        ("m.tsx", "x = <p>\n  a\n  {b}</p>;\n", "x = <p>a {b}</p>;\n"),
        ("m.tsx", "x = <p>// a</p>;\n", "x = <p>//  a</p>;\n"),
        ("m.css", ".a .b{c:d}\n", ".a.b{c:d}\n"),
        ("m.css", ".a :b{c:d}\n", ".a:b{c:d}\n"),
        ("m.css", ".a{/* b */}\n", ".a{}\n"),
        ("m.yaml", "a: 1\n", 'a: "1"\n'),
        ("m.yaml", "a: b\n", 'a: "b"\n'),  # another version of YAML may read it otherwise
        ("m.yaml", "# c\na: 1\nb: 2\n", "a: 1\n# c\nb: 2\n"),
        ("m.yaml", "a: |  # c\n  b\n", "a: |\n  b\n"),
        ("m.yaml", "a: &b 1\nc: *b\n", "a: 1\nc: 1\n"),
        ("m.toml", "a = 1\n", "a = 1.0\n"),
        ("m.toml", "a = 1 # b\n", "a = 1\n"),
    ],
)
def test_what_changes_more_than_the_layout_is_an_edit(path: str, base: str, edited: str) -> None:
    new = base + {"m.json": "\n", "m.yaml": "z: 2\n", "m.css": "z{}\n"}.get(path, "z = 2\n")
    assert merge(path, base, edited, new).text() != new


def test_a_merge_that_does_not_parse_is_one_conflict_of_the_whole_file() -> None:
    base = "a: 1\nb: 2\n"
    result = conflict("x.yaml", base, "a: 1\nb: [2\n", base.replace("1", "2"))
    assert result.conflicts == 1
    assert result.text() == "a: 1\nb: [2\n"


def test_an_edited_file_that_does_not_parse_is_named_with_its_own_line() -> None:
    base = "one = 1\n\n\ndef last():\n    return 9\n"
    result = conflict("m.py", base, base.replace("last():", "last(:"), "new = 0\n" * 9 + base)
    assert result.problem == "your file does not parse: line 4: invalid syntax"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("m.py", MODEL),
        ("p.tsx", PAGE),
        ("m.py", 'x = """\n  a\nb\n"""\n\n\nif a:\n    b()\n\nelse:\n    c()\n'),
        ("p.tsx", "const a = (\n  <div>\n    {b ? (\n      <p>it's</p>\n    ) : null}\n  </div>\n);\n"),
        ("c.yaml", "a:\n  - b: 1\n    c: 2\n\n  - d\n"),
        ("Makefile", "all: a\n\tb\n\n\nc:\n\td\n"),
    ],
)
def test_blocks_have_all_lines_of_a_text(path: str, text: str) -> None:
    assert "\n".join(lines_of(parse(text, language_of(path)))) + "\n" == text


def test_typescript_is_given_to_the_formatter_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = "const a = 1;\n\nconst z = 9;\n"
    mine, new = base.replace("9", "8"), base.replace("1", "2")
    program = tmp_path / "biome"
    program.write_text("#!/bin/sh\ngrep -q 'a = 1'\n")  # it rejects the merged text
    program.chmod(0o700)
    verification.formatter.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    try:
        assert merge("m.ts", base, mine, new).problem is not None
        assert merge("m.txt", base, mine, new).problem is None
    finally:
        verification.formatter.cache_clear()


@pytest.mark.parametrize("seed", range(300))
def test_a_change_of_a_sequence_is_read_as_it_was_made(seed: int) -> None:
    chance = random.Random(seed)
    base = [chance.choice("abcd") for _ in range(chance.randrange(7))]
    version = [item for item in base if chance.random() > 0.3]
    for _ in range(chance.randrange(4)):
        version.insert(chance.randrange(len(version) + 1), chance.choice("abxy"))
    change = Change(base, version)
    found: list[str] = []
    index = 0
    while index < len(base):
        found += version[change.added(index)]
        end = (change.replaced(index) or (index, index + 1))[1]
        items = version[change.items(index, end)]
        found += items
        assert change.replaced(index) or items == base[index:end]
        index = end
    assert [*found, *version[change.added(index)]] == version
