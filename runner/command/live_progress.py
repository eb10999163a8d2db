"""Live progress on Convex for the command line: set up before a run, attached to it, drained after it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runner.progress.convex.target import SINK, ConvexSettingsError, ConvexTarget, choose_target, required_target
from runner.records.errors import PlanError
from runner.records.events import Logged

if TYPE_CHECKING:
    from runner.plan.plan_model import Plan
    from runner.progress.convex.sink import ConvexSink  # noqa: TC004 - slow to import, and a dataclass does not evaluate it
    from runner.progress.convex.sync import Synced
    from runner.progress.reports.console import Console
    from runner.progress.stores.sqlite_store import SqliteStore
    from runner.scheduling.orchestrator import ParallelOrchestrator


@dataclass(slots=True)
class LiveProgress:
    """The Convex side of one run; without a deployment every method does nothing."""

    target: ConvexTarget | None
    warning: str | None
    state: Path
    _sink: ConvexSink | None = field(default=None, init=False)

    @classmethod
    def choose(cls, plan: Plan, state: Path, *, check: bool) -> LiveProgress:
        """Return what the plan and the environment ask for. Raises PlanError where they contradict each other."""
        if check:  # a check leaves no trace, on Convex neither
            return cls(None, None, state)
        try:
            target, warning = choose_target(plan.convex.url, enabled=plan.convex.enabled, environ=os.environ)
        except ConvexSettingsError as error:
            raise PlanError(plan.problem(None, "convex", str(error))) from error
        return cls(target, warning, state)

    def sinks(self, store: SqliteStore) -> list[ConvexSink]:
        """Return the sinks to run with, and have the store keep an outbox for them."""
        if self.target is None:
            return []
        from runner.progress.convex.sink import ConvexSink  # noqa: PLC0415 - for a run with a deployment only

        store.outboxes = (SINK,)
        self._sink = ConvexSink(self.target, self.state)
        return [self._sink]

    def warnings(self) -> list[Logged]:
        """Return the warnings for the beginning of the run."""
        return [] if self.warning is None else [Logged(level="warning", message=self.warning)]

    def attach(self, orchestrator: ParallelOrchestrator) -> None:
        """Connect the sink's callbacks to the run."""
        if self._sink is not None:
            self._sink.attach(
                orchestrator.acknowledge,
                lambda text: orchestrator.note(Logged(level="warning", message=text)),
            )

    def drain(self, store: SqliteStore, console: Console) -> None:
        """Send what waits, for a limited time, and report how much still waits. Call it after the run was closed."""
        if self._sink is None:
            return
        for run_id, seq in self._sink.drain().items():
            store.acknowledge(SINK, run_id, seq)
        if (notice := self._sink.unsent_notice()) is not None:
            console.notice(notice)


def sync_state(state: Path, url: str | None) -> Synced:
    """Send what waits in a state folder. Raises ConvexSettingsError where no deployment is known."""
    target = required_target(url, os.environ)
    from runner.progress.convex.sync import sync  # noqa: PLC0415 - slow to import

    return sync(state, target)
