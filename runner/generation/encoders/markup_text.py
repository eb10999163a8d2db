"""Text in HTML and SVG."""

from __future__ import annotations

from html import escape

from runner.generation.model.prose import one_line


def xml(text: object) -> str:
    """Return text for an element or an attribute in double quotes, on one line."""
    return escape(one_line(str(text))).replace("&#x27;", "'")
