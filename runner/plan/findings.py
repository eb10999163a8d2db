"""All that is wrong with one plan, gathered so that it can be said at once.

Filled in the supervisor's main thread while the plan is loaded; owns the list of problems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.plan.yaml_nodes import problem_at
from runner.records.errors import Problem

if TYPE_CHECKING:
    from runner.plan.yaml_nodes import Node

MAX_PROBLEMS = 100  # shown of one plan


class Findings:
    """All that is wrong with one plan; of each value only what was found first."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        self._seen = {(problem.line, problem.column) for problem in problems}

    def add(self, node: Node, message: str, expected: str) -> None:
        """Add what is wrong with a value."""
        if (node.line, node.column) not in self._seen:
            self._seen.add((node.line, node.column))
            self.add_key(node, message, expected)

    def add_key(self, node: Node, message: str, expected: str) -> None:
        """Add a key that is unknown or missing: of these, several may share one place."""
        self.problems.append(problem_at(self.file, node, message, expected))

    def in_order(self) -> list[Problem]:
        """Return the problems by line."""
        ordered = sorted(self.problems, key=lambda problem: (problem.line, problem.column))
        if len(ordered) > MAX_PROBLEMS:
            message = f"{len(ordered) - MAX_PROBLEMS} more problems are not shown"
            ordered[MAX_PROBLEMS:] = [Problem(file=self.file, message=message, expected="Mend these first.")]
        return ordered
