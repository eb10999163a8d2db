"""A task that can be scheduled, with what it works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.generation.start_command import Start
from runner.records.task import TaskSpec

if TYPE_CHECKING:
    # Slow to import, and a dataclass does not evaluate it.
    from runner.ddl.model import Schema  # noqa: TC004
    from runner.generation.workspace.input_parts import InputParts  # noqa: TC004


@dataclass(frozen=True, kw_only=True)
class Job:
    """A task with its schema, which is read when it is needed. `start` is how what it generates is started.

    `pickle_schema` returns the schema as a worker restores it (`schema_cache.restored`), without reading it if it can.
    `read_parts` returns the parts of the task's inputs, which explain why a sub-task is generated again.
    """

    spec: TaskSpec
    read_schema: Callable[[], Schema]
    pickle_schema: Callable[[], bytes]
    read_parts: Callable[[], InputParts] | None = None
    start: Start | None = None

    @property
    def schema(self) -> Schema:
        """The schema that the task works on."""
        return self.read_schema()
