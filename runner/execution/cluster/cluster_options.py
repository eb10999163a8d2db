"""How a run uses a cluster: what a plan and the command line say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.execution.cluster.link import Pulse


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterOptions:
    """How a run uses a cluster.

    `scheduler` is its address, such as `tls://host:8786`. `authority`, `certificate` and `key` are files in PEM
    format; without them Dask's own configuration applies. `listen` is the address of this machine that workers
    connect to, found out when it is None, with a free port when it is 0. `wait` is for how many seconds the scheduler
    may be away. With `shared`, workers have the workspace at the same path. `environment` are variables for workers.
    """

    scheduler: str
    authority: str | None = None
    certificate: str | None = None
    key: str | None = None
    listen: tuple[str | None, int] = (None, 0)
    wait: float = 60.0
    shared: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def host_and_port(self) -> tuple[str, int]:
        """The host name and port of the scheduler."""
        host, _, port = self.scheduler.partition("://")[2].rpartition(":")
        return host.strip("[]"), int(port)

    def security(self) -> Any:
        """Return a `distributed.Security` of the named files; None where none is named, for Dask's configuration."""
        if self.authority is None and self.certificate is None:
            return None
        from distributed import Security  # noqa: PLC0415 - an extra

        return Security(
            tls_ca_file=self.authority,
            tls_client_cert=self.certificate,
            tls_client_key=self.key,
            require_encryption=True,
        )
