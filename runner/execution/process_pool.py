"""A worker process: a `ProcessPoolExecutor` with one worker. The pool has one of these for each slot.

One executor with five workers would break as a whole when one of them dies, and would assign tasks too early. With one
worker each, a death affects no other worker, and is noticed at once by the end of the worker's connection.

    supervisor                                     worker process (forked by the forkserver, preloaded)
    Worker.run(shard) ── executor's call queue ──► run_shard
    Worker.connection ◄── events, ShardEnded ───── its own pipe; end of file: it is dead
    Worker.output     ◄── a pipe ───────────────── descriptors 1 and 2: what its agents' programs print
    Worker.send()     ── control pipe ───────────► flags that sub-tasks check between steps; answers to requests

Used by one thread, the supervisor's.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from runner.execution import worker_calls
from runner.execution.forkserver import ensure_forkserver
from runner.records.errors import WorkerStartError
from runner.records.message_pipe import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.execution.worker_protocol import Answered, Cancel, Shard

_EXIT_WAIT = 2.0  # seconds to wait for the exit code of a dead worker; it takes milliseconds
_GUARD_POLL = 0.01  # seconds between two attempts while a dead forkserver's guard is still ending
_PIPE_SIZE = 65536  # bytes that a pipe holds on Linux
_TOO_MANY_FILES = {errno.EMFILE, errno.ENFILE}
_UNKNOWN = 255  # reported by multiprocessing when two of its threads ask for an exit code at once


class Worker:
    """A worker process, as the supervisor sees it."""

    def __init__(
        self, index: int, on_refused: Callable[[Worker, BaseException], None], memory: int | None = None
    ) -> None:
        """Start the process. `on_refused` is called, from another thread, when a shard could not be sent to it.

        `memory` limits its address space, in bytes.
        """
        self.index = index
        self.schema_digest: str | None = ""  # of the schema that it was sent last; "" before the first
        self._on_refused = on_refused
        self._exit_code: int | None = None  # known once it has been joined
        context = multiprocessing.get_context("forkserver")
        self.connection, events = context.Pipe(duplex=False)
        self._receiver = Receiver(self.connection.fileno())
        self.output, output = context.Pipe(duplex=False)
        os.set_blocking(self.output.fileno(), False)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        control, self._control = context.Pipe(duplex=False)
        initial = events, control, output, memory
        try:
            self._executor = ProcessPoolExecutor(
                1, mp_context=context, initializer=worker_calls.initialize, initargs=initial
            )
        except OSError as error:
            if error.errno in _TOO_MANY_FILES:
                raise
            raise WorkerStartError(
                f"no worker process can be started: the system creates no semaphore ({error.strerror}); "
                "is /dev/shm mounted, and may it be written?"
            ) from error
        self._ending = threading.Thread(
            target=partial(self._executor.shutdown, wait=True, cancel_futures=True),
            name="worker-end",
            daemon=True,
        )
        try:
            self._watch(self._start_process())
            (self._process,) = self._executor._processes.values()  # noqa: SLF001 - another thread may start others
            if self._process.ident is None:
                raise RuntimeError("the pool has started no process")  # group 0 would be the supervisor's own
            self.pid: int = self._process.ident
        finally:
            output.close()
            events.close()  # the worker's own ends: kept open here, they would hide its death
            control.close()

    def run(self, shard: Shard, schema_pickle: bytes | None) -> None:
        """Send a shard, and the schema where it differs from the last one.

        Nothing is raised for a process that has just died: its connection ends without a `ShardBegun`.
        """
        with contextlib.suppress(BrokenProcessPool):
            self._watch(self._executor.submit(worker_calls.run_shard, shard, schema_pickle))

    @property
    def is_reachable(self) -> bool:
        """Whether a shard can still arrive: the executor's thread, which sends it, dies where no memory is left."""
        thread: Any = self._executor._executor_manager_thread  # noqa: SLF001 - its death is reported nowhere else
        return bool(thread is not None and thread.is_alive())

    def receive(self) -> list[Any]:
        """Return the messages that have arrived; call it when `connection` is readable.

        Raises EOFError when the worker is dead, OSError or UnpicklingError for data that is no message.
        """
        return self._receiver.receive()

    def read_output(self) -> str | None:
        """Return what programs have printed, at most one pipe full: None for nothing now, "" at the end of the pipe.

        A character whose bytes arrive in two reads is whole in the second. Never blocks.
        """
        try:
            data = os.read(self.output.fileno(), _PIPE_SIZE)
        except BlockingIOError:
            return None
        text = self._decoder.decode(data, final=not data)
        return text if text or not data else None

    def send(self, message: Cancel | Answered) -> None:
        """Send a message other than a shard. Does nothing for a dead worker."""
        with contextlib.suppress(OSError):  # the end of its connection reports the death
            self._control.send(message)

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the worker's process group: to it and to all that its agents started."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            # It has just been forked and leads no group yet, or it is dead. Asking the process object whether it is
            # alive, while the pool's own thread does the same, would lose the exit code for one of the two.
            if self._exit_code is None and not wait([self._process.sentinel], 0):
                self._process.kill()

    def discard(self) -> str:
        """Kill the process and its group, release its resources, and return how it ended, for messages."""
        self.signal_group(signal.SIGKILL)
        self.close()
        self.join(_EXIT_WAIT)
        code = self._exit_code
        if code is None or code == _UNKNOWN:
            return "worker died"
        return f"worker was ended by {signal.Signals(-code).name}" if code < 0 else f"worker exited with code {code}"

    def close(self) -> None:
        """Have the process end once it is idle, and close the connections. Does not wait."""
        try:
            self._ending.start()
        except RuntimeError:  # no more threads can be started
            self._process.kill()
        self.connection.close()
        self.output.close()
        self._control.close()

    def join(self, timeout: float) -> bool:
        """Wait for the end of the process, after `close`. Returns False on timeout (seconds)."""
        if self._ending.ident is not None:
            self._ending.join(timeout)
        elif self._exit_code is None:
            self._process.join(timeout)
        if self._ending.is_alive():
            return False
        if self._exit_code is None:
            self._exit_code = self._process.exitcode
            if self._ending.ident is not None:  # otherwise the executor's own thread may still use it
                with contextlib.suppress(ValueError):  # it has not been reaped
                    self._process.close()  # otherwise its two descriptors stay open until garbage collection
        return True

    def _start_process(self) -> Future[None]:
        """Have the pool start its process; a forkserver that has died is started again, once its guard has ended, too.

        Raises `WorkerStartError` where the forkserver dies each time, and OSError where the system starts no process.
        """
        deadline = time.monotonic() + _EXIT_WAIT
        while True:
            try:
                ensure_forkserver()
                return self._executor.submit(worker_calls.ping)
            except (EOFError, ConnectionError) as error:
                if time.monotonic() >= deadline:
                    raise WorkerStartError(
                        f"no worker process could be started: the process that forks them ends at once "
                        f"({type(error).__name__}); is there a limit on processes or memory (ulimit -u, ulimit -v)?"
                    ) from error
                time.sleep(_GUARD_POLL)

    def _watch(self, future: Future[None]) -> None:
        future.add_done_callback(self._check)

    def _check(self, future: Future[None]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is not None and not isinstance(error, BrokenProcessPool):  # the connection reports a death
            self._on_refused(self, error)
