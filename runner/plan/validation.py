"""Turns the content of a plan file into the `Plan`: everything is checked first, then the defaults are filled in."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from runner.plan.error_wording import check_empty_values, check_format
from runner.plan.findings import Findings
from runner.plan.format import Entry, ExecutorEntry, PlanEntry, TaskEntry
from runner.plan.ids import check_needs, task_ids
from runner.plan.plan_model import Concurrency, ConvexSettings, ExecutorSettings, LLMSettings, Plan, WorkerLimits
from runner.plan.yaml_nodes import kind_of
from runner.plan.yaml_reader import read_yaml
from runner.records.errors import PlanError
from runner.records.json_values import from_json_value
from runner.records.task import TaskInput

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic_core import ErrorDetails

# Keys of the format that agents get among their options
_AGENT_OPTIONS = (
    "search",
    "secret",
    "soft_delete",
    "labels",
    "indexes",
    "objects",
    "rate_limit",
    "metrics",
    "tracing",
    "ci",
    "e2e",
    "charts",
)
_OF_APPLICATION = ("auth", "soft_delete", "charts")  # options of one task that change what the others generate as well
_FIELDS = {"ddl": "ddl_path", "workspace": "workspace_path"}  # of TaskInput, where a plan has another name for them


def read_plan(path: Path, data: bytes) -> Plan:
    """Return the plan in the YAML file at `path` with this content.

    Raises `PlanError` with everything that is wrong with it, in order of lines.
    """
    root, problems = read_yaml(str(path), data)
    findings = Findings(str(path), problems)
    if not isinstance(root.value, dict):
        expected = "Put the list below tasks:, after version, name and workspace." if root.items else ""
        findings.add(root, f"a plan is a mapping, but this is {kind_of(root.value)}", expected or "Write key: value.")
        raise PlanError(findings.in_order())
    entry: PlanEntry | None = None
    errors: list[ErrorDetails] = []
    try:
        entry = PlanEntry.model_validate(root.value, context={"folder": path.parent.resolve()})
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    check_empty_values(findings, root)
    check_format(findings, root, errors)
    ids = task_ids(findings, root)
    check_needs(findings, root, ids)
    if entry is None or findings.problems:
        raise PlanError(findings.in_order())
    return Plan(
        name=entry.name,
        path=path.parent.resolve() / path.name,
        file=str(path),
        workspace=entry.workspace,
        concurrency=Concurrency(**dict(entry.concurrency)),
        workers=WorkerLimits(**dict(entry.workers)),
        merge=entry.merge,
        executor=None if entry.executor is None else _executor(entry.executor),
        convex=ConvexSettings(**dict(entry.convex)),
        llm=LLMSettings(**dict(entry.llm)),
        tasks=_sharing_options(_task_input(entry, task, own) for own, task in zip(ids, entry.tasks, strict=True)),
        root=root,
    )


def _sharing_options(tasks: Iterable[TaskInput]) -> tuple[TaskInput, ...]:
    """Return the tasks with the options of each other that concern all tasks of an application."""
    tasks = tuple(tasks)
    shared: dict[Any, dict[str, Any]] = {}
    for task in tasks:
        own = {name: task.options[name] for name in _OF_APPLICATION if name in task.options}
        shared.setdefault((task.workspace_path, task.ddl_path), {}).update(own)
    given = (shared[task.workspace_path, task.ddl_path] for task in tasks)
    return tuple(
        replace(task, options={**options, **task.options}) if options else task
        for task, options in zip(tasks, given, strict=True)
    )


def _executor(entry: ExecutorEntry) -> ExecutorSettings:
    return ExecutorSettings(**{**dict(entry), "env": tuple(dict.fromkeys(entry.env))})


def _task_input(plan: PlanEntry, task: TaskEntry, task_id: str) -> TaskInput:
    """Return the record of a task: each value is the task's own, else the plan's, else the record's default."""
    values = {name: value for name, value in _given(plan).items() if name in TaskEntry.model_fields}
    for name, value in _given(task).items():
        is_mapping = isinstance(getattr(task, name), Entry)
        values[name] = {**values.get(name, {}), **value} if is_mapping else value
    values["needs"] = dict.fromkeys(values["needs"])
    values["ddl"] = tuple(dict.fromkeys(chain.from_iterable(values.get("ddl", ()))))
    shared = {name: values.pop(name) for name in _AGENT_OPTIONS if name in values}
    values["options"] = {**shared, **values.get("options", {})}
    record = {_FIELDS.get(name, name): value for name, value in values.items()}
    task_input: TaskInput = from_json_value(TaskInput, {**record, "id": task_id})
    return task_input


def _given(entry: Entry) -> dict[str, Any]:
    """Return the values of a mapping of the plan, without the keys that it leaves out."""
    return {name: _given(value) if isinstance(value, Entry) else value for name, value in entry if value is not None}
