"""Sends the events of a run to Convex while it lasts, and unsent ones of earlier runs.

    feed thread --write--> (how many wait) --> sender thread --read--> state file
                                                    |  one request in flight
                                                    +--call--> deployment
                                                    +--acknowledge--> reporter thread

Nothing waits for the sender thread: events are durable before it is notified, it reads them from the state file over a
connection of its own, and unsent ones stay there for the next run or for `runner sync`.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from runner.progress.convex.outbox import MAX_BYTES, MAX_EVENTS, estimated_size
from runner.progress.convex.outbox_sender import OutboxSender, retry_delay
from runner.progress.convex.target import SINK
from runner.progress.stores.state_reader import StateReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from _typeshed import StrPath

    from runner.progress.convex.outbox_sender import Client
    from runner.progress.convex.target import ConvexTarget
    from runner.progress.reporter import Recorded

FLUSH_INTERVAL = 0.5  # seconds that an event waits for others before it is sent


class ConvexSink:
    """A sink that sends the events of one run, and then the unsent ones of runs that have ended.

    It starts with the first event. `state` is the folder of the state file.
    """

    def __init__(
        self,
        target: ConvexTarget,
        state: StrPath,
        *,
        connect: Callable[[ConvexTarget], Client] | None = None,
    ) -> None:
        self._target = target
        self._state = state
        self._run_id = ""
        self._acknowledge: Callable[[str, str, int], object] = _ignore
        self._warn: Callable[[str], object] = _ignore
        self._connect = connect or _connect
        self._changed = threading.Condition()
        self._newest = 0  # event of this run that is durable
        self._delivered = 0  # event of this run that Convex has
        self._weight = 0  # of the waiting events, in bytes, estimated
        self._since = 0.0  # monotonic time at which the first waiting event arrived
        self._deadline: float | None = None  # monotonic; set when the run has ended
        self._earlier: dict[str, int] = {}  # number of waiting events by earlier run
        self._acknowledged: dict[str, int] = {}  # number up to which each run was delivered
        self._problem: str | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="runner-convex", daemon=True)

    def attach(self, acknowledge: Callable[[str, str, int], object], warn: Callable[[str], object]) -> None:
        """Set the callbacks, before the first event.

        `acknowledge` is called with the sink's name, a run's id and the number up to which it was delivered, while the
        run lasts; `warn` with a message when the sink gives up. Both are called from the sender thread and must not
        block.
        """
        self._acknowledge = acknowledge
        self._warn = warn

    def write(self, batch: Sequence[Recorded]) -> None:
        """Record that there are more events to send. Never blocks."""
        weight = sum(estimated_size(recorded.event) for recorded in batch)
        with self._changed:
            if not self._unsent():
                self._since = time.monotonic()
            self._newest = batch[-1].seq
            self._weight += weight
            self._changed.notify()
        if self._thread.ident is None:
            self._run_id = batch[0].run_id
            self._thread.start()

    def close(self) -> None:
        """Do nothing: `drain` sends what still waits, after the other sinks have shown the end of the run."""

    def drain(self) -> dict[str, int]:
        """Send what waits, for at most the target's `drain` seconds; return the number delivered up to, by run.

        Call it once, after the reporter was closed, and store the returned positions.
        """
        if self._thread.ident is None:
            return {}
        with self._changed:
            self._deadline = time.monotonic() + self._target.drain
            self._changed.notify()
        self._thread.join(self._target.drain)
        with self._changed:
            self._stopped = True
            return dict(self._acknowledged)

    @property
    def waiting(self) -> int:
        """The number of events, of this run and of earlier ones, that Convex does not have yet."""
        with self._changed:
            return self._unsent() + sum(self._earlier.values())

    def unsent_notice(self) -> str | None:
        """Return a line with the number of unsent events and what to do, or None where all were sent."""
        if not self.waiting:
            return None
        events = "1 event waits" if self.waiting == 1 else f"{self.waiting:,} events wait"
        reason = f" ({self._problem})" if self._problem else ""
        return f"{events} to be sent to Convex{reason}; `runner sync` sends them"

    # ------------------------------------------------------------------------------ the sender thread

    def _run(self) -> None:
        if self._next_run() is None:  # the client is slow to import: not before there is something to send
            return
        try:
            sender = OutboxSender(self._connect(self._target), StateReader.open(self._state), self._delivered_up_to)
        except Exception as error:  # noqa: BLE001 - no sink may fail the run
            self._give_up(error)
            return
        try:
            self._find_earlier(sender)
            self._send_all(sender)
        except Exception as error:  # noqa: BLE001 - no sink may fail the run
            self._give_up(error)
        finally:
            sender.close()

    def _send_all(self, sender: OutboxSender) -> None:
        from runner.progress.convex.client import UnavailableError  # noqa: PLC0415 - slow to import, and already loaded

        failures = 0
        while (run_id := self._next_run()) is not None:
            try:
                position = sender.deliver(run_id)
            except UnavailableError as problem:
                self._problem = str(problem)
                failures += 1
                self._pause(retry_delay(failures, problem.retry_after))
                continue
            failures = 0
            self._problem = None
            self._record(run_id, position, sender)

    def _next_run(self) -> str | None:
        """Wait until there is something to send and return its run; None at the end."""
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                if self._deadline is not None and now >= self._deadline:
                    return None
                due = self._due(now)
                if due <= 0:
                    return self._run_id
                if self._earlier:
                    return next(iter(self._earlier))
                if self._deadline is not None:
                    return None
                self._changed.wait(due)
            return None

    def _due(self, now: float) -> float:
        """Return the seconds until this run's events should be sent; a minute where there are none."""
        waiting = self._unsent()
        if not waiting:
            return 60.0
        full = waiting >= MAX_EVENTS or self._weight >= MAX_BYTES
        return 0.0 if full or self._deadline is not None else self._since + FLUSH_INTERVAL - now

    def _unsent(self) -> int:
        return max(0, self._newest - self._delivered)  # what was read may be newer than `_newest`

    def _pause(self, seconds: float) -> None:
        """Wait before another attempt, at most until the deadline."""
        end = time.monotonic() + seconds
        with self._changed:
            while not self._stopped:
                until = end if self._deadline is None else min(end, self._deadline)
                left = until - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(left)

    def _record(self, run_id: str, position: int, sender: OutboxSender) -> None:
        with self._changed:
            if run_id == self._run_id:
                before = max(1, self._newest - self._delivered)
                self._delivered = position
                self._weight = self._weight * self._unsent() // before
                self._since = time.monotonic()
                return
        self._find_earlier(sender)

    def _find_earlier(self, sender: OutboxSender) -> None:
        """Look for unsent events of earlier runs."""
        found = sender.waiting_of_ended_runs()
        found.pop(self._run_id, None)
        with self._changed:
            self._earlier = found

    def _delivered_up_to(self, run_id: str, seq: int) -> None:
        """Have a position stored: by the reporter while it runs, later by the caller of `drain`."""
        with self._changed:
            self._acknowledged[run_id] = seq
            closing = self._deadline is not None
        if not closing:
            self._acknowledge(SINK, run_id, seq)

    def _give_up(self, error: Exception) -> None:
        self._stopped = True
        self._problem = str(error) or type(error).__name__
        self._warn(f"nothing more is sent to Convex: {self._problem}")


def _ignore(*_: object) -> None:
    """Do nothing: no callback is attached."""


def _connect(target: ConvexTarget) -> Client:
    from runner.progress.convex.client import DeploymentClient  # noqa: PLC0415 - slow to import

    return DeploymentClient(target)
