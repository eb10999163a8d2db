"""Long lines of Python source, broken as ruff's formatter breaks them.

Pure functions, which save starting a formatter for every file. Templates write a statement on one line; `fit_lines`
breaks those that are too long, with one argument a line and a trailing comma, a form that ruff and black keep.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = frozenset(_OPENING.values())
_INDENT = 4
_STRING = re.compile(r"""(?P<head>(?:\w+\s*=\s*|[^"'\s]+:\s*)?)(?P<prefix>[rRfF]{0,2})"(?P<body>(?:[^"\\]|\\.)*)"\Z""")
_STRING_OR_MARK = re.compile(r"""(?s:"(?:[^"\\]|\\.)*\\?"?|'(?:[^'\\]|\\.)*\\?'?)|([()\[\]{},])""")
# A character of a string literal as it is written: an escape is one, and what an f-string has in braces.
_CHARACTER = re.compile(r"(?s:\\(?:x..|u.{4}|U.{8}|[^xuU])|\{\{|\}\}|\{[^{}]*\}|[^\\])")
_LONGEST_CHARACTER = 80
_MUCH_SPACE = re.compile(r"\n{4,}")
_ASSIGNED = re.compile(r'(?P<target>[\w.]+(?:: [\w.\[\], |]+)?) = (?P<value>".*")\Z')


def fit_lines(text: str, width: int = 100) -> str:
    """Return Python source in which statements longer than `width` are broken."""
    text = _MUCH_SPACE.sub("\n\n\n", text)
    if all(len(line) <= width for line in text.splitlines()):
        return text
    return "\n".join(_fitted(text.split("\n"), width))


def _fitted(lines: Iterable[str], width: int) -> Iterator[str]:
    quoted = False  # within a docstring: prose, not source
    for line in lines:
        marks = line.count('"""')
        if len(line) <= width or quoted or marks or line.lstrip().startswith("#"):
            yield line
        else:
            indent = len(line) - len(line.lstrip())
            yield from break_statement(line.strip(), indent, width)
        quoted ^= marks % 2 == 1


def break_statement(source: str, indent: int, width: int = 100, ending: str = "") -> list[str]:
    """Return the lines of one statement or argument, at most `width` characters each if strings and names allow.

    `ending` follows it on its last line: the comma of an argument.
    """
    pad = " " * indent
    if indent + len(source) + len(ending) <= width:
        return [f"{pad}{source}{ending}"]
    string = _STRING.match(source)
    if string is not None:
        return _break_string(string, indent, width, ending)
    assigned = _ASSIGNED.match(source)
    if assigned is not None and (string := _STRING.match(assigned["value"])):
        parts = _string_parts(string, indent + _INDENT, width)
        return [f"{pad}{assigned['target']} = (", *parts, f"{pad}){ending}"]
    pair = _last_pair(source)
    if pair is None:
        return [f"{pad}{source}{ending}"]
    start, end = pair
    inside = source[start + 1 : end]
    items = _split(inside)
    comma = "" if _is_alone(source, start, items) and not inside.rstrip().endswith(",") else ","
    lines = [f"{pad}{source[: start + 1]}"]
    for item in items:
        lines += break_statement(item, indent + _INDENT, width, comma)
    lines.append(f"{pad}{source[end:]}{ending}")
    return lines


def _is_alone(source: str, start: int, items: list[str]) -> bool:
    """Whether a comma after the only item would change the meaning: `a[b]` and `(a)` are not `a[b,]` and `(a,)`."""
    if len(items) != 1:
        return False
    before = source[start - 1 : start]
    called = before.isidentifier() or before in (")", "]") or before.isdigit()
    if items[0].startswith("*") and not items[0].startswith("**"):
        return False
    if " for " in items[0]:
        return True
    return called if source[start] == "[" else source[start] == "(" and not called


def _break_string(string: re.Match[str], indent: int, width: int, ending: str) -> list[str]:
    pad = " " * indent
    parts = _string_parts(string, indent + _INDENT, width)
    if len(parts) == 1 and not string["head"]:
        return [f"{pad}{parts[0].strip()}{ending}"]
    return [f"{pad}{string['head']}(", *parts, f"{pad}){ending}"]


def _string_parts(string: re.Match[str], indent: int, width: int) -> list[str]:
    """Return a string literal as several that Python concatenates, cut after spaces."""
    prefix, rest = string["prefix"], string["body"]
    most = max(width - indent - len(prefix) - 2, 20)
    parts = []
    while len(rest) > most:
        ends = [found.end() for found in _CHARACTER.finditer(rest, 0, most + _LONGEST_CHARACTER)]
        fitting = [end for end in ends if end <= most] or ends[:1]
        cut = next((end for end in reversed(fitting) if rest[end - 1] == " "), fitting[-1])
        parts.append(rest[:cut])
        rest = rest[cut:]
    parts.append(rest)
    quoted = (f'"{part}"' if prefix else _in_quotes(part) for part in parts)
    return [f"{' ' * indent}{prefix}{part}" for part in quoted]


def _in_quotes(body: str) -> str:
    """Return the inside of a string in double quotes as a literal; in single quotes if that needs fewer escapes."""
    characters = re.findall(r"(?s)\\.|.", body)
    if characters.count('\\"') <= characters.count("'"):
        return f'"{body}"'
    return "'" + "".join({'\\"': '"', "'": "\\'"}.get(one, one) for one in characters) + "'"


def _last_pair(source: str) -> tuple[int, int] | None:
    """Return where the last outermost bracket pair that is not empty opens and closes."""
    found = None
    depth = 0
    start = 0
    for position, mark in _marks(source):
        if mark in _OPENING:
            if depth == 0:
                start = position
            depth += 1
        elif mark in _CLOSING:
            depth -= 1
            if depth == 0 and source[start + 1 : position].strip():
                found = (start, position)
    return found


def _split(source: str) -> list[str]:
    """Return the parts between the outermost commas."""
    parts = []
    depth = 0
    start = 0
    for position, mark in _marks(source):
        if mark in _OPENING:
            depth += 1
        elif mark in _CLOSING:
            depth -= 1
        elif mark == "," and depth == 0:
            parts.append(source[start:position].strip())
            start = position + 1
    parts.append(source[start:].strip())
    return [part for part in parts if part]


def _marks(source: str) -> Iterator[tuple[int, str]]:
    """Yield every bracket and comma outside of strings, with its position."""
    for found in _STRING_OR_MARK.finditer(source):
        if found[1]:
            yield found.start(), found[1]
