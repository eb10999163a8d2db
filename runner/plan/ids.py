"""The ids of tasks, given or derived from their descriptions, and the needs that refer to them.

Pure functions over the nodes of a plan, which add the problems that they find to the plan's findings.
"""

from __future__ import annotations

import re
import unicodedata
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from runner.plan.findings import MAX_PROBLEMS
from runner.plan.yaml_nodes import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.plan.findings import Findings
    from runner.plan.yaml_nodes import Node

MAX_ID = 64  # characters; ids become parts of file names
MAX_NAMES = 10  # shown in one message
MAX_GUESSED = 2_000  # ids that are searched for a similar one, which takes 10 ms

ID = re.compile(r"^[a-z0-9][a-z0-9._-]*$")


def slug(text: str, otherwise: str = "task") -> str:
    """Return the ASCII letters and digits of a text in lower case, joined by `-`; `otherwise` where it has none."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower())
    return words[: MAX_ID - 4].strip("-") or otherwise


def some(names: Sequence[str], between: str = ", ") -> str:
    """Return the first `MAX_NAMES` names joined, with `…` where there are more."""
    return between.join([*names[:MAX_NAMES], "…"] if len(names) > MAX_NAMES else names)


def task_nodes(root: Node) -> Sequence[Node]:
    """Return the nodes of the plan's tasks."""
    return root.values["tasks"].items if "tasks" in root.values else ()


def _own_id(task: Node) -> Node | None:
    """Return the node of a task's own id, if it has one that is text."""
    own = task.values.get("id")
    return own if own is not None and isinstance(own.value, str) else None


def task_ids(findings: Findings, root: Node) -> list[str]:
    """Return the id of every task: its own, or one derived from its description."""
    first: dict[str, Node] = {}
    for task in task_nodes(root):
        if (own := _own_id(task)) is None:
            continue
        if (other := first.get(own.value)) is not None:
            at = task if own is other else own  # one anchor, used twice
            findings.add(at, f"id {own} is already used on line {other.line}", "Give each task an id of its own.")
        first.setdefault(own.value, own)
    ids: list[str] = []
    taken = set(first)
    counts: dict[str, int] = {}
    for task in task_nodes(root):
        if (own := _own_id(task)) is not None:
            ids.append(own.value)
            continue
        description = task.values.get("description")
        base = made = slug(str(description.value)) if description else "task"
        while made in taken:
            counts[base] = counts.get(base, 1) + 1
            made = f"{base}-{counts[base]}"
        taken.add(made)
        ids.append(made)
    return ids


def check_needs(findings: Findings, root: Node, ids: list[str]) -> None:
    """Report needs that refer to no task, and needs that form a cycle."""
    places: dict[str, dict[str, Node]] = {own: {} for own in ids}
    for own, task in zip(ids, task_nodes(root), strict=True):
        needs = task.values.get("needs")
        for node in [] if needs is None else needs.items or [needs]:
            name = node.value.strip() if isinstance(node.value, str) else ""
            if name == own:
                findings.add(node, f"needs {node} is this task itself", "Remove it.")
            elif name in places:
                places[own].setdefault(name, node)
            elif name:
                few = len(ids) < MAX_GUESSED and len(findings.problems) < MAX_PROBLEMS
                known = (did_you_mean(name, ids) if few else "") or f"Its ids are {some(list(places))}."
                findings.add(node, f"needs {node} is not a task of this plan", known)
    for _ in range(MAX_NAMES):
        try:
            TopologicalSorter(places).prepare()
        except CycleError as error:
            cycle = error.args[1][:0:-1]  # graphlib lists each need before what needs it, and the first one twice
            start = min(range(len(cycle)), key=lambda index: ids.index(cycle[index]))
            ring = [*cycle[start:], *cycle[:start]]
            node = places[ring[0]].pop(ring[1])
            path = f"{some(ring, ' needs ')} needs {ring[0]}"
            findings.add(node, f"needs {node} closes a cycle: {path}", "Remove one of these needs.")
        else:
            return
