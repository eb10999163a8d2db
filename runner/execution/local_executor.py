"""The executor of this machine: worker processes, at most so many, each a pool of its own (`process_pool`)."""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import queue
import selectors
import signal
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.execution.executor import Printed, WorkerDied
from runner.execution.worker_protocol import Cancel, ShardBegun, ShardEnded, WorkerReady

if TYPE_CHECKING:
    from runner.execution.process_pool import Worker  # noqa: TC004 - slow to import, and a dataclass does not evaluate it
    from runner.execution.worker_protocol import Answered, Limits, Shard

_ARRIVAL_LIMIT = 60.0  # seconds for a shard to arrive at its worker; it takes milliseconds
_ARRIVAL_TICK = 0.1  # seconds between two checks of that
_END_WAIT = 5.0  # seconds for an idle worker to end; it takes milliseconds, and it cannot outlive this process
_PIPE_SIZE = 65536  # bytes that a pipe holds on Linux
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True)
class _Place:
    """A worker process and what is known of it."""

    worker: Worker
    ready: bool = False
    busy: bool = False  # it has a shard, which has
    begun: bool = False  # arrived or not,
    assigned_at: float = 0.0  # sent then, in monotonic seconds
    output_open: bool = True


class LocalExecutor:
    """Up to `places` worker processes, with these limits on each. See `Executor`."""

    def __init__(self, places: int, limits: Limits) -> None:
        self._limit = places
        self._memory = limits.memory
        self._places: dict[int, _Place] = {}
        self._numbers = itertools.count()
        self._ending: list[Worker] = []
        self._refused: queue.SimpleQueue[tuple[int, BaseException]] = queue.SimpleQueue()
        self._next_check = 0.0
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = os.pipe()
        for descriptor in (self._woken, self._wake):
            os.set_blocking(descriptor, False)
            weakref.finalize(self, os.close, descriptor)  # other threads may `wake` it as long as it exists
        self._selector.register(self._woken, selectors.EVENT_READ)

    @property
    def places(self) -> int:
        """The limit that was given."""
        return self._limit

    @property
    def parallel(self) -> int:
        """The number of cores that this process may use."""
        return CORES

    @property
    def machines(self) -> int:
        """One."""
        return 1

    def prepare(self) -> str:
        """Start the process that forks workers."""
        from runner.execution.forkserver import ensure_forkserver  # noqa: PLC0415 - a run with nothing to do needs none

        ensure_forkserver()
        return ""

    def start_worker(self) -> int:
        """Fork a worker process."""
        from runner.execution.process_pool import Worker  # noqa: PLC0415 - slow to import, and not every run has one

        number = next(self._numbers)
        worker = Worker(number, self._shard_refused, self._memory)
        self._places[number] = _Place(worker)
        self._selector.register(worker.connection, selectors.EVENT_READ, number)
        self._selector.register(worker.output, selectors.EVENT_READ, number)
        return number

    def assign(self, worker: int, shard: Shard, schema: bytes | None) -> None:
        """Send a shard."""
        place = self._places[worker]
        place.busy, place.begun, place.assigned_at = True, False, time.monotonic()
        place.worker.run(shard, schema)

    def cancel(self, worker: int, subtask_id: str, attempt: int) -> None:
        """Ask an attempt to stop, over the worker's control pipe."""
        self.send(worker, Cancel(subtask_id=subtask_id, attempt=attempt))

    def send(self, worker: int, message: Cancel | Answered) -> None:
        """Send a message over the worker's control pipe; may block while the worker does not read it."""
        place = self._places.get(worker)
        if place is not None:
            place.worker.send(message)

    def end(self, worker: int, *, force: bool) -> None:
        """Signal the worker's process group."""
        if worker in self._places:
            self._places[worker].worker.signal_group(signal.SIGKILL if force else signal.SIGTERM)

    def retire(self, worker: int) -> None:
        """Let the process end and stop reading from it."""
        retired = self._remove(worker)
        retired.close()
        self._ending = [*(one for one in self._ending if not _has_ended(one)), retired]

    # ----------------------------------------------------------------------------- messages

    def receive(self, timeout: float) -> list[tuple[int, Any]]:
        """Wait for the workers' pipes."""
        received: list[tuple[int, Any]] = []
        for key, _ in self._selector.select(timeout):
            number: int | None = key.data
            if number is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, _PIPE_SIZE)
            elif (place := self._places.get(number)) is None:
                continue  # it died of its other pipe's message
            elif key.fileobj is place.worker.output:
                received += self._printed(number)
            else:
                received += self._messages(number)
        while not self._refused.empty():
            number, error = self._refused.get()
            received.append((number, ShardEnded(error=f"cannot be sent to a worker: {error}")))
        self._kill_unreached()
        return received

    def wake(self) -> None:
        """Write to the pipe that `receive` waits for."""
        with contextlib.suppress(BlockingIOError):  # it is full, so it is readable
            os.write(self._wake, b"!")

    def _messages(self, number: int) -> list[tuple[int, Any]]:
        place = self._places[number]
        try:
            messages = place.worker.receive()
        except (EOFError, OSError, pickle.UnpicklingError):
            return self._died(number)
        received: list[tuple[int, Any]] = []
        for message in messages:
            match message:
                case WorkerReady():
                    place.ready = True
                case ShardBegun():
                    place.begun = True
                case ShardEnded():
                    place.busy = False
                    received += self._printed(number)  # what its programs have printed for it
            received.append((number, message))
        return received

    def _printed(self, number: int) -> list[tuple[int, Any]]:
        place = self._places[number]
        text = place.worker.read_output()
        if text == "" and place.output_open:
            place.output_open = False
            self._selector.unregister(place.worker.output)
        return [(number, Printed(text=text))] if text else []

    def _died(self, number: int) -> list[tuple[int, Any]]:
        last = self._printed(number)
        worker = self._remove(number)
        return [*last, (number, WorkerDied(name=f"worker {worker.pid}", how=worker.discard()))]

    def _shard_refused(self, worker: Worker, error: BaseException) -> None:
        """Have `receive` report a shard that could not be sent. Called from a thread of the worker's pool."""
        self._refused.put((worker.index, error))
        self.wake()

    def _kill_unreached(self) -> None:
        """Kill workers whose shard cannot arrive, or has not in time: the thread that sends it died unreported."""
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + _ARRIVAL_TICK
        for place in self._places.values():
            late = now >= place.assigned_at + _ARRIVAL_LIMIT
            if place.busy and not place.begun and (late or not place.worker.is_reachable):
                place.assigned_at = now
                place.worker.signal_group(signal.SIGKILL)

    # ----------------------------------------------------------------------------- ends

    def _remove(self, number: int) -> Worker:
        """Stop reading from a worker."""
        place = self._places.pop(number)
        self._selector.unregister(place.worker.connection)
        if place.output_open:
            self._selector.unregister(place.worker.output)
        return place.worker

    def close(self) -> None:
        """End every process, and what agents started and left running."""
        places = dict(self._places)
        workers = [self._remove(number) for number in places]
        self._selector.close()
        for place in places.values():
            if place.busy or not place.ready:
                place.worker.discard()
            else:
                place.worker.close()
        for worker in [*workers, *self._ending]:
            worker.join(_END_WAIT)
            worker.signal_group(signal.SIGKILL)


def _has_ended(worker: Worker) -> bool:
    """Return whether a worker has ended; if so, what its agents left running is killed, too."""
    if not worker.join(0.0):
        return False
    worker.signal_group(signal.SIGKILL)
    return True
