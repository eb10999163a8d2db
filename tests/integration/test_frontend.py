"""The generated frontends: types, style, their own tests, and the size of the first page load.

Of the school and of four real schemas, which are not part of the project: without the corpus they are skipped.
"""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.corpus import CORPUS, needs_corpus
from tests.generated_backend import read_schema
from tests.integration.frontend import frontend_files, node_tool, write_files
from tests.integration.test_backend_corpus import corpus_schema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.generation.agent import GeneratedFile

REAL = ("pagila", "northwind", "chinook_pg", "sakila_pg")
SCHEMAS = ("school", *(pytest.param(name, marks=needs_corpus) for name in REAL))
MOST_LINES = 300
MOST_LINES_OF_A_TABLE = 100
MOST_FIRST_LOAD = 250_000  # bytes of JavaScript, compressed
MOST_FIRST_FILES = 10  # however many tables there are
# A message catalogue is one file for each language, however many messages there are: keys and texts, and nothing else.
CATALOGUE_LINE = re.compile(
    r"""|/\*\*.*\*/|import type .*|export default \{|\}.*;|  // .*|  ("[\w.]+"|\w+):( ".*",)?|    (".*"|'.*'),"""
)
WAY_OUT = re.compile(r"biome-ignore|@ts-|\bas any\b|: any\b|<any>")


@cache
def generated(name: str) -> Mapping[str, GeneratedFile]:
    schema = read_schema() if name == "school" else corpus_schema(CORPUS / "expected" / "postgres" / f"{name}.json")
    return frontend_files(schema, options={"title": name.capitalize()})


def core(name: str) -> Mapping[str, GeneratedFile]:
    """Return the files of a frontend that no schema has a part in."""
    return {path: file for path, file in generated(name).items() if path.startswith("frontend/src/core/")}


@pytest.fixture(params=SCHEMAS)
def schema(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def frontend(schema: str, tmp_path: Path) -> Path:
    return write_files(generated(schema), tmp_path)


def test_types_are_right(frontend: Path) -> None:
    result = node_tool(frontend, "tsc", "--noEmit")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_style_is_kept(frontend: Path) -> None:
    result = node_tool(frontend, "biome", "ci", "--error-on-warnings", "--colors=off")
    said = (result.stdout + result.stderr).strip()
    assert result.returncode == 0, said
    assert re.fullmatch(r"Checked \d+ files in \S+ No fixes applied\.", said), said


def test_own_tests_pass(schema: str, frontend: Path) -> None:
    """The tests of the core run for the school only: where its bytes are the same, so is what they show."""
    assert core(schema) == core("school") != {}
    others = () if schema == "school" else ("--exclude", "src/core/**")
    result = node_tool(frontend, "vitest", "run", *others)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-3000:]
    assert result.stderr == "", "the tests wrote on standard error"
    assert "Not implemented" not in result.stdout


def test_build_is_small(frontend: Path) -> None:
    result = node_tool(frontend, "vite", "build")
    assert result.returncode == 0, result.stderr[-3000:]
    assert result.stderr == ""
    assert "(!)" not in result.stdout
    files = first_files(frontend)
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= MOST_FIRST_LOAD
    assert len(files) <= MOST_FIRST_FILES


def first_files(frontend: Path) -> list[Path]:
    """Return the files of JavaScript that every page needs: the entry and what it imports."""
    manifest = json.loads((frontend / "dist" / ".vite" / "manifest.json").read_text())
    waiting = [name for name, chunk in manifest.items() if chunk.get("isEntry")]
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += manifest[name].get("imports", [])
    assert needed
    return [frontend / "dist" / manifest[name]["file"] for name in needed]


@pytest.mark.parametrize("name", SCHEMAS)
def test_files_are_short_and_honest(name: str) -> None:
    sources = {path: file.text for path, file in generated(name).items() if path.endswith((".ts", ".tsx", ".css"))}
    lines = {path: text.count("\n") for path, text in sources.items() if "/catalogues/" not in path}
    assert {path: found for path, found in lines.items() if found > MOST_LINES} == {}
    of_tables = {path: found for path, found in lines.items() if "/src/tables/" in path or "/src/pages/" in path}
    assert {path: found for path, found in of_tables.items() if found > MOST_LINES_OF_A_TABLE} == {}
    catalogues = [text for path, text in sources.items() if "/catalogues/" in path]
    assert [line for text in catalogues for line in text.splitlines() if not CATALOGUE_LINE.fullmatch(line)] == []
    assert [path for path, text in sources.items() if WAY_OUT.search(text)] == []


def test_versions_are_exact() -> None:
    package = json.loads(generated("school")["frontend/package.json"].text)
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert [name for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
