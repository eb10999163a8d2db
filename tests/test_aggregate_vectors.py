"""The aggregate rule in Python, with the vectors that the deployment's own tests use."""

from __future__ import annotations

import json
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest

from runner.records.status import Progress, SubTaskStatus, TaskStatus, aggregate, progress

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors" / "aggregate.json").read_text())


def test_the_vectors_are_all_states_of_up_to_four_subtasks() -> None:
    expected = [list(states) for size in range(5) for states in combinations_with_replacement(SubTaskStatus, size)]
    assert [vector["subtasks"] for vector in VECTORS] == expected


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: "+".join(vector["subtasks"]) or "none")
def test_aggregate(vector: dict[str, Any]) -> None:
    states = [SubTaskStatus(state) for state in vector["subtasks"]]
    assert aggregate(states) is TaskStatus(vector["status"])
    counted = Progress(completed=vector["completed"], failed=vector["failed"], total=vector["total"])
    assert progress(states) == counted
