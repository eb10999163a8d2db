"""The batches of the outbox: superseded events, sizes, and shortened texts."""

from __future__ import annotations

import json
import random
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.progress.convex import target
from runner.progress.convex.outbox import (
    MAX_BYTES,
    MAX_EVENTS,
    MAX_SUBTASKS,
    MAX_TEXT,
    Batch,
    as_sent,
    cut_batch,
    estimated_size,
    fit_text,
)
from runner.progress.reporter import Recorded
from runner.records.events import Event, Logged, SubTaskStep
from tests.made_up_runs import made_up_events
from tests.sample_runs import ended, run_started, started, step, task_added, whole_run


def recorded(events: list[Event], first: int = 1) -> list[Recorded]:
    return [Recorded(run_id="r", seq=seq, event=event) for seq, event in enumerate(events, first)]


def cut(events: list[Event], first: int = 1) -> Batch:
    batch = cut_batch(recorded(events, first))
    assert batch is not None
    return batch


def seqs(batch: Batch) -> list[int]:
    return [event["seq"] for event in batch.events]


def test_no_events_make_no_batch() -> None:
    assert cut_batch([]) is None


def test_only_the_newest_step_of_a_subtask_is_sent() -> None:
    batch = cut([started("a", "x"), step("a", "x", 1), step("a", "y", 1), step("a", "x", 2), step("a", "x", 3)], 7)
    assert (batch.first_seq, batch.last_seq) == (7, 11)
    assert seqs(batch) == [7, 9, 11]


def test_statuses_and_logs_are_never_left_out() -> None:
    log = Logged(level="info", message="m", task_id="a", subtask_id="a/x")
    events: list[Event] = [started("a", "x"), log, log, ended("a", "x"), ended("a", "x")]
    assert seqs(cut(events)) == [1, 2, 3, 4, 5]


def test_a_batch_has_the_first_number_though_its_event_is_left_out() -> None:
    batch = cut([step("a", "x", 1), step("a", "x", 2)], 5)
    assert (batch.first_seq, batch.last_seq, seqs(batch)) == (5, 6, [6])


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_every_event_is_sent_in_order_or_superseded(seed: int, size: int) -> None:
    events = recorded(made_up_events(random.Random(seed), tasks=1, tables=3))
    sent: list[int] = []
    position = 0
    while position < len(events):
        batch = cut_batch(islice(events[position:], size))
        assert batch is not None
        assert batch.first_seq == position + 1
        assert seqs(batch)[-1] == batch.last_seq
        sent += seqs(batch)
        position = batch.last_seq
    assert sent == sorted(set(sent))
    for seq in set(range(1, len(events) + 1)) - set(sent):
        event = events[seq - 1].event
        assert isinstance(event, SubTaskStep)
        later = [each.event for each in events[seq:] if each.seq in sent]
        assert any(isinstance(each, SubTaskStep) and each.subtask_id == event.subtask_id for each in later)


def test_a_batch_is_bounded_in_events_and_bytes() -> None:
    many = cut([Logged(level="info", message="m")] * (MAX_EVENTS + 5))
    assert len(many.events) == MAX_EVENTS
    long = cut([Logged(level="info", message="m" * 100_000)] * 20)
    assert 1 < len(long.events) < 6
    assert len(json.dumps(long.events)) <= MAX_BYTES + 1000


def test_an_event_larger_than_a_batch_is_sent_alone() -> None:
    big = task_added("a", ["x"], **dict.fromkeys(("title", "description", "agent", "workspace"), "m" * MAX_TEXT))
    assert seqs(cut([big, run_started()])) == [1]
    assert seqs(cut([run_started(), big])) == [1]


def test_a_task_with_very_many_subtasks_is_split_into_announcements() -> None:
    count = 2 * MAX_SUBTASKS + 3
    batch = cut([run_started(), task_added("a", [f"t{number}" for number in range(count)]), started("a", "t0")])
    assert seqs(batch) == [1, 2]
    parts = [batch.events[1]["subtasks"], *(part.subtasks for part in batch.announcements)]
    assert [len(part) for part in parts] == [MAX_SUBTASKS, MAX_SUBTASKS, 3]
    assert [each["position"] for part in parts for each in part] == list(range(count))
    assert {part.task_id for part in batch.announcements} == {"a"}


def test_subtasks_with_long_names_are_split_by_size() -> None:
    batch = cut([task_added("a", [f"{number}{'n' * 5000}" for number in range(200)])])
    parts = [batch.events[0]["subtasks"], *(part.subtasks for part in batch.announcements)]
    assert len(parts) > 2
    assert all(len(json.dumps(part)) < MAX_BYTES for part in parts)


def test_field_names_are_those_of_the_deployment() -> None:
    event, rest = as_sent(recorded([ended("a", "x")])[0])
    assert rest == []
    assert event == {
        "type": "SubTaskEnded",
        "seq": 1,
        "at": "2026-03-01T12:00:02.000000Z",
        "taskId": "a",
        "subtaskId": "a/x",
        "status": "done",
        "attempt": 1,
        "error": None,
        "upToDate": False,
        "files": {"created": 3, "updated": 0, "identical": 0, "kept": 0, "merged": 0, "conflicts": 0},
    }


@pytest.mark.parametrize(
    ("text", "sent"),
    [("plain", "plain"), ("half \ud83d pair", "half ? pair"), ("whole 👋 pair", "whole 👋 pair"), ("", "")],
)
def test_text_is_made_valid(text: str, sent: str) -> None:
    assert fit_text(text) == sent


@pytest.mark.parametrize("char", ["a", "ü", "€", "👋", "\ud83d"])
@pytest.mark.parametrize("length", [MAX_TEXT // 4, MAX_TEXT - 1, MAX_TEXT, MAX_TEXT + 1, 3 * MAX_TEXT])
def test_long_text_is_shortened_at_a_whole_character_with_a_mark(char: str, length: int) -> None:
    text = fit_text(char * length)
    size = len(text.encode())
    assert size <= MAX_TEXT
    whole = len((char * length).encode("utf-8", "replace"))
    if whole <= MAX_TEXT:
        assert size == whole
    else:
        assert text.endswith(f"… [cut: {length:,} characters in all]")
        assert size > MAX_TEXT - 4


def test_the_largest_document_is_smaller_than_convex_takes() -> None:
    """A task has six free texts; its needs and keywords are the plan's."""
    assert 6 * MAX_TEXT + 1000 * 40 < 1 << 20


@pytest.mark.parametrize("event", [*whole_run(), Logged(level="info", message="m" * 5000)])
def test_the_estimated_size_is_roughly_right(event: Event) -> None:
    size = len(json.dumps(as_sent(recorded([event])[0])[0]))
    assert size / 4 < estimated_size(event) < size * 4


def test_the_name_of_the_sink_never_changes() -> None:
    assert target.SINK == "convex"
