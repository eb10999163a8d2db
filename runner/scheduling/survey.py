"""Which sub-tasks of a run have nothing to do, decided in the supervisor: they need no worker, often none is needed.

What was found holds until the run writes its first file. After that a task is examined when it begins: what another
task has written meanwhile may have been a file of this one.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from runner.generation.workspace.manifest import Manifest
from runner.records.task import SETUP_PIECE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.generation.model.application import Application
    from runner.scheduling.job import Job


class Survey:
    """Finds the sub-tasks that are up to date. With `force`, none is; with `check`, nothing is written. Thread-safe."""

    def __init__(self, *, force: bool, check: bool) -> None:
        self._force = force
        self._check = check
        self._guard = threading.Lock()
        self._found: dict[str, dict[str, int]] = {}  # by task
        self._applications: dict[str, Application] = {}  # by the digest of the schema
        self.holds = True  # no file was written yet

    def up_to_date(self, job: Job) -> Mapping[str, int]:
        """Return the ids of the sub-tasks of a task that have nothing to do, each with the number of its files."""
        if self._force:
            return {}
        task = job.spec
        with self._guard:
            if task.id not in self._found or not self.holds:
                self._found[task.id] = self._examine(job)
            return self._found[task.id]

    def count_work(self, job: Job) -> int:
        """Return how many sub-tasks of a task have something to do; once files were written, an estimate."""
        found = self.up_to_date(job) if self.holds else self._found.get(job.spec.id, {})
        return len(job.spec.subtasks) - len(found)

    def end(self) -> None:
        """Record that files are about to be written: what was found no longer holds."""
        self.holds = False

    def _examine(self, job: Job) -> dict[str, int]:
        task = job.spec
        pieces = {subtask.table or SETUP_PIECE: subtask.id for subtask in task.subtasks}
        manifest = Manifest(task.workspace)
        files = manifest.up_to_date(
            task.id, pieces, task.inputs_digest, partial(self.part_inputs, job), keep_stamps=not self._check
        )
        return {pieces[piece]: count for piece, count in files.items()}

    def part_inputs(self, job: Job, piece: str) -> str:
        """Return the digest of a sub-task's inputs; empty where its agent reads the whole schema."""
        # imported for a changed schema only
        from runner.generation.model.application import Application  # noqa: PLC0415
        from runner.generation.part_inputs import part_inputs  # noqa: PLC0415

        digest = job.spec.schema_digest or ""
        if digest not in self._applications:
            self._applications[digest] = Application(job.schema)
        return part_inputs(job.spec, self._applications[digest], piece)
