"""Determines which agent kind a task's description means. Used for routing only, never for scheduling.

Runs in the supervisor before anything is written. `agent_kinds` has the phrases, `keywords` matches them, `llm` asks a
language model where keywords do not decide, `classification` combines the two.
"""

from __future__ import annotations

from runner.plan.dispatcher.agent_kinds import KINDS, Kind, resolve_agent
from runner.plan.dispatcher.classification import AgentDispatcher

__all__ = ["KINDS", "AgentDispatcher", "Kind", "resolve_agent"]
