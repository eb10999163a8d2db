"""Families of tables: groups with many references inside and few between them, each small enough for one diagram.

Greedy modularity, after A. Clauset, M. E. J. Newman and C. Moore, "Finding community structure in very large networks",
Physical Review E 70 (2004), with a bound on the size of a group. Pure and deterministic.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def families(names: Sequence[str], references: Iterable[tuple[str, str]], most: int) -> list[list[str]]:
    """Return the names in groups of at most `most`, in order of their first names; one group where all of them fit.

    `references` are pairs of names. Names without any are put together, after the other groups.
    """
    if len(names) <= most:
        return [list(names)] if names else []
    order = {name: number for number, name in enumerate(names)}
    links = Counter(frozenset(pair) for pair in references if pair[0] != pair[1])
    degrees = Counter(name for pair, count in links.items() for name in pair for _ in range(count))
    groups = {name: [name] for name in names if degrees[name]}
    total = 2 * links.total()
    while True:
        gains = {
            pair: count - degrees[one] * degrees[other] / total
            for pair, count in links.items()
            for one, other in [sorted(pair, key=order.__getitem__)]
            if len(groups[one]) + len(groups[other]) <= most
        }
        best = max(gains, key=lambda pair: (gains[pair], -min(map(order.__getitem__, pair))), default=None)
        if best is None or gains[best] <= 0:
            break
        one, other = sorted(best, key=order.__getitem__)
        groups[one] += groups.pop(other)
        degrees[one] += degrees.pop(other)
        links = _merged(links, one, other)
    alone = [name for name in names if not any(name in group for group in groups.values())]
    found = [sorted(group, key=order.__getitem__) for group in groups.values()]
    return found + [alone[start : start + most] for start in range(0, len(alone), most)]


def _merged(links: Counter[frozenset[str]], kept: str, merged: str) -> Counter[frozenset[str]]:
    """Return the links with one name in place of two; those between the two are inside the group now."""
    found: Counter[frozenset[str]] = Counter()
    for pair, count in links.items():
        renamed = frozenset(kept if name == merged else name for name in pair)
        if len(renamed) > 1:
            found[renamed] += count
    return found
