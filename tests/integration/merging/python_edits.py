"""Edits of generated Python as a developer makes them: each takes a module's text and returns the edited one, or None.

None stands for an edit that the module offers no place for. Imports that an edit needs are placed by ruff, as an
editor does it.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping

_RUFF_LIMIT_S = 60
_OTHER_FORMATTER = ("line-length=79", "format.quote-style='single'", "format.skip-magic-trailing-comma=true")
_NOTES = (
    "agreed with the office in March",
    "as on the birth certificate",
    "see the handbook, page 12",
    "checked by hand every term",
)


def rename_variable(text: str, chance: random.Random) -> str | None:
    """Rename an alias of the module, or a local variable of a function."""
    tree = ast.parse(text)
    in_strings = {name.id for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for name in _names(node)}
    places: list[tuple[ast.AST, str]] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
            if re.fullmatch(r"[A-Z][a-z]+[A-Za-z]*", target.id):  # an alias of a type: no other module imports it
                places.append((tree, target.id))
        elif isinstance(node, ast.FunctionDef):
            local = {name.id for name in _names(node) if isinstance(name.ctx, ast.Store)}
            places += [(node, name) for name in sorted(local) if not _is_shared(node, name)]
    places = [(scope, name) for scope, name in places if name not in in_strings]
    if not places:
        return None
    scope, old = chance.choice(places)
    new = f"Office{old}" if old[0].isupper() else f"office_{old}"
    return _replaced(text, [(name.lineno, name.col_offset, old, new) for name in _names(scope) if name.id == old])


def add_method(text: str, chance: random.Random) -> str | None:
    """Add a method at the end of a class, or a test at the end of a class of tests."""
    classes = _classes(text)
    if not classes:
        return None
    chosen = chance.choice(classes)
    name = chance.choice(("office_line", "office_code", "office_summary"))
    if chosen.name.startswith("Test"):
        lines = [f"    def test_{name}(self) -> None:", f'        assert "{name}".startswith("office")']
    else:
        lines = [
            f"    def {name}(self) -> str:",
            f'        """Return what the office prints, {chance.choice(_NOTES)}."""',
            f'        return f"{{type(self).__name__}} {name}"',
        ]
    return _inserted(text, _last_line(chosen), ["", *lines])


def add_field(text: str, chance: random.Random) -> str | None:
    """Add a constant of the class between the fields of a class."""
    places = [
        node
        for chosen in _classes(text)
        for node in chosen.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    if not places:
        return None
    after = chance.choice(places)
    name, value = chance.choice((("office_limit", "25"), ("office_level", "3"), ("office_pages", "40")))
    edited = _inserted(text, _last_line(after), [f"    {name}: ClassVar[int] = {value}"])
    return _with_import(edited, "from typing import ClassVar")


def delete_test(text: str, chance: random.Random) -> str | None:
    """Delete a test, or a value of the values that must be rejected."""
    tree = ast.parse(text)
    tests: list[ast.stmt | ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef)):
            found = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")]
            tests += found if len(found) > 1 else []
        elif isinstance(node, ast.keyword) and node.arg == "invalid" and isinstance(node.value, ast.Dict):
            tests += node.value.values if len(node.value.values) > 1 else []
    if not tests:
        return None
    lines = text.splitlines(keepends=True)
    chosen = chance.choice(tests)
    first = min([chosen.lineno, *(one.lineno for one in getattr(chosen, "decorator_list", ()))])
    return _used_imports("".join(lines[: first - 1] + _without_blank(lines[_last_line(chosen) :], chosen)))


def reorder_imports(text: str, chance: random.Random) -> str | None:
    """Put the imports of a group in another order."""
    lines = text.splitlines(keepends=True)
    groups: list[list[int]] = [[]]
    for node in ast.parse(text).body:
        is_import = isinstance(node, (ast.Import, ast.ImportFrom)) and node.lineno == _last_line(node)
        if is_import and getattr(node, "module", None) != "__future__":
            follows = bool(groups[-1]) and groups[-1][-1] == node.lineno - 1
            groups[-1].append(node.lineno) if follows else groups.append([node.lineno])
    groups = [group for group in groups if len(group) > 1]
    if not groups:
        return None
    group = chance.choice(groups)
    moved = [lines[number - 1] for number in group]
    turned = moved[1:] + moved[:1]
    for number, line in zip(group, turned, strict=True):
        lines[number - 1] = line
    return "".join(lines)


def add_decorator(text: str, chance: random.Random) -> str | None:
    """Decorate a class or a test."""
    tests = [
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not node.decorator_list
    ]
    if tests:
        chosen: ast.stmt = chance.choice(tests)
        edited = _inserted(text, chosen.lineno - 1, ['@pytest.mark.filterwarnings("default:office")'])
        return _with_import(edited, "import pytest")
    classes = [node for node in _classes(text) if not node.decorator_list]
    if not classes:
        return None
    edited = _inserted(text, chance.choice(classes).lineno - 1, ["@final"])
    return _with_import(edited, "from typing import final")


def change_label(text: str, chance: random.Random) -> str | None:
    """Change the label of a resource, or the docstring of the module or of a class."""
    label = re.search(r'\blabel="([^"]+)"', text)
    if label is not None:
        return text.replace(label[0], f'label="{label[1]} of the office"', 1)
    scopes: list[ast.Module | ast.ClassDef] = [ast.parse(text), *_classes(text)]
    found = [node for node in scopes if ast.get_docstring(node, clean=False)]
    single = [node.body[0] for node in found if node.body[0].lineno == node.body[0].end_lineno]
    if not single:
        return None
    lines = text.splitlines(keepends=True)
    place = chance.choice(single).lineno - 1
    indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    lines[place] = f'{indent}"""Records of the office, {chance.choice(_NOTES)}."""\n'
    return "".join(lines)


def add_comment(text: str, chance: random.Random) -> str | None:
    """Write a comment above a statement or at the end of its line."""
    places = [node for node in _statements(ast.parse(text)) if node.lineno == node.end_lineno]
    if not places:
        return None
    chosen, note = chance.choice(places), chance.choice(_NOTES)
    lines = text.splitlines(keepends=True)
    line = lines[chosen.lineno - 1]
    if chance.random() < 0.5 and "#" not in line:
        lines[chosen.lineno - 1] = f"{line.rstrip()}  # {note}\n"
        return "".join(lines)
    return _inserted(text, chosen.lineno - 1, [f"{line[: len(line) - len(line.lstrip())]}# {note}"])


def own_function(text: str, chance: random.Random) -> str | None:
    """Write a function of one's own at the end of the module."""
    name = chance.choice(("office_total", "office_share", "office_rest"))
    return (
        f"{text.rstrip()}\n\n\ndef {name}(amounts: list[int]) -> int:\n"
        f'    """Return what the office adds up, {chance.choice(_NOTES)}."""\n'
        f"    return sum(amount for amount in amounts if amount > {chance.randint(3, 90)})\n"
    )


def reformat(text: str, chance: random.Random) -> str | None:
    """Format the module with another formatter's settings; nothing but the layout differs."""
    del chance
    settings = [part for value in _OTHER_FORMATTER for part in ("--config", value)]
    edited = _ruff(text, "format", *settings)
    return edited if ast.dump(ast.parse(edited)) == ast.dump(ast.parse(text)) else None


EDITS: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "rename a variable": rename_variable,
    "add a method": add_method,
    "add a field": add_field,
    "delete a test": delete_test,
    "reorder imports": reorder_imports,
    "add a decorator": add_decorator,
    "change a label": change_label,
    "add a comment": add_comment,
    "write a function": own_function,
    "format otherwise": reformat,
}


def problems(text: str) -> str:
    """Return what is wrong with a module: a syntax error, an unknown name, an import that nothing uses."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        return str(error)
    return _ruff(text, "check", "--select", "F", "--output-format", "concise", codes=(0, 1)).partition("All checks")[0]


def _ruff(text: str, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--no-cache", "--isolated", "--quiet", "-"],
        input=text,
        capture_output=True,
        text=True,
        timeout=_RUFF_LIMIT_S,
        check=False,
    )
    assert result.returncode in codes, result.stderr
    return result.stdout


def _with_import(text: str, statement: str) -> str:
    """Add an import where isort's order has it, joined to one of the same module."""
    lines = text.splitlines()
    after = next(node.lineno for node in ast.parse(text).body if isinstance(node, (ast.Import, ast.ImportFrom)))
    known = "lint.isort.known-first-party=['app', 'tests']"
    return _ruff(
        "\n".join([*lines[:after], statement, *lines[after:], ""]), "check", "--fix", "--select", "I", "--config", known
    )


def _used_imports(text: str) -> str:
    """Remove the imports that nothing uses any more."""
    return _ruff(text, "check", "--fix", "--select", "F401", codes=(0, 1))


def _classes(text: str) -> list[ast.ClassDef]:
    return [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]


def _names(scope: ast.AST) -> Iterator[ast.Name]:
    return (node for node in ast.walk(scope) if isinstance(node, ast.Name))


def _is_shared(function: ast.FunctionDef, name: str) -> bool:
    """Return whether a name of a function is a parameter, or may belong to a scope inside or outside of it."""
    scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Global, ast.Nonlocal, ast.ClassDef, ast.Match)
    inner = any(isinstance(node, scopes) for node in ast.walk(function) if node is not function)
    caught = {node.name for node in ast.walk(function) if isinstance(node, ast.ExceptHandler)}
    return inner or name in caught or name in {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Return the statements that a comment may stand at: no docstrings, no imports."""
    found = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    for node in found:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_text and not isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node


def _last_line(node: ast.stmt | ast.expr) -> int:
    assert node.end_lineno is not None
    return node.end_lineno


def _inserted(text: str, after: int, lines: list[str]) -> str:
    """Insert lines after that of a number, counted from 1."""
    before = text.splitlines()
    return "\n".join([*before[:after], *lines, *before[after:], ""])


def _replaced(text: str, places: list[tuple[int, int, str, str]]) -> str:
    """Replace names at their line and their column in bytes."""
    lines = [line.encode() for line in text.splitlines(keepends=True)]
    for number, column, old, new in sorted(places, reverse=True):
        line = lines[number - 1]
        lines[number - 1] = line[:column] + new.encode() + line[column + len(old) :]
    return b"".join(lines).decode()


def _without_blank(lines: list[str], removed: ast.stmt | ast.expr) -> list[str]:
    """Remove the blank lines that separated a removed test from the next one."""
    start = 0
    while isinstance(removed, ast.stmt) and start < len(lines) and not lines[start].strip():
        start += 1
    return lines[start:]
