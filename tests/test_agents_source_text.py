from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runner.generation.encoders.python_text import docstring, literal
from runner.generation.model.prose import with_article
from runner.generation.python_layout import fit_lines

if TYPE_CHECKING:
    from pathlib import Path

LONG = "a rather long piece of text that says a thing or two and goes on for quite some time after that, it does"

STATEMENTS = f"""\
short = call(1, 2)
first = call("{"x" * 30}", "{"y" * 30}", "{"z" * 30}", key="value")
second: Mapped[dict[str, int]] = mapped_column(Outer(Inner("{"x" * 30}", "{"y" * 40}"), 1), comment="{LONG}")
third = Annotated[str, Field(min_length=1, max_length=20, pattern="^[a-z]{{1,20}}$", description="a text, really")]
fourth = (Rule("{"n" * 40}", ("start", "end"), "{"e" * 30}", lambda row: gt(row["ending_time"], row["starting_time"])),)
fifth = {{"key": [1, 2, 3], "another": {{"inner": "{"v" * 60}", "more": "{"w" * 30}"}}, "list": ["a, b", "c (d"]}}
sixth = "{LONG}"
"""


def test_broken_lines_mean_the_same_and_fit() -> None:
    text = fit_lines(STATEMENTS)
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(STATEMENTS))
    assert max(len(line) for line in text.splitlines()) <= 100


def test_ruff_would_not_change_broken_lines(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text(fit_lines(STATEMENTS), encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "--diff", str(file)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout


def test_docstrings_and_short_lines_are_left_alone() -> None:
    text = f'"""One.\n\n{LONG} {LONG}\n"""\n# {LONG} {LONG}\nx = 1\n'
    assert fit_lines(text) == text


@pytest.mark.parametrize(
    "value", ["", "a", "it's", 'say "x"', "both ' and \"", "\\d+\n", ["a", 1], ("a",), (), {"a": (1, None)}, 1.5, True]
)
def test_literals_read_back(value: object) -> None:
    assert ast.literal_eval(literal(value)) == value


@pytest.mark.parametrize(
    "text", ["short", LONG, f"First sentence. {LONG}", 'ends with a "quote"', "back\\slash", '"""']
)
def test_docstrings_are_valid(text: str) -> None:
    source = docstring(text, indent=4)
    found = ast.literal_eval(source)
    assert found.strip()
    assert all(len(line) <= 100 for line in f"    {source}".splitlines())


def test_articles() -> None:
    nouns = ("student", "enrollment", "user account", "NISN", "P5 project", "hour")
    assert [with_article(noun).split()[0] for noun in nouns[:5]] == ["a", "an", "a", "an", "a"]
