"""Services of a schema with unusual features, and patterns as the engines of both sides interpret them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from runner.ddl.reader import read_ddl
from runner.generation.react.javascript_patterns import javascript_pattern
from tests.integration.frontend import frontend_files, node_tool, run_node, write_files

ODD = Path(__file__).with_name("odd.sql")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(frontend_files(read_ddl([ODD], "postgres")), tmp_path_factory.mktemp("odd"))


def test_services_of_an_odd_schema_have_right_types(odd: Path) -> None:
    result = node_tool(odd, "tsc", "--noEmit")
    assert (result.returncode, result.stdout) == (0, "")


def test_services_of_an_odd_schema_keep_the_style(odd: Path) -> None:
    result = node_tool(odd, "biome", "ci", "--error-on-warnings", "src/tables")
    assert result.returncode == 0, result.stdout + result.stderr


def test_services_of_an_odd_schema_pass_their_own_tests(odd: Path) -> None:
    result = node_tool(odd, "vitest", "run", "src/tables")
    assert result.returncode == 0, result.stdout[-4000:]
    assert "skipped" not in result.stdout


PATTERNS = (
    r"^\d{2,}$", r"^\w+$", r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$", r"^\S+\s\S+$", "^a.c$", r"^[\w.-]+$", r"^\+?[0-9]{3}$",
    r"[/\\]", r"^(a|b\-c)*$", r"^[^\d]$", r"^\W\D$", "^.$", "ß", r"^[a-z\]\[^]+$", r"^x\/y$", "^$",
)  # fmt: skip
TEXTS = (
    "", "12", "1\u0663", "abc", "a_1", "\u00e9t\u00e9", "a.b-c", "x@y.org", "x\ufeff@y.org", "x\u0085@y.org", "a b",
    "a\u00a0b", "a\nc", "a\rc", "a\u2028c", "a\U0001f600c", "\U0001f600", "+123", "123", "a\\b", "a/b", "x/y", "b-c",
    "aab-ca", "-a", "]^[", "1", "\n", "\u200d", "\u0301", "gro\u00df",
)  # fmt: skip


def test_patterns_mean_the_same_on_both_sides(odd: Path) -> None:
    translated = [javascript_pattern(pattern) for pattern in PATTERNS]
    assert None not in translated
    script = f"""
    const patterns = {json.dumps(translated)}, texts = {json.dumps(TEXTS)};
    const found = patterns.map((pattern) => texts.filter((text) => new RegExp(pattern, "u").test(text)));
    console.log(JSON.stringify(found));
    """
    (odd / "patterns.mjs").write_text(script, encoding="utf-8")
    told = run_node(odd, "patterns.mjs")
    assert told.returncode == 0, told.stderr
    for pattern, matched in zip(PATTERNS, json.loads(told.stdout), strict=True):
        assert matched == [text for text in TEXTS if _backend_takes(pattern, text)], pattern


def _backend_takes(pattern: str, text: str) -> bool:
    try:
        TypeAdapter(Annotated[str, Field(pattern=pattern)]).validate_python(text)
    except ValidationError:
        return False
    return True
