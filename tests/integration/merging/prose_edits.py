"""Edits of generated Markdown as a developer makes them; each returns None where the text has no place for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

_NOTES = (
    "Agreed with the office in March.",
    "As on the birth certificate.",
    "Checked by hand every term.",
)


def change_label(text: str, chance: random.Random) -> str | None:
    """Give the page another title."""
    del chance
    title, line_break, rest = text.partition("\n")
    return f"{title} of the office{line_break}{rest}" if title.startswith("# ") else None


def describe_column(text: str, chance: random.Random) -> str | None:
    """Fill in what a column means: the last cell of its row."""
    lines = text.splitlines()
    places = [number for number, line in enumerate(lines) if re.match(r"\| \*{0,2}`.* \|  \|$", line)]
    if not places:
        return None
    place = chance.choice(places)
    lines[place] = f"{lines[place].removesuffix('  |')} {chance.choice(_NOTES)} |"
    return "\n".join([*lines, ""])


def add_paragraph(text: str, chance: random.Random) -> str | None:
    """Write a paragraph below the title."""
    title, _, rest = text.partition("\n\n")
    return f"{title}\n\nThe office keeps this. {chance.choice(_NOTES)}\n\n{rest}" if rest else None


def add_section(text: str, chance: random.Random) -> str | None:
    """Write a section of one's own at the end."""
    return f"{text.rstrip()}\n\n## Notes of the office\n\n{chance.choice(_NOTES)}\n"


EDITS: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "change a label": change_label,
    "describe a column": describe_column,
    "add a paragraph": add_paragraph,
    "add a section": add_section,
}
