"""Listens for worker hosts, and accepts those that the run expects and that run the same code."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.execution.cluster.encryption import supervisor_tls
from runner.execution.cluster.fingerprint import difference
from runner.execution.cluster.link import Link, LinkLostError
from runner.records.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from runner.execution.cluster.cluster_options import ClusterOptions
    from runner.execution.cluster.loop_thread import LoopThread
    from runner.execution.cluster.place import Place


class HostServer:
    """The listening side. Used by the thread of the event loop.

    `place_of` returns the place that a secret belongs to, once; `refuse` takes a place whose host cannot be used, with
    the reason; `serve` takes one that is connected, and returns at the end of the connection.
    """

    def __init__(
        self,
        options: ClusterOptions,
        tasks: LoopThread,
        *,
        place_of: Callable[[str], Place | None],
        refuse: Callable[[Place, str], None],
        serve: Callable[[Place, Link], Awaitable[None]],
    ) -> None:
        self._options = options
        self._tasks = tasks
        self._place_of = place_of
        self._refuse = refuse
        self._serve = serve
        self._server: asyncio.Server | None = None
        self.address: tuple[str, int] = ("", 0)

    async def start(self, tls_files: Mapping[str, Any] | None) -> None:
        """Listen, with TLS where there are files for it. Raises `ClusterError` where that fails."""
        host, port = self._options.listen
        tls = None
        try:
            host = host or _local_address(self._options.host_and_port)
            if tls_files is not None:
                with tempfile.TemporaryDirectory(prefix="plan-runner-") as folder:
                    tls = supervisor_tls(tls_files, Path(folder))
            self._server = await asyncio.start_server(self._accepted, host, port, ssl=tls)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"{host}:{port}: cannot listen for workers there: {error}. "
                "Set executor.listen in the plan to an address of this machine"
            ) from error
        self.address = (host, self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Accept no host any more."""
        if self._server is not None:
            self._server.close()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection. Runs in a task of its own."""
        self._tasks.keep(asyncio.current_task())
        link = Link(reader, writer, self._options.pulse)
        try:
            greeting = await link.greeting()
            place = self._place_of(str(greeting.get("secret", "")))
            if place is None:
                link.greet({"accepted": False, "reason": "this run does not expect it"})
            elif (wrong := difference(greeting.get("fingerprint"))) is not None:
                link.greet({"accepted": False, "reason": wrong})
                self._refuse(place, wrong)
            else:
                link.greet({"accepted": True})
                await self._serve(place, link)
        except (LinkLostError, ValueError):
            return  # it was no host, or it has ended, which its Dask task reports
        finally:
            await link.close()


def _local_address(host: tuple[str, int]) -> str:
    """Return the address of this machine by which another one is reached. Sends nothing."""
    family, kind, protocol, _, address = socket.getaddrinfo(*host, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.connect(address)
        name: str = probe.getsockname()[0]
    return name
