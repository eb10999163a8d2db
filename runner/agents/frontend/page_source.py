"""The data of a page as TypeScript, in the form that its formatter leaves alone. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runner.agents.source_text import FILTERS as SOURCE_FILTERS

_WIDTH = 100
_SHORT = 5  # letters: behind a shorter name the formatter leaves a text on its line, however long


def literal(value: object) -> str:
    """Return a value as TypeScript on one line: strings in the quotes that need fewer escapes."""
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)}: {literal(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(literal(item) for item in value)}]"
    return json.dumps(value)


def entry(value: object, name: str, indent: int) -> str:
    """Return a property `name: value,` at an indent: on one line where it fits, else an item a line."""
    pad = " " * indent
    line = f"{pad}{_key(name)}: {literal(value)},"
    if len(line) <= _WIDTH or not value:
        return line
    if isinstance(value, Mapping):
        inner = "\n".join(entry(item, key, indent + 2) for key, item in value.items())
        return f"{pad}{_key(name)}: {{\n{inner}\n{pad}}},"
    if isinstance(value, Sequence) and not isinstance(value, str):
        inner = "\n".join(f"{pad}  {literal(item)}," for item in value)
        return f"{pad}{_key(name)}: [\n{inner}\n{pad}],"
    if len(_key(name)) < _SHORT:
        return line
    return f"{pad}{_key(name)}:\n{pad}  {literal(value)},"


def _key(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else _string(name)


def _string(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if value.count('"') > value.count("'"):
        return "'" + text[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
    return text


FILTERS: Mapping[str, Callable[..., Any]] = {**SOURCE_FILTERS, "ts": literal, "ts_entry": entry}
