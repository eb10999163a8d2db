"""What the supervisor's side has for worker hosts: the workspaces, and agents and templates of the user's own.

Requests are answered in a few threads of the supervisor: files are written here only, under the run's locks, with
intents and records as by a worker of this machine. A worker waits for its answers, so what was generated and is not
written yet is bounded by the number of threads of all workers.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.execution.cluster.host_protocol import InstalledCode
from runner.execution.cluster.installed_code import installed_code
from runner.execution.cluster.shipped_code import pack
from runner.execution.worker_protocol import Answered
from runner.execution.workspace_access import DirectAccess
from runner.generation.registry import BUILT_IN, load_agent
from runner.records.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.execution.worker_protocol import Asked, Shard
    from runner.records.task import TaskSpec

_THREADS = 4  # that read and write files


@dataclass(frozen=True, kw_only=True, slots=True)
class NeededCode:
    """What a task needs on a worker: a digest and the ZIP file that is sent, and what must be installed there."""

    shipped: tuple[str, bytes] | None
    installed: tuple[InstalledCode, ...]


class WorkspaceService:
    """Answers the requests of workers. Used by the thread of an event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="cluster-writer")
        self._accesses: dict[tuple[str, str], DirectAccess] = {}  # by task and its inputs
        self._codes: dict[tuple[str, Path | None, Path | None], NeededCode] = {}

    def answer(self, shard: Shard | None, asked: Asked, reply: Callable[[Answered], None]) -> None:
        """Have `reply` called with the answer, in another thread. No attempt but those of `shard` is answered for."""
        if shard is None or not {(work.subtask, work.attempt) for work in asked.works} <= set(shard.work):
            error = WorkspaceError.__name__, "it is not an attempt of this worker", False
            reply(Answered(number=asked.number, error=error))
            return
        key = shard.task.id, shard.task.inputs_digest
        access = self._accesses.get(key)
        if access is None:
            access = DirectAccess(
                shard.task,
                shard.run_id,
                force=shard.force,
                check=shard.check,
                diff=shard.diff,
                merging=shard.merging,
            )
            self._accesses[key] = access
        self._threads.submit(lambda: reply(access.answer(asked)))

    def code(self, task: TaskSpec) -> NeededCode:
        """Return what a worker needs for a task beside this package."""
        key = task.agent, task.import_path, task.templates
        if key not in self._codes:
            agent = None if task.agent in BUILT_IN else load_agent(task.agent, task.import_path)
            home = getattr(agent, "home", None)
            self._codes[key] = NeededCode(
                shipped=pack(*key, home if isinstance(home, Path) else None),
                installed=() if agent is None else installed_code(agent, task.import_path),
            )
        return self._codes[key]

    def close(self) -> None:
        """Finish what is being written, and end the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)
