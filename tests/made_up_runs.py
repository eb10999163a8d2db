"""Random runs with occasional failures, played through the real reporter, state file and sink."""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.progress.convex.sink import ConvexSink
from runner.progress.convex.target import SINK
from runner.progress.reporter import Recorded, Reporter
from runner.progress.stores.sqlite_store import SqliteStore
from runner.records.events import Event, Logged, RunEnded, SubTaskRetrying, TaskEnded, TaskStarted
from runner.records.status import RunStatus, SubTaskStatus, TaskStatus
from tests.sample_runs import STEPS, at, ended, run_started, started, step, task_added

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from runner.progress.convex.outbox_sender import Client
    from runner.progress.convex.target import ConvexTarget

_WAIT = 240.0  # seconds at most for what takes a few, on a machine with much else to do
ODD_TEXTS = ("plain", "tab\there", "grüße 👋", "half a pair: \ud83d", 'quoted "\\" text', "line\nbreak", "")


def made_up_events(rng: random.Random, tasks: int = 3, tables: int = 10) -> list[Event]:
    """Return the events of a whole run with occasional failures."""
    events: list[Event] = [run_started(at=at(0))]
    names = [f"t{number}" for number in range(tables)]
    ids = [f"task-{number}" for number in range(tasks)]
    events += [task_added(task_id, names, priority=1 + 3 * number % 10, at=at(1)) for number, task_id in enumerate(ids)]
    clock = 2.0
    for task_id in ids:
        events.append(TaskStarted(task_id=task_id, at=at(clock)))
        lives = [_life(rng, task_id, table) for table in names]
        while lives:
            life = rng.choice(lives[:5])
            clock += 0.01
            events.append(replace(life.pop(0), at=at(clock)))
            lives = [each for each in lives if each]
        events.append(TaskEnded(task_id=task_id, status=TaskStatus.FAILED, error="some failed", at=at(clock)))
    events.append(RunEnded(status=RunStatus.FAILED, exit_code=1, at=at(clock + 1)))
    return events


def _life(rng: random.Random, task_id: str, table: str) -> list[Event]:
    """Return the events of one sub-task; their times are set later."""
    subtask_id = f"{task_id}/{table}"
    life: list[Event] = []
    tries = rng.choice((1, 1, 1, 2))
    for attempt in range(1, tries + 1):
        life.append(started(task_id, table, attempt=attempt))
        life += [step(task_id, table, number) for number in range(1, len(STEPS) + 1)]
        if rng.random() < 0.3:
            text = rng.choice(ODD_TEXTS)
            life.append(Logged(level="warning", message=text, task_id=task_id, subtask_id=subtask_id))
        if attempt < tries:
            life.append(
                SubTaskRetrying(task_id=task_id, subtask_id=subtask_id, attempt=attempt, error="disk", delay=0.5)
            )
    status = rng.choice((SubTaskStatus.DONE, SubTaskStatus.DONE, SubTaskStatus.FAILED))
    return [*life, ended(task_id, table, status, attempt=tries)]


def recorded_run(run_id: str = "p", seed: int = 0) -> list[Recorded]:
    """Return a random run as a store would contain it."""
    events = made_up_events(random.Random(seed))
    return [Recorded(run_id=run_id, seq=seq, event=event) for seq, event in enumerate(events, 1)]


class Played:
    """A run in progress: post its events, then `finish`."""

    def __init__(
        self,
        state: Path,
        target: ConvexTarget,
        connect: Callable[[ConvexTarget], Client] | None = None,
    ) -> None:
        self.state = state
        self.run_id = str(uuid.uuid4())
        self.warnings: list[str] = []
        self.sink = ConvexSink(target, state, connect=connect)
        self._store = SqliteStore(state)
        self._store.outboxes = (SINK,)
        self._reporter = Reporter(self._store, [self.sink], run_id=self.run_id, on_failure=self._failed)
        self.sink.attach(self._reporter.acknowledge, self.warnings.append)
        self._reporter.start()

    def post(self, events: Iterable[Event], seconds: float = 0.0) -> None:
        """Post events, evenly distributed over some seconds."""
        events = list(events)
        begin = time.monotonic()
        for number, event in enumerate(events):
            self._reporter.post(event)
            ahead = begin + seconds * number / len(events) - time.monotonic()
            if ahead > 0.002:
                time.sleep(ahead)

    def flush(self) -> None:
        assert self._reporter.flush(_WAIT)

    def finish(self) -> str | None:
        """End the run as the command line does; return the notice about unsent events, if any."""
        assert self._reporter.close(_WAIT)
        for run_id, seq in self.sink.drain().items():
            self._store.acknowledge(SINK, run_id, seq)
        self._store.close()
        return self.sink.unsent_notice()

    def _failed(self, error: Exception) -> None:
        self.warnings.append(f"store: {error}")
