"""Edits of generated TypeScript as a developer makes them; each returns None where the text has no place for it.

The generated sources are laid out as Biome lays them out, so lines and their indents are enough to find a place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

_NOTES = (
    "agreed with the office in March",
    "as on the birth certificate",
    "see the handbook, page 12",
    "checked by hand every term",
)


def rename_variable(text: str, chance: random.Random) -> str | None:
    """Rename a constant that the module does not export and no object has as a property."""
    found = re.findall(r"^const (\w+) = ", text, re.MULTILINE)
    places = [
        name
        for name in found
        if name.endswith("Choice") or (name.isupper() and not re.search(rf"\.{name}\b|[{{,]\s*{name}\s*[,}}]", text))
    ]
    if not places:
        return None
    old = chance.choice(places)
    new = f"OFFICE_{old}" if old.isupper() else f"office{old[0].upper()}{old[1:]}"
    return re.sub(rf"\b{old}\b", new, text)


def add_field(text: str, chance: random.Random) -> str | None:
    """Add a field to the schema of a new row, or a help text to a field of a page."""
    lines = text.splitlines()
    fields = _block(lines, "export const createSchema = z.strictObject({")
    if fields:
        name = chance.choice(("office_code", "office_level", "office_mark"))
        lines.insert(chance.choice(fields) + 1, f"  {name}: f.text().optional(),")
        return "\n".join([*lines, ""])
    labels = [number for number, line in enumerate(lines) if re.match(r'    \w+: \{ label: "[^"]*" \},$', line)]
    if not labels:
        return None
    place = chance.choice(labels)
    lines[place] = lines[place].replace(" },", f', help: "{chance.choice(_NOTES)}" }},')
    return "\n".join([*lines, ""])


def delete_test(text: str, chance: random.Random) -> str | None:
    """Delete a value that must be refused, or a whole test whose imports others use as well."""
    lines = text.splitlines()
    refused = _block(lines, "  refused: {")
    if len(refused) > 1:
        del lines[chance.choice(refused)]
        return "\n".join([*lines, ""])
    starts = [number for number, line in enumerate(lines) if re.match(r"\s*(test|it)\(", line)]
    if len(starts) < 2:
        return None
    first = chance.choice(starts)
    indent = re.match(r"\s*", lines[first])
    assert indent is not None
    last = next(number for number in range(first, len(lines)) if lines[number].startswith(f"{indent[0]}}});"))
    after = last + 2 if last + 1 < len(lines) and not lines[last + 1] else last + 1
    edited = "\n".join([*lines[:first], *lines[after:], ""])
    declared = re.findall(r"^import (?:type )?\{?([^}\n]*?)\}? from", edited, re.MULTILINE)
    names = [name for names in declared for name in re.findall(r"\w+", names)]
    names += re.findall(r"^(?:const|function|let) (\w+)", edited, re.MULTILINE)
    return edited if all(len(re.findall(rf"\b{name}\b", edited)) > 1 for name in names) else None


def reorder_imports(text: str, chance: random.Random) -> str | None:
    """Put the imports in another order."""
    lines = text.splitlines()
    places = [number for number, line in enumerate(lines) if re.match(r"import .*;$", line)]
    if len(places) < 2:
        return None
    turn = chance.randrange(1, len(places))
    for place, source in zip(places, places[turn:] + places[:turn], strict=True):
        lines[place] = text.splitlines()[source]
    return "\n".join([*lines, ""])


def change_label(text: str, chance: random.Random) -> str | None:
    """Change a label of a page, or what a comment of the documentation says."""
    labels = re.findall(r'label: "([^"\n]+)"', text)
    if labels:
        old = chance.choice(labels)
        return text.replace(f'label: "{old}"', f'label: "{old} of the office"', 1)
    documented = re.findall(r"^/\*\* .* \*/$", text, re.MULTILINE)
    if not documented:
        return None
    return text.replace(chance.choice(documented), f"/** What the office keeps, {chance.choice(_NOTES)}. */", 1)


def add_comment(text: str, chance: random.Random) -> str | None:
    """Write a comment above a statement or a property, or at the end of its line."""
    lines = text.splitlines()
    places = [number for number, line in enumerate(lines) if re.match(r"(const|export const|test) | {2,4}\w+: ", line)]
    if not places:
        return None
    place, note = chance.choice(places), chance.choice(_NOTES)
    indent = re.match(r"\s*", lines[place])
    assert indent is not None
    if chance.random() < 0.5 and lines[place].endswith(","):
        lines[place] = f"{lines[place]} // {note}"
    else:
        lines.insert(place, f"{indent[0]}// {note}")
    return "\n".join([*lines, ""])


def own_function(text: str, chance: random.Random) -> str | None:
    """Write a function of one's own at the end of the module."""
    name = chance.choice(("officeTotal", "officeShare", "officeRest"))
    return (
        f"{text.rstrip()}\n\n/** What the office adds up, {chance.choice(_NOTES)}. */\n"
        f"export function {name}(amounts: readonly number[]): number {{\n"
        f"  return amounts.filter((amount) => amount > {chance.randint(3, 90)}).length;\n}}\n"
    )


def reformat(text: str, chance: random.Random) -> str | None:
    """Indent by four spaces; None where a text of several lines would change."""
    del chance
    if any(line.count("`") % 2 for line in text.splitlines()):
        return None
    return "".join(f"{' ' * (len(line) - len(line.lstrip(' ')))}{line}" for line in text.splitlines(keepends=True))


EDITS: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "rename a variable": rename_variable,
    "add a field": add_field,
    "delete a test": delete_test,
    "reorder imports": reorder_imports,
    "change a label": change_label,
    "add a comment": add_comment,
    "write a function": own_function,
    "format otherwise": reformat,
}


def _block(lines: list[str], opening: str) -> list[int]:
    """Return the numbers of the lines of an object that its opening line leads."""
    if opening not in lines:
        return []
    first = lines.index(opening) + 1
    indent = " " * (len(opening) - len(opening.lstrip()) + 2)
    last = next(number for number in range(first, len(lines)) if not lines[number].startswith(indent))
    return list(range(first, last))
