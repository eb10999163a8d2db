"""The import block of a generated Python file, from the names that its text uses.

A template wraps its code in `{% filter with_imports(...) %}` and needs no list of imports that a condition might make
wrong. Names are told apart from columns by their spelling: columns are in snake case.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_STRINGS = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""|[rR]?"(?:[^"\\\n]|\\.)*"|[rR]?\'(?:[^\'\\\n]|\\.)*\'|#[^\n]*')
_FORMATTED = re.compile(r'\bf"((?:[^"\\\n]|\\.)*)"')
_WIDTH = 100

# Where each name comes from. `import dt` is `import datetime as dt`.
_MODULES = {"dt": "datetime", "sa": "sqlalchemy", "pytest": "pytest"}
_HOMES: Mapping[str, str] = {
    "Any": "typing", "Annotated": "typing", "ClassVar": "typing", "Literal": "typing",
    "Decimal": "decimal", "UUID": "uuid", "uuid4": "uuid", "StrEnum": "enum",
    "Mapped": "sqlalchemy.orm", "mapped_column": "sqlalchemy.orm",
    "ConfigDict": "pydantic", "Field": "pydantic", "NaiveDatetime": "pydantic",
    "Depends": "fastapi",
    **dict.fromkeys(
        ("Array", "BigInt", "ByDialect", "Char", "Json", "PlainJson", "SmallInt", "Timestamp", "enum_of", "exact",
         "moment", "native", "postgresql_only", "utc_now"),
        "app.core.columns",
    ),
    "Base": "app.core.database",
    "problem_responses": "app.core.problems",
    "Resource": "app.core.repository",
    **dict.fromkeys(("TableRouter", "add_bulk_routes", "add_list_routes"), "app.core.routes"),
    "add_row_routes": "app.core.row_routes",
    **dict.fromkeys(
        ("add", "all_of", "any_of", "coalesce", "contained", "count_known", "eq", "ge", "gt", "is_null", "le",
         "length", "lower", "lt", "matches", "mul", "ne", "not_", "now", "one_of", "rem", "Rule", "sub", "today",
         "trim", "upper"),
        "app.core.rules",
    ),
}  # fmt: skip
_FIELDS = ("Body", "Bytes", "Int16", "Int32", "Int64", "Native", "NotNull", "Number", "Row", "Timestamp", "omitted")
_ARGUMENTS = frozenset({"moment"})  # used as a value, told from a column by the = in front
_CALLED_ONLY = frozenset(name for name, home in _HOMES.items() if home == "app.core.rules" and name.islower())
_CALLED_ONLY |= {"enum_of", "exact", "native"}


def with_imports(text: str, enums: Iterable[str] = (), more: Mapping[str, str] | None = None) -> str:
    """Return Python source with the imports in front that it needs.

    `enums` are classes of `app.enums`; `more` says where other names come from, and goes first.
    """
    homes = {**_HOMES, **dict.fromkeys(enums, "app.enums"), **(more or {})}
    used = _used(text)
    modules = {name: _MODULES[name] for name in used if name in _MODULES}
    names: dict[str, set[str]] = {}
    for name in used:
        if name in homes and name not in modules:
            names.setdefault(homes[name], set()).add(name)
    code = text.strip("\n")
    block = _block(modules, names)
    space = [""] if block and code.startswith(("class ", "def ", "@")) else []
    return "\n".join([*block, *space, code, ""])


def schema_imports(text: str, enums: Iterable[str] = (), more: Mapping[str, str] | None = None) -> str:
    """Return Pydantic models with their imports: field types come from `app.core.fields`, others from `more`."""
    return with_imports(text, enums, {**dict.fromkeys(_FIELDS, "app.core.fields"), **(more or {})})


def import_lines(homes: Mapping[str, str]) -> str:
    """Return the lines that import these names, each from its module."""
    names: dict[str, set[str]] = {}
    for name, home in homes.items():
        names.setdefault(home, set()).add(name)
    return "\n".join(_block({}, names))


def _used(text: str) -> set[str]:
    inside = " ".join(_FORMATTED.findall(text))
    code = _STRINGS.sub(" ", text)
    found = set(_NAME.findall(f"{code} {inside if '{dt.' in inside else ''}"))
    return {name for name in found if _is_meant(name, code)}


def _is_meant(name: str, code: str) -> bool:
    """Whether a name in lower case stands for what is imported, and not for a column."""
    if name in _CALLED_ONLY:
        return re.search(rf"(?<![\w.]){name}\(", code) is not None
    return name not in _ARGUMENTS or re.search(rf"=\s?{name}\b", code) is not None


def _block(modules: Mapping[str, str], names: Mapping[str, set[str]]) -> list[str]:
    """Return import lines in isort's order: standard library, installed, the application's own."""
    sections: list[list[str]] = [[], [], []]
    for short, module in sorted(modules.items(), key=lambda pair: pair[1]):
        line = f"import {module}" if short == module else f"import {module} as {short}"
        sections[_section(module)].append(line)
    for module, found in sorted(names.items()):
        sections[_section(module)].append(_from(module, found))
    lines: list[str] = []
    for section in filter(None, sections):
        lines += [*section, ""]
    return lines


def _section(module: str) -> int:
    first = module.partition(".")[0]
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
        return 0, name
    return (1, name) if name[:1].isupper() else (2, name)
