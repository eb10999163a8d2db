"""What the two sides of a cluster run must have in common: the code, the templates and the version of Python."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from runner.generation.registry import BUILT_IN
from runner.generation.template_files import set_digest
from runner.records.code_digest import package_digest
from runner.records.task import inputs_digest
from runner.records.version import VERSION

_SHOWN = 8  # characters of a digest


@cache
def fingerprint() -> dict[str, str]:
    """Return the versions of this process as JSON values."""
    return {
        "version": VERSION,
        "code": package_digest(),
        "templates": inputs_digest(*(set_digest(kind) for kind in sorted(BUILT_IN))),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }


def difference(theirs: Any) -> str | None:
    """Return what differs between this process and a worker's fingerprint, and what mends it; None for equal ones."""
    ours = fingerprint()
    known = theirs if isinstance(theirs, dict) else {}
    found = {name: str(known.get(name, "unknown")) for name in ours}
    if found["version"] != ours["version"]:
        return f"it has plan-runner {found['version']}, this is {ours['version']}. {_install()}"
    if found["python"] != ours["python"]:
        return (
            f"it runs Python {found['python']}, this is Python {ours['python']}. "
            f"Start its Dask worker with Python {ours['python']}"
        )
    for name in ("code", "templates"):
        if found[name] != ours[name]:
            return (
                f"its plan-runner {found['version']} has other {name} ({found[name][:_SHOWN]}) "
                f"than this one ({ours[name][:_SHOWN]}). {_install()}"
            )
    return None


def not_installed(python: str = "python") -> str:
    """Return what to do where a worker has no plan-runner."""
    return f"plan-runner is not installed there. {_install(python)}"


def _install(python: str = "python") -> str:
    return f"Run on it: {python} -m pip install plan-runner=={VERSION}, then restart its Dask worker"
