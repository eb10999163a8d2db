"""A value of the plan file with the place where it stands, and how messages speak of it.

Built by `yaml_reader` and only read after that, in the supervisor's main thread; owns nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from runner.records.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_SHOWN = 60  # characters of a value that a message repeats

_NO_KEYS: Mapping[str, Any] = MappingProxyType({})  # shared: most values are scalars, and there are many


@dataclass(slots=True, eq=False)
class Node:
    """A value of the file: `value` is what it means, `text` what a scalar says, None of a list or mapping."""

    line: int
    column: int
    value: Any
    text: str | None = None
    quoted: bool = False
    items: Sequence[Node] = ()
    keys: Mapping[str, Node] = field(default_factory=lambda: _NO_KEYS)
    values: Mapping[str, Node] = field(default_factory=lambda: _NO_KEYS)
    nodes: int = 1  # itself and all below it, aliases written out
    depth: int = 1  # levels from here down, itself counted

    def find(self, path: Iterable[str | int]) -> Node:
        """Return the value at `path`; a part that leads nowhere is passed over.

        So `tables.include.0` finds its place in `tables: {include: [a]}` and in `tables: [a]` alike.
        """
        node = self
        for part in path:
            if isinstance(part, int):
                node = node.items[part] if part < len(node.items) else node
            else:
                node = node.values.get(part, node)
        return node

    def __str__(self) -> str:
        """Return the value as the user wrote it, short and printable; a list or mapping is not repeated."""
        return "" if self.text is None else shown(self.text, quoted=self.quoted)


def problem_at(file: str, node: Node, message: str, expected: str) -> Problem:
    """Return what is wrong with a value, placed where it stands in the file."""
    return Problem(file=file, line=node.line, column=node.column, message=message, expected=expected)


def shown(text: str, *, quoted: bool = False) -> str:
    """Return `text` fit for a message: one printable line, cut if it is long, quoted if it has to be."""
    short = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
    return f'"{line}"' if quoted or not line.strip() or line != line.strip() else line


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `Did you mean X?` for the known word that is most like this one, or nothing."""
    by_fold = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_fold, n=1)
    return f"Did you mean {by_fold[near[0]]}?" if near else ""


def field_name(path: Iterable[str | int]) -> str:
    """Return what a message calls the value at `path`: its keys, without the task or list that it is in."""
    parts = list(path)
    if len(parts) > 1 and parts[0] == "tasks" and isinstance(parts[1], int):
        parts = parts[2:] or [f"task {parts[1] + 1}"]
    return ".".join(shown(part) for part in parts if isinstance(part, str))


def kind_of(value: object) -> str:
    """Return what sort of value this is, in a user's words."""
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
