"""The words of a source file, counted, and its outline: what an edit adds and removes, and where.

A word is a name, a number, a word of a text or of a comment, or an operator. Brackets, commas, semicolons and quotation
marks are left out, because formatters add and remove them, and so is the backslash before a quotation mark. Each
imported name is one word, so that it counts the same in a line of its own and in a list.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"\w+|[^\w\s,;()\[\]{}'\"`]+")
_ESCAPED_MARK = re.compile(r"""\\(\\|["'`])""")
_DECLARING = ("const", "function", "class", "type", "interface")
_TYPESCRIPT_TOKEN = re.compile(r"""//[^\n]*|(?s:/\*.*?\*/)|"[^"\n]*"|'[^'\n]*'|`[^`]*`|[\w$]+|\S""")
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
    text = _ESCAPED_MARK.sub(lambda found: found[0] if found[1] == "\\" else found[1], text)
    return Counter([*_WORD.findall(text), *imports])


def outline_of(path: str, text: str) -> set[str]:
    """Return what a Python or TypeScript file declares, whatever the layout: each name after those that enclose it."""
    return set(_python_outline(ast.parse(text), "")) if path.endswith(".py") else _typescript_outline(text)


def _python_outline(node: ast.AST, place: str) -> Iterator[str]:
    """Yield classes, functions, variables, keywords and the keys of dictionaries."""
    for child in ast.iter_child_nodes(node):
        inner = place
        if isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            inner = f"{place} > {child.name}"
        elif isinstance(child, (ast.Assign, ast.AnnAssign)):
            target = child.targets[0] if isinstance(child, ast.Assign) else child.target
            inner = f"{place} > {ast.unparse(target)}"
        elif isinstance(child, ast.keyword):
            inner = f"{place} > {child.arg}="
        elif isinstance(child, ast.Dict):
            for key, value in zip(child.keys, child.values, strict=True):
                entry = f"{place} > {ast.unparse(key) if key else '**'}:"
                yield entry
                yield from _python_outline(value, entry)
            continue
        if inner != place:
            yield inner
        yield from _python_outline(child, inner)


def _typescript_outline(text: str) -> set[str]:
    """Return the declared names and the properties of objects, by the brackets that enclose them."""
    tokens = [token for token in _TYPESCRIPT_TOKEN.findall(text) if not token.startswith(("//", "/*"))]
    found, enclosing, last = set(), list[str](), ""
    for before, token, after in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
        if token in "([{":
            enclosing.append(last)
            last = ""
        elif token in ")]}":
            last = enclosing.pop() if enclosing else ""
        elif token in ",;":
            last = ""
        elif before in _DECLARING or (re.match(r"[\w$\"']", token) and after == ":" and before in "{,"):
            last = token.strip("\"'")
            found.add(" > ".join(name for name in (*enclosing, last) if name))
    return found


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
