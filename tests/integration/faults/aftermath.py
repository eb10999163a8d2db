"""What must hold after a fault, whatever it was: nothing lost, doubled, torn or hung, and nothing left behind."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from runner.events import SubTaskEnded, SubTaskStarted, SubTaskStep, TaskEnded
from runner.stores.reader import StateReader
from runner.workspace.locks import FileLockManager
from tests.integration.jobs import until

if TYPE_CHECKING:
    from pathlib import Path

LONG = os.environ.get("RUNNER_FAULTS") == "long"
LOCK_WAIT = 2.0  # seconds; a lock that died with its process is free at once


def times(short: int, long: int) -> range:
    """Return the seeds of the repetitions: few in `make test`, many in `make faults`."""
    return range(long if LONG else short)


@dataclass(kw_only=True)
class Tally:
    """What was found wrong, by kind; all of it must stay empty."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing was wrong."""
        return not (self.lost or self.doubled or self.torn or self.left)


def look_at_events(tally: Tally, state: Path, run_id: str, subtasks: set[str]) -> None:
    """Every sub-task ends exactly once, after it started; a sub-task's steps never go back within a try."""
    with StateReader.open(state) as reader:
        recorded = list(reader.events(run_id))
    if [one.seq for one in recorded] != list(range(1, len(recorded) + 1)):
        tally.lost.append("a number in the line of events")
    events = [one.event for one in recorded]
    ends = Counter(event.subtask_id for event in events if isinstance(event, SubTaskEnded))
    tally.lost += sorted(subtasks - set(ends))
    tally.doubled += sorted(name for name, count in ends.items() if count > 1)
    tasks = Counter(event.task_id for event in events if isinstance(event, TaskEnded))
    tally.doubled += sorted(name for name, count in tasks.items() if count > 1)
    step: dict[str, int] = {}
    for event in events:
        match event:
            case SubTaskStarted():
                step[event.subtask_id] = 1
            case SubTaskStep():
                if event.step < step.get(event.subtask_id, 99):
                    tally.torn.append(f"the order of {event.subtask_id}")
                step[event.subtask_id] = event.step
            case SubTaskEnded():
                step.pop(event.subtask_id, None)
            case _:
                pass


def look_at_files(tally: Tally, workspace: Path, expected: dict[str, str]) -> None:
    """The files are those of an undisturbed run, each whole; no temp file, no intent and no claim is left."""
    for name, text in expected.items():
        path = workspace / name
        if not path.is_file():
            tally.lost.append(name)
        elif path.read_text() != text:
            tally.torn.append(name)
    names = {str(path.relative_to(workspace)) for path in workspace.rglob("*") if path.is_file()}
    tally.left += sorted(name for name in names if name.endswith(".runner-tmp"))
    tally.left += sorted(name for name in names if name.startswith((".runner/intents/", ".runner/claims/")))
    tally.left += sorted(names - set(expected) - {name for name in names if name.startswith(".runner/")})


def look_at_locks(tally: Tally, workspace: Path, expected: dict[str, str]) -> None:
    """Every lock can be had."""
    manager = FileLockManager(workspace)
    for name in expected:
        try:
            with manager.hold(name, timeout=LOCK_WAIT):
                pass
        except TimeoutError as error:
            tally.left.append(f"the lock of {name}: {error}")


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return those that still run; one that waits for its parent to notice does not."""
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def until_gone(processes: list[psutil.Process], seconds: float) -> None:
    """Wait for processes to have ended; fail the test when one outlives `seconds`."""
    until(lambda: not alive(processes), "the end of its processes", seconds)
