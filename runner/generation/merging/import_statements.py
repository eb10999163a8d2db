"""Imports of Python and TypeScript: the union of what two versions import from a module, sorted as the formatter would.

A name that one side removed and the other has unchanged is left out. Whether the merged text still uses it is for
`verification` to find.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.generation.python_layout import break_statement

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from runner.generation.merging.blocks import Block
    from runner.generation.merging.source_tokens import Language

_WIDTH = 100  # columns of a line of generated code
_PYTHON_FROM = re.compile(r"(?s)from\s+(?P<module>[\w.]+)\s+import\s+(?:\((?P<listed>[^)#]*)\)|(?P<names>[^(#\n]+))\Z")
_ES_NAMED = re.compile(
    r"""(?s)(?P<kind>import(?:\s+type)?|export(?:\s+type)?)\s*\{(?P<names>[^}/]*)\}\s*from\s*(?P<module>["'][^"']+["']);?\Z"""
)
_MODULE = re.compile(r"""["']([^"']+)["'];?\s*\Z""")


def import_order(block: Block) -> tuple[int, str, str] | None:
    """Return what imports are sorted by within a group; None for another block.

    In Python, `import` comes before `from`, each by module. In TypeScript, modules of packages come before those of the
    project, and these by how far up they are.
    """
    key = block.key or ""
    if block.language == "python":
        if key.startswith("import "):
            return 0, key.partition(" ")[2].lower(), key
        return (1, key.partition(" ")[2].lower(), key) if key.startswith("from ") else None
    if block.language != "typescript" or not key.startswith("import "):
        return None
    found = _MODULE.search("\n".join(block.body))
    module = found[1] if found else key
    up = module.count("../") if module.startswith("../") else 0
    distance = 0 if not module.startswith(".") else 1000 - up
    return distance, module.lower(), key


def merged_import(old: Block | None, mine: Block, new: Block) -> list[str] | None:
    """Return the lines of an import with the names of both versions; None where it is not one of names."""
    if mine.lead or new.lead:
        return None
    before, ours, theirs = None if old is None else _names(old), _names(mine), _names(new)
    if ours is None or theirs is None or (old is not None and before is None):
        return None
    was = set(before or ())
    kept = [name for name in (*ours, *theirs) if name not in was or (name in ours and name in theirs)]
    return import_lines(mine, kept)


def import_lines(block: Block, names: Collection[str]) -> list[str]:
    """Return the lines of the import that `block` is, with other names."""
    source = "\n".join(block.body)
    ordered = _sorted(names, block.language)
    if block.language == "python":
        found = _PYTHON_FROM.match(source)
        head = f"from {found['module'] if found else ''} import"
        flat = f"{head} {', '.join(ordered)}"
        return [flat] if len(flat) <= _WIDTH else break_statement(f"{head} ({', '.join(ordered)})", 0, _WIDTH)
    es = _ES_NAMED.match(source)
    head, tail = (f"{es['kind']} {{", f"}} from {es['module']};") if es else ("import {", "};")
    flat = f"{head} {', '.join(ordered)} {tail}"
    return [flat] if len(flat) <= _WIDTH else [head, *(f"  {name}," for name in ordered), tail]


def _names(block: Block) -> list[str] | None:
    """Return the names that an import lists; None where it lists none, or has comments among them."""
    source = "\n".join(block.body)
    if block.language == "python":
        found = _PYTHON_FROM.match(source)
        listed = None if found is None else found["listed"] or found["names"]
    else:
        es = _ES_NAMED.match(source)
        listed = None if es is None else es["names"]
    if listed is None:
        return None
    return [" ".join(name.split()) for name in listed.split(",") if name.strip()]


def _sorted(names: Collection[str], language: Language) -> Sequence[str]:
    unique = dict.fromkeys(names)
    return sorted(unique, key=_python_order if language == "python" else _es_order)


def _python_order(name: str) -> tuple[int, str, str]:
    """Constants first, then classes, then the others, as isort's `order-by-type`."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower(), name


def _es_order(name: str) -> tuple[str, str]:
    plain = name.removeprefix("type ")
    return plain.lower(), plain
