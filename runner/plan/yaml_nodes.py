"""A value of the plan file with its place, and the wording of messages about it.

Built by `yaml_reader` and not changed after that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from runner.records.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_SHOWN = 60  # characters of a value in a message
_PASSWORD = re.compile(r"(?<=://)[^\s/@]*:[^\s/]*(?=@)|(?<=password=)[^\s&]+", re.IGNORECASE)  # of a URL

_NO_KEYS: Mapping[str, Any] = {}  # shared by all scalars, which most values are


@dataclass(slots=True, eq=False)
class Node:
    """A value of the file. `value` is the parsed value, `text` a scalar as it is written, None for other values.

    `line` and `column` count from 1.
    """

    line: int
    column: int
    value: Any
    text: str | None = None
    quoted: bool = False
    items: Sequence[Node] = ()
    keys: Mapping[str, Node] = field(default_factory=lambda: _NO_KEYS)
    values: Mapping[str, Node] = field(default_factory=lambda: _NO_KEYS)
    nodes: int = 1  # number of values, itself and aliased ones included
    depth: int = 1  # levels of nesting, itself included

    def find(self, path: Iterable[str | int]) -> Node:
        """Return the value at `path`; parts that do not exist are skipped.

        So `tables.include.0` is found in `tables: {include: [a]}` and in `tables: [a]` alike.
        """
        node = self
        for part in path:
            if isinstance(part, int):
                node = node.items[part] if part < len(node.items) else node
            else:
                node = node.values.get(part, node)
        return node

    def __str__(self) -> str:
        """Return a scalar as the user wrote it, short and printable; nothing for a list or mapping."""
        return "" if self.text is None else shown(self.text, quoted=self.quoted)


def problem_at(file: str, node: Node, message: str, expected: str) -> Problem:
    """Return a problem at the place of a value."""
    return Problem(file=file, line=node.line, column=node.column, message=message, expected=expected)


def shown(text: str, *, quoted: bool = False) -> str:
    """Return `text` for a message: one printable line, shortened if it is long, in quotes where they are needed.

    The password of a URL is left out.
    """
    text = _PASSWORD.sub("…", text)
    short = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
    return f'"{line}"' if quoted or not line.strip() or line != line.strip() else line


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `Did you mean X?` with the known word that is most similar, or nothing where none is."""
    by_fold = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_fold, n=1)
    return f"Did you mean {by_fold[near[0]]}?" if near else ""


def field_name(path: Iterable[str | int]) -> str:
    """Return the name of the value at `path` in messages: its keys, without the task or list that it is in."""
    parts = list(path)
    if len(parts) > 1 and parts[0] == "tasks" and isinstance(parts[1], int):
        parts = parts[2:] or [f"task {parts[1] + 1}"]
    return ".".join(shown(part) for part in parts if isinstance(part, str))


def kind_of(value: object) -> str:
    """Return the kind of a value for messages, such as `a list`."""
    match value:
        case None:
            return "empty"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
    return "a mapping"
