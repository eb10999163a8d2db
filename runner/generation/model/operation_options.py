"""The options for the operation of an application: its rate limit, metrics and traces. All are off by default."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from runner.records.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Mapping

Tracing = Literal["none", "otel"]

RATE = re.compile(r"[1-9][0-9]{0,8}/(second|minute|hour|day)")
_TRACING: tuple[Tracing, ...] = ("none", "otel")


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationOptions:
    """What the backend limits and reports.

    `rate_limit` is a number of requests and a period, such as `100/minute`, None for no limit.
    """

    rate_limit: str | None = None
    metrics: bool = False
    tracing: Tracing = "none"


def operation_options(options: Mapping[str, Any]) -> OperationOptions:
    """Return a task's options `rate_limit`, `metrics` and `tracing`. Raises AgentError for values that do not suit."""
    rate = options.get("rate_limit")
    if rate is not None and not (isinstance(rate, str) and RATE.fullmatch(rate)):
        raise AgentError(f"option rate_limit: {rate!r} is no rate; give one such as 100/minute")
    tracing = options.get("tracing", "none")
    if tracing not in _TRACING:
        raise AgentError(f"option tracing: {tracing!r} is unknown; give {' or '.join(_TRACING)}")
    return OperationOptions(rate_limit=rate, metrics=switch(options, "metrics"), tracing=tracing)


def switch(options: Mapping[str, Any], name: str) -> bool:
    """Return an option that is on or off; off where it is missing. Raises AgentError for other values."""
    given = options.get(name, False)
    if not isinstance(given, bool):
        raise AgentError(f"option {name}: give true or false, not {given!r}")
    return given
