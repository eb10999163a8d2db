"""Jobs for tests of the orchestrator: tasks on invented tables, done by the acting agents."""

from __future__ import annotations

import contextlib
import os
import pickle
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from runner.ddl.model import Column, Schema, SqlType, Table
from runner.ddl.qualified_name import QName
from runner.execution.subtasks import SubTaskManager
from runner.progress.stores.state_reader import StateReader
from runner.records.task import Classification, Retries, TaskInput, TaskSpec, Timeouts
from runner.scheduling.job import Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.records.events import Event
    from runner.scheduling.orchestrator import ParallelOrchestrator

HERE = Path(__file__).resolve().parent
_ID = Column(name="id", type=SqlType(text="integer", base="integer"))  # tables without columns are left out


def job(
    task_id: str,
    workspace: Path,
    tables: int | list[str] = 1,
    *,
    acts: dict[str, str] | None = None,
    priority: int = 5,
    needs: tuple[str, ...] = (),
    timeouts: Timeouts = Timeouts(task=60, subtask=60, grace=1),
    retries: Retries = Retries(attempts=2, backoff=0.05),
    agent: str = "acting_agents:Acting",
    options: dict[str, Any] | None = None,
) -> Job:
    """Return a job on `tables` tables named t0, t1, … (or on these), that performs `acts` by table."""
    names = [f"t{number}" for number in range(tables)] if isinstance(tables, int) else tables
    spec = TaskSpec(
        id=task_id,
        input=TaskInput(
            description=task_id,
            workspace_path=workspace,
            priority=priority,
            needs=needs,
            timeouts=timeouts,
            retries=retries,
            options={"folder": task_id, "acts": acts or {}, **(options or {})},
        ),
        title="Acting",
        classification=Classification(kind=agent, method="explicit", confidence=1.0),
        subtasks=SubTaskManager.spawn_sub_tasks(task_id, "Acting", names),
        import_path=HERE,
        schema_digest=f"{len(names)} tables",
        inputs_digest="same",
    )
    schema = Schema(
        dialect="postgres",
        tables=tuple(Table(name=QName(schema=None, name=name), columns=(_ID,)) for name in names),
    )
    return Job(spec=spec, read_schema=lambda: schema, pickle_schema=lambda: pickle.dumps(schema))


def events_of(state: Path, orchestrator: ParallelOrchestrator) -> list[Event]:
    """Return all stored events of a run, in order."""
    with StateReader.open(state) as reader:
        return [recorded.event for recorded in reader.events(orchestrator.run_id)]


class HungError(AssertionError):
    """Something did not happen in time."""


def until(predicate: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Poll until a condition is true; raise HungError where that takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() >= deadline:
            raise HungError(f"not within {seconds:g} s: {what}")
        time.sleep(0.005)


class Gate:
    """Blocks an agent that reaches it, until it is opened."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._path = path
        self.act = f"gate {path}"

    def open(self) -> None:
        """Unblock the agent that waits here; waits until there is one."""
        self.wait_reached()
        os.close(os.open(self._path, os.O_WRONLY))

    def wait_reached(self) -> None:
        """Return once an agent waits here."""
        until(Path(f"{self._path}.reached").exists, f"an agent at {self._path.name}")


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return the processes that are running."""
    return [one for one in processes if is_alive(one)]


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process is running; a zombie is not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # the process ended between the two calls
        return False


def workers() -> list[psutil.Process]:
    """Return this process's workers: forked by the forkserver, they lead a group each.

    Nothing else that a test process may have started, such as a database server, is among them.
    """
    me = psutil.Process()
    return [one for one in _servers() if _leads(one) and one not in me.children()]


def forkserver() -> psutil.Process:
    """Return the process that this process's workers are forked from."""
    found = _servers()
    (guard,) = (one for one in found if one.ppid() == os.getpid())
    (server,) = (one for one in found if one.ppid() == guard.pid)
    return server


def _servers() -> list[psutil.Process]:
    """Return what the forkserver's command became: the guard, which leads a group, the server, and the workers."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if one.is_running() and "multiprocessing.forkserver" in " ".join(one.cmdline()):
                found.append(one)
    return found


def _leads(process: psutil.Process) -> bool:
    try:
        return os.getpgid(process.pid) == process.pid
    except ProcessLookupError:
        return False
