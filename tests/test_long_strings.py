"""Long string literals are split into several with the same value, for any content."""

from __future__ import annotations

import ast
import random

import pytest

from runner.generation.encoders.python_text import literal
from runner.generation.python_layout import break_statement

PIECES = ("a", "b ", " ", "\\", "\n", "'", '"', "\x07", "\u2028", "\U000e0001", "{", "}", "é", "{0}", "\x85")


def broken(source: str) -> str:
    return "\n".join(break_statement(source, 0, 60))


@pytest.mark.parametrize(
    "text", ["\\" * 40, "\\" * 61, "\x07" * 30, "\U000e0001" * 20, "'\"" * 99, "{{" * 70], ids=ascii
)
def test_a_text_without_a_space_is_broken_between_characters(text: str) -> None:
    (expression,) = ast.parse(broken(f"f({literal(text)})")).body
    assert ast.dump(expression) == ast.dump(ast.parse(f"f({text!r})").body[0])


def test_a_broken_statement_means_the_same() -> None:
    chance = random.Random(1)
    for _ in range(2000):
        text = literal("".join(chance.choice(PIECES) for _ in range(chance.randint(0, 150))))
        for source in (f"x = {text}", f"f({text}, a={text})"):
            assert ast.dump(ast.parse(broken(source))) == ast.dump(ast.parse(source))


def test_each_part_is_in_the_quotes_that_need_fewer_escapes() -> None:
    text = "'one' 'two' 'three' four five six seven eight nine ten eleven \"twelve\" or more"
    assert broken(f"f({literal(text)})").splitlines()[1:4] == [
        "    (",
        "        \"'one' 'two' 'three' four five six seven eight \"",
        "        'nine ten eleven \"twelve\" or more'",
    ]


def test_an_expression_of_an_f_string_is_kept_whole() -> None:
    source = 'x = f"' + "a{n % 1000:03d}b{{ {dt.date(2024, 1, 1) + dt.timedelta(days=n)}" * 9 + '"'
    assert ast.dump(ast.parse(broken(source))) == ast.dump(ast.parse(source))
