"""What a sub-task is generated from whose agent reads no more of the schema than the part of one table, as a digest.

Used in the supervisor, to find what a changed schema leaves as it is, and in workers, which record it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.records.task import inputs_digest

if TYPE_CHECKING:
    from runner.ddl.qualified_name import QName
    from runner.generation.model.application import Application
    from runner.records.task import TaskSpec


def part_inputs(task: TaskSpec, application: Application, piece: str) -> str:
    """Return the digest of the inputs of a task's sub-task; empty where its agent reads the whole schema."""
    table = application.schema.tables_by_label.get(piece)
    if task.generator_digest is None or table is None:
        return ""
    return inputs_digest(task.generator_digest, application.derived(_part_digest, table.name))


def _part_digest(application: Application, name: QName) -> str:
    return application.part(name).digest()
