"""The interface of agents: an agent gets a context and returns files; it never writes one itself.

Runs in a worker process, in one of its sub-task threads. Subclass `Agent` for a kind of your own and name it in a
plan as `agent: package.module:ClassName`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from runner.ddl.model import Schema, Table
from runner.generation.model.application import Application
from runner.generation.model.column_roles import NO_ROLES, column_roles
from runner.records.errors import AgentError, Cancelled

if TYPE_CHECKING:
    from runner.generation.model.table_part import TablePart
    from runner.generation.start_command import Start

Mode = Literal["generated", "once"]
_HIGHEST_STEP = 1_000_000  # fits in every store


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A file to be written: `path` is relative to the workspace, with `/`.

    A `once` file is written only if it is absent; from then on it belongs to the user. `executable` sets the mode bits.
    """

    path: str
    text: str
    mode: Mode = "generated"
    executable: bool = False


def _no_progress(step: int, message: str) -> None:
    del step, message


def _never_cancelled() -> bool:
    return False


def _nothing_there(folder: str) -> Mapping[str, str]:
    del folder
    return {}


@dataclass(frozen=True, kw_only=True)
class AgentContext:
    """The input of one sub-task. `table` is None for a set-up agent.

    `templates` is the user's own template folder, searched before the agent's. `memory` is what `Agent.remember`
    returned when this sub-task was last completed, None before. `present` maps the names of the text files in a folder
    of the workspace to their texts, without the files of an attempt that never ended. `shared` is the application of
    the schema, which contexts of one schema share; a context without it makes its own.
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
        application = self.shared or Application(self.schema)
        roles = column_roles(self.options)
        return application if roles == NO_ROLES else application.with_roles(roles)

    @cached_property
    def part(self) -> TablePart:
        """The table with what it needs of the other ones.

        Raises:
            AgentError: the sub-task has no table.

        """
        if self.table is None:
            raise AgentError("this kind of agent works on one table and was given none")
        return self.application.part(self.table.name)

    def progress(self, step: int, message: str) -> None:
        """Report that step `step` (1 to the agent's `total_steps`) has begun. Raises `Cancelled` like the check.

        Raises:
            TypeError: `step` is no whole number, or `message` is no text.
            ValueError: `step` is negative or larger than 1,000,000.

        """
        if not isinstance(step, int) or not isinstance(message, str):
            raise TypeError(f"progress(step, message) takes a whole number and a text, not {step!r} and {message!r}")
        if not 0 <= step <= _HIGHEST_STEP:
            raise ValueError(f"progress: step {step} is not between 0 and {_HIGHEST_STEP:,}")
        self.check_cancelled()
        self.report(step, message)

    def check_cancelled(self) -> None:
        """Raise `Cancelled` if the sub-task is to stop; call it between the parts of long work."""
        if self.cancelled():
            raise Cancelled("told to stop")


class Agent(ABC):
    """One kind of agent. A worker makes one instance and uses it from several threads: keep no state in it.

    `start` is shown at the end of a run that completed the kind's task.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    per_table: ClassVar[bool] = True
    total_steps: ClassVar[int] = 5
    start: ClassVar[Start | None] = None

    @abstractmethod
    def generate(self, ctx: AgentContext) -> Iterable[GeneratedFile]:
        """Return the files of one sub-task: for the same context the same bytes."""

    def remember(self, ctx: AgentContext) -> Any:
        """Return the `ctx.memory` of this sub-task's next run, as JSON types; None for none.

        It is stored in the manifest together with the record of the files: an attempt that fails changes neither.
        The same context gives the same value.
        """
        del ctx
