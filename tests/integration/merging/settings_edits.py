"""Edits of a package.json, a pyproject.toml, a Makefile and the like, as a developer makes them.

Each returns the edited text, or None where it has no place for the edit.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

_NOTES = ("agreed with the office in March", "see the handbook, page 12", "checked by hand every term")


def add_dependency(text: str, chance: random.Random) -> str | None:
    """Add a package to the dependencies of a package.json or a pyproject.toml."""
    name = chance.choice(("calendar", "office-paper", "zebra-labels"))
    lines = text.splitlines()
    for opening, entry in (
        ('  "dependencies": {', f'    "{name}": "2.1.0",'),
        ("dependencies = [", f'    "{name}>=2,<3",'),
    ):
        if opening in lines:
            lines.insert(lines.index(opening) + chance.randint(1, 4), entry)
            return "\n".join([*lines, ""])
    return None


def add_script(text: str, chance: random.Random) -> str | None:
    """Add a script to a package.json."""
    lines = text.splitlines()
    if '  "scripts": {' not in lines:
        return None
    lines.insert(lines.index('  "scripts": {') + chance.randint(1, 4), '    "office": "node office.mjs",')
    return "\n".join([*lines, ""])


def add_target(text: str, chance: random.Random) -> str | None:
    """Add a target at the end of a Makefile."""
    return f"{text.rstrip()}\n\noffice:  ## {chance.choice(_NOTES)}\n\t@echo office\n"


def add_variable(text: str, chance: random.Random) -> str | None:
    """Add a variable at the end of an example of an environment."""
    return f"{text.rstrip()}\n# {chance.choice(_NOTES)}\nOFFICE_HOURS={chance.randint(3, 90)}\n"


def add_comment(text: str, chance: random.Random) -> str | None:
    """Write a comment above a line that begins a setting."""
    lines = text.splitlines()
    places = [number for number, line in enumerate(lines) if re.match(r"(\w[\w.-]* ?[=:]|\[)", line)]
    if not places:
        return None
    lines.insert(chance.choice(places), f"# {chance.choice(_NOTES)}")
    return "\n".join([*lines, ""])


JSON: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "add a dependency": add_dependency,
    "add a script": add_script,
}
TOML: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "add a dependency": add_dependency,
    "add a comment": add_comment,
}
MAKE: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "add a target": add_target,
    "add a comment": add_comment,
}
ENVIRONMENT: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "add a variable": add_variable,
    "add a comment": add_comment,
}


def problems(path: str, text: str) -> str:
    """Return what is wrong with a JSON or a TOML file; other files are always right."""
    try:
        if path.endswith(".json"):
            json.loads(text)
        elif path.endswith(".toml"):
            tomllib.loads(text)
    except ValueError as error:
        return str(error)
    return ""
