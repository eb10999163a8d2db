"""The oracle finds each way in which a merge can go wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.integration.merging.formatters import unformatted
from tests.integration.merging.oracle import Outcome, is_needless, judge
from tests.integration.merging.word_counts import words_of

BASE = '''"""Rows."""

from typing import Annotated

import sa


class Student:
    id: int = sa.column()
    name: str = sa.column()
    limit: Annotated[int, 3] = 3
'''
COMMENTED = BASE.replace("import sa\n", "import sa  # the office's\n")
NEW = "    nickname: str = sa.column()\n"
FRESH = BASE.replace("    limit", f"{NEW}    limit")
MERGED = FRESH.replace("import sa\n", "import sa  # the office's\n")
GOOD = Outcome(path="a.py", base=BASE, edited=COMMENTED, fresh=FRESH, found=MERGED, rejected=None, named=False)
RETYPED = BASE.replace("name: str", "name: bytes")
RENAMED = BASE.replace("name: str", "name: int")
CONFLICT = replace(GOOD, edited=RETYPED, fresh=RENAMED, found=RETYPED, rejected=RENAMED, named=True)


def test_a_merge_with_both_sides_is_right() -> None:
    assert judge(GOOD) == []


def test_a_conflict_that_leaves_the_file_is_right() -> None:
    assert not is_needless(CONFLICT)
    assert judge(CONFLICT) == []


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (replace(GOOD, found=FRESH), "office"),
        (replace(GOOD, found=COMMENTED), "nickname"),
        (replace(GOOD, found=MERGED + "    nickname: str = sa.column()\n"), "nickname"),
        (replace(GOOD, found=MERGED + "    )\n"), "cannot be parsed"),
        (replace(GOOD, found=MERGED.replace("import Annotated", "import Annotated, Literal")), "Literal"),
        (replace(GOOD, found=MERGED.replace("from typing import Annotated\n", "")), "is not valid"),
        (replace(GOOD, found=MERGED.replace(NEW, "") + f"class Other:\n{NEW}"), "lacks ' > Student > nickname'"),
        (replace(GOOD, fresh=BASE), "nothing new was generated"),
        (replace(GOOD, found=COMMENTED, rejected=FRESH, named=True), "no line was changed on both"),
        (replace(CONFLICT, found=RENAMED), "not as the user left it"),
        (replace(CONFLICT, rejected=None), "has no .rej"),
        (replace(CONFLICT, rejected=BASE), "lacks lines"),
        (replace(CONFLICT, named=False), "not named"),
        (replace(CONFLICT, is_layout=True), "layout only"),
    ],
)
def test_what_is_wrong_is_found(outcome: Outcome, problem: str) -> None:
    assert problem in "\n".join(judge(outcome))


def test_what_both_insert_at_one_place_is_no_conflict() -> None:
    outcome = replace(CONFLICT, edited=f"{BASE}    mine: int = 1\n", fresh=f"{BASE}    theirs: int = 1\n")
    assert is_needless(outcome)


def test_the_same_import_on_both_sides_is_there_once() -> None:
    edited = BASE.replace("import Annotated", "import Annotated, Literal")
    fresh = BASE.replace("import Annotated", "import Annotated, Literal, final")
    outcome = replace(GOOD, path="a.txt.py", base=BASE, edited=edited, fresh=fresh, found=fresh)
    assert not [problem for problem in judge(outcome) if " times, not " in problem]


def test_a_string_in_other_quotes_has_the_same_words() -> None:
    base = GOOD.base + """    TEXT = "it's \\"here\\" \\\\"\n"""
    other = GOOD.base + """    TEXT = 'it\\'s "here" \\\\'\n"""
    assert words_of("a.py", base) == words_of("a.py", other)
    assert words_of("a.py", base) != words_of("a.py", base.replace("\\\\", "\\t"))


def test_a_merge_of_formatted_texts_is_formatted() -> None:
    loose = MERGED.replace("= 3", "=3")
    page = Outcome(
        path="a.ts",
        base="f(1);\n",
        edited="f(1);\ng();\n",
        fresh="f(2);\n",
        found="f(2);\ng() ;\n",
        rejected=None,
        named=False,
    )
    assert unformatted([GOOD, replace(GOOD, found=loose), page]) == [
        "a.py: is not as the formatter leaves it",
        "a.ts: is not as the formatter leaves it",
    ]
    assert unformatted([replace(GOOD, found=loose, edited=loose), replace(CONFLICT, found=loose)]) == []
