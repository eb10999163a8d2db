"""Returns the `Plan` of a plan file: one that was read before, or read and validated now.

Called in the supervisor's main thread before anything is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.plan import plan_cache
from runner.plan.yaml_file import read_bytes

if TYPE_CHECKING:
    from _typeshed import StrPath

    from runner.plan.plan_model import Plan


def load_plan(path: StrPath) -> Plan:
    """Return the plan in a YAML file. Raises `PlanError` with everything that is wrong with it, in order of lines."""
    path = Path(path)
    data = read_bytes(path)
    plan = plan_cache.load(path, data)
    if plan is None:
        from runner.plan.validation import read_plan  # noqa: PLC0415 - imports pydantic, for a new plan only

        plan = read_plan(path, data)
        plan_cache.save(path, data, plan)
    return plan
