"""`runner PLAN --watch`: runs a plan, and again whenever a file that it depends on was saved.

Each run is a process of its own, with the same options. So it imports the agents as they are now, is recorded as any
other run, and a run after a change leaves what a fresh run would leave. This process only watches folders: not files,
because an editor that replaces a file would leave the watch on the old one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runner.command.interruption import Interruption
from runner.execution.parent_death import die_with_parent
from runner.plan.input_files import InputFiles, PlanInputs
from runner.plan.yaml_file import read_bytes
from runner.progress.reports.text_layout import count, shown_path
from runner.records.errors import MissingExtraError, RunnerError

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

OPTION = "--watch"
_QUIET_MS = 150  # without another change, until a run starts: a tool may still be writing
_LONGEST_MS = 800  # from the first change until a run starts, however many follow
_NAMED = 3  # changed files in a message; of more, their number
_FOREVER = 0  # for RustNotify.watch

Say = Callable[[str], object]


class WatchLimitError(RunnerError):
    """The system does not let this process watch the folders."""


def watch_plan(plan: Path, command: Sequence[str], say: Say) -> int:
    """Run a plan now and after each change of its inputs, until a signal comes; return the exit code for that.

    `command` runs the plan once; `say` is called with what is being waited for. Raises `MissingExtraError` without the
    extra `watch`, `PlanError` where there is no plan, and `WatchLimitError`.
    """
    try:
        import watchfiles  # noqa: F401, PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError(OPTION, "watch") from error
    read_bytes(plan)
    watched = _WatchedPlan(PlanInputs(plan), command, say)
    interruption = Interruption(watched)
    watched.interruption = interruption
    with interruption.watch():
        watched.run()
    return 128 + (interruption.signal or signal.SIGINT)


def command_of_one_run(command: Sequence[str]) -> list[str]:
    """Return the command of this process without `--watch`, to be run by the same interpreter."""
    return [sys.executable, *(argument for argument in command[1:] if argument != OPTION)]


class _WatchedPlan:
    """Waits, compares and runs, in the main thread; `cancel` and `kill` are called by signal handlers."""

    interruption: Interruption

    def __init__(self, inputs: PlanInputs, command: Sequence[str], say: Say) -> None:
        self._inputs = inputs
        self._command = command
        self._say = say
        self._ended = threading.Event()
        self._run: subprocess.Popen[bytes] | None = None

    def cancel(self, *, reason: str) -> None:
        del reason
        self._ended.set()
        self._forward()

    def kill(self, reason: str) -> None:
        del reason
        self._forward()

    def _forward(self) -> None:
        if self._run is not None and self.interruption.signal is not None:
            self._run.send_signal(self.interruption.signal)

    def run(self) -> None:
        """Run the plan, and again after changes, until `cancel` is called.

        What changes before the watch begins is found by the comparison after it, what changes later by the watch.
        """
        before: InputFiles | None = None
        announced = False
        while not self._ended.is_set():
            try:
                watch = _watch(self._inputs.find().folders)
            except FileNotFoundError:  # a folder was removed just now
                continue
            with watch:
                now = self._inputs.find()
                changed = () if before is None else now.changed_since(before)
                if before is None or changed:
                    self._run_once(changed)
                    before, announced = now, False
                elif not announced:
                    self._announce(now)
                    announced = True
                watch.watch(_LONGEST_MS, _QUIET_MS, _FOREVER if announced else _QUIET_MS, self._ended)

    def _run_once(self, changed: Sequence[Path]) -> None:
        if changed:
            self._say(f"{_named(changed)} changed")
        # In a group of its own: a terminal sends Ctrl-C to this process only, which passes it on.
        self._run = subprocess.Popen(self._command, process_group=0, preexec_fn=die_with_parent)  # noqa: PLW1509, S603 - no thread of Python's runs yet
        if self._ended.is_set():  # a signal came before there was a process to send it to
            self._forward()
        code = self._run.wait()
        self._run = None
        if code < 0 and not self._ended.is_set():
            self._say(f"the run was ended by {signal.Signals(-code).name}")

    def _announce(self, inputs: InputFiles) -> None:
        files = sum(digest is not None for digest in inputs.digests.values())
        self._say(f"waiting for a change of {count(files, 'file')}; Ctrl-C ends this")


def _named(files: Sequence[Path]) -> str:
    if len(files) > _NAMED:
        return f"{len(files)} files"
    here = Path.cwd()
    return ", ".join(shown_path(file, here) for file in files)


def _watch(folders: frozenset[Path]) -> RustNotify:
    """Begin to watch folders, but not what is in the folders inside them."""
    from watchfiles._rust_notify import RustNotify  # noqa: PLC0415 - an extra

    paths = sorted(map(str, folders))
    polling = bool(os.environ.get("WATCHFILES_FORCE_POLLING"))  # the library's own variable
    try:
        return RustNotify(paths, False, polling, 300, False, True)  # noqa: FBT003 - takes no keywords
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError) as error:
        raise WatchLimitError(
            f"{len(paths)} folders cannot be watched: {error}. A higher fs.inotify.max_user_watches or "
            "fs.inotify.max_user_instances may allow it, or set WATCHFILES_FORCE_POLLING=1"
        ) from error
