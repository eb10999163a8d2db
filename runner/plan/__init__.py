"""The plan format: a YAML file becomes a `Plan` in which everything is resolved, or all its errors at once.

Called in the supervisor's main thread before anything is written. It reads the plan file and looks at the
paths that the plan names; it neither reads DDL nor knows the agent kinds. What later stages find wrong (an
agent that does not exist, a table glob that matches nothing) they place with `Plan.problem`.

    file  --yaml_file, yaml_reader-->  nodes  --format-->  entries  --loading-->  records
                                         |                    |
                                         `--ids, wording------'---------------->  findings, when something is wrong

`format` says what a plan may hold, out of `values` and `paths`; `starter` writes a plan to begin with.
"""

from __future__ import annotations

from runner.plan.format import plan_schema
from runner.plan.loading import load_plan
from runner.plan.records import (
    Concurrency,
    ConvexSettings,
    Dialect,
    Level,
    LLMSettings,
    Plan,
    PlanTask,
    Switch,
    WorkerLimits,
    level,
)
from runner.plan.starter import starter_plan

__all__ = [
    "Concurrency",
    "ConvexSettings",
    "Dialect",
    "LLMSettings",
    "Level",
    "Plan",
    "PlanTask",
    "Switch",
    "WorkerLimits",
    "level",
    "load_plan",
    "plan_schema",
    "starter_plan",
]
