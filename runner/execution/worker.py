"""The entry point of a worker process, which runs shards one after the other.

Its threads: the pool's own (runs `run_shard`), the sub-task threads of the current shard, and one that reads the
control connection. Events are sent over a connection that only this process writes to, so its death at any moment is
an end of file for the supervisor and blocks no other process.
"""

from __future__ import annotations

import os
import resource
import signal
import threading
from typing import TYPE_CHECKING

from runner.ddl import schema_cache
from runner.execution import output_capture
from runner.execution.parent_death import die_with_parent
from runner.execution.subtasks import SubTaskManager, WorkerMessage, describe
from runner.execution.worker_protocol import (
    Answered,
    Asked,
    Cancel,
    Shard,
    ShardBegun,
    ShardEnded,
    WorkerReady,
)
from runner.execution.workspace_access import RemoteAccess
from runner.generation.model.application import Application
from runner.records.message_pipe import Sender

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


class _Worker:
    """The state of this process: two connections, the application of the last schema, the current task's manager."""

    def __init__(self, events: Connection, control: Connection) -> None:
        self._events = events  # referenced here so that it stays open
        self._sender = Sender(events.fileno())
        self._control = control
        self._application: Application | None = None  # of the schema that was sent last
        self._manager: SubTaskManager | None = None
        self._remote = RemoteAccess(self.send)
        self._cancelled: list[Cancel] = []  # also for shards that have not arrived yet: they come over another pipe
        self._managed: tuple[str, str, int] | None = None
        threading.Thread(target=self._listen, name="control", daemon=True).start()

    def send(self, message: WorkerMessage | WorkerReady | ShardBegun | ShardEnded | Asked) -> None:
        try:
            self._sender.send(message)
        except BrokenPipeError:
            os._exit(1)  # the supervisor has closed the connection

    def run(self, shard: Shard, schema_pickle: bytes | None) -> None:
        error = None
        self.send(ShardBegun())
        try:
            if schema_pickle is not None:
                self._application = Application(schema_cache.restored(schema_pickle))
            if self._application is None:
                raise RuntimeError("a shard came before its schema")  # noqa: TRY301 - reported like any failure
            self._manager_for(shard, self._application).execute_sub_tasks(shard.work)
        except Exception as problem:  # noqa: BLE001 - sent to the supervisor as text: it may not be picklable
            error = describe(problem)
        self.send(ShardEnded(error=error))

    def _manager_for(self, shard: Shard, application: Application) -> SubTaskManager:
        """Return the last shard's manager if this shard is of the same task: it has read the workspace already."""
        key = (shard.run_id, shard.task.id, shard.threads)
        if self._manager is None or self._managed != key:
            if self._manager is not None:
                self._manager.cleanup()
            self._manager = SubTaskManager(
                shard.task,
                application,
                emit=self.send,
                queue=self._sender.queue,
                run_id=shard.run_id,
                concurrency=shard.threads,
                force=shard.force,
                check=shard.check,
                diff=shard.diff,
                merging=shard.merging,
                access=self._remote if shard.remote else None,
            )
            self._managed = key
            for cancel in self._cancelled:
                self._manager.cancel(cancel.subtask_id, cancel.attempt)
        return self._manager

    def _listen(self) -> None:
        while True:
            try:
                message = self._control.recv()
            except (EOFError, OSError):
                return  # the supervisor is dead or has closed it; the parent-death signal ends this process
            if isinstance(message, Answered):
                self._remote.answered(message)
            elif isinstance(message, Cancel):
                self._cancelled.append(message)  # first: a manager that is being created reads it from here
                manager = self._manager
                if manager is not None:
                    manager.cancel(message.subtask_id, message.attempt)


_worker: _Worker | None = None  # one per process, created by `initialize`


def initialize(events: Connection, control: Connection, output: Connection, memory: int | None) -> None:
    """Set this process up as a worker. Runs first in each child of the pool.

    `output` receives what programs print; `memory` limits the address space, in bytes.
    """
    global _worker  # noqa: PLW0603 - the pool calls plain functions; the process is the object
    die_with_parent()
    os.setpgid(0, 0)  # it is ended together with what its agents start, and not by the terminal's Ctrl-C
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a Python handler would not run while an agent is in C code
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    output_capture.install()
    _worker = _Worker(events, control)
    _worker.send(WorkerReady(pid=os.getpid()))


def run_shard(shard: Shard, schema_pickle: bytes | None) -> None:
    """Make one attempt at each sub-task of a shard. The results are sent over the connection, not returned.

    `schema_pickle` is None where the schema is the same as the last shard's.
    """
    if _worker is None:
        raise RuntimeError("initialize() has not run in this process")
    _worker.run(shard, schema_pickle)
