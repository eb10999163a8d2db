"""What an agent is: it is given a context and returns files; it never opens one for writing.

Runs in a worker process, in one of its sub-task threads. Subclass `Agent` for a kind of your own and name it in a
plan as `agent: package.module:ClassName`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from runner.ddl.model import Schema, Table
from runner.generation.model.application import Application
from runner.records.errors import Cancelled

Mode = Literal["generated", "once"]


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A file that an agent wants: `path` relative to the workspace, with `/`.

    `once` files are written only where absent: they are the user's to change. `executable` sets the mode bits.
    """

    path: str
    text: str
    mode: Mode = "generated"
    executable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """How what an agent has made is started: `what` by a shell `command` in a `folder` of the workspace."""

    folder: str
    command: str
    what: str = "it"


def _no_progress(step: int, message: str) -> None:
    del step, message


def _never_cancelled() -> bool:
    return False


def _nothing_there(folder: str) -> Mapping[str, str]:
    del folder
    return {}


@dataclass(frozen=True, kw_only=True)
class AgentContext:
    """What an agent is given for one sub-task. `table` is None for a set-up agent.

    `templates` is the user's own template folder, searched before the agent's. `memory` is what the agent wanted to be
    remembered when this sub-task was last done (see `Agent.remember`), None before. `present` returns the text files
    that lie in a folder of the workspace, by name; those of a try that never ended are not among them. `shared` is the
    application of the schema, for contexts of one schema to share; without it each makes its own.
    """

    schema: Schema
    table: Table | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    templates: Path | None = None
    memory: Any = None
    present: Callable[[str], Mapping[str, str]] = _nothing_there
    shared: Application | None = None
    report: Callable[[int, str], None] = _no_progress
    cancelled: Callable[[], bool] = _never_cancelled

    @cached_property
    def application(self) -> Application:
        """The application that the schema describes."""
        return self.shared or Application(self.schema)

    def progress(self, step: int, message: str) -> None:
        """Report that step `step` (from 1 to the agent's `total_steps`) has begun."""
        self.check_cancelled()
        self.report(step, message)

    def check_cancelled(self) -> None:
        """Raise `Cancelled` once the sub-task was told to stop; call it between the parts of a long work."""
        if self.cancelled():
            raise Cancelled("told to stop")


class Agent(ABC):
    """One kind of agent. A class is instantiated once a worker and used from several threads: keep no state in it.

    `start` is shown at the end of a run that did all of the kind's task.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    per_table: ClassVar[bool] = True
    total_steps: ClassVar[int] = 5
    start: ClassVar[Start | None] = None

    def warm(self) -> None:  # noqa: B027 - most agents have nothing to load ahead
        """Load ahead what `generate` needs. Called once, in the process that workers are forked from."""

    @abstractmethod
    def generate(self, ctx: AgentContext) -> Iterable[GeneratedFile]:
        """Return the files of one sub-task. Same context, same bytes."""

    def remember(self, ctx: AgentContext) -> Any:
        """Return what this sub-task is to be given as `ctx.memory` next time, as JSON types; None for nothing.

        It is kept in the manifest, together with the record of the files: a try that fails or dies changes neither.
        Same context, same value.
        """
        del ctx
