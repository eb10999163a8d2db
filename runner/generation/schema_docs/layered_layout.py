"""Positions for the boxes of a diagram: layers from left to right, each box right of those that it refers to.

The layered method of K. Sugiyama, S. Tagawa and M. Toda, "Methods for Visual Understanding of Hierarchical System
Structures", IEEE Transactions on Systems, Man and Cybernetics 11 (1981): break circles, put boxes into layers, order
each layer so that few lines cross, then move boxes towards those that they are joined to. Pure and deterministic.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SWEEPS = 24  # over all layers, forwards and backwards; the order no longer changes well before
_COLUMN_GAP = 90.0  # pixels between two layers: room for the lines
_ROW_GAP = 26.0  # pixels between two boxes of a layer
_BEND_GAP = 10.0  # pixels between a line that passes through a layer and what is next to it


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Top left corners of the boxes, and the size of all, in pixels.

    `bends` are the level parts of each line where it passes through a layer: from x, to x, at y; in the line's order.
    """

    corners: Mapping[str, tuple[float, float]]
    bends: Mapping[tuple[str, str], Sequence[tuple[float, float, float]]]
    width: float
    height: float


@dataclass(slots=True)
class _Node:
    """A box, or a bend: the place where a line passes through a layer."""

    layer: int
    width: float
    height: float
    y: float = 0.0
    left: list[_Node] = field(default_factory=list)
    right: list[_Node] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def lay_out(sizes: Mapping[str, tuple[float, float]], lines: Iterable[tuple[str, str]]) -> Layout:
    """Return where boxes of these sizes (width, height in pixels) go.

    `lines` lead from a box to one that it refers to; those from a box to itself are ignored.
    """
    lines = sorted({(start, end) for start, end in lines if start != end})
    ranks = _layers(sizes, _without_circles(sizes, lines))
    boxes = {name: _Node(ranks[name], *sizes[name]) for name in sizes}
    layers: list[list[_Node]] = [[] for _ in range(max(ranks.values(), default=-1) + 1)]
    for name in sizes:
        layers[ranks[name]].append(boxes[name])
    bends = {line: _join(boxes[line[0]], boxes[line[1]], layers) for line in lines}
    for sweep in range(_SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            _place(layer, "left" if sweep % 2 == 0 else "right")
    for layer in layers:
        _place(layer, "both")
    top = min((node.y for layer in layers for node in layer), default=0.0)
    lefts = _lefts(layers)
    return Layout(
        corners={name: (lefts[node.layer], node.y - top) for name, node in boxes.items()},
        bends={
            line: [(lefts[node.layer], lefts[node.layer + 1] - _COLUMN_GAP, node.middle - top) for node in nodes]
            for line, nodes in bends.items()
        },
        width=lefts[-1] - _COLUMN_GAP,
        height=max((node.y + node.height - top for layer in layers for node in layer), default=0.0),
    )


def _without_circles(names: Iterable[str], lines: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the lines without those that close a circle, found depth first."""
    targets: dict[str, list[str]] = {name: [] for name in names}
    for start, end in lines:
        targets[start].append(end)
    kept, done = set[tuple[str, str]](), set[str]()
    for root, ends in targets.items():
        path, waiting = [root], [iter(ends if root not in done else ())]
        while waiting:
            end = next(waiting[-1], "")
            if not end:
                done.add(path.pop())
                waiting.pop()
            elif end not in path:
                kept.add((path[-1], end))
                if end not in done:
                    path.append(end)
                    waiting.append(iter(targets[end]))
    return kept


def _layers(names: Iterable[str], lines: set[tuple[str, str]]) -> dict[str, int]:
    """Return the layer of each box: one to the right of the rightmost that it refers to."""
    ranks = dict.fromkeys(names, 0)
    for _ in ranks:
        moved = [(start, ranks[end] + 1) for start, end in lines if ranks[start] <= ranks[end]]
        for start, rank in moved:
            ranks[start] = max(ranks[start], rank)
        if not moved:
            break
    return ranks


def _join(start: _Node, end: _Node, layers: list[list[_Node]]) -> list[_Node]:
    """Join two boxes by a bend in each layer between them; return the bends from `start` to `end`."""
    left, right = (end, start) if end.layer < start.layer else (start, end)
    chain = [left]
    for layer in range(left.layer + 1, right.layer):
        bend = _Node(layer, 0.0, 0.0)
        layers[layer].append(bend)
        chain.append(bend)
    if left.layer != right.layer:
        chain.append(right)
        for one, other in itertools.pairwise(chain):
            one.right.append(other)
            other.left.append(one)
    bends = chain[1:-1]
    return bends if left is start else bends[::-1]


def _place(layer: list[_Node], side: str) -> None:
    """Order a layer by the middles of its neighbours on one side (or `both`), and put it as near to them as it fits."""
    wanted = {}
    for node in layer:
        near = [*(node.left if side != "right" else ()), *(node.right if side != "left" else ())]
        wanted[id(node)] = sum(one.middle for one in near) / len(near) if near else node.middle
    if side != "both":
        layer.sort(key=lambda node: wanted[id(node)])
    groups: list[tuple[list[_Node], float, float]] = []  # nodes that touch, their wanted top, their height
    for node in layer:
        group, top, height = [node], wanted[id(node)] - node.height / 2, node.height
        while groups and groups[-1][1] + groups[-1][2] + _gap(groups[-1][0][-1], group[0]) > top:
            above, above_top, above_height = groups.pop()
            gap = _gap(above[-1], group[0])
            own = top - above_height - gap  # where the group above would have to begin for this one's wish
            top = (above_top * len(above) + own * len(group)) / (len(above) + len(group))
            group, height = above + group, above_height + gap + height
        groups.append((group, top, height))
    for group, top, _ in groups:
        y = top
        for number, node in enumerate(group):
            y += _gap(group[number - 1], node) if number else 0.0
            node.y = y
            y += node.height


def _gap(above: _Node, below: _Node) -> float:
    return _ROW_GAP if above.height and below.height else _BEND_GAP


def _lefts(layers: Sequence[Sequence[_Node]]) -> list[float]:
    """Return the left edge of each layer, and behind the last where another would begin."""
    lefts = [0.0]
    for layer in layers:
        lefts.append(lefts[-1] + max(node.width for node in layer) + _COLUMN_GAP)
    return lefts
