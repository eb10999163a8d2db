"""What must hold after any fault: nothing lost, duplicated, torn or hung, and no leftovers."""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from runner.generation.workspace.file_locks import FileLockManager
from runner.generation.workspace.plan_lock import PlanLock
from runner.generation.workspace.runner_folder import file_name
from runner.progress.stores.state_reader import StateReader
from runner.records.errors import AlreadyRunningError
from runner.records.events import Logged, RunEnded, SubTaskEnded, SubTaskStarted, SubTaskStep, TaskEnded
from tests.integration.command import Folder, make_folder
from tests.integration.jobs import alive, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Collection
    from pathlib import Path

_WANTED = os.environ.get("RUNNER_FAULTS", "short")  # or "long", or a number of repetitions
LONG = _WANTED == "long"
LOCK_WAIT = 2.0  # seconds; the lock of a dead process is free at once
END_WAIT = 2.0  # seconds that a process may outlive its parent
_MARK = "RUNNER_FAULT_MARK"  # in the environment of all processes of one test's commands


def times(short: int, long: int) -> range:
    """Return the seeds of the repetitions: few in `make test`, many in `make faults`, or as many as are asked for."""
    if _WANTED.isdecimal():
        return range(min(long, int(_WANTED)))
    return range(long if LONG else short)


@dataclass(kw_only=True)
class Tally:
    """The problems found, by kind; all lists must stay empty."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether no problem was found."""
        return not (self.lost or self.doubled or self.torn or self.left)

    def counts(self) -> dict[str, int]:
        """Return the number of problems, by kind."""
        return {kind: len(found) for kind, found in asdict(self).items()}


def look_at_events(tally: Tally, state: Path, run_id: str, subtasks: set[str], *, cancelled: bool = False) -> None:
    """Every sub-task ends exactly once, after it started, and the run last; the steps of an attempt never go backwards.

    In a `cancelled` run only started sub-tasks must end; for a task that never started, only the task itself ends.
    """
    with StateReader.open(state) as reader:
        recorded = list(reader.events(run_id))
    if [one.seq for one in recorded] != list(range(1, len(recorded) + 1)):
        tally.lost.append("a number in the line of events")
    events = [one.event for one in recorded]
    last = [event for event in events if not isinstance(event, Logged)][-1:]  # a sink may log something at the end
    if not last or not isinstance(last[0], RunEnded):
        tally.lost.append("the end of the run")
    ends = Counter(event.subtask_id for event in events if isinstance(event, SubTaskEnded))
    begun = {event.subtask_id for event in events if isinstance(event, SubTaskStarted)}
    tally.lost += sorted((begun if cancelled else subtasks) - set(ends))
    tally.doubled += sorted(name for name, count in ends.items() if count > 1)
    tasks = Counter(event.task_id for event in events if isinstance(event, TaskEnded))
    tally.lost += sorted({name.partition("/")[0] for name in subtasks} - set(tasks))
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


def look_at_files(
    tally: Tally,
    workspace: Path,
    expected: dict[str, str],
    *,
    absent: Collection[str] = (),
    noted: Collection[str] = (),
) -> None:
    """The files are those of an undisturbed run, each whole; no temp file, no intent and no claim is left.

    Those `absent` may be missing, after a run that was cut short; the intents `noted` may be there.
    """
    for name, text in expected.items():
        path = workspace / name
        if not path.is_file():
            tally.lost += [] if name in absent else [name]
        elif path.read_text() != text:
            tally.torn.append(name)
    names = {str(path.relative_to(workspace)) for path in workspace.rglob("*") if path.is_file()}
    tally.left += sorted(name for name in names if name.endswith(".runner-tmp"))
    tally.left += sorted(
        name for name in names if name.startswith((".runner/intents/", ".runner/claims/")) and name not in noted
    )
    tally.left += sorted(names - set(expected) - {name for name in names if name.startswith(".runner/")})


def look_at_locks(tally: Tally, workspace: Path, expected: dict[str, str]) -> None:
    """Every lock can be acquired."""
    manager = FileLockManager(workspace)
    for name in expected:
        try:
            with manager.hold(name, timeout=LOCK_WAIT):
                pass
        except TimeoutError as error:
            tally.left.append(f"the lock of {name}: {error}")


def until_gone(processes: list[psutil.Process], seconds: float = END_WAIT) -> None:
    """Wait until processes have ended; fail the test if one is still running after `seconds`."""
    until(lambda: not alive(processes), "the end of its processes", seconds)


class Scene:
    """A folder for commands, whose processes are found by a mark in their environment, in any session.

    The acting agents run `tasks` tasks of `tables` tables each; `expected` is the output of an undisturbed run.
    """

    def __init__(self, path: Path, tasks: int, tables: int) -> None:
        ddl = "".join(f"CREATE TABLE t{number} (id int PRIMARY KEY);\n" for number in range(tables))
        self.folder: Folder = make_folder(path, ddl)
        self.subtasks = {f"task-{task}/t{table}" for task in range(tasks) for table in range(tables)}
        self.expected = {f"task-{task}/t{table}.txt": f"t{table}\n" for task in range(tasks) for table in range(tables)}
        self.env = {_MARK: uuid.uuid4().hex}

    @property
    def state(self) -> Path:
        """The folder that keeps the state of its runs."""
        return self.folder.path / ".runner"

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start a command."""
        return self.folder.start(*arguments, **self.env, **env)

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command until it ends."""
        return self.folder.run(*arguments, largest_file=None, **self.env, **env)

    def report(self, name: str = "report.json") -> dict[str, Any]:
        """Return the report written by `--json`."""
        report: dict[str, Any] = json.loads((self.folder.path / name).read_text())
        return report

    def written(self) -> int:
        """Return how many files have been generated so far."""
        return sum(1 for _ in self.folder.workspace.rglob("t*.txt"))

    def processes(self) -> list[psutil.Process]:
        """Return all running processes that its commands started, regardless of session and parent."""
        found = []
        for one in psutil.process_iter():
            try:
                if one.environ().get(_MARK) == self.env[_MARK]:
                    found.append(one)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return alive(found)

    def until_all_gone(self) -> None:
        """Wait until every process of its commands has ended; raise `HungError` if one does not."""
        until(lambda: not self.processes(), "the end of its processes", END_WAIT)

    def look(
        self,
        tally: Tally,
        run: dict[str, Any],
        *,
        lacking: frozenset[str] = frozenset(),
        unrecorded: frozenset[str] = frozenset(),
        cancelled: bool = False,
    ) -> None:
        """Check everything after a run that ended by itself; `run` is its report.

        Sub-tasks in `lacking` failed and have no file. Sub-tasks in `unrecorded` may have failed after their file was
        written: it is complete or absent.
        """
        self.until_all_gone()
        may_lack = {name for name in self.expected if cancelled or name.removesuffix(".txt") in unrecorded}
        expected = {name: text for name, text in self.expected.items() if name.removesuffix(".txt") not in lacking}
        look_at_events(tally, self.state, run["run"]["id"], self.subtasks, cancelled=cancelled)
        noted = {
            f".runner/intents/{file_name(name)}.json" for name in lacking | unrecorded
        }  # for the next run: what it may overwrite
        look_at_files(tally, self.folder.workspace, expected, absent=may_lack, noted=noted)
        look_at_locks(tally, self.folder.workspace, expected)
        self._look_at_plan_locks(tally)

    def look_at_mended(self, tally: Tally, plan: str = "plan.yaml") -> None:
        """Run the plan again: all sub-tasks are done, and no trace of the fault is left."""
        again = self.run(plan, "--json", "again.json")
        assert again.returncode == 0, again.stdout + again.stderr
        report = self.report("again.json")
        assert {one["status"] for task in report["tasks"] for one in task["subtasks"]} == {"done"}
        self.look(tally, report)

    def _look_at_plan_locks(self, tally: Tally) -> None:
        locks = self.folder.workspace / ".runner" / "locks"
        tally.left += [path.name for path in locks.glob("plan-*.json")]
        for plan in self.folder.path.glob("*.yaml"):
            try:
                with PlanLock(self.folder.workspace, plan):
                    pass
            except AlreadyRunningError as error:
                tally.left.append(str(error))


MakeScene = Callable[[int, int], Scene]  # arguments: number of tasks, number of tables of each
