"""Code of agents that is installed and not sent: a worker must have the same as the supervisor.

A module is found here without being imported: a worker host runs no code of an agent.
"""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

from runner.execution.cluster.fingerprint import RESTART, install, other
from runner.execution.cluster.host_protocol import InstalledCode
from runner.generation.registry import source_digest, source_modules, source_paths

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from runner.generation.agent import Agent


def installed_code(agent: Agent, beside: Path | None) -> tuple[InstalledCode, ...]:
    """Return the code of an agent that is not in the folder `beside` its plan, one for each top-level module."""
    return tuple(
        _installed(name)
        for name in source_modules(agent)
        if beside is None or not any(path.is_relative_to(beside) for path in source_paths(name))
    )


def missing(expected: Iterable[InstalledCode]) -> str | None:
    """Return what of this code is not here or is other code, and what mends it; None where all is here."""
    for code in expected:
        if source_digest(source_paths(code.module)) == code.digest:
            continue
        here = _installed(code.module)  # takes longer: it looks through all that is installed
        if not here.digest:
            wrong = f"{_named(code)} is not installed there"
        elif here.version != code.version:
            wrong = f"it has {_named(here)}, this is {_named(code)}"
        else:
            wrong = f"its {_named(here)} {other('code', here.digest, code.digest)}"
        step = install(f"{code.distribution}=={code.version}") if code.version else f"Install it there, {RESTART}"
        return f"{wrong}. {step}"
    return None


def _installed(name: str) -> InstalledCode:
    distribution = next(iter(importlib.metadata.packages_distributions().get(name, ())), "")
    return InstalledCode(
        module=name,
        digest=source_digest(source_paths(name)),
        distribution=distribution,
        version=importlib.metadata.version(distribution) if distribution else "",
    )


def _named(code: InstalledCode) -> str:
    return f"{code.distribution} {code.version}" if code.distribution else f"the module {code.module!r}"
