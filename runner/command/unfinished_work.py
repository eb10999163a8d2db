"""What `--rerun-failed` runs: found in the records of earlier runs of the plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runner.records.status import SubTaskStatus
from runner.scheduling.job import Job

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from runner.progress.stores.run_records import SubTaskRecord
    from runner.progress.stores.state_reader import StateReader

_RUNS_SEARCHED = 50  # in the state folder
_NOTHING_FAILED = "nothing failed when this plan last ran"
_RUN_FAILED = "no sub-task failed when this plan last ran, but the run did{}: the whole plan is run"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unfinished:
    """The jobs with the sub-tasks that are to be run again, and what the user is to know of it."""

    jobs: tuple[Job, ...]
    notice: str = ""


def find_unfinished(jobs: Sequence[Job], store: StateReader, plan_path: str) -> Unfinished:
    """Return what was not done when it ran last, or has a file in conflict since then.

    A sub-task without a run counts as not done. Where all is done and the last run failed nevertheless, as one does
    whose workspace was replaced, it is the whole plan. Needs that are not run again count as met.
    """
    runs = [run for run in store.runs(_RUNS_SEARCHED) if run.plan_path == plan_path]  # the newest first
    latest: dict[str, SubTaskRecord] = {}
    for run in runs:
        latest = {subtask.id: subtask for subtask in store.subtasks(run.id)} | latest
    finished = {subtask_id for subtask_id, subtask in latest.items() if _is_finished(subtask)}
    found = _left(jobs, finished)
    if found:
        return Unfinished(jobs=found)
    last = runs[0] if runs else None
    if last is None or last.exit_code == 0 or not last.status.ended:
        return Unfinished(jobs=(), notice=_NOTHING_FAILED)
    return Unfinished(jobs=tuple(jobs), notice=_RUN_FAILED.format(f" ({last.error})" if last.error else ""))


def _left(jobs: Sequence[Job], finished: Collection[str]) -> tuple[Job, ...]:
    """Return the jobs with the sub-tasks that are not finished; those without one are left out."""
    left = {job.spec.id: [subtask for subtask in job.spec.subtasks if subtask.id not in finished] for job in jobs}
    return tuple(
        replace(
            job,
            spec=replace(
                job.spec,
                subtasks=tuple(left[job.spec.id]),
                input=replace(job.spec.input, needs=tuple(need for need in job.spec.input.needs if left.get(need))),
            ),
        )
        for job in jobs
        if left[job.spec.id]
    )


def _is_finished(subtask: SubTaskRecord) -> bool:
    return subtask.status is SubTaskStatus.DONE and not subtask.files.conflicts
