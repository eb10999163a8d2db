"""The reporter: order, storing before showing, and failures."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from runner.progress import reporter as reporter_module
from runner.progress.reporter import MAX_BATCH, Control, Reporter
from runner.records.errors import StoreError
from runner.records.events import Event, Logged
from tests.sample_runs import Listener, MemoryEvents

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 20.0  # seconds; only a hang takes that long


def said(text: str) -> Logged:
    return Logged(level="info", message=text)


def texts(events: list[Event]) -> list[str]:
    return [event.message for event in events if isinstance(event, Logged)]


class Desk:
    """A started reporter with its store, its sinks and the errors that it reported."""

    def __init__(self, sinks: list[Listener], **values: object) -> None:
        self.store = MemoryEvents()
        self.errors: list[StoreError] = []
        self.failed = threading.Event()
        self.reporter = Reporter(self.store, sinks, run_id="r", on_failure=self._failed, **values)  # type: ignore[arg-type]
        self.reporter.start()

    def _failed(self, error: StoreError) -> None:
        self.errors.append(error)
        self.failed.set()


@pytest.fixture
def sink() -> Listener:
    return Listener()


@pytest.fixture
def desk(sink: Listener) -> Iterator[Desk]:
    made = Desk([sink])
    yield made
    made.store.open.set()
    sink.open.set()
    with contextlib.suppress(StoreError):
        made.reporter.close(LONG)


def test_events_are_numbered_and_shown_in_the_order_of_posting(desk: Desk, sink: Listener) -> None:
    for number in range(2500):
        desk.reporter.post(said(str(number)))
    assert desk.reporter.flush(LONG)
    assert texts(desk.store.events) == [str(number) for number in range(2500)]
    assert sink.shown == desk.store.kept


def test_an_event_is_shown_without_a_flush(desk: Desk, sink: Listener) -> None:
    desk.reporter.post(said("alone"))
    assert sink.some.wait(LONG)


def test_nothing_is_shown_before_it_is_stored(desk: Desk, sink: Listener) -> None:
    desk.store.open.clear()
    desk.reporter.post(said("first"))
    assert desk.store.entered.wait(LONG)
    assert not sink.some.wait(0.05)
    desk.store.open.set()
    assert desk.reporter.flush(LONG)
    assert len(sink.shown) == 1


def test_post_never_blocks_and_queued_events_are_committed_together(desk: Desk) -> None:
    desk.store.open.clear()
    desk.reporter.post(said("first"))
    assert desk.store.entered.wait(LONG)
    for number in range(MAX_BATCH + 10):
        desk.reporter.post(said(str(number)))
    desk.store.open.set()
    assert desk.reporter.flush(LONG)
    assert desk.store.batches == [1, MAX_BATCH, 10]


def test_events_of_each_thread_stay_in_their_order(desk: Desk) -> None:
    def post(name: str) -> None:
        for number in range(500):
            desk.reporter.post(said(f"{name} {number}"))

    threads = [threading.Thread(target=post, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert desk.reporter.flush(LONG)
    for name in "abcd":
        own = [text for text in texts(desk.store.events) if text.startswith(name)]
        assert own == [f"{name} {number}" for number in range(500)]


def test_a_failing_sink_is_switched_off_with_one_warning() -> None:
    broken, sound = Listener(), Listener()
    broken.error = BrokenPipeError(32, "Broken pipe")
    desk = Desk([broken, sound])
    for number in range(5):
        desk.reporter.post(said(str(number)))
        assert desk.reporter.flush(LONG)
    assert desk.reporter.close(LONG)
    warnings = [event for event in desk.store.events if isinstance(event, Logged) and event.level == "warning"]
    assert [warning.message for warning in warnings] == [
        "Listener is switched off: BrokenPipeError: [Errno 32] Broken pipe"
    ]
    assert sound.shown == desk.store.kept
    assert (broken.closed, sound.closed) == (1, 1)
    assert not desk.errors


def test_a_stalled_sink_delays_neither_the_store_nor_other_sinks(desk: Desk) -> None:
    stalled, reading = Listener(), Listener()
    desk = Desk([stalled, reading])
    stalled.open.clear()
    try:
        desk.reporter.post(said("first"))
        assert not desk.reporter.flush(0.2)
        assert len(desk.store.kept) == 1
        desk.reporter.post(said("second"))
        assert not desk.reporter.close(0.2)
        assert texts(desk.store.events) == ["first", "second"]
        assert len(reading.shown) == 2
        assert (stalled.abandoned, reading.abandoned) == (1, 0)
    finally:
        stalled.open.set()


def test_a_sink_with_too_many_waiting_events_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporter_module, "MAX_UNSHOWN", 10)
    stalled = Listener()
    stalled.open.clear()
    desk = Desk([stalled])
    try:
        desk.reporter.post(said("holds it up"))
        assert stalled.entered.wait(LONG)
        for number in range(30):
            desk.reporter.post(said(str(number)))
        desk.reporter.flush(0.2)
        assert desk.reporter.flush(LONG)  # nothing waits for it any longer
        assert texts(desk.store.events)[-1] == "Listener is switched off: more than 10 events wait for it"
    finally:
        stalled.open.set()
        assert desk.reporter.close(LONG)


def test_a_warning_of_a_sink_at_its_end_is_still_stored(desk: Desk, sink: Listener) -> None:
    sink.close_error = OSError("no more paper")
    assert desk.reporter.close(LONG)
    assert texts(desk.store.events) == ["Listener is switched off: OSError: no more paper"]


def test_a_failing_store_is_reported_once_and_later_events_are_dropped(desk: Desk, sink: Listener) -> None:
    desk.reporter.post(said("kept"))
    assert desk.reporter.flush(LONG)
    desk.store.error = StoreError("the disk is full")
    desk.reporter.post(said("lost"))
    assert desk.failed.wait(LONG)
    desk.reporter.post(said("late"))
    with pytest.raises(StoreError, match="the disk is full"):
        desk.reporter.flush(LONG)
    with pytest.raises(StoreError, match="the disk is full"):
        desk.reporter.close(LONG)
    assert [str(error) for error in desk.errors] == ["the disk is full"]
    assert texts([each.event for each in sink.shown]) == ["kept"]
    assert sink.closed == 1


def test_the_failure_callback_may_fail_too() -> None:
    def fail(error: StoreError) -> None:
        raise ValueError("me, too")

    store = MemoryEvents()
    store.error = StoreError("the disk is full")
    reporter = Reporter(store, run_id="r", on_failure=fail)
    reporter.start()
    reporter.post(said("lost"))
    for end in (reporter.flush, reporter.close):
        with pytest.raises(StoreError, match="the disk is full"):
            end(LONG)


def test_any_error_of_the_store_is_a_store_error(desk: Desk) -> None:
    desk.store.error = KeyError("surprise")
    desk.reporter.post(said("lost"))
    assert desk.failed.wait(LONG)
    assert isinstance(desk.errors[0], StoreError)
    assert desk.errors[0].__cause__ is desk.store.error


def test_requests_are_passed_on_and_answered() -> None:
    seen: list[Control] = []
    answered = threading.Event()

    def do(control: Control) -> str:
        seen.append(control)
        answered.set()
        return "paused"

    desk = Desk([], on_control=do)
    request = Control(id=7, kind="pause", task_id=None, requested_at=datetime.now(UTC), requested_by=1)
    desk.store.requests.append(request)
    assert answered.wait(LONG)
    desk.reporter.close(LONG)
    assert seen == [request]
    assert desk.store.answers == {7: "paused"}


def test_a_failing_request_does_not_end_the_run() -> None:
    def refuse(control: Control) -> str:
        raise ValueError("not now")

    desk = Desk([], on_control=refuse)
    desk.store.requests.append(
        Control(id=1, kind="cancel", task_id="x", requested_at=datetime.now(UTC), requested_by=1)
    )
    desk.reporter.post(said("goes on"))
    while not desk.store.answers:
        assert desk.reporter.flush(LONG)
    desk.reporter.close(LONG)
    assert desk.store.answers == {1: "failed: ValueError: not now"}
    assert "cancel failed: ValueError: not now" in texts(desk.store.events)


def test_requests_are_read_under_load_too() -> None:
    answered = threading.Event()

    def do(control: Control) -> str:
        answered.set()
        return "resumed"

    desk = Desk([], on_control=do)
    desk.store.requests.append(
        Control(id=1, kind="resume", task_id=None, requested_at=datetime.now(UTC), requested_by=1)
    )
    for _ in range(5000):  # so that it is never idle long enough to read requests
        desk.reporter.post(said("more"))
        if answered.wait(0.001):
            break
    assert answered.is_set()
    desk.reporter.close(LONG)


def test_acknowledgements_are_stored_by_the_reporter_thread(desk: Desk) -> None:
    desk.reporter.post(said("x"))
    desk.reporter.acknowledge("convex", "other", 5)
    desk.reporter.acknowledge("convex", "other", 9)
    assert desk.reporter.flush(LONG)
    assert desk.store.acknowledged == {("convex", "other"): 9}


def test_sinks_tick_while_there_are_no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporter_module, "TICK_INTERVAL", 0.01)
    sink = Listener()
    desk = Desk([sink])
    assert sink.ticked.wait(LONG)
    desk.reporter.close(LONG)


def test_close_writes_what_is_left_and_can_be_called_again(desk: Desk, sink: Listener) -> None:
    for number in range(100):
        desk.reporter.post(said(str(number)))
    assert desk.reporter.close(LONG)
    assert len(sink.shown) == 100
    assert sink.closed == 1
    desk.reporter.post(said("too late"))
    assert desk.reporter.close(LONG)
    assert len(desk.store.kept) == 100


def test_close_waits_for_a_slow_store_before_the_sinks_have_their_time(desk: Desk, sink: Listener) -> None:
    desk.store.open.clear()
    desk.reporter.post(said("late"))
    assert desk.store.entered.wait(LONG)
    threading.Timer(2.5, desk.store.open.set).start()  # longer than the second that the sinks have
    assert desk.reporter.close(1.0)
    assert texts(desk.store.events) == ["late"]
    assert len(sink.shown) == 1


def test_a_store_that_is_not_ready_in_time_is_an_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporter_module, "SAVE_LIMIT", 0.1)
    desk.store.open.clear()
    desk.reporter.post(said("never"))
    assert desk.store.entered.wait(LONG)
    with pytest.raises(StoreError, match="the run's state was not saved within"):
        desk.reporter.close(0.1)


def test_a_reporter_that_was_never_started_closes() -> None:
    reporter = Reporter(MemoryEvents(), [Listener()], run_id="r", on_failure=print)
    assert reporter.close(0.1)
