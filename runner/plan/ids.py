"""Ids of tasks, their own or made from their descriptions, and the needs that name them.

Called in the supervisor's main thread while a plan is loaded: pure functions over its nodes, which add what they find
wrong to the findings.
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
MAX_GUESSED = 2_000  # ids among which one is sought that was perhaps meant; it takes 10 ms

ID = re.compile(r"^[a-z0-9][a-z0-9._-]*$")


def slug(text: str, otherwise: str = "task") -> str:
    """Return the text as an id: its ASCII letters and digits in lower case, joined by `-`, if it has any."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower())
    return words[: MAX_ID - 4].strip("-") or otherwise


def some(names: Sequence[str], between: str = ", ") -> str:
    """Return the first of the names, and a sign that there are more."""
    return between.join([*names[:MAX_NAMES], "…"] if len(names) > MAX_NAMES else names)


def task_nodes(root: Node) -> Sequence[Node]:
    """Return the tasks of the plan, as far as it has any."""
    return root.values["tasks"].items if "tasks" in root.values else ()


def _own_id(task: Node) -> Node | None:
    """Return the id that the task gives itself, if it is one."""
    own = task.values.get("id")
    return own if own is not None and isinstance(own.value, str) else None


def task_ids(findings: Findings, root: Node) -> list[str]:
    """Return every task's id, its own or one made from its description."""
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
    """Find needs of tasks that do not exist, and needs that wait for each other."""
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
                known = (did_you_mean(name, ids) if few else "") or f"Ids here: {some(list(places))}."
                findings.add(node, f"needs {node} is no task of this plan", known)
    for _ in range(MAX_NAMES):
        try:
            TopologicalSorter(places).prepare()
        except CycleError as error:
            cycle = error.args[1][:0:-1]  # graphlib names each before what needs it, and the first one twice
            start = min(range(len(cycle)), key=lambda index: ids.index(cycle[index]))
            ring = [*cycle[start:], *cycle[:start]]
            node = places[ring[0]].pop(ring[1])
            path = f"{some(ring, ' needs ')} needs {ring[0]}"
            findings.add(node, f"needs {node} closes a cycle: {path}", "Remove one of these needs.")
        else:
            return
