"""Messages between the supervisor and a worker host, beside those of `worker_protocol`, which the host passes on.

What starts a host goes through Dask as bytes of JSON. Greetings are JSON as well. All else is sent over the `link`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runner.execution.worker_protocol import Limits, Shard


@dataclass(frozen=True, kw_only=True, slots=True)
class HostSetup:
    """To a host that was accepted: start a worker with these limits, and with these variables in its environment."""

    limits: Limits
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardWanted:
    """From a host: the Dask task with this token runs now. Each token is good for one shard, once."""

    token: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeSent:
    """To a host: agents and templates of the user's own, as a ZIP file; see `shipped_code`."""

    digest: str
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledCode:
    """The code of a top-level module as it is installed; `distribution` and `version` are "" where it is in none."""

    module: str
    digest: str
    distribution: str
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardSent:
    """To a host: the shard of a token, with its schema unless the worker holds that. `code` is a digest of `CodeSent`.

    `installed` is what the host must have, too; where it has not, it answers with `CodeDiffers`. Where there is no such
    shard, or its token was used before, the host has nothing to do for the Dask task.
    """

    token: str
    shard: Shard | None = None
    schema: bytes | None = None
    code: str | None = None
    installed: tuple[InstalledCode, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeDiffers:
    """From a host: it cannot run the shard, for this reason."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EndWorker:
    """To a host: end the worker with all programs that it started, by SIGTERM, or with `force` by SIGKILL."""

    force: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class HostClosed:
    """To a host: end everything."""
