"""A three-way merge of sequences (diff3): what is unchanged in both versions, the regions between, and their parts.

After Khanna, Kunal and Pierce, "A Formal Investigation of Diff3" (2007): an item of the base is stable where both
versions have it; between two stable items there is a region. Longest matching blocks are found with `difflib`. The kept
library for this, `merge3`, is under the GPL, and this project is not.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

_Version = TypeVar("_Version")


class Span(NamedTuple):
    """Items from `start` up to `end` of each version. A stable one has one item of each."""

    stable: bool
    base: slice
    edited: slice
    generated: slice


def one_sided(base: _Version, edited: _Version, generated: _Version) -> _Version | None:
    """Return the version to take where only one side changed, or both alike; None where they differ."""
    if edited == base:
        return generated
    return edited if generated in (base, edited) else None


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


class Change:
    """How a version of a sequence differs from the base: which items it replaces or removes, and what it adds between.

    Places are numbered by the base: gap `n` is before its item `n`.
    """

    def __init__(self, base: Sequence[Hashable], version: Sequence[Hashable]) -> None:
        self._begins = [0] * (len(base) + 1)  # of each gap: where it begins in the version
        self._ends = [0] * (len(base) + 1)
        self._covering: dict[int, tuple[int, int]] = {}  # by item: the items that were replaced together with it
        for tag, start, end, first, last in SequenceMatcher(None, base, version, autojunk=False).get_opcodes():
            if tag == "insert":
                self._ends[start] = last
                continue
            paired = tag == "delete" or end - start == last - first
            for index in range(start, end):
                after = last if index + 1 == end else first if tag == "delete" else first + index + 1 - start
                self._begins[index + 1] = self._ends[index + 1] = after
                if tag != "equal":
                    self._covering[index] = (index, index + 1) if paired else (start, end)

    def added(self, gap: int) -> slice:
        """Return what the version adds in a gap."""
        return slice(self._begins[gap], self._ends[gap])

    def replaced(self, index: int) -> tuple[int, int] | None:
        """Return the first and the end of the items that were replaced together with this one; None if it stays."""
        return self._covering.get(index)

    def items(self, start: int, end: int) -> slice:
        """Return what the version has of the items from `start` up to `end`, with what it adds between them."""
        return slice(self._ends[start], self._begins[end])
