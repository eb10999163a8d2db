"""How a sub-task reaches the workspace: directly, or by requests to the process that has it.

A worker uses `DirectAccess` where it shares a file system with the supervisor. A worker of a cluster that does not
uses `RemoteAccess`: each call becomes a message to the supervisor, which answers it with a `DirectAccess` of its own.
So the same code decides on both sides what is up to date and what is written.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from runner.execution.worker_protocol import Answered, Asked, Examine, ListFolder, SentFile, Workpiece, WriteFiles
from runner.generation.workspace.file_locks import FileLockManager
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.present_files import present_files
from runner.generation.workspace.writer import Change, WorkspaceWriter, WriteReport
from runner.records import errors
from runner.records.errors import WorkspaceError, is_retryable
from runner.records.task import SETUP_PIECE, Merging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from runner.generation.workspace.writer import Wanted
    from runner.records.task import TaskSpec

MAX_SENT = 1 << 26  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What the workspace has of a sub-task.

    `files` is how many files it has if there is nothing to do, else 0. `memory` is what its agent remembered when it
    was last completed. `warnings` are about records that cannot be read.
    """

    files: int
    memory: Any
    warnings: tuple[str, ...]


class WorkspaceAccess(Protocol):
    """What a sub-task may do with the workspace. Thread-safe. `asks` is whether `write` sends a message."""

    asks: bool

    def prepare(self, works: Iterable[Workpiece], part_digest: Callable[[Workpiece], str]) -> None:
        """Tell which attempts come next. `part_digest` returns the digest of the part of a table."""

    def examine(self, work: Workpiece, part_digest: Callable[[], str]) -> Examined:
        """Return what the workspace has of a sub-task. `part_digest` returns the digest of the part of its table."""

    def present(self, work: Workpiece, folder: str) -> Mapping[str, str]:
        """Return the text files right in a folder by name; see `present_files`."""

    def write(
        self, work: Workpiece, files: Sequence[Wanted], part_digest: str, memory: Any, former: Sequence[str] = ()
    ) -> WriteReport:
        """Write the files of a sub-task and record them; see `WorkspaceWriter.write`."""


class DirectAccess:
    """The workspace of a task, in the file system of this process. See `WorkspaceAccess`."""

    asks = False

    def __init__(
        self,
        task: TaskSpec,
        run_id: str,
        *,
        force: bool = False,
        check: bool = False,
        diff: bool = False,
        merging: Merging = Merging(),
    ) -> None:
        self._task = task
        self._force = force
        self._manifest = Manifest(task.workspace)
        self._writer = WorkspaceWriter(
            task.workspace,
            FileLockManager(task.workspace),
            self._manifest,
            run_id,
            force=force,
            check=check,
            diff=diff,
            merging=merging,
        )

    def prepare(self, works: Iterable[Workpiece], part_digest: Callable[[Workpiece], str]) -> None:
        """Do nothing: each attempt looks for itself."""

    def examine(self, work: Workpiece, part_digest: Callable[[], str]) -> Examined:
        """Compare the files with their record, and read that where there is something to do."""
        task, piece = self._task, _piece(work)
        files = 0
        if not self._force:
            found = self._manifest.up_to_date(task.id, (piece,), task.inputs_digest, lambda _: part_digest())
            files = found.get(piece, 0)
        record = None if files else self._manifest.load(task.id, piece)
        return Examined(
            files=files,
            memory=record.memory if record is not None and record.agent == task.agent else None,
            warnings=self._manifest.take_warnings(),
        )

    def present(self, work: Workpiece, folder: str) -> Mapping[str, str]:
        """Read the files."""
        return present_files(self._task.workspace, self._manifest, self._task.id, _piece(work), folder)

    def write(
        self, work: Workpiece, files: Sequence[Wanted], part_digest: str, memory: Any, former: Sequence[str] = ()
    ) -> WriteReport:
        """Write the files."""
        return self._writer.write(
            work.subtask.id,
            files,
            self._task.inputs_digest,
            part_digest=part_digest,
            agent=self._task.agent,
            memory=memory,
            former=former,
        )

    def answer(self, asked: Asked) -> Answered:
        """Do what a worker's `RemoteAccess` asks for, and return the result or the error as its message has it."""
        try:
            return Answered(number=asked.number, value=self._answer(asked.works, asked.request))
        except WorkspaceError as error:
            return Answered(number=asked.number, error=(type(error).__name__, str(error), is_retryable(error)))
        except Exception as error:  # noqa: BLE001 - it fails the sub-task, as it does where the worker writes itself
            text = f"{type(error).__name__}: {error}"
            return Answered(number=asked.number, error=(WorkspaceError.__name__, text, is_retryable(error)))

    def _answer(self, works: Sequence[Workpiece], request: Examine | ListFolder | WriteFiles) -> tuple[Any, ...]:
        work = works[0]
        match request:
            case Examine(part_digests=digests):
                found = (self.examine(*each) for each in zip(works, map(_returning, digests), strict=True))
                return tuple((examined.files, examined.memory, examined.warnings) for examined in found)
            case ListFolder(folder=folder):
                return (dict(self.present(work, folder)),)
            case WriteFiles():
                written = self.write(work, request.files, request.part_digest, request.memory, request.former)
                return written.counts, tuple(tuple(change) for change in written.changes), written.diffs


class RemoteAccess:
    """The workspace of a task that another process has. See `WorkspaceAccess`.

    `send` sends an `Asked` there; `answered` takes the answers, in another thread. Calls wait for them: where that
    process is lost, this one is ended.
    """

    asks = True

    def __init__(self, send: Callable[[Asked], None]) -> None:
        self._send = send
        self._numbers = itertools.count()
        self._guard = threading.Lock()
        self._waiting: dict[int, Future[Any]] = {}
        self._examined: dict[tuple[str, int], Examined] = {}  # in advance, by id and attempt

    def prepare(self, works: Iterable[Workpiece], part_digest: Callable[[Workpiece], str]) -> None:
        """Ask for the records of attempts that come next, at once: one by one, each would wait for its answer."""
        digests: dict[Workpiece, str] = {}
        for work in works:
            with contextlib.suppress(Exception):  # the attempt fails of it
                digests[work] = part_digest(work)
        self._examined = {}
        with contextlib.suppress(WorkspaceError):  # likewise
            for work, values in zip(digests, self._ask_examine(digests), strict=True):
                self._examined[work.subtask.id, work.attempt] = values

    def examine(self, work: Workpiece, part_digest: Callable[[], str]) -> Examined:
        """Return the record, which is asked for unless it was in advance."""
        known = self._examined.pop((work.subtask.id, work.attempt), None)
        return known or self._ask_examine({work: part_digest()})[0]

    def _ask_examine(self, digests: Mapping[Workpiece, str]) -> list[Examined]:
        if not digests:
            return []
        answers = self._ask(tuple(digests), Examine(part_digests=tuple(digests.values())))
        return [Examined(files=files, memory=memory, warnings=warnings) for files, memory, warnings in answers]

    def present(self, work: Workpiece, folder: str) -> Mapping[str, str]:
        """Ask for the files."""
        found: Mapping[str, str]
        (found,) = self._ask((work,), ListFolder(folder=folder))
        return found

    def write(
        self, work: Workpiece, files: Sequence[Wanted], part_digest: str, memory: Any, former: Sequence[str] = ()
    ) -> WriteReport:
        """Send the files and wait until they are written: what is not written yet is bounded by the threads."""
        sent = tuple(
            SentFile(path=file.path, text=file.text, mode=file.mode, executable=file.executable) for file in files
        )
        size = sum(len(file.text) for file in sent)
        if size > MAX_SENT:
            raise WorkspaceError(f"{size:,} characters: at most {MAX_SENT:,} of a sub-task are sent to the supervisor")
        counts, changes, diffs = self._ask(
            (work,), WriteFiles(files=sent, part_digest=part_digest, memory=memory, former=tuple(former))
        )
        return WriteReport(counts=counts, changes=tuple(Change(*change) for change in changes), diffs=diffs)

    def answered(self, answer: Answered) -> None:
        """Pass an answer to the thread that waits for it."""
        with self._guard:
            future = self._waiting.pop(answer.number, None)
        if future is None:
            return
        if answer.error is None:
            future.set_result(answer.value)
        else:
            future.set_exception(_restored(*answer.error))

    def _ask(self, works: tuple[Workpiece, ...], request: Examine | ListFolder | WriteFiles) -> Any:
        future: Future[Any] = Future()
        with self._guard:
            number = next(self._numbers)
            self._waiting[number] = future
        self._send(Asked(number=number, works=works, request=request))
        return future.result()


def _restored(name: str, text: str, retryable: bool) -> WorkspaceError:  # noqa: FBT001 - values of a message
    kind = getattr(errors, name, None)
    error = (kind if isinstance(kind, type) and issubclass(kind, WorkspaceError) else WorkspaceError)(text)
    if retryable:
        error.__cause__ = OSError(text)  # as where it was raised
    return error


def _returning(digest: str) -> Callable[[], str]:
    return lambda: digest


def _piece(work: Workpiece) -> str:
    return work.subtask.table or SETUP_PIECE
