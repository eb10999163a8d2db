"""The words of a source file, counted: what an edit adds and removes, whatever the layout.

A word is a name, a number, a word of a text or of a comment, or an operator. Brackets, commas, semicolons and quotation
marks are left out, because formatters add and remove them. Each imported name is one word, so that it counts the same
in a line of its own and in a list.
"""

from __future__ import annotations

import ast
import re
from collections import Counter

_WORD = re.compile(r"\w+|[^\w\s,;()\[\]{}'\"`]+")
_TYPESCRIPT_IMPORT = re.compile(r"""^import (?:(type )?\{([^}]*)\}|([^;{]+?)) from ["']([^"']+)["'];?$""", re.MULTILINE)


def words_of(path: str, text: str) -> Counter[str]:
    """Return how often each word is in a file."""
    if path.endswith(".py"):
        imports, text = _python_imports(text)
    elif path.endswith((".ts", ".tsx")):
        imports = _typescript_imports(text)
        text = _TYPESCRIPT_IMPORT.sub("", text)
    else:
        imports = []
    return Counter([*_WORD.findall(text), *imports])


def _python_imports(text: str) -> tuple[list[str], str]:
    """Return the imported names, and the text without its imports."""
    lines, names = text.splitlines(), []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = node.module if isinstance(node, ast.ImportFrom) else ""
            names += [f"import {module} {alias.name} {alias.asname or ''}" for alias in node.names]
            assert node.end_lineno is not None
            last = lines[node.end_lineno - 1]
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno) + [
                last[last.index("#") :] if "#" in last else ""  # a comment is not part of the import
            ]
    return names, "\n".join(lines)


def _typescript_imports(text: str) -> list[str]:
    names = []
    for match in _TYPESCRIPT_IMPORT.finditer(text):
        kind, listed, whole, module = match.groups()
        found = [name.strip() for name in (listed or whole).split(",")]
        names += [f"import {module} {kind or ''}{name}" for name in found if name]
    return names
