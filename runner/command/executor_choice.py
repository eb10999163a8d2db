"""Where the workers of a run are: on this machine, or on the Dask cluster that the plan or an option names.

Nothing of Dask is imported, nor has to be installed, for a run on this machine.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runner.plan.plan_model import ExecutorSettings
from runner.plan.plan_paths import at_home
from runner.records.errors import InputError, MissingExtraError, Problem
from runner.records.events import Logged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.execution.executor import Executor
    from runner.execution.worker_protocol import Limits
    from runner.plan.plan_model import Plan

LOCAL = "local"


def require_dask() -> None:
    """Raise `MissingExtraError` where Dask is not installed."""
    if find_spec("distributed") is None:
        raise MissingExtraError("a Dask cluster", "dask")


def executor_settings(plan: Plan, chosen: str | None) -> ExecutorSettings | None:
    """Return the cluster of a run; None for workers of this machine.

    `chosen` is `local` or the address of a scheduler, and replaces what the plan says of these.
    """
    if chosen is None:
        return plan.executor
    if chosen == LOCAL:
        return None
    return ExecutorSettings(dask=chosen) if plan.executor is None else replace(plan.executor, dask=chosen)


def cluster_warnings(settings: ExecutorSettings) -> Iterator[Logged]:
    """Yield a warning where everyone in the network can use the cluster."""
    parts = urlsplit(settings.dask)
    if parts.scheme == "tcp" and not _is_loopback(parts.hostname or ""):
        message = (
            f"{settings.dask} is not encrypted: anyone who can reach the scheduler can run code on its workers, "
            "and read what is generated. Use tls:// with certificates"
        )
        yield Logged(level="warning", message=message)


def cluster_executor(
    plan: Plan, settings: ExecutorSettings, limits: Limits, environment: Mapping[str, str]
) -> Executor:
    """Return the executor of a cluster. Connects to nothing yet.

    Raises `MissingExtraError` without Dask, and `InputError` for a file that cannot be read or a variable that is not
    set.
    """
    require_dask()
    from runner.execution.cluster.cluster_options import ClusterOptions  # noqa: PLC0415 - for a cluster only
    from runner.execution.cluster.dask_executor import DaskExecutor  # noqa: PLC0415

    problems = [
        _problem(plan, "env", f"{name} is not set in this environment", "Set it, or remove it from the list")
        for name in settings.env
        if name not in environment
    ]
    files: dict[str, str | None] = {}
    for key in ("ca", "cert", "key"):
        given: str | None = getattr(settings, key)
        files[key] = None if given is None else str(plan.folder / at_home(given))
        try:
            if (path := files[key]) is not None:
                with open(path, "rb"):  # noqa: PTH123
                    pass
        except OSError as error:
            problems.append(_problem(plan, key, f"{given} cannot be read: {error.strerror}", "Give a PEM file"))
    if problems:
        raise InputError(problems)
    listen = urlsplit(f"//{settings.listen or ''}")
    options = ClusterOptions(
        scheduler=settings.dask,
        authority=files["ca"],
        certificate=files["cert"],
        key=files["key"],
        listen=(listen.hostname, listen.port or 0),
        wait=settings.wait,
        shared=settings.workspace == "shared",
        environment={name: environment[name] for name in settings.env},
    )
    return DaskExecutor(options, limits)


def _problem(plan: Plan, key: str, message: str, expected: str) -> Problem:
    return plan.problem(None, f"executor.{key}", f"executor.{key}: {message}", expected)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")  # RFC 6761, 6.3
