"""From the plan file to the `Plan`: everything checked, then every default filled in.

Called in the supervisor's main thread before anything is written; owns nothing that lasts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from runner.ddl.dialects import DEFAULT
from runner.plan.error_wording import check_empty_values, check_format
from runner.plan.findings import Findings
from runner.plan.format import PlanEntry
from runner.plan.ids import check_needs, task_ids, task_nodes
from runner.plan.plan_model import Concurrency, ConvexSettings, LLMSettings, Plan, PlanTask, WorkerLimits
from runner.plan.yaml_nodes import kind_of
from runner.plan.yaml_reader import read_yaml
from runner.records.errors import PlanError
from runner.records.task import Retries, TableGlobs, Timeouts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from runner.plan.format import Entry
    from runner.plan.yaml_nodes import Node


def load_plan(path: Path) -> Plan:
    """Return the plan in this file; raises `PlanError` with all that is wrong with it, in order of lines."""
    root, problems = read_yaml(path)
    findings = Findings(str(path), problems)
    if not isinstance(root.value, dict):
        expected = "Put the list below tasks:, after version, name and workspace." if root.items else ""
        findings.add(root, f"a plan is a mapping, and this is {kind_of(root.value)}", expected or "Write key: value.")
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
    return _resolved(entry, ids, root, path)


def _given(entry: Entry | None) -> dict[str, Any]:
    return {} if entry is None else entry.model_dump(exclude_none=True)


def _resolved(entry: PlanEntry, ids: Sequence[str], root: Node, path: Path) -> Plan:
    """Fill in the defaults: the task's own, else the plan's, else the format's."""
    file = str(path)
    timeouts = replace(Timeouts(), **_given(entry.timeouts))
    retries = replace(Retries(), **_given(entry.retries))
    tasks = []
    for index, (own, task, node) in enumerate(zip(ids, entry.tasks, task_nodes(root), strict=True)):
        tables = {key: tuple(globs) for key, globs in _given(task.tables).items()}
        files = (file for group in (task.ddl or entry.ddl or []) for file in group)
        tasks.append(
            PlanTask(
                id=own,
                description=task.description,
                priority=task.priority,
                needs=tuple(dict.fromkeys(task.needs)),
                agent=task.agent,
                ddl=tuple(dict.fromkeys(files)),
                dialect=task.dialect or entry.dialect or DEFAULT,
                workspace=task.workspace or entry.workspace,
                tables=TableGlobs(**tables),
                timeouts=replace(timeouts, **_given(task.timeouts)),
                retries=replace(retries, **_given(task.retries)),
                templates=task.templates or entry.templates,
                options=task.options or {},
                index=index,
                place=f"{file}:{node.line}:{node.column}",
            )
        )
    return Plan(
        name=entry.name,
        path=path.parent.resolve() / path.name,
        file=file,
        workspace=entry.workspace,
        concurrency=Concurrency(**_given(entry.concurrency)),
        workers=WorkerLimits(**_given(entry.workers)),
        timeouts=timeouts,
        retries=retries,
        templates=entry.templates,
        convex=ConvexSettings(**_given(entry.convex)),
        llm=LLMSettings(**_given(entry.llm)),
        tasks=tuple(tasks),
        root=root,
    )
