"""A worker of the cluster, as the executor sees it. Used by the thread of the executor's event loop."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import partial

from runner.execution.cluster.cluster_client import DaskWorker
from runner.execution.cluster.link import Link
from runner.execution.worker_protocol import Shard


@dataclass(slots=True)
class Handover:
    """A shard on its way to a worker. `token` is good for it once."""

    token: str
    shard: Shard
    schema: bytes | None
    begun: bool = False  # it was sent to the host


@dataclass(slots=True)
class Place:
    """A worker: where it is, the connection to its host, and the shard that it has."""

    number: int
    worker: DaskWorker
    index: int  # among the places of its Dask worker
    session: str = field(default_factory=partial(secrets.token_hex, 8))  # of its host, for Dask
    secret: str = field(default_factory=partial(secrets.token_hex, 32))  # that its host shows
    link: Link | None = None
    handover: Handover | None = None
    codes: set[str] = field(default_factory=set)  # digests of the code that its host has
    leaving: bool = False  # its Dask worker leaves the cluster
    ended: bool = False

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.worker.address
