"""Turns a plan file into jobs, before anything is written: what `run`, `validate` and `init` have in common.

Used in the supervisor's main thread. Modules that are slow to import are loaded by the functions that need them.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from runner.generation.workspace.runner_folder import INPUTS_FOLDER
from runner.records.errors import DDLError, PlanError, Problem, TaskInputError, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runner.plan.plan_model import Plan
    from runner.records.task import TaskInput
    from runner.scheduling.job import Job
    from runner.scheduling.preparation import Preparation


def _do_nothing(plan: Plan) -> None:
    del plan


def prepare_plan(
    path: Path, state: Path, *, refresh: bool, expect_work: Callable[[Plan], None] = _do_nothing
) -> tuple[Plan, Preparation, tuple[Job, ...]]:
    """Read and check a plan, its DDL and its agents. Raises `PlanError` with everything that is wrong.

    Schemas of live databases are kept in the folder `state`; with `refresh`, each database is read again.
    `expect_work` is called with the plan as soon as it is likely that files are to be generated: a workspace is new, or
    a schema is.
    """
    from runner.ddl.live.database_snapshots import FOLDER, DatabaseSnapshots, allowed_urls  # noqa: PLC0415
    from runner.plan.dispatcher import AgentDispatcher  # noqa: PLC0415
    from runner.plan.loading import load_plan  # noqa: PLC0415
    from runner.scheduling.preparation import Preparation  # noqa: PLC0415

    plan = load_plan(path)
    if not all(Path(task.workspace_path, INPUTS_FOLDER).exists() for task in plan.tasks):
        expect_work(plan)
    dispatcher = AgentDispatcher(enable_llm=plan.llm.enabled is not False, model=plan.llm.model)
    jobs: list[Job] = []
    problems: list[Problem] = []
    with DatabaseSnapshots(state / FOLDER, refresh=refresh, allowed=allowed_urls(os.environ)) as databases:
        preparation = Preparation(dispatcher, plan.folder, databases, on_new_schema=partial(expect_work, plan))
        preparation.name_tables(plan.tasks)
        for task in plan.tasks:
            job = _job(plan, task, preparation, problems)
            if job is not None:
                jobs.append(job)
    if problems:
        raise PlanError(dict.fromkeys(problems))  # a DDL of several tasks is reported once
    return plan, preparation, tuple(jobs)


def _job(plan: Plan, task: TaskInput, preparation: Preparation, problems: list[Problem]) -> Job | None:
    try:
        return preparation.prepare(task)
    except TaskInputError as problem:
        problems.append(plan.problem(task, problem.key, problem.message, problem.expected))
    except DDLError as error:
        problems.extend(error.problems)
    return None


def check_workspaces(plan: Plan, *, create: bool) -> None:
    """Create every workspace, or only check that it is safe. Raises `PlanError` at the places of unusable ones."""
    from runner.generation.workspace.runner_folder import prepare, refuse_links  # noqa: PLC0415

    problems = []
    owners = {Path(task.workspace_path): task for task in reversed(plan.tasks)}
    for workspace, owner in reversed(owners.items()):
        try:
            (prepare if create else refuse_links)(workspace)
        except WorkspaceError as error:
            problems.append(plan.problem(owner, "workspace", str(error)))
    if problems:
        raise PlanError(problems)


def describe_jobs(plan: Plan, jobs: Sequence[Job]) -> str:
    """Return a text about a valid plan, with a line for each task."""
    lines = [f"{plan.file}: valid, {len(jobs)} tasks"]
    for job in sorted(jobs, key=lambda job: -job.spec.input.priority):
        spec = job.spec
        found = spec.classification
        how = f"{found.method}, {found.confidence:.0%}" if found.method != "explicit" else "named in the plan"
        lines.append(f"  {spec.input.priority:>2}  {spec.id}: {spec.title} ({how}), {len(spec.subtasks)} sub-tasks")
    return "\n".join(lines)


def write_starter_plan(ddl: str, dialect: str, output: Path | None) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Write a plan that generates an application for this schema; for a live database, its schema as well.

    Never overwrites a file. Returns the paths of what was written, the plan last, and warnings about statements that
    were not understood. Raises `PlanError` where it cannot be written, `DDLError` for an unreadable schema.
    """
    from runner.ddl.live.database_snapshots import is_database, read_snapshot  # noqa: PLC0415 - slow to import
    from runner.ddl.reader import read_ddl  # noqa: PLC0415 - imports the parser
    from runner.plan.starter import starter_plan  # noqa: PLC0415 - likewise pydantic
    from runner.scheduling.table_selection import misread_tables  # noqa: PLC0415

    if is_database(ddl):
        database = read_snapshot(ddl)
        dialect = database.dialect
        source = (output.parent if output else Path()) / f"{database.name}.sql"
        path = output or source.with_suffix(".yaml")
        _refuse_existing(path)  # before the schema is written
        _write_new(source, database.text)
        written: tuple[Path, ...] = (source, path)
    else:
        source = Path(ddl)
        path = output or source.with_suffix(".yaml")
        written = (path,)
    schema = read_ddl([source], dialect)
    text = starter_plan(
        source,
        schema.dialect,
        tables=[schema.label(table.name) for table in schema.tables],
        folder=path.parent,
    )
    _write_new(path, text.encode())
    return written, misread_tables(schema)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise PlanError(Problem(file=str(path), message="already exists", expected="Name another file with --output"))


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that does not exist yet. Raises `PlanError` where it does or cannot be written."""
    _refuse_existing(path)
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise PlanError(Problem(file=str(path), message=f"cannot be written: {error.strerror}")) from error
