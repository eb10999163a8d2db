"""Text in TypeScript source: string literals, names of properties, and documentation comments."""

from __future__ import annotations

import json
import textwrap

WIDTH = 100


def string(text: str) -> str:
    """Return a string literal in double quotes, or in single ones if that needs fewer escapes."""
    source = json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    if text.count('"') > text.count("'"):
        return "'" + source[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
    return source


def property_name(name: str) -> str:
    """Return the name of a property, in quotes only where it needs them."""
    return name if name.isidentifier() else string(name)


def comment(text: str, indent: int = 0) -> str:
    """Return a documentation comment: on one line if it fits, otherwise wrapped."""
    plain = " ".join(text.replace("*/", "* /").split())
    pad = " " * indent
    if indent + len(plain) + 7 <= WIDTH:
        return f"/** {plain} */"
    lines = textwrap.wrap(plain, WIDTH - indent - 3, break_long_words=False, break_on_hyphens=False)
    return "\n".join(["/**", *(f"{pad} * {line}" for line in lines), f"{pad} */"])
