"""How what was generated is started. A module of its own, since the supervisor needs it without loading an agent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """How to start what an agent generates: `what` is started by a shell `command` in a `folder` of the workspace."""

    folder: str
    command: str
    what: str = "it"
