"""Pieces of Python source that carry the imports they need, and the import block of a generated file.

A template prints fragments like any text; what they need is collected, and the filter block `with_imports` writes the
imports above its text:

    {% filter with_imports %}
    class {{ table.class_name }}({{ "Base" | imported }}):
    {% endfilter %}

Text that a template writes itself brings no imports: it names what it needs with the filter `imported`.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import pass_context

from runner.records.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from jinja2.runtime import Context

COLLECTED = "_imports"  # the variable of a template with the imports of what it has printed so far
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Fragment:
    """Python source. `imports` are the names in it: `module.name`, or `module as name` for a module."""

    text: str
    imports: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.text


def compose(form: str, *parts: Fragment | str, imports: Iterable[str] = ()) -> Fragment:
    """Return `form.format(*parts)` with the imports of all parts and the given ones."""
    return Fragment(form.format(*parts), _imports(parts).union(imports))


def join(parts: Iterable[Fragment | str], separator: str = ", ") -> Fragment:
    """Return fragments in a row with all their imports. As a filter it replaces Jinja's own."""
    parts = tuple(parts)
    return Fragment(separator.join(map(str, parts)), _imports(parts))


def _imports(parts: Iterable[Fragment | str]) -> frozenset[str]:
    return frozenset(name for part in parts if isinstance(part, Fragment) for name in part.imports)


@pass_context
def collect(context: Context, value: Any) -> Any:
    """Keep the imports of a value that a template prints. Jinja calls it for each; it returns the value.

    Raises:
        TemplateError: a macro prints a fragment and was imported without its context, which would lose the imports.

    """
    if isinstance(value, Fragment) and value.imports:
        found = context.get(COLLECTED)
        if found is None:
            raise TemplateError(f"{context.name}: needs imports for {value.text!r}; import its macros `with context`")
        found.update(value.imports)
    return value


@pass_context
def with_imports(context: Context, text: str) -> str:
    """Return Python source below the imports of all fragments in it."""
    collected = context[COLLECTED]
    block = import_lines(collected)
    collected.clear()
    code = text.strip("\n")
    space = [""] if block and code.startswith(("class ", "def ", "@")) else []
    return "\n".join([*block, *space, code, ""])


def import_lines(imports: Collection[str]) -> list[str]:
    """Return the lines of an import block in isort's order, each section with an empty line after it."""
    sections: list[list[str]] = [[], [], []]  # standard library, installed, the application's own
    members: dict[str, set[str]] = {}
    modules = sorted(name for name in imports if " as " in name)
    for name in modules:
        sections[_section(name)].append(f"import {name}")
    for module, _, name in (path.rpartition(".") for path in imports if " as " not in path):
        members.setdefault(module, set()).add(name)
    for module, names in sorted(members.items(), key=lambda item: _by_numbers(item[0])):
        sections[_section(module)].append(_from(module, names))
    return [line for section in sections if section for line in (*section, "")]


def _section(module: str) -> int:
    first = module.partition(".")[0].partition(" ")[0]
    if first in ("app", "tests"):
        return 2
    return 0 if first in sys.stdlib_module_names else 1


def _from(module: str, names: Iterable[str]) -> str:
    ordered = sorted(names, key=_rank)
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= _WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"


def _rank(name: str) -> tuple[int, str]:
    """Return isort's order of members: constants, classes, the rest."""
    if name.isupper() and len(name) > 1:
        return 0, _by_numbers(name)
    return (1 if name[:1].isupper() else 2), _by_numbers(name)


def _by_numbers(name: str) -> str:
    """Return a key in whose order C2 comes before C10, as in isort's."""
    return re.sub(r"\d+", lambda digits: digits[0].zfill(_DIGITS), name)


_DIGITS = 20  # more than a name has in a row
