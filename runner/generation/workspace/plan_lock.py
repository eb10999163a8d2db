"""The lock that keeps two runs of one plan apart, wherever they are started from.

The supervisor holds it as long as it runs; it ends with the process. The lock file is in the workspace and is named
by the plan's real path, so that runs started by cron and from another folder find the same one. A note next to it
names the holder; it is for the message only, and the note of a killed run is ignored.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from runner.generation.workspace.directory import Directory, cannot
from runner.generation.workspace.file_locks import acquire, lock_in
from runner.generation.workspace.runner_folder import LOCKS_FOLDER, prepare
from runner.records.errors import AlreadyRunningError, WorkspaceError
from runner.records.process_identity import is_gone, own_mark, this_host

if TYPE_CHECKING:
    from _typeshed import StrPath


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Who runs a plan: process id, host, and start as ISO 8601 UTC."""

    pid: int
    host: str
    started_at: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, started at {self.started_at}"


class PlanLock:
    """One run at a time of the plan at `plan`, whose files go to `workspace`.

    Use it as a context, or acquire and release it. Excludes other processes, and other locks of the same plan
    in this process.
    """

    def __init__(self, workspace: StrPath, plan: StrPath) -> None:
        self.workspace = Path(workspace)
        self.plan = Path(plan)
        key = hashlib.sha256(os.fsencode(os.path.realpath(plan))).hexdigest()[:16]
        self._root = os.path.realpath(workspace)
        self._note = f"{LOCKS_FOLDER}/plan-{key}.json"
        self._lock_file = f"{LOCKS_FOLDER}/plan-{key}.lock"
        self._lock = lock_in(self._root, self._lock_file)

    def acquire(self, timeout: float = 0.0) -> None:
        """Take the lock, waiting up to `timeout` seconds for another run to end.

        Raises:
            AlreadyRunningError: another run has it; the message names its process, host and start.
            WorkspaceError: the workspace cannot be locked.

        """
        prepare(self.workspace)
        if not acquire(self._lock, timeout):
            raise AlreadyRunningError(self._describe())
        note = {
            "pid": os.getpid(),
            "host": this_host(),
            "started_at": datetime.now(UTC).isoformat(timespec="microseconds"),
            "mark": own_mark(),
        }
        try:
            with Directory(self._root) as workspace:
                workspace.replace(self._note, json.dumps(note).encode())
        except OSError as error:
            self.release()
            raise cannot("write it", f"{self._root}/{self._note}", error) from error

    def is_in_place(self) -> bool:
        """Whether the lock file is still in the workspace: it is not once the workspace was removed or replaced."""
        try:
            with Directory(self._root) as workspace:
                return self._lock.is_on(workspace.status(self._lock_file))
        except OSError:
            return False

    def release(self) -> None:
        """Let the next run begin. Does nothing when the lock is not held."""
        if self._lock.is_held:
            with contextlib.suppress(OSError), Directory(self._root) as workspace:
                workspace.remove(self._note)
            self._lock.release()

    def holder(self) -> Holder | None:
        """Return who holds the lock, if the holder lives and has written its note."""
        try:
            with Directory(self._root) as workspace:
                found = workspace.read(self._note)
            note = json.loads(b"" if found is None else found.data)
            if is_gone(note["mark"]):
                return None
            return Holder(pid=int(note["pid"]), host=str(note["host"]), started_at=str(note["started_at"]))
        except (OSError, WorkspaceError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None  # not written yet, or not by us

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

    def _describe(self) -> str:
        holder = self.holder() or "another process"
        return (
            f"{self.plan}: this plan is already being run by {holder}. "
            "Wait for it to end, or cancel it with `runner cancel`"
        )
