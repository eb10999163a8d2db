"""The options for the operation of an application: its limits, metrics, traces and checks. All are off by default."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Mapping

Tracing = Literal["none", "otel"]
Pipeline = Literal["none", "github", "gitlab"]

RATE = re.compile(r"[1-9][0-9]{0,8}/(second|minute|hour|day)")
_TRACING: tuple[Tracing, ...] = ("none", "otel")
_PIPELINES: tuple[Pipeline, ...] = ("none", "github", "gitlab")


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationOptions:
    """What the backend limits and reports, and how the application is checked.

    `rate_limit` is a number of requests and a period, such as `100/minute`, None for no limit. `ci` is the service that
    checks each change, and `e2e` whether there are tests in a browser.
    """

    rate_limit: str | None = None
    metrics: bool = False
    tracing: Tracing = "none"
    ci: Pipeline = "none"
    e2e: bool = False


def operation_options(options: Mapping[str, Any]) -> OperationOptions:
    """Return a task's options that have the names of the fields. Raises AgentError for values that do not suit."""
    rate = options.get("rate_limit")
    if rate is not None and not (isinstance(rate, str) and RATE.fullmatch(rate)):
        raise AgentError(f"option rate_limit: {rate!r} is no rate; give one such as 100/minute")
    return OperationOptions(
        rate_limit=rate,
        metrics=switch(options, "metrics"),
        tracing=_choice(options, "tracing", _TRACING),
        ci=_choice(options, "ci", _PIPELINES),
        e2e=switch(options, "e2e"),
    )


def _choice(options: Mapping[str, Any], name: str, known: tuple[Any, ...]) -> Any:
    given = options.get(name, known[0])
    if given not in known:
        raise AgentError(f"option {name}: {given!r} is unknown; give {', '.join(known[:-1])} or {known[-1]}")
    return given


def switch(options: Mapping[str, Any], name: str) -> bool:
    """Return an option that is on or off; off where it is missing. Raises AgentError for other values."""
    given = options.get(name, False)
    if not isinstance(given, bool):
        raise AgentError(f"option {name}: give true or false, not {given!r}")
    return given
