"""Schemas whose names and texts look like source: all output parses, starts, and creates the same database.

30 schemas; 500 where RUNNER_FAULTS is `long`.
"""

from __future__ import annotations

import ast
import json
import os
import sqlite3
import subprocess
import tomllib
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import psycopg
import pytest
import yaml

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.model.application import Application
from runner.generation.registry import load_agent
from tests.generated_backend import backend_files, write_backend
from tests.hostile_schemas import HostileSchema, all_names
from tests.integration.backend import run
from tests.integration.catalog import differences, read_catalog, without_searches
from tests.integration.frontend import frontend_files, node_tool, write_files
from tests.node import command, node_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.ddl.model import Schema
    from runner.generation.agent import GeneratedFile
    from tests.integration.postgres import PostgresServer

pytest_plugins = ["tests.integration.postgres"]

LONG = os.environ.get("RUNNER_FAULTS") == "long"
SEEDS = range(500 if LONG else 30)
BATCH = 30  # schemas whose TypeScript is parsed by one process
ROOT = Path(__file__).parents[2]
TITLE = '"*/ </title> `x` ${x} {{ x }} \\'
START = """
import os, sys
import app.main
from app.core.database import get_engine
from app.core.settings import get_settings
from app.core.discovery import load_models
from sqlalchemy.orm import configure_mappers
load_models()
configure_mappers()
app.main.app.openapi()
from alembic import command
from alembic.config import Config
for url in sys.argv[1:]:
    os.environ["DATABASE_URL"] = url
    get_settings.cache_clear()
    get_engine.cache_clear()
    command.upgrade(Config("alembic.ini"), "head")
"""


def all_files(schema: Schema) -> dict[str, GeneratedFile]:
    """Return the output of all kinds, without the files that do not depend on the schema."""
    files = backend_files(schema) | frontend_files(schema)
    docs = load_agent("schema-docs").generate(AgentContext(schema=schema))
    return files | {file.path: file for file in docs}


def check_syntax(path: str, text: str) -> None:
    """Parse a file with the parser of its language; raise if it has an error."""
    if path.endswith(".py"):
        ast.parse(text, path)
    elif path.endswith(".json"):
        json.loads(text)
    elif path.endswith(".toml"):
        tomllib.loads(text)
    elif path.endswith((".yaml", ".yml")):
        yaml.safe_load(text)
    elif path.endswith(".svg"):
        ET.fromstring(text)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_application_starts_and_makes_the_schema(seed: int, postgres_server: PostgresServer, tmp_path: Path) -> None:
    ddl = HostileSchema(seed).text
    schema = read_ddl_text(ddl, "postgres")
    files = all_files(schema)
    for path, file in files.items():
        check_syntax(path, file.text)
    backend = write_backend({path: file for path, file in files.items() if path.startswith("backend/")}, tmp_path)
    with postgres_server.new_database() as original, postgres_server.new_database() as migrated:
        with psycopg.connect(original, autocommit=True) as connection:
            connection.execute(ddl.encode())
        started = run(backend, "-W", "error::SyntaxWarning", "-c", START, f"sqlite:///{tmp_path / 'x.db'}", migrated)
        assert started.returncode == 0, f"{ddl}\n{started.stderr[-3000:]}"
        expected = read_catalog(original)
        assert differences(expected, without_searches(read_catalog(migrated))) == {}, ddl
    assert "public.canary" not in expected["tables"]
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        made = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    expected_names = {names.flat for names in Application(schema).names.tables.values()}
    assert made - {"alembic_version", "sqlite_sequence"} == expected_names


@pytest.mark.parametrize("first", SEEDS[::BATCH])
def test_typescript_parses(first: int) -> None:
    sources: dict[str, str] = {}
    for seed in range(first, min(first + BATCH, len(SEEDS))):
        files = frontend_files(read_ddl_text(HostileSchema(seed).text, "postgres"))
        sources |= {f"{seed}/{path}": file.text for path, file in files.items() if path.endswith((".ts", ".tsx"))}
    assert len(sources) > BATCH
    assert syntax_errors(sources) == []


def test_types_of_a_frontend_with_all_names(tmp_path: Path) -> None:
    folder = write_files(frontend_files(read_ddl_text(all_names(), "postgres"), options={"title": TITLE}), tmp_path)
    result = node_tool(folder, "tsc", "--noEmit")
    assert result.returncode == 0, result.stdout[-3000:]


def test_a_syntax_error_is_seen() -> None:
    assert syntax_errors({"a.ts": 'export const a = "\n";', "b.tsx": "<a>{1}</a>"}) == [
        "a.ts:1: Unterminated string literal.",
        "a.ts:2: Unterminated string literal.",
    ]
    for path, text in (("a.py", "("), ("a.toml", "a"), ("a.json", "{"), ("a.svg", "<a>"), ("a.yaml", "[")):
        with pytest.raises((SyntaxError, ValueError, ET.ParseError, yaml.YAMLError)):
            check_syntax(path, text)


def syntax_errors(sources: Mapping[str, str]) -> list[str]:
    """Return the errors that TypeScript's parser finds, one per line."""
    result = subprocess.run(
        [*command("node"), str(Path(__file__).with_name("parse_typescript.mjs"))],
        input=json.dumps(sources),
        cwd=ROOT,
        env=node_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout.splitlines()
