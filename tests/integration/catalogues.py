"""The message catalogues of the generated interface, as the tests read them."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING

from runner.ddl.reader import read_ddl_text
from runner.generation.agent import AgentContext
from runner.generation.registry import load_agent

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENTRY = re.compile(r"""^  "?([\w.]+)"?:\s+("(?:[^"\\]|\\.)*"|'[^']*'),$""", re.MULTILINE)
_ARGUMENT = re.compile(r"\{\w+\}")
_PLURAL = re.compile(r"\{\w+, plural,((?: =?\w+ \{[^{}]*\})+)\}")
_FORM = re.compile(r" =?\w+ \{([^{}]*)\}")


@cache
def messages(language: str) -> Mapping[str, str]:
    """Return the ICU messages of a language by key."""
    schema = read_ddl_text("CREATE TABLE t (id int PRIMARY KEY);", "postgres")
    files = load_agent("fe-boilerplate").generate(AgentContext(schema=schema))
    text = next(file.text for file in files if file.path.endswith(f"/catalogues/{language}.ts"))
    found = {key: value[1:-1] if value[0] == "'" else json.loads(value) for key, value in _ENTRY.findall(text)}
    assert len(found) == text.count('",\n') + text.count("',\n"), "an entry has another form"
    return found


def pattern(message: str) -> re.Pattern[str]:
    """Return a pattern of the texts that a message can become."""
    parts = re.split(r"(\{\w+, plural,(?: =?\w+ \{[^{}]*\})+\})", message)
    return re.compile("".join(_pattern(part) for part in parts), re.DOTALL)


def _pattern(part: str) -> str:
    if plural := _PLURAL.fullmatch(part):
        return f"(?:{'|'.join(_plain(form, r'[#]') for form in _FORM.findall(plural[1]))})"
    return _plain(part, r"\{\w+\}")


def _plain(text: str, argument: str) -> str:
    return ".+".join(re.escape(literal) for literal in re.split(argument, text))
