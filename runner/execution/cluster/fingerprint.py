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

RESTART = "then restart its Dask worker"
_SHOWN = 8  # characters of a digest
_OURS = f"plan-runner=={VERSION}"


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
        return f"it has plan-runner {found['version']}, this is {ours['version']}. {install(_OURS)}"
    if found["python"] != ours["python"]:
        return (
            f"it runs Python {found['python']}, this is Python {ours['python']}. "
            f"Start its Dask worker with Python {ours['python']}"
        )
    for name in ("code", "templates"):
        if found[name] != ours[name]:
            return f"its plan-runner {found['version']} {other(name, found[name], ours[name])}. {install(_OURS)}"
    return None


def not_installed(python: str = "python") -> str:
    """Return what to do where a worker has no plan-runner."""
    return f"plan-runner is not installed there. {install(_OURS, python)}"


def other(what: str, theirs: str, ours: str) -> str:
    """Return that their code or templates are not ours, by their digests."""
    return f"has other {what} ({theirs[:_SHOWN]}) than this one ({ours[:_SHOWN]})"


def install(requirement: str, python: str = "python") -> str:
    """Return what to do on a worker that needs a package in this version."""
    return f"Run on it: {python} -m pip install {requirement}, {RESTART}"
