"""Tells which agent kind a task's description means. Used for routing only, never for scheduling.

Runs in the supervisor before anything is written. `kinds` is the data, `words` matches it, `llm` asks a
language model where words do not tell, `classify` decides.
"""

from __future__ import annotations

from runner.plan.dispatcher.agent_kinds import KINDS, Kind, resolve_agent
from runner.plan.dispatcher.classification import AgentDispatcher

__all__ = ["KINDS", "AgentDispatcher", "Kind", "resolve_agent"]
