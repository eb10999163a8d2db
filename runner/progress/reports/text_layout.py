"""Formats values as text for users: durations, counts, tables, colours, text from elsewhere. Pure."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Tone = Literal["plain", "good", "bad", "warn", "dim", "bold"]
GAP = "  "  # between two columns

_CODES: dict[Tone, str] = {"good": "32", "bad": "31", "warn": "33", "dim": "2", "bold": "1"}
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MINUTE = 60.0
_HOUR = 3600.0
_TENTH = 9.995  # seconds from which on one decimal is shown


def duration(seconds: float) -> str:
    """Return a duration as `0.12 s`, `12.3 s`, `2 min 05 s` or `1 h 02 min`."""
    if seconds < _TENTH:
        return f"{max(0.0, seconds):.2f} s"
    if seconds < _MINUTE - 0.05:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = whole // 60
    return f"{minutes // 60} h {minutes % 60:02} min"


def count(number: int, noun: str) -> str:
    """Return `1 file`, `2 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(numbers: Sequence[tuple[int, str]]) -> str:
    """Return `3 done, 1 failed`, without words whose number is 0."""
    return ", ".join(f"{number:,} {word}" for number, word in numbers if number)


def printable(text: str) -> str:
    """Return text without escape sequences and control characters, except line breaks."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\t", "    "))


def one_line(text: str) -> str:
    """Return printable text on one line."""
    return " ".join(printable(text).split())


def as_line(text: str) -> str:
    """Return text, made printable, as one line that keeps its blanks: what a column of a table needs."""
    return printable(text).replace("\n", " ")


def indented(text: str, indent: str, width: int | None = None) -> list[str]:
    """Return the printable, indented lines of a text, without empty ones.

    They are wrapped between words at `width` columns; with None they stay whole, so that they can be searched.
    """
    lines = [line.rstrip() for line in printable(text).splitlines() if line.strip()]
    if width is None:
        return [f"{indent}{line}" for line in lines]
    wrapper = textwrap.TextWrapper(
        width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return [wrapped for line in lines for wrapped in wrapper.wrap(line)]


def wrapped(text: str, width: int | None) -> list[str]:
    """Return a line as lines of at most `width` columns, those after the first indented; with None it stays whole.

    It is broken at blanks only: a path or an id that is longer stays whole.
    """
    if width is None or len(text) <= width:
        return [text]
    indent = " " * (len(text) - len(text.lstrip()) + len(GAP))
    return textwrap.wrap(
        text, width, subsequent_indent=indent, replace_whitespace=False, break_long_words=False, break_on_hyphens=False
    ) or [""]


def shortened(text: str, width: int) -> str:
    """Return text of at most `width` columns; three dots replace what was cut off."""
    return text if len(text) <= width else text[: max(0, width - 3)] + "..."[:width]


def painted(text: str, tone: Tone, *, colour: bool) -> str:
    """Return text in the colour of its tone, or unchanged without `colour`."""
    code = _CODES.get(tone)
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code and text else text


def table(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Return rows as lines with aligned columns; those in `right` are aligned to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return [
        GAP.join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def shown_path(path: Path, folder: Path) -> str:
    """Return a path as people write it in a folder: relative where it lies below."""
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
