"""No regular expression of the package uses features that are broken in Python 3.11.2 (Debian 12)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import runner

RUNNER = Path(runner.__file__).parent
# Possessive quantifiers and atomic groups: 3.11.2 ends their matches one character early.
POSSESSIVE = re.compile(r"(?<!\\)(?:[*+?]|\{\d*,?\d*\})\+|\(\?>")
IN_A_CLASS = re.compile(r"(?<!\\)\[\^?\]?(?:\\.|[^\]\\])*\]")


def possessive(pattern: str) -> bool:
    """Return whether a text is a pattern with such a part; the inside of a character class does not count."""
    if POSSESSIVE.search(IN_A_CLASS.sub("[]", pattern)) is None:
        return False
    try:
        re.compile(pattern, re.VERBOSE)
    except re.error:
        return False  # not a pattern
    return True


@pytest.mark.parametrize("pattern", [r"\s++", r"[^']*+'", r"(?:a|b)?+", r"a{2,3}+", r"(?>a)"])
def test_possessive_patterns_are_found(pattern: str) -> None:
    assert possessive(pattern)


@pytest.mark.parametrize("pattern", [r"/\*+", r"[*+?]", r"[-+*/]+", r"a+b", r"\++", ".*+?()[]{}"])
def test_other_patterns_are_not(pattern: str) -> None:
    assert not possessive(pattern)


def test_no_pattern_is_possessive() -> None:
    found = []
    for path in sorted(RUNNER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                if possessive(text):
                    found.append(f"{path.relative_to(RUNNER)}:{node.lineno}")
    assert not found
