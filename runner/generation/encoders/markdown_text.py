"""Text in Markdown: prose and code, in running text and in cells of tables, and words of Mermaid's diagrams.

CommonMark, with the tables and the strikethrough of GitHub Flavored Markdown. Only characters that would have a meaning
where they are get an escape, so that ordinary comments read the same in the source.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.generation.model.prose import one_line

if TYPE_CHECKING:
    from runner.generation.model.fields import Field

_MARKS = re.compile(r"""
      [\\`]
    | \*(?=\S) | (?<=\S)\*                          # emphasis, next to a word
    | _(?![^\W_]) | (?<![^\W_])_                    # emphasis, except inside a word
    | ~(?=~) | (?<=~)~                              # strikethrough
    | \[(?!\](?![\[(:])) | (?<!\[)\] | \](?=[\[(:]) # links, but not the `[]` of an array's type
    | ^[#>+=-]                                      # headings, quotations and lists
    """, re.VERBOSE)  # fmt: skip
_NUMBERED = re.compile(r"^(\d+)(?=[.)])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_TICKS = re.compile(r"`+")


def markdown(text: object) -> str:
    """Return text as it reads in a paragraph, a heading, an item of a list or the text of a link, on one line."""
    plain = _MARKS.sub(r"\\\g<0>", _ENTITY.sub("&amp;", one_line(str(text)))).replace("<", "&lt;")
    return _NUMBERED.sub(r"\1\\", plain)


def cell(text: object) -> str:
    """Return text for a cell of a table."""
    return markdown(text).replace("|", "\\|")


def code(text: object) -> str:
    """Return text as code, on one line."""
    plain = one_line(str(text))
    longest = max(map(len, _TICKS.findall(plain)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {plain} {fence}" if longest else f"{fence}{plain or ' '}{fence}"


def code_cell(text: object) -> str:
    """Return text as code in a cell of a table, where a bar ends the cell even in code."""
    if "\\|" in str(text):  # no escape tells this from a bar: such code is written as HTML
        return f"<code>{cell(text)}</code>"
    return code(text).replace("|", "\\|")


def remarks(field: Field) -> str:
    """Return what a reader wants to know of a field at a glance, for a cell: key, required, default, secret."""
    found = ["primary key"] if field.is_key else []
    if field.is_numbered:
        found.append("numbered by the database")
    elif field.is_read_only:
        found.append("computed by the database")
    elif field.required:
        found.append("required")
    elif field.default is not None:
        found.append(f"default {code_cell(field.default.text)}")
    if field.is_secret:
        found.append("secret: written, never read")
    if field.bounds.pattern:
        found.append(code_cell(field.bounds.pattern))
    return ", ".join(found)


def mermaid_word(text: str) -> str:
    """Return text as a word of Mermaid's `erDiagram`, which takes ASCII letters, digits and `_`."""
    word = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_") or "column"
    return word if word[0].isalpha() else f"_{word}"
