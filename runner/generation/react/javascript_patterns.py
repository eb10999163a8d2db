"""Regular expressions of the backend in JavaScript's syntax.

The backend's patterns are read by Python and by Rust, where classes such as digits cover all of Unicode; JavaScript's
cover ASCII only. A pattern without an exact equivalent is left to the server.
"""

from __future__ import annotations

import re

_CLASSES = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "s": r"\p{White_Space}",
    "S": r"\P{White_Space}",
    **{letter: f"\\{letter}" for letter in "nrt"},
}
_WORD = r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}"
_SYNTAX = frozenset("^$\\.*+?()[]{}|/")  # characters that may follow a backslash
_PIECE = re.compile(r"\\(?P<escaped>.)|(?P<counted>\{\d+(?:,\d*)?\})|(?P<plain>.)", re.DOTALL)
_FOREIGN = re.compile(r"&&|--|~~|(?<!\\)\[\^?\]|[*+?}]\+")  # sets of Rust, empty classes, possessive counts


def javascript_pattern(pattern: str) -> str | None:
    """Return a pattern for a place between slashes, with the flag `u`; None where JavaScript has no equivalent."""
    if _FOREIGN.search(pattern):
        return None
    pieces: list[str] = []
    is_class = False
    for found in _PIECE.finditer(pattern):
        plain = found["plain"]
        if found["escaped"]:
            piece = _escaped(found["escaped"], is_class=is_class, is_first=pieces[-1:] == ["["])
        elif found["counted"]:
            piece = found["counted"]
        elif is_class:
            piece = plain if plain == "/" else _character(plain)
            is_class = plain != "]"
        elif plain in "{}]":
            piece = f"\\{plain}"
        else:
            piece = "[^\\n]" if plain == "." else _character(plain)
            is_class = plain == "["
        if piece is None:
            return None
        pieces.append(piece)
    source = "".join(pieces)
    return None if is_class or _is_odd_range(source) else source


def _escaped(letter: str, *, is_class: bool, is_first: bool) -> str | None:
    """Return an escaped character in JavaScript; within a class few need an escape. None where it has no equivalent."""
    if letter in _CLASSES:
        return _CLASSES[letter]
    if letter in "wW":
        if is_class:
            return _WORD if letter == "w" else None
        return f"[{'^' if letter == 'W' else ''}{_WORD}]"
    if letter in _SYNTAX:
        needed = not is_class or letter in "\\]" or (letter == "^" and is_first)
        return f"\\{letter}" if needed else letter
    if letter == "-":
        return r"\-" if is_class else "-"
    return None


def _character(letter: str) -> str:
    return {"/": r"\/", "\n": r"\n", "\r": r"\r", "\u2028": r"\u2028", "\u2029": r"\u2029"}.get(letter, letter)


def _is_odd_range(source: str) -> bool:
    """Whether a class, such as that of digits, is an end of a range."""
    return re.search(r"\\p\{\w+\}-(?!\])|[^\[^\\]-\\[pP]", source) is not None
