"""A renamed table: which new file an old one has become, and its text with the new names. Pure.

Nothing says which words of a file come from the table's name: `Student`, `students_pkey`, `studentService`. They are
read from the two generated texts: words that differ between them, always in the same way.
"""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

_WORD = re.compile(r"\w+|\W")


def renamed_paths(old: Collection[str], new: Collection[str]) -> Mapping[str, str]:
    """Return the old path by the new one, for files whose paths differ by the name of their table alone."""
    counted: Counter[tuple[str, str]] = Counter()
    wanted = set(new)
    for before in old:
        for after in new:
            parts = zip(before.split("/"), after.split("/"), strict=False)
            if before.count("/") == after.count("/") and (pair := next((p for p in parts if p[0] != p[1]), None)):
                counted[pair] += before.replace(*pair) == after
    if not counted:
        return {}
    pair, number = max(counted.items(), key=lambda item: (item[1], item[0]))
    return {path.replace(*pair): path for path in old if path.replace(*pair) in wanted} if number else {}


def renaming(versions: Iterable[tuple[str, str]]) -> Callable[[str], str]:
    """Return what puts the new words of a table in the place of its old ones.

    `versions` are pairs of the texts that were generated for a file under the old name and under the new one.
    """
    found: dict[str, str] = {}
    kept: set[str] = set()
    for base, generated in versions:
        after = _WORD.findall(generated)
        kept.update(after)
        found |= _replaced_words(_WORD.findall(base), after)
    names = {old: new for old, new in found.items() if old not in kept}
    return lambda text: "".join(names.get(word, word) for word in _WORD.findall(text))


def _replaced_words(before: list[str], after: list[str]) -> dict[str, str]:
    pairs: Counter[tuple[str, str]] = Counter()
    for tag, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "replace" and end - start == last - first:
            pairs.update(zip(before[start:end], after[first:last], strict=True))
    return {
        old: new
        for old, new in pairs
        if old.isidentifier() and new.isidentifier() and pairs[old, new] == _total(pairs, old)
    }


def _total(pairs: Counter[tuple[str, str]], old: str) -> int:
    return sum(number for (word, _), number in pairs.items() if word == old)
