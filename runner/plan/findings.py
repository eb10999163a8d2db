"""Collects everything that is wrong with one plan, so that it is reported at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.plan.yaml_nodes import problem_at
from runner.records.errors import Problem

if TYPE_CHECKING:
    from runner.plan.yaml_nodes import Node

MAX_PROBLEMS = 100  # shown of one plan


class Findings:
    """The problems of one plan; of each value only the first one that was found."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        self._seen = {(problem.line, problem.column) for problem in problems}

    def add(self, node: Node, message: str, expected: str) -> None:
        """Add a problem of a value, unless it has one already."""
        if (node.line, node.column) not in self._seen:
            self._seen.add((node.line, node.column))
            self.add_key(node, message, expected)

    def add_key(self, node: Node, message: str, expected: str) -> None:
        """Add an unknown or missing key: several of these may have the same place."""
        self.problems.append(problem_at(self.file, node, message, expected))

    def in_order(self) -> list[Problem]:
        """Return the problems in order of lines, at most `MAX_PROBLEMS` and a last one with the number of the rest."""
        ordered = sorted(self.problems, key=lambda problem: (problem.line, problem.column))
        if len(ordered) > MAX_PROBLEMS:
            message = f"{len(ordered) - MAX_PROBLEMS} more problems are not shown"
            ordered[MAX_PROBLEMS:] = [Problem(file=self.file, message=message, expected="Fix these first.")]
        return ordered
