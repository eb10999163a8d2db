"""The task queue: order, needs, limits, and that every entry ends exactly once."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.execution.task_queue import QueueEntry, QueueStats, Skipped, TaskQueue
from runner.records.status import TaskStatus

DONE, FAILED, CANCELLED = TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.CANCELLED


def entry(name: str, priority: int = 5, needs: tuple[str, ...] = (), timeout: float | None = None) -> QueueEntry[str]:
    return QueueEntry(id=name, payload=name.upper(), priority=priority, needs=needs, timeout=timeout)


def drain(queue: TaskQueue[str]) -> list[str]:
    """Take and finish one entry at a time until the queue is empty."""
    taken = []
    while (got := queue.take(0)) is not None:
        taken.append(got.id)
        queue.finish(got.id, DONE, 0)
    return taken


def test_take_gives_the_most_urgent_first_and_keeps_order_within_a_priority() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add_many([entry("a", 5), entry("b", 10), entry("c", 5), entry("d", 1), entry("e", 10)])
    assert drain(queue) == ["b", "e", "a", "c", "d"]


def test_take_prefers_an_urgent_entry_that_was_added_late() -> None:
    queue: TaskQueue[str] = TaskQueue(concurrency=1)
    queue.add_many([entry("a"), entry("b")])
    queue.take(0)
    queue.add(entry("late", 6))
    queue.finish("a", DONE, 1)
    assert drain(queue) == ["late", "b"]


def test_take_orders_by_time_of_adding_not_of_becoming_ready() -> None:
    queue: TaskQueue[str] = TaskQueue(concurrency=2)
    queue.add_many([entry("setup", 10), entry("first", needs=("setup",)), entry("second")])
    assert drain(queue) == ["setup", "first", "second"]


def test_take_stops_at_the_limit_and_goes_on_when_one_ends() -> None:
    queue: TaskQueue[str] = TaskQueue(concurrency=2)
    queue.add_many([entry("a"), entry("b"), entry("c")])
    assert queue.take(0) is not None
    assert queue.take(0) is not None
    assert queue.take(0) is None
    assert queue.has_ready()
    queue.finish("a", DONE, 1)
    got = queue.take(1)
    assert got is not None
    assert (got.id, got.payload) == ("c", "C")


def test_an_entry_is_blocked_until_all_its_needs_are_done() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add_many([entry("app", 10, ("db", "ui")), entry("db", 1), entry("ui", 1)])
    assert [got.id for got in (queue.take(0), queue.take(0)) if got] == ["db", "ui"]
    assert not queue.has_ready()
    queue.finish("db", DONE, 1)
    assert queue.take(1) is None
    queue.finish("ui", DONE, 1)
    assert drain(queue) == ["app"]


def test_a_need_named_twice_counts_once() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add_many([entry("a"), entry("b", needs=("a", "a"))])
    assert drain(queue) == ["a", "b"]


def test_a_need_that_is_done_already_does_not_block() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add(entry("a"))
    drain(queue)
    assert queue.add(entry("b", needs=("a",))) == []
    assert drain(queue) == ["b"]


def test_a_failed_need_skips_its_dependents_transitively_with_the_reason() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add_many([entry("a"), entry("b", needs=("a",)), entry("c", needs=("b",)), entry("free")])
    queue.take(0)
    assert queue.finish("a", FAILED, 1) == [
        Skipped("b", "needs 'a', which failed"),
        Skipped("c", "needs 'b', which was skipped because 'a' failed"),
    ]
    assert drain(queue) == ["free"]
    assert queue.is_idle


@pytest.mark.parametrize(
    ("status", "words"),
    [(CANCELLED, "was cancelled"), (TaskStatus.SKIPPED, "was skipped"), (FAILED, "failed")],
)
def test_every_final_state_except_done_skips_dependents(status: TaskStatus, words: str) -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add_many([entry("a"), entry("b", needs=("a",))])
    queue.take(0)
    assert queue.finish("a", status, 1) == [Skipped("b", f"needs 'a', which {words}")]


def test_an_entry_added_after_its_need_failed_is_skipped_at_once() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add(entry("a"))
    queue.take(0)
    queue.finish("a", FAILED, 1)
    calls: list[str] = []
    queue.on_idle(lambda: calls.append("idle"))
    skipped = queue.add_many([entry("b", needs=("a",)), entry("c", needs=("b",))])
    assert [skip.id for skip in skipped] == ["b", "c"]
    assert queue.is_idle
    assert calls == ["idle"]


def test_a_dependent_of_two_failed_needs_is_skipped_once() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add_many([entry("a"), entry("b"), entry("c", needs=("a", "b"))])
    queue.take(0)
    queue.take(0)
    assert [skip.id for skip in queue.finish("a", FAILED, 1)] == ["c"]
    assert queue.finish("b", FAILED, 1) == []


def test_cancel_removes_a_waiting_entry_and_skips_its_dependents() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add_many([entry("a"), entry("b", needs=("a",)), entry("c")])
    assert queue.cancel("a") == [Skipped("b", "needs 'a', which was cancelled")]
    assert drain(queue) == ["c"]
    with pytest.raises(ValueError, match="'a' is not waiting"):
        queue.cancel("a")


def test_has_ready_does_not_count_a_cancelled_entry() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add(entry("a"))
    queue.cancel("a")
    assert not queue.has_ready()
    assert queue.take(0) is None


def test_nothing_is_taken_while_paused() -> None:
    queue: TaskQueue[str] = TaskQueue(auto_start=False)
    queue.add(entry("a"))
    assert queue.stats == QueueStats(size=1, pending=0, concurrency=5, paused=True)
    assert queue.take(0) is None
    while_paused = (queue.is_paused, queue.has_ready())
    queue.start()
    assert (while_paused, queue.is_paused, queue.has_ready()) == ((True, False), False, True)
    queue.pause()
    assert queue.take(0) is None
    queue.start()
    assert drain(queue) == ["a"]


def test_clear_removes_waiting_entries_only() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add_many([entry("a", 10), entry("b"), entry("c", needs=("a",))])
    queue.take(0)
    assert [dropped.id for dropped in queue.clear()] == ["b", "c"]
    assert queue.stats == QueueStats(size=0, pending=1, concurrency=5, paused=False)
    assert [running.id for running in queue.running] == ["a"]
    assert queue.finish("a", DONE, 1) == []
    assert queue.is_idle


def test_a_cleared_entry_can_be_added_again() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add_many([entry("a", 10), entry("b", needs=("a",))])
    queue.take(0)
    queue.clear()
    queue.add(entry("b", needs=("a",)))
    queue.finish("a", DONE, 1)
    assert drain(queue) == ["b"]


def test_an_entry_that_is_added_again_is_new() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add_many([entry("a", 10), entry("b", 9), entry("c", 9, needs=("a",))])
    queue.take(0)
    queue.clear()
    queue.add_many([entry("d", 5), entry("b", 1), entry("c", 1)])
    queue.finish("a", DONE, 1)
    queue.cancel("c")
    assert drain(queue) == ["d", "b"]
    assert not queue.has_ready()


def test_expired_returns_entries_beyond_their_time_limit() -> None:
    queue: TaskQueue[str] = TaskQueue(timeout=10)
    queue.add_many([entry("a"), entry("b", timeout=3), entry("c")])
    queue.take(0)
    queue.take(5)
    assert queue.expired(7.9) == []
    assert [late.id for late in queue.expired(8)] == ["b"]
    assert [late.id for late in queue.expired(10)] == ["a", "b"]
    queue.finish("b", FAILED, 10)
    assert queue.expired(10) == [entry("a")]


def test_nothing_expires_without_a_timeout() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add(entry("a"))
    queue.take(0)
    assert queue.expired(1e9) == []


def test_on_idle_is_called_each_time_that_the_last_one_ends() -> None:
    queue: TaskQueue[str] = TaskQueue()
    calls: list[str] = []
    queue.on_idle(lambda: calls.append("idle"))
    queue.add_many([entry("a"), entry("b")])
    queue.take(0)
    queue.take(0)
    queue.finish("a", DONE, 1)
    assert calls == []
    queue.finish("b", DONE, 1)
    assert calls == ["idle"]
    queue.add(entry("c"))
    queue.clear()
    assert calls == ["idle", "idle"]
    queue.clear()
    assert calls == ["idle", "idle"]


def test_on_idle_is_called_when_a_failure_skips_all_waiting_entries() -> None:
    queue: TaskQueue[str] = TaskQueue()
    calls: list[str] = []
    queue.on_idle(lambda: calls.append("idle"))
    queue.add_many([entry("a"), entry("b", needs=("a",))])
    queue.take(0)
    queue.finish("a", FAILED, 1)
    assert calls == ["idle"]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([entry("a"), entry("a")], "'a' was added before"),
        ([entry("known")], "'known' was added before"),
        ([entry("a", 11)], "priority 11, expected 1 to 10"),
        ([entry("a", 0)], "priority 0, expected 1 to 10"),
        ([entry("a", needs=("b",))], "'a' needs 'b', which was never added"),
        ([entry("a", timeout=0)], "timeout 0"),
        ([entry("a", needs=("a",))], "cycle: a needs a"),
        (
            [entry("a", needs=("c",)), entry("b", needs=("a",)), entry("c", needs=("b",))],
            "cycle: (a needs c needs b needs a|b needs a needs c needs b|c needs b needs a needs c)",
        ),
    ],
)
def test_add_many_refuses_impossible_entries_and_adds_none(entries: list[QueueEntry[str]], message: str) -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add(entry("known"))
    with pytest.raises(ValueError, match=message):
        queue.add_many([entry("fine"), *entries])
    assert [waiting.id for waiting in queue.waiting] == ["known"]


def test_finish_refuses_entries_that_are_not_running_and_states_that_are_not_final() -> None:
    queue: TaskQueue[str] = TaskQueue()
    queue.add(entry("a"))
    with pytest.raises(ValueError, match="'a' is not running"):
        queue.finish("a", DONE, 0)
    queue.take(5)
    with pytest.raises(ValueError, match="not the state of a task that has ended"):
        queue.finish("a", TaskStatus.RUNNING, 6)
    with pytest.raises(ValueError, match="before its start"):
        queue.finish("a", DONE, 4)
    assert queue.stats.pending == 1


def test_a_queue_needs_a_concurrency_of_at_least_one() -> None:
    with pytest.raises(ValueError, match="concurrency 0"):
        TaskQueue(concurrency=0)
    with pytest.raises(ValueError, match="timeout -1"):
        TaskQueue(timeout=-1)


def test_a_chain_of_ten_thousand_runs_and_fails_without_deep_recursion() -> None:
    names = [f"t{number}" for number in range(10_000)]
    chain = [entry(name, needs=(names[number - 1],) if number else ()) for number, name in enumerate(names)]
    queue: TaskQueue[str] = TaskQueue()
    queue.add_many(reversed(chain))
    assert drain(queue) == names
    broken: TaskQueue[str] = TaskQueue()
    broken.add_many(reversed(chain))
    broken.take(0)
    skipped = broken.finish("t0", FAILED, 1)
    assert [skip.id for skip in skipped] == names[1:]
    assert skipped[-1].reason == "needs 't9998', which was skipped because 't0' failed"


entry_specs = st.tuples(st.integers(1, 10), st.lists(st.integers(1, 9), max_size=2))


@settings(max_examples=300, deadline=None)
@given(st.lists(entry_specs, min_size=1, max_size=20), st.integers(1, 4), st.integers(0, 2**32))
def test_every_entry_ends_once_in_priority_order_within_the_limit(
    specs: list[tuple[int, list[int]]], concurrency: int, seed: int
) -> None:
    random = Random(seed)
    entries = [
        entry(str(number), priority, tuple(str(number - back) for back in backs if back <= number))
        for number, (priority, backs) in enumerate(specs)
    ]
    random.shuffle(entries)
    by_id = {each.id: each for each in entries}
    order = {each.id: number for number, each in enumerate(entries)}
    queue: TaskQueue[str] = TaskQueue(concurrency=concurrency)
    fate: Counter[str] = Counter()
    done: set[str] = set()
    idle: list[int] = []
    queue.on_idle(lambda: idle.append(1))
    fate.update(skip.id for skip in queue.add_many(entries))
    while not queue.is_idle:
        action = random.choices(["take", "finish", "cancel", "clear"], [40, 40, 5, 1])[0]
        waiting = [each.id for each in queue.waiting]
        if action == "take":
            ready = [name for name in waiting if set(by_id[name].needs) <= done]
            assert queue.has_ready() == bool(ready)
            got = queue.take(0)
            if got is None:
                assert not ready or queue.stats.pending == concurrency
            else:
                assert got.id == min(ready, key=lambda name: (-by_id[name].priority, order[name]))
                fate[got.id] += 1
        elif action == "finish" and queue.running:
            ended = random.choice(queue.running).id
            status = random.choice([DONE, DONE, DONE, FAILED, CANCELLED])
            if status is DONE:
                done.add(ended)
            fate.update(skip.id for skip in queue.finish(ended, status, 0))
        elif action == "cancel" and waiting:
            chosen = random.choice(waiting)
            fate[chosen] += 1
            fate.update(skip.id for skip in queue.cancel(chosen))
        elif action == "clear":
            fate.update(each.id for each in queue.clear())
        assert queue.stats.pending <= concurrency
    assert fate == Counter(dict.fromkeys(by_id, 1))
    assert idle == [1]


def test_next_ready_is_what_take_would_return() -> None:
    queue: TaskQueue[str] = TaskQueue(concurrency=3)
    queue.add_many([entry("a", 5), entry("b", 10), entry("blocked", 9, needs=("a",)), entry("c", 5), entry("d", 1)])
    queue.cancel("b")
    assert [one.id for one in queue.next_ready(1)] == ["a"]
    assert [one.id for one in queue.next_ready(9)] == ["a", "c", "d"]
    queue.take(0)
    assert [one.id for one in queue.next_ready(9)] == ["c", "d"]  # two places are left
    queue.pause()
    assert queue.next_ready(9) == []
    queue.start()
    queue.take(0)
    queue.take(0)
    assert queue.next_ready(9) == []
