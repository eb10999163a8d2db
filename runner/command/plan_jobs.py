"""Turns a plan file into jobs, before anything is written: what `run`, `validate` and `init` have in common.

Used in the supervisor's main thread. Modules that are slow to import are loaded by the functions, so that the
forkserver can be started before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.records.errors import DDLError, PlanError, Problem, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.plan.plan_model import Plan
    from runner.records.task import TaskInput
    from runner.scheduling.preparation import Preparation
    from runner.scheduling.schedule import Job


def prepare_plan(path: Path) -> tuple[Plan, Preparation, tuple[Job, ...]]:
    """Read and check a plan, its DDL and its agents. Raises `PlanError` with everything that is wrong."""
    from runner.plan.dispatcher import AgentDispatcher  # noqa: PLC0415 - after the forkserver has been started
    from runner.plan.loading import load_plan  # noqa: PLC0415
    from runner.scheduling.preparation import Preparation  # noqa: PLC0415

    plan = load_plan(path)
    dispatcher = AgentDispatcher(enable_llm=plan.llm.enabled is not False, model=plan.llm.model)
    preparation = Preparation(dispatcher, plan.folder)
    jobs: list[Job] = []
    problems: list[Problem] = []
    preparation.name_tables(plan.tasks)
    for task in plan.tasks:
        job = _job(plan, task, preparation, problems)
        if job is not None:
            jobs.append(job)
    if problems:
        raise PlanError(dict.fromkeys(problems))  # a DDL of several tasks is reported once
    return plan, preparation, tuple(jobs)


def _job(plan: Plan, task: TaskInput, preparation: Preparation, problems: list[Problem]) -> Job | None:
    from runner.scheduling.preparation import TaskInputError  # noqa: PLC0415 - with its module, after the forkserver

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


def write_starter_plan(ddl: Path, dialect: str, output: Path | None) -> tuple[Path, tuple[str, ...]]:
    """Write a plan that generates an application for this schema. Never overwrites a file.

    Returns its path, and warnings about statements that were not understood. Raises `PlanError` where it cannot be
    written, `DDLError` for an unreadable schema.
    """
    from runner.ddl.reader import read_ddl  # noqa: PLC0415 - imports the parser, which is slow
    from runner.plan.starter import starter_plan  # noqa: PLC0415 - likewise pydantic
    from runner.scheduling.preparation import misread_tables  # noqa: PLC0415

    schema = read_ddl([ddl], dialect)
    path = output or ddl.with_suffix(".yaml")
    text = starter_plan(
        ddl,
        schema.dialect,
        tables=[schema.label(table.name) for table in schema.tables],
        folder=path.parent,
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        problem = Problem(file=str(path), message="already exists", expected="Name another file with --output")
        raise PlanError(problem) from None
    except OSError as error:
        raise PlanError(Problem(file=str(path), message=f"cannot be written: {error.strerror}")) from error
    return path, misread_tables(schema)
