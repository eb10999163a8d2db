"""The process entry of a worker: a child of the pool that runs shards, one after the other.

Threads here: the pool's own (runs `run_shard`), the sub-task threads of the current shard, and one that listens to
the control connection. Events leave through a connection that only this process writes to, so a death at any moment
is an end of file for the supervisor and can jam nobody else.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import threading
from typing import TYPE_CHECKING

from runner.execution import output_capture as capture
from runner.execution.parent_death import die_with_parent
from runner.execution.subtasks import Message, SubTaskManager, describe
from runner.execution.worker_protocol import Cancel, FilesChanged, Shard, ShardBegun, ShardEnded, WorkerReady
from runner.generation.model.application import Application
from runner.records.events import SubTaskStarted
from runner.records.message_pipe import Sender

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


class _Worker:
    """What this process owns: its two connections, the application of the last schema, the shard it works on."""

    def __init__(self, events: Connection, control: Connection) -> None:
        self._events = events  # kept open
        self._sender = Sender(events.fileno())
        self._control = control
        self._application: Application | None = None  # of the schema that came last
        self._manager: SubTaskManager | None = None
        self._cancelled: list[Cancel] = []  # of shards that are still to come, too: they arrive another way
        self._managed: tuple[str, str, int] | None = None
        threading.Thread(target=self._listen, name="control", daemon=True).start()

    def send(self, message: Message | WorkerReady | ShardBegun | ShardEnded) -> None:
        if isinstance(message, SubTaskStarted | FilesChanged):  # its first step, or its end, follows at once
            self._sender.queue(message)
            return
        try:
            self._sender.send(message)
        except BrokenPipeError:
            os._exit(1)  # the supervisor has let go of this process: nobody is left to tell

    def run(self, shard: Shard, schema_pickle: bytes | None) -> None:
        error = None
        self.send(ShardBegun())
        try:
            if schema_pickle is not None:
                self._application = Application(pickle.loads(schema_pickle))  # noqa: S301 - made by our own supervisor
            if self._application is None:
                raise RuntimeError("a shard came before its schema")  # noqa: TRY301 - told like any failure
            self._manager_for(shard, self._application).execute_sub_tasks(shard.work)
        except Exception as problem:  # noqa: BLE001 - goes to the supervisor as data: it may not be picklable
            error = describe(problem)
        self.send(ShardEnded(error=error))

    def _manager_for(self, shard: Shard, application: Application) -> SubTaskManager:
        """Return the manager of the last shard where this one is of the same task: it knows the workspace by now."""
        key = (shard.run_id, shard.task.id, shard.threads)
        if self._manager is None or self._managed != key:
            if self._manager is not None:
                self._manager.cleanup()
            self._manager = SubTaskManager(
                shard.task,
                application,
                emit=self.send,
                run_id=shard.run_id,
                concurrency=shard.threads,
                force=shard.force,
                check=shard.check,
            )
            self._managed = key
            for told in self._cancelled:
                self._manager.cancel(told.subtask_id, told.attempt)
        return self._manager

    def _listen(self) -> None:
        while True:
            try:
                message = self._control.recv()
            except (EOFError, OSError):
                return  # the supervisor is gone or has closed; the lifeline ends this process
            if isinstance(message, Cancel):
                self._cancelled.append(message)  # before the look: a manager made meanwhile finds it here
                manager = self._manager
                if manager is not None:
                    manager.cancel(message.subtask_id, message.attempt)


_worker: _Worker | None = None  # one a process, made by `initialize`


def initialize(events: Connection, control: Connection, output: Connection, memory: int | None) -> None:
    """Make this process a worker. Runs first in each child of the pool.

    `output` takes what programs print; `memory` bounds the address space, in bytes.
    """
    global _worker  # noqa: PLW0603 - the pool calls plain functions; the process is the object
    die_with_parent()
    os.setpgid(0, 0)  # ended as a group with whatever its agents start; the terminal's Ctrl-C does not reach it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a Python handler never runs while an agent spins in C
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    capture.install()
    _worker = _Worker(events, control)
    _worker.send(WorkerReady(pid=os.getpid()))


def run_shard(shard: Shard, schema_pickle: bytes | None) -> None:
    """Try every sub-task of a shard once. Returns nothing: all news goes over the connection.

    `schema_pickle` comes only when the schema is another than the last shard's.
    """
    if _worker is None:
        raise RuntimeError("initialize() has not run in this process")
    _worker.run(shard, schema_pickle)


def ping() -> None:
    """Do nothing. Submitting it makes the pool start its process."""
