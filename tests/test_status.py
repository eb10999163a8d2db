"""The state of a task from those of its sub-tasks: every combination of up to four, against the written rule."""

from __future__ import annotations

from itertools import product

import pytest

from runner.records.status import Progress, RunStatus, SubTaskStatus, TaskStatus, aggregate, progress

COMBINATIONS = [combination for count in range(1, 5) for combination in product(SubTaskStatus, repeat=count)]


def rule(states: tuple[SubTaskStatus, ...]) -> TaskStatus:
    """The rule, clause by clause and in order, independent of the product's code."""
    ended = [state.value in ("done", "failed", "cancelled") for state in states]
    if any(state.value == "running" for state in states):
        return TaskStatus.RUNNING
    if any(ended) and not all(ended):
        return TaskStatus.RUNNING
    if all(ended) and any(state.value == "failed" for state in states):
        return TaskStatus.FAILED
    if all(ended) and any(state.value == "cancelled" for state in states):
        return TaskStatus.CANCELLED
    if all(state.value == "done" for state in states):
        return TaskStatus.DONE
    return TaskStatus.PENDING


def test_there_are_all_combinations_of_five_states() -> None:
    assert len(COMBINATIONS) == 5 + 25 + 125 + 625


@pytest.mark.parametrize("states", COMBINATIONS, ids=lambda states: "-".join(state.value[0:2] for state in states))
def test_aggregate_follows_the_rule(states: tuple[SubTaskStatus, ...]) -> None:
    assert aggregate(states) is rule(states)


def test_progress_counts_what_is_done_in_a_failed_task() -> None:
    states = [SubTaskStatus.DONE] * 23 + [SubTaskStatus.FAILED]
    assert aggregate(states) is TaskStatus.FAILED
    assert progress(states) == Progress(completed=23, failed=1, total=24)


def test_cancelled_sub_tasks_count_as_failed() -> None:
    assert progress([SubTaskStatus.CANCELLED, SubTaskStatus.PENDING]) == Progress(completed=0, failed=1, total=2)


def test_states_know_whether_they_are_final() -> None:
    assert [status.value for status in SubTaskStatus if not status.ended] == ["pending", "running"]
    assert [status.value for status in TaskStatus if not status.ended] == ["pending", "running"]
    assert [status.value for status in RunStatus if not status.ended] == ["running", "paused"]
