"""The lock that keeps two runs of one plan apart, wherever they are started from.

Held by the supervisor for as long as it runs, and freed by its death. It lies in the workspace, keyed by the
plan's real path, so that cron and a person in another folder meet it. Beside the lock file lies a note on who
holds it; the note is for the message only, and one that a dead run left behind means nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from fasteners import InterProcessLock

from runner.generation.workspace.atomic_files import cannot, replace_file
from runner.generation.workspace.runner_folder import LOCKS_FOLDER, prepare, runner_folder
from runner.records.errors import AlreadyRunningError, WorkspaceError
from runner.records.process_identity import is_gone, own_mark

_POLL = 0.1  # seconds between looks while waiting for another run to end
_held_here: set[str] = set()  # lock files that this process holds: the file lock alone would let it in twice
_guard = threading.Lock()


def _start_anew() -> None:
    global _guard  # noqa: PLW0603 - the fork may have come while another thread held it
    _guard = threading.Lock()
    _held_here.clear()


os.register_at_fork(after_in_child=_start_anew)


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

    def __init__(self, workspace: Path, plan: Path) -> None:
        self.workspace = workspace
        self.plan = plan
        key = hashlib.sha256(os.fsencode(os.path.realpath(plan))).hexdigest()[:16]
        folder = runner_folder(workspace, LOCKS_FOLDER)
        self._path = os.path.realpath(folder / f"plan-{key}.lock")
        self._note = folder / f"plan-{key}.json"
        self._lock = InterProcessLock(self._path)
        self._acquired = False

    def acquire(self, timeout: float = 0.0) -> None:
        """Take the lock, waiting up to `timeout` seconds for another run to end.

        Raises:
            AlreadyRunningError: another run has it; the message names its process, host and start.
            WorkspaceError: the workspace cannot be locked.

        """
        prepare(self.workspace)
        deadline = time.monotonic() + timeout
        while not self._try():
            left = deadline - time.monotonic()
            if left <= 0:
                raise AlreadyRunningError(self._describe())
            time.sleep(min(_POLL, left))
        note = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started_at": datetime.now(UTC).isoformat(timespec="microseconds"),
            "mark": own_mark(),
        }
        try:
            replace_file(self._note, json.dumps(note).encode())
        except OSError as error:
            self.release()
            raise cannot("write it", self._note, error) from error

    def is_in_place(self) -> bool:
        """Whether the lock is where others look for it: it is not once the workspace was removed or replaced."""
        try:
            return os.path.samestat(Path(self._path).stat(), os.fstat(self._lock.lockfile.fileno()))
        except OSError:
            return False

    def release(self) -> None:
        """Let the next run begin. Does nothing when the lock is not held."""
        with _guard:
            if not self._acquired:
                return
            self._acquired = False
            with contextlib.suppress(OSError):
                self._note.unlink()
            _held_here.discard(self._path)
            self._lock.release()

    def holder(self) -> Holder | None:
        """Return who holds the lock, as far as a living holder has noted it."""
        try:
            note = json.loads(self._note.read_bytes())
            if is_gone(note["mark"]):
                return None
            return Holder(pid=int(note["pid"]), host=str(note["host"]), started_at=str(note["started_at"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None  # not noted yet, or by no hand of ours

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

    def _try(self) -> bool:
        with _guard:
            if self._path in _held_here:
                return False
            try:
                got = bool(self._lock.acquire(blocking=False))
            except OSError as error:
                raise cannot("use the lock file", self._path, error) from error
            except threading.ThreadError as error:  # the library's word for what fcntl refuses
                raise WorkspaceError(f"{self._path}: {error}. Put the workspace on a file system with locks") from error
            if got:
                _held_here.add(self._path)
                self._acquired = True
            elif self._lock.lockfile is not None:
                self._lock.lockfile.close()  # the library leaves it open when it gives up
            return got

    def _describe(self) -> str:
        holder = self.holder() or "another process"
        return (
            f"{self.plan}: this plan is already being run by {holder}. "
            "Wait for it to end, or cancel it with `runner cancel`"
        )
