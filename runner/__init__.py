"""Turns a SQL schema into a working full-stack application, in one batch, from a YAML plan.

The names below are the public interface; docs/library.md has examples.
They load on first use, so that importing the package stays cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from runner.records.version import VERSION

if TYPE_CHECKING:
    from runner.execution.subtasks import SubTaskManager as SubTaskManager
    from runner.execution.task_queue import TaskQueue as TaskQueue
    from runner.generation.agent import Agent as Agent
    from runner.generation.agent import AgentContext as AgentContext
    from runner.generation.agent import GeneratedFile as GeneratedFile
    from runner.generation.workspace.file_locks import FileLockManager as FileLockManager
    from runner.plan.dispatcher import AgentDispatcher as AgentDispatcher
    from runner.progress.reporter import Recorded as Recorded
    from runner.progress.reporter import Sink as Sink
    from runner.progress.reports.report_files import ReportFiles as ReportFiles
    from runner.records.errors import Cancelled as Cancelled
    from runner.records.errors import NonRetryable as NonRetryable
    from runner.records.errors import Retryable as Retryable
    from runner.records.task import TaskInput as TaskInput
    from runner.records.task import TaskResult as TaskResult
    from runner.scheduling.orchestrator import ParallelOrchestrator as ParallelOrchestrator
    from runner.scheduling.supervisor import Settings as Settings

__version__ = VERSION

_HOMES = {
    "Agent": "runner.generation.agent",
    "AgentContext": "runner.generation.agent",
    "AgentDispatcher": "runner.plan.dispatcher",
    "Cancelled": "runner.records.errors",
    "FileLockManager": "runner.generation.workspace.file_locks",
    "GeneratedFile": "runner.generation.agent",
    "NonRetryable": "runner.records.errors",
    "ParallelOrchestrator": "runner.scheduling.orchestrator",
    "Recorded": "runner.progress.reporter",
    "ReportFiles": "runner.progress.reports.report_files",
    "Retryable": "runner.records.errors",
    "Settings": "runner.scheduling.supervisor",
    "Sink": "runner.progress.reporter",
    "SubTaskManager": "runner.execution.subtasks",
    "TaskInput": "runner.records.task",
    "TaskQueue": "runner.execution.task_queue",
    "TaskResult": "runner.records.task",
}
__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table is the one list


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
