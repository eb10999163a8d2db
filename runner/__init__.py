"""Turns a SQL schema into a working full-stack application, in one batch, from a YAML plan.

The names below are the library's face. They load on first use, so that importing the package stays cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.agents.base import Agent as Agent
    from runner.agents.base import AgentContext as AgentContext
    from runner.agents.base import GeneratedFile as GeneratedFile
    from runner.dispatcher import AgentDispatcher as AgentDispatcher
    from runner.errors import Cancelled as Cancelled
    from runner.errors import NonRetryable as NonRetryable
    from runner.errors import Retryable as Retryable
    from runner.orchestrator import ParallelOrchestrator as ParallelOrchestrator
    from runner.subtasks import SubTaskManager as SubTaskManager
    from runner.task import TaskInput as TaskInput
    from runner.task import TaskResult as TaskResult
    from runner.task_queue import TaskQueue as TaskQueue
    from runner.workspace.locks import FileLockManager as FileLockManager

__version__ = "0.1.0"

_HOMES = {
    "Agent": "runner.agents.base",
    "AgentContext": "runner.agents.base",
    "AgentDispatcher": "runner.dispatcher",
    "Cancelled": "runner.errors",
    "FileLockManager": "runner.workspace.locks",
    "GeneratedFile": "runner.agents.base",
    "NonRetryable": "runner.errors",
    "ParallelOrchestrator": "runner.orchestrator",
    "Retryable": "runner.errors",
    "SubTaskManager": "runner.subtasks",
    "TaskInput": "runner.task",
    "TaskQueue": "runner.task_queue",
    "TaskResult": "runner.task",
}
__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table is the one list


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
