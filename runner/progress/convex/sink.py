"""Sends a run's events to Convex while it lasts, and what earlier runs could not send.

    feed thread --write--> (how many wait) --> sender thread --read--> state file
                                                    |  one request in flight
                                                    +--call--> deployment
                                                    +--acknowledge--> reporter thread

Nothing waits for the sender: events are durable before it hears of them, it reads them from the state file over a
connection of its own, and what it could not send stays there for the next run or for `runner sync`.
"""

from __future__ import annotations

import threading
import time
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

from runner.progress.convex.outbox import MAX_BYTES, MAX_EVENTS, SINK, cut_batch, weigh
from runner.progress.stores.state_reader import StateReader
from runner.records.backoff import backoff_delay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from _typeshed import StrPath

    from runner.progress.convex.outbox import Batch
    from runner.progress.convex.target import ConvexTarget
    from runner.progress.reporter import Recorded

FLUSH_INTERVAL = 0.5  # seconds that an event waits for others before it is sent
FIRST_BACKOFF = 0.2  # seconds before the second try
LONGEST_BACKOFF = 10.0  # seconds between two tries
MAX_REWINDS = 3  # in a row without a delivered batch: then the deployment does not keep what it is given


class Client(Protocol):
    """What is needed of a deployment's client; see `DeploymentClient`."""

    def call(self, name: str, args: dict[str, Any]) -> Any:
        """Run a mutation. Raises ConvexCallError."""

    def close(self) -> None:
        """Let go of the connection."""


def retry_delay(failures: int, at_least: float | None) -> float:
    """Return seconds to wait after so many failures in a row; `at_least` is the server's own wish."""
    return backoff_delay(failures, first=FIRST_BACKOFF, longest=LONGEST_BACKOFF, at_least=at_least or 0.0)


class Courier:
    """Delivers the outbox of one state file batch by batch, each run's events in order. Used by one thread."""

    def __init__(self, client: Client, reader: StateReader, acknowledge: Callable[[str, int], object]) -> None:
        self._client = client
        self._reader = reader
        self._acknowledge = acknowledge
        self._delivered: dict[str, int] = {}  # by run; ahead of what is kept as acknowledged
        self._rewinds = 0

    def position(self, run_id: str) -> int:
        """Return up to which event a run was delivered."""
        if run_id not in self._delivered:
            self._delivered[run_id] = self._reader.acknowledged(SINK, run_id)
        return self._delivered[run_id]

    def waiting(self) -> dict[str, int]:
        """Return how many events of each run are not delivered yet, the oldest run first."""
        found = {}
        for run_id, lag in self._reader.owed(SINK).items():
            last_seq = self._reader.acknowledged(SINK, run_id) + lag
            left = last_seq - self.position(run_id)
            if left > 0:
                found[run_id] = left
        return found

    def left_by_ended_runs(self) -> dict[str, int]:
        """Return how many events of runs whose process is gone wait: what lives sends its own."""
        return {run_id: left for run_id, left in self.waiting().items() if self._reader.run(run_id).status.ended}

    def deliver(self, run_id: str) -> int:
        """Send the next batch of a run and return up to which event it is delivered now.

        Raises `UnavailableError` when the same should be tried again, another `ConvexCallError` when it should not.
        """
        from runner.progress.convex.client import FunctionFailedError  # noqa: PLC0415 - slow to import, and loaded by now

        batch = cut_batch(islice(self._reader.events(run_id, self.position(run_id)), MAX_EVENTS))
        if batch is None:
            return self.position(run_id)
        try:
            self._send(run_id, batch)
        except FunctionFailedError as failure:
            cursor = failure.data.get("cursor")
            if failure.code != "gap" or self._rewinds >= MAX_REWINDS or not _is_cursor(cursor, batch.first_seq):
                raise
            # The deployment is another one now, or has lost what it had; everything is still here.
            self._rewinds += 1
            self._delivered[run_id] = int(cursor)
            return int(cursor)
        self._rewinds = 0
        self._delivered[run_id] = batch.last_seq
        self._acknowledge(run_id, batch.last_seq)
        return batch.last_seq

    def close(self) -> None:
        """Let go of the connection and the file."""
        self._client.close()
        self._reader.close()

    def _send(self, run_id: str, batch: Batch) -> None:
        self._client.call(
            "progress:ingest",
            {
                "producer": run_id,
                "firstSeq": batch.first_seq,
                "lastSeq": batch.last_seq,
                "events": batch.events,
            },
        )
        for part in batch.announcements:
            self._client.call(
                "progress:announce",
                {"producer": run_id, "taskId": part.task_id, "at": part.at, "subtasks": part.subtasks},
            )


def _is_cursor(value: object, first_seq: int) -> TypeGuard[float]:
    """Whether a deployment's word on what it has can be true: it lacks the batch, which begins with `first_seq`."""
    return isinstance(value, int | float) and 0 <= value < first_seq and value == int(value)


class ConvexSink:
    """A sink that forwards one run, and then the leftovers of runs that have ended.

    It begins with the first event that it is given. `state` is the folder of the state file.
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
        self._tell: Callable[[str], object] = _ignore
        self._connect = connect or _connect
        self._changed = threading.Condition()
        self._newest = 0  # event of this run that is durable
        self._delivered = 0  # event of this run that Convex has
        self._weight = 0  # bytes that wait, about
        self._since = 0.0  # monotonic time at which the first waiting event came
        self._deadline: float | None = None  # monotonic; set when the run has ended
        self._leftovers: dict[str, int] = {}  # events of earlier runs that wait
        self._kept: dict[str, int] = {}  # acknowledgements that came too late for the reporter
        self._problem: str | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="runner-convex", daemon=True)

    def attach(self, acknowledge: Callable[[str, str, int], object], tell: Callable[[str], object]) -> None:
        """Say who is told what, before the first event.

        `acknowledge` is given the sink's name, a run's id and the number up to which that was delivered, while the
        run lasts; `tell` the one message of a sink that gives up. Both are called from the sender thread and must
        not block.
        """
        self._acknowledge = acknowledge
        self._tell = tell

    def write(self, batch: Sequence[Recorded]) -> None:
        """Note that there is more to send. Never blocks."""
        weight = sum(weigh(recorded.event) for recorded in batch)
        with self._changed:
            if not self._behind():
                self._since = time.monotonic()
            self._newest = batch[-1].seq
            self._weight += weight
            self._changed.notify()
        if self._thread.ident is None:
            self._run_id = batch[0].run_id
            self._thread.start()

    def close(self) -> None:
        """Do nothing: what still waits is sent by `drain`, after everything that shows the run's end."""

    def drain(self) -> dict[str, int]:
        """Send what waits, for as long as the target says, and return how far each run was delivered.

        Called once, when the run has ended and its reporter is closed: who calls keeps the positions itself.
        """
        if self._thread.ident is None:
            return {}
        with self._changed:
            self._deadline = time.monotonic() + self._target.drain
            self._changed.notify()
        self._thread.join(self._target.drain)
        with self._changed:
            self._stopped = True
            return dict(self._kept)

    @property
    def waiting(self) -> int:
        """Events of this run and of earlier ones that Convex does not have yet."""
        with self._changed:
            return self._behind() + sum(self._leftovers.values())

    def last_word(self) -> str | None:
        """Return the line that says how many events wait and what to do, or None when all were sent."""
        if not self.waiting:
            return None
        events = "1 event waits" if self.waiting == 1 else f"{self.waiting:,} events wait"
        reason = f" ({self._problem})" if self._problem else ""
        return f"{events} to be sent to Convex{reason}; `runner sync` sends them"

    # ------------------------------------------------------------------------------ the sender thread

    def _run(self) -> None:
        if self._next_run() is None:  # what follows is slow to import: not before there is something to send
            return
        try:
            courier = Courier(self._connect(self._target), StateReader.open(self._state), self._keep)
        except Exception as error:  # noqa: BLE001 - no sink may fail the run
            self._give_up(error)
            return
        try:
            self._find_leftovers(courier)
            self._send_all(courier)
        except Exception as error:  # noqa: BLE001 - no sink may fail the run
            self._give_up(error)
        finally:
            courier.close()

    def _send_all(self, courier: Courier) -> None:
        from runner.progress.convex.client import UnavailableError  # noqa: PLC0415 - slow to import, and loaded by now

        failures = 0
        while (run_id := self._next_run()) is not None:
            try:
                position = courier.deliver(run_id)
            except UnavailableError as problem:
                self._problem = str(problem)
                failures += 1
                self._pause(retry_delay(failures, problem.retry_after))
                continue
            failures = 0
            self._problem = None
            self._note(run_id, position, courier)

    def _next_run(self) -> str | None:
        """Wait until there is something to send and return the run that it belongs to; None at the end."""
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                if self._deadline is not None and now >= self._deadline:
                    return None
                due = self._due(now)
                if due <= 0:
                    return self._run_id
                if self._leftovers:
                    return next(iter(self._leftovers))
                if self._deadline is not None:
                    return None
                self._changed.wait(due)
            return None

    def _due(self, now: float) -> float:
        """Return in how many seconds this run's events should be sent; a minute where there are none."""
        waiting = self._behind()
        if not waiting:
            return 60.0
        full = waiting >= MAX_EVENTS or self._weight >= MAX_BYTES
        return 0.0 if full or self._deadline is not None else self._since + FLUSH_INTERVAL - now

    def _behind(self) -> int:
        return max(0, self._newest - self._delivered)  # what was read may be newer than what was heard of

    def _pause(self, seconds: float) -> None:
        """Wait before another try; not beyond the end."""
        end = time.monotonic() + seconds
        with self._changed:
            while not self._stopped:
                until = end if self._deadline is None else min(end, self._deadline)
                left = until - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(left)

    def _note(self, run_id: str, position: int, courier: Courier) -> None:
        with self._changed:
            if run_id == self._run_id:
                before = max(1, self._newest - self._delivered)
                self._delivered = position
                self._weight = self._weight * self._behind() // before
                self._since = time.monotonic()
                return
        self._find_leftovers(courier)

    def _find_leftovers(self, courier: Courier) -> None:
        """Look for what earlier runs could not send."""
        found = courier.left_by_ended_runs()
        found.pop(self._run_id, None)
        with self._changed:
            self._leftovers = found

    def _keep(self, run_id: str, seq: int) -> None:
        """Have a position kept: by the reporter while it runs, by who drains afterwards."""
        with self._changed:
            self._kept[run_id] = seq
            closing = self._deadline is not None
        if not closing:
            self._acknowledge(SINK, run_id, seq)

    def _give_up(self, error: Exception) -> None:
        self._stopped = True
        self._problem = str(error) or type(error).__name__
        self._tell(f"nothing more is sent to Convex: {self._problem}")


def _ignore(*_told: object) -> None:
    """Nobody was attached."""


def _connect(target: ConvexTarget) -> Client:
    from runner.progress.convex.client import DeploymentClient  # noqa: PLC0415 - slow to import

    return DeploymentClient(target)
