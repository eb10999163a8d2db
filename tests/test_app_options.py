"""The application as a whole: names that other programs accept, for any title."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest
import yaml
from dotenv import dotenv_values

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.model.prose import one_line
from runner.generation.registry import load_agent
from runner.records.errors import AgentError

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = read_ddl_text("CREATE TABLE t (id int PRIMARY KEY);", "postgres")
TITLES = (
    "学校",
    "true",
    "No",
    "None",
    "123",
    "-",
    "pg x",
    "学校 two",
    "a\nname: b",
    "\x7f\x1b",
    "x" * 200,
    "School",
    '"',
    "#",
)
PIP = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
DOCKER = re.compile(r"[a-z0-9][a-z0-9_-]*")


@pytest.mark.parametrize("title", TITLES, ids=ascii)
def test_other_programs_take_the_names(title: str) -> None:
    files = {
        file.path: file.text
        for kind in ("be-boilerplate", "fe-boilerplate")
        for file in load_agent(kind).generate(AgentContext(schema=SCHEMA, options={"title": title}))
    }
    assert PIP.fullmatch(tomllib.loads(files["backend/pyproject.toml"])["project"]["name"])
    for path in ("backend/compose.yaml", "compose.yaml"):
        compose = yaml.safe_load(files[path])
        assert DOCKER.fullmatch(compose["name"])
        assert re.fullmatch("[a-z][a-z0-9_]*", compose["services"]["database"]["environment"]["POSTGRES_DB"])
    assert [line for line in files["backend/.env.example"].splitlines() if line.startswith("name:")] == []


@pytest.mark.parametrize("title", [*TITLES, "costs $5", "${HOME}", "a $HOME 'b", "$$"], ids=ascii)
def test_a_copy_of_the_settings_example_keeps_the_title(
    title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers of such a file replace `${HOME}` in any quotes, without a way to escape it (python-dotenv 1.2)."""
    monkeypatch.setenv("HOME", "replaced")
    context = AgentContext(schema=SCHEMA, options={"title": title})
    files = {file.path: file.text for file in load_agent("be-boilerplate").generate(context)}
    example = tmp_path / ".env"
    example.write_text(files["backend/.env.example"])
    assert dotenv_values(example).get("APP_TITLE") == (None if "$" in title else one_line(title))


@pytest.mark.parametrize(
    ("languages", "default", "catalogues"),
    [
        (None, "en", {"en", "id"}),
        (["en"], "en", {"en"}),
        (["id"], "id", {"en", "id"}),
        (["id", "en"], "id", {"en", "id"}),
    ],
)
def test_the_first_language_is_the_default_and_english_is_always_there(
    languages: list[str] | None, default: str, catalogues: set[str]
) -> None:
    options = {} if languages is None else {"languages": languages}
    generated = load_agent("fe-boilerplate").generate(AgentContext(schema=SCHEMA, options=options))
    files = {file.path: file.text for file in generated}
    found = {path.rpartition("/")[2] for path in files if "/catalogues/" in path}
    assert found == {f"{language}.ts" for language in catalogues}
    assert f'<html lang="{default}">' in files["frontend/index.html"]
    assert f'defaultLanguage = "{default}"' in files["frontend/src/core/language/default-language.ts"]


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        ("id", "expected a list of languages (en, id), found 'id'"),
        ([], "expected a list of languages (en, id), found []"),
        (["en", "fr"], "there is no catalogue for 'fr'; choose among en, id"),
    ],
)
def test_languages_without_a_catalogue_are_refused(languages: object, message: str) -> None:
    with pytest.raises(AgentError, match=re.escape(f"option languages: {message}")):
        load_agent("fe-boilerplate").generate(AgentContext(schema=SCHEMA, options={"languages": languages}))


def test_a_time_zone_that_is_none_is_refused() -> None:
    with pytest.raises(AgentError, match=r"'Asia/Jakrata' is no time zone; did you mean Asia/Jakarta\?"):
        load_agent("be-boilerplate").generate(AgentContext(schema=SCHEMA, options={"time_zone": "Asia/Jakrata"}))


@pytest.mark.parametrize("locale", ["en_US\nAPI_KEY=", "../x", "en US", "$(x)"])
def test_a_locale_that_is_none_is_refused(locale: str) -> None:
    with pytest.raises(AgentError, match="is no locale; give one such as en_US"):
        load_agent("be-boilerplate").generate(AgentContext(schema=SCHEMA, options={"locale": locale}))
