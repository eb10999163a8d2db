"""The reporter thread, which takes events off the queue, stores them durably and then passes them to the sinks.

Runs in the supervisor. While the run lasts, this thread alone appends events, marks control requests as taken and moves
acknowledged positions. Each sink has a thread of its own, so that a stopped terminal or a pipe without a reader delays
neither the store nor the run.

    any thread --post--> queue --> reporter thread --append--> store
                                        |  (only events that are stored)
                                        +--> feed --> sink (console, Convex, ...)
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from runner.records.errors import StoreError, in_words
from runner.records.events import Event, Logged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_BATCH = 250  # events in one transaction: control requests are read between two
COMMIT_INTERVAL = 0.05  # seconds between two commits under load; an idle reporter commits at once
CONTROL_INTERVAL = 0.1  # seconds between two reads of control requests, which are to be obeyed within a second
TICK_INTERVAL = 1.0  # seconds without an event after which a ticking sink is called
MAX_UNSHOWN = 50_000  # events that wait for one sink: about 25 MB, then the sink is switched off
SAVE_LIMIT = 60.0  # seconds for the store to save what is left at the end; it waits for other processes itself

ControlKind = Literal["pause", "resume", "cancel"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A stored event; `seq` counts from 1 without gaps in each run."""

    run_id: str
    seq: int
    event: Event


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """A request of another process to this run. `task_id` is None where it is about the whole run."""

    id: int
    kind: ControlKind
    task_id: str | None
    requested_at: datetime
    requested_by: int  # process id


class EventStore(Protocol):
    """Stores events durably. Called by the reporter thread only; every method raises StoreError."""

    def append(self, run_id: str, events: Sequence[Event]) -> tuple[Recorded, ...]:
        """Number and store `events` in one transaction, all or none; on return they survive a SIGKILL."""

    def take_controls(self, run_id: str) -> tuple[Control, ...]:
        """Return the requests that were not taken yet, oldest first, and mark them as taken."""

    def answer_control(self, control_id: int, answer: str) -> None:
        """Store the answer to a request, for the process that made it."""

    def acknowledge(self, sink: str, run_id: str, seq: int) -> None:
        """Record that `sink` has all events up to `seq`. The position never moves backwards."""


class Sink(Protocol):
    """A consumer of events, called in order from a thread of its own. An exception switches it off."""

    def write(self, batch: Sequence[Recorded]) -> None:
        """Show or forward events that are already durable."""

    def close(self) -> None:
        """Release its resources. The last call, also after a failed `write`."""


@runtime_checkable
class TickingSink(Protocol):
    """A sink that shows the passing of time."""

    def tick(self) -> None:
        """Refresh what is shown. Called about once a second while there are no events."""


@runtime_checkable
class AbandonableSink(Protocol):
    """A sink whose `write` may hang."""

    def abandon(self) -> None:
        """Make sure that the process can end in spite of it. Called from another thread than `write`."""


@dataclass(slots=True)
class _FlushMark:
    """A position in the queue. `stored` and all of `shown` are set once all events before it are stored and shown."""

    stored: threading.Event = field(default_factory=threading.Event)
    shown: list[threading.Event] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Stop:
    """The last item of the queue. From its turn on, sinks have `timeout` seconds to show their events."""

    timeout: float


@dataclass(frozen=True, slots=True)
class _Acknowledgement:
    sink: str
    run_id: str
    seq: int


_Item = Event | _FlushMark | _Stop | _Acknowledgement


class Reporter:
    """Stores posted events durably, in order, and passes them to the sinks.

    `on_failure` is called once, from the reporter thread, when the store fails: from then on events are dropped,
    and `flush` and `close` raise. `on_control` is called from the reporter thread for each request of another
    process; it returns the answer and must neither block nor call `flush`.
    """

    def __init__(
        self,
        store: EventStore,
        sinks: Sequence[Sink] = (),
        *,
        run_id: str,
        on_failure: Callable[[StoreError], object],
        on_control: Callable[[Control], str] | None = None,
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._on_failure = on_failure
        self._on_control = on_control
        self._queue: SimpleQueue[_Item] = SimpleQueue()
        self._feeds = [_Feed(sink, self._queue.put) for sink in sinks]  # they may post after `close`, too
        self._thread = threading.Thread(target=self._run, name="runner-reporter", daemon=True)
        self._urgent = threading.Event()  # a `flush` or `close` waits: commit at once
        self._failure: StoreError | None = None
        self._closed = False
        self._next_poll = 0.0

    def start(self) -> None:
        """Start the threads."""
        for feed in self._feeds:
            feed.start()
        self._thread.start()

    def post(self, event: Event) -> None:
        """Queue an event, unless the reporter is closed. Never blocks; safe in any thread and in a signal handler."""
        if not self._closed:
            self._queue.put(event)

    def acknowledge(self, sink: str, run_id: str, seq: int) -> None:
        """Have recorded that `sink` has all events of a run up to `seq`. Never blocks."""
        self._queue.put(_Acknowledgement(sink, run_id, seq))

    def flush(self, timeout: float) -> bool:
        """Wait until all events posted before are stored and shown; False after `timeout` seconds.

        Raises StoreError if the store has failed.
        """
        deadline = time.monotonic() + timeout
        mark = _FlushMark()
        self._urgent.set()
        self._queue.put(mark)
        done = mark.stored.wait(timeout)
        done = done and all(shown.wait(max(0.0, deadline - time.monotonic())) for shown in mark.shown)
        self._raise_failure()
        return done

    def close(self, timeout: float) -> bool:
        """Store and show what is left, close the sinks and end the threads; False if a sink did not end in time.

        Once everything is stored, the sinks have `timeout` seconds. May be called twice. Raises StoreError if the store
        has failed, or has not stored everything within `SAVE_LIMIT`.
        """
        if not self._closed:
            self._closed = True
            self._urgent.set()
            self._queue.put(_Stop(timeout))
        if self._thread.ident is not None:
            self._thread.join(SAVE_LIMIT + timeout)
        self._raise_failure()
        if self._thread.is_alive():
            raise StoreError(
                f"the run's state was not saved within {SAVE_LIMIT:.0f} s. "
                "Run the plan again: what was generated is kept"
            )
        return not any(feed.alive for feed in self._feeds)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise StoreError(str(self._failure)) from self._failure

    def _run(self) -> None:
        committed = 0.0
        stop: _Stop | None = None
        while stop is None:
            try:
                first = self._queue.get(timeout=CONTROL_INTERVAL)
            except Empty:
                self._poll_controls()
                continue
            if self._queue.qsize() < MAX_BATCH:
                # Collect events: waking up for each one would cost more than the event itself.
                self._urgent.wait(max(0.0, committed + COMMIT_INTERVAL - time.monotonic()))
            stop = self._handle(first)
            committed = time.monotonic()
            self._poll_controls()
        self._finish(stop.timeout)

    def _handle(self, first: _Item) -> _Stop | None:
        """Commit `first` and the queue after it, up to a full batch or the next mark; return it where it is the end."""
        events: list[Event] = []
        acknowledged: dict[tuple[str, str], int] = {}
        item: _Item | None = first
        while item is not None and not isinstance(item, _FlushMark | _Stop):
            if isinstance(item, _Acknowledgement):
                acknowledged[item.sink, item.run_id] = item.seq
            else:
                events.append(item)
            item = self._take() if len(events) < MAX_BATCH else None
        self._commit(events, acknowledged)
        if isinstance(item, _FlushMark):
            self._urgent.clear()
            item.shown.extend(shown for feed in self._feeds if (shown := feed.mark()) is not None)
            item.stored.set()
        return item if isinstance(item, _Stop) else None

    def _take(self) -> _Item | None:
        try:
            return self._queue.get_nowait()
        except Empty:
            return None

    def _commit(self, events: list[Event], acknowledged: dict[tuple[str, str], int]) -> None:
        if self._failure is not None:
            return
        batch: tuple[Recorded, ...] = ()
        try:
            batch = self._store.append(self._run_id, events) if events else ()
            for (sink, run_id), seq in acknowledged.items():
                self._store.acknowledge(sink, run_id, seq)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is stored any more
            self._fail(error)
        if batch:
            for feed in self._feeds:
                feed.offer(batch)

    def _poll_controls(self) -> None:
        now = time.monotonic()
        if self._on_control is None or self._failure is not None or now < self._next_poll:
            return
        self._next_poll = now + CONTROL_INTERVAL
        try:
            for control in self._store.take_controls(self._run_id):
                self._store.answer_control(control.id, self._answer(self._on_control, control))
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is stored any more
            self._fail(error)

    def _answer(self, on_control: Callable[[Control], str], control: Control) -> str:
        try:
            return on_control(control)
        except Exception as error:  # noqa: BLE001 - a failed request must not end the run
            self._queue.put(Logged(level="error", message=f"{control.kind} failed: {in_words(error)}"))
            return f"failed: {in_words(error)}"

    def _fail(self, error: Exception) -> None:
        self._failure = error if isinstance(error, StoreError) else StoreError(in_words(error))
        if self._failure is not error:
            self._failure.__cause__ = error
        with contextlib.suppress(Exception):  # an error of the callback must not block `flush` and `close`
            self._on_failure(self._failure)

    def _finish(self, timeout: float) -> None:
        """End the sinks, then store what was posted in the meantime: warnings of the sinks, too."""
        deadline = time.monotonic() + timeout
        for feed in self._feeds:
            feed.stop()
        for feed in self._feeds:
            feed.join(max(0.0, deadline - time.monotonic()))
        for feed in self._feeds:
            feed.abandon()
        while (item := self._take()) is not None:
            self._handle(item)


class _Feed:
    """A sink and the thread that passes it batches. A sink that is off gets no more, and nothing waits for it."""

    def __init__(self, sink: Sink, post: Callable[[Event], object]) -> None:
        self._sink = sink
        self._name = type(sink).__name__
        self._post = post
        self._queue: SimpleQueue[Sequence[Recorded] | threading.Event | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"runner-{self._name.lower()}", daemon=True)
        self._off = False
        self._offered = self._shown = 0  # events; each written by one thread alone

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def offer(self, batch: Sequence[Recorded]) -> None:
        """Queue events for the sink; one with too many waiting events is switched off."""
        if self._off:
            return
        self._offered += len(batch)
        self._queue.put(batch)
        if self._offered - self._shown > MAX_UNSHOWN:
            self._switch_off(f"more than {MAX_UNSHOWN:,} events wait for it")

    def mark(self) -> threading.Event | None:
        """Return an event that is set once all batches so far are shown, or None for a sink that is off."""
        if self._off:
            return None
        shown = threading.Event()
        self._queue.put(shown)
        return shown

    def stop(self) -> None:
        self._queue.put(None)

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def abandon(self) -> None:
        """Abandon a sink that did not end in time."""
        if self.alive and isinstance(self._sink, AbandonableSink):
            self._sink.abandon()

    def _run(self) -> None:
        item: Sequence[Recorded] | threading.Event | None = ()
        while item is not None:
            try:
                item = self._queue.get(timeout=TICK_INTERVAL)
            except Empty:
                self._try(self._tick)
                continue
            if isinstance(item, threading.Event):
                item.set()
            elif item is not None:
                self._write(item)
        self._try(self._sink.close, even_off=True)

    def _write(self, batch: Sequence[Recorded]) -> None:
        self._try(lambda: self._sink.write(batch))
        self._shown += len(batch)

    def _tick(self) -> None:
        if isinstance(self._sink, TickingSink):
            self._sink.tick()

    def _try(self, action: Callable[[], None], *, even_off: bool = False) -> None:
        if self._off and not even_off:
            return
        try:
            action()
        except Exception as error:  # noqa: BLE001 - no sink may fail the run
            self._switch_off(in_words(error))

    def _switch_off(self, reason: str) -> None:
        if not self._off:
            self._off = True
            self._post(Logged(level="warning", message=f"{self._name} is switched off: {reason}"))
