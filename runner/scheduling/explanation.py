"""Why each sub-task of a run has something to do, or nothing: what `--explain` prints.

Found in the supervisor's main thread before the run begins, from what earlier runs recorded of their inputs
(`input_parts`). A run that is not explained does none of this.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from runner.ddl.schema_outline import ADDED, DROPPED, TableChange, object_changes, table_changes
from runner.generation.workspace.input_notes import InputNotes
from runner.generation.workspace.input_parts import recorded_parts
from runner.generation.workspace.manifest import Manifest
from runner.generation.workspace.staleness import file_reasons
from runner.records.task import SETUP_PIECE
from runner.scheduling.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from runner.generation.workspace.input_notes import InputNote
    from runner.generation.workspace.input_parts import InputParts, RecordedParts
    from runner.scheduling.job import Job

UP_TO_DATE = "up to date"
NEW = "new"
FORCED = "--force"
LEFT_OUT = "--rerun-failed: it was done when it last ran"
NOT_RECORDED = "its inputs are not recorded in this checkout"
INPUTS_CHANGED = "its inputs changed"
_MOST_TABLES = 3  # that are named in the reason of one sub-task
_MOST_MARKS = 6  # of one table
_MOST_TEMPLATES = 3


class Reason(NamedTuple):
    """A reason for people. Where it is about the change of one table, `table` and `columns` are what changed."""

    text: str
    table: str = ""
    columns: tuple[str, ...] = ()


class _Changes(NamedTuple):
    """How inputs have changed: what concerns all sub-tasks, and the tables of the schema."""

    general: tuple[Reason, ...]
    tables: tuple[TableChange, ...]


def explain(jobs: Iterable[Job], *, force: bool) -> dict[str, tuple[Reason, ...]]:
    """Return the reasons of each sub-task, by its id. Writes nothing. Raises `DDLError` for an unreadable schema."""
    survey = Survey(force=False, check=True)
    return {name: reasons for job in jobs for name, reasons in _of_job(job, survey, force=force).items()}


def _of_job(job: Job, survey: Survey, *, force: bool) -> dict[str, tuple[Reason, ...]]:
    task = job.spec
    if force:
        return {subtask.id: (Reason(FORCED),) for subtask in task.subtasks}
    current = survey.up_to_date(job)
    manifest = Manifest(task.workspace)
    notes = InputNotes(os.path.realpath(task.workspace)).of(task.id)
    comparison = _Comparison(job)
    found: dict[str, tuple[Reason, ...]] = {}
    for subtask in task.subtasks:
        piece = subtask.table or SETUP_PIECE
        note = notes.get(piece)
        if subtask.id in current:
            found[subtask.id] = (Reason(UP_TO_DATE),)
        elif note is None:
            recorded = manifest.load(task.id, piece) is not None
            found[subtask.id] = (Reason(NOT_RECORDED if recorded else NEW),)
        elif note.inputs == task.inputs_digest or (note.part and survey.part_inputs(job, piece) == note.part):
            found[subtask.id] = tuple(map(Reason, file_reasons(manifest, task.id, note)))
        else:
            found[subtask.id] = comparison.reasons(note)
    return found


class _Comparison:
    """Compares the inputs of a task with what was recorded, once for all sub-tasks with the same inputs."""

    def __init__(self, job: Job) -> None:
        self._task = job.spec
        self._now = job.read_parts
        self._known: dict[str, _Changes] = {}  # by the digest of what was recorded

    def reasons(self, note: InputNote) -> tuple[Reason, ...]:
        """Return how the inputs of a sub-task differ from those of its note."""
        if note.inputs not in self._known:
            self._known[note.inputs] = self._compare(note.inputs)
        changes = self._known[note.inputs]
        tables = [change for change in changes.tables if change.table == note.piece] or changes.tables
        named = tuple(_about(change, note.piece) for change in tables[:_MOST_TABLES])
        more = len(tables) - len(named)
        rest = (Reason(f"{_more(more, 'table')} changed"),) if more else ()
        return (*changes.general, *named, *rest) or (Reason(INPUTS_CHANGED),)

    def _compare(self, digest: str) -> _Changes:
        recorded = recorded_parts(self._task.workspace, digest)
        if recorded is None or self._now is None:
            return _Changes((), ())
        try:
            return _compare(self._task.agent, recorded, self._now())
        except (KeyError, TypeError, AttributeError):  # what was recorded is damaged
            return _Changes((), ())


def _compare(agent: str, recorded: RecordedParts, now: InputParts) -> _Changes:
    general: list[str] = []
    if recorded.version != now.version:
        general.append(f"runner {recorded.version} became {now.version}")
    elif recorded.code != now.code:
        general.append(f"agent {agent} changed" if ":" in agent else "the code of the runner changed")
    if recorded.templates is not None:
        general += _template_changes(recorded.templates, now.templates.read())
    general += [f"option {name} {verb}" for verb, name in _key_changes(recorded.options, now.options)]
    tables: tuple[TableChange, ...] = ()
    if recorded.schema is not None and now.schema is not None:
        outline = now.schema.read()
        tables = tuple(table_changes(recorded.schema, outline))
        objects = object_changes(recorded.schema, outline)
        general += [f"schema changed: {_joined(objects)}"] if objects else []
        if not (general or tables) and recorded.schema_digest != now.schema.digest:
            general.append("the DDL changed, but no table")
    return _Changes(tuple(map(Reason, general)), tables)


def _about(change: TableChange, piece: str) -> Reason:
    marks = _joined(change.marks)
    if change.marks in {ADDED, DROPPED}:
        text = f"table {change.table} {marks}"
    else:
        text = f"table changed: {marks}" if change.table == piece else f"table {change.table} changed: {marks}"
    return Reason(text, change.table, change.columns)


def _template_changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return a text for each changed template, by its file name where that says which one it is."""
    changes = list(_key_changes(before, now))
    names = Counter(path.rpartition("/")[2] for path in {**before, **now})
    shown = [
        f"template {path if names[name := path.rpartition('/')[2]] > 1 else name} {verb}"
        for verb, path in changes[:_MOST_TEMPLATES]
    ]
    more = len(changes) - len(shown)
    return [*shown, f"{_more(more, 'template')} changed"] if more else shown


def _key_changes(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from (("changed", key) for key in now if key in before and before[key] != now[key])
    yield from (("added", key) for key in now if key not in before)
    yield from (("removed", key) for key in before if key not in now)


def _joined(marks: Sequence[str]) -> str:
    more = len(marks) - _MOST_MARKS
    return ", ".join(marks if more <= 0 else [*marks[:_MOST_MARKS], f"{more} more"])


def _more(number: int, noun: str) -> str:
    return f"{number:,} more {noun}{'s' if number > 1 else ''}"
