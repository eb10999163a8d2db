"""Text in Python source: literals, docstrings, and the SQL statements of a migration as a list."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping

from runner.generation.model.prose import one_line, sentence


def literal(value: object) -> str:
    """Return a Python literal as ruff formats it: in double quotes unless single ones save an escape."""
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, tuple):
        inner = ", ".join(literal(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    return repr(value)


def sqlalchemy_text(sql: str) -> str:
    """Return SQL as a string literal in which SQLAlchemy finds no parameter."""
    return literal(sql.replace("\\", "\\\\").replace(":", "\\:"))


def tuple_literal(items: Iterable[object]) -> str:
    """Return items as the literal of a tuple."""
    return literal(tuple(items))


def _quote(value: str) -> str:
    """Return a string literal in double quotes, or in single ones if that needs fewer escapes."""
    body = repr(f"'{value}\"")[3:-1]  # with both quotes in it, repr escapes the single ones
    body = body.removesuffix('"').replace("\\'", "'")
    if value.count('"') > value.count("'"):
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def statement_list(statements: Iterable[str], indent: int = 0) -> str:
    """Return SQL statements as a Python list; the lines of a statement stay lines, at the left margin."""
    pad = " " * indent
    items = "".join(f"{pad}    {_statement(statement)},\n" for statement in statements)
    return f"[\n{items}{pad}]" if items else "[]"


def _statement(text: str) -> str:
    """Return a string literal that keeps line feeds as they are and escapes all else that does not print."""
    if "\n" not in text:
        return _quote(text)
    lines = (repr(f"{line}'\"")[1:-4].replace("\\'", "'") for line in text.split("\n"))
    body = re.sub(r'(?<=")"|"\Z', r"\"", "\n".join(lines))
    body = re.sub(r" (?=\n)", r"\\x20", body)  # the end of a line inside of a quoted text
    return f'"""\\\n{body}"""'


def docstring_text(text: str) -> str:
    """Return text for a place between triple quotes: without quotes or backslashes that would end or change it."""
    plain = text.replace("\\", "\\\\").replace('"""', "'''")
    return f"{plain[:-1]}'" if plain.endswith('"') else plain


def wrap(text: str, width: int = 100, indent: int = 0) -> str:
    """Return prose wrapped to `width` characters, with all lines but the first indented."""
    lines = textwrap.wrap(one_line(text), width - indent, break_long_words=False, break_on_hyphens=False)
    return f"\n{' ' * indent}".join(lines)


def docstring(text: str, indent: int = 0, width: int = 100) -> str:
    """Return a docstring: on one line if it fits, otherwise a summary line with the rest below."""
    plain = docstring_text(sentence(text))
    if indent + len(plain) + 6 <= width:
        return f'"""{plain}"""'
    pad = " " * indent
    summary, rest = _summary(plain, width - indent - 3)
    body = wrap(rest, width, indent)
    return f'"""{summary}\n\n{pad}{body}\n{pad}"""'


def _summary(text: str, width: int) -> tuple[str, str]:
    """Split text into a first sentence of at most `width` characters, and the rest."""
    for mark in re.finditer(r"[.!?] ", text):
        if mark.start() + 1 <= width:
            return text[: mark.start() + 1], text[mark.end() :]
        break
    cut = text.rfind(" ", 0, width - 3)
    cut = cut if cut > 0 else width - 3
    return f"{text[:cut].rstrip(' ,;:')} ….".replace(" ….", "."), text
