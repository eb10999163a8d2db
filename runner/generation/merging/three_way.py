"""A three-way merge of sequences (diff3): what is unchanged in both versions, and the regions between.

After Khanna, Kunal and Pierce, "A Formal Investigation of Diff3" (2007): an item of the base is stable where both
versions have it; between two stable items there is a region. Longest matching blocks are found with `difflib`.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence


class Span(NamedTuple):
    """Items from `start` up to `end` of each version. A stable one has one item of each."""

    stable: bool
    base: slice
    edited: slice
    generated: slice


def spans(base: Sequence[Hashable], edited: Sequence[Hashable], generated: Sequence[Hashable]) -> Iterator[Span]:
    """Yield stable items and the regions between them, in order. All spans joined are the three sequences."""
    in_edited, in_generated = _matches(base, edited), _matches(base, generated)
    first, second, third = 0, 0, 0
    for index in [*(index for index in range(len(base)) if index in in_edited and index in in_generated), len(base)]:
        last = index == len(base)
        other, another = (len(edited), len(generated)) if last else (in_edited[index], in_generated[index])
        if first < index or second < other or third < another:
            yield Span(False, slice(first, index), slice(second, other), slice(third, another))  # noqa: FBT003
        if not last:
            first, second, third = index + 1, other + 1, another + 1
            yield Span(True, slice(index, first), slice(other, second), slice(another, third))  # noqa: FBT003


def _matches(base: Sequence[Hashable], version: Sequence[Hashable]) -> dict[int, int]:
    """Return where items of the base are in a version, for those of the longest matching blocks."""
    found: dict[int, int] = {}
    for start, other, size in SequenceMatcher(None, base, version, autojunk=False).get_matching_blocks():
        found.update(zip(range(start, start + size), range(other, other + size), strict=True))
    return found
