"""The connection to a Dask scheduler: which workers there are, and one Dask task for each shard.

Used by one thread, which runs the event loop of the executor. This is the only module that imports `distributed`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.execution.cluster.relay import relay
from runner.records.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client, Future

    from runner.execution.cluster.cluster_options import ClusterOptions

RESOURCE = "runner"  # of a Dask worker: so many places has it
_START_WAIT = 10.0  # seconds for the first connection: the run has done nothing yet
_POLL = 0.2  # seconds between two looks at the connection
_LIST_EVERY = 1.0  # seconds between two looks at the workers
_LIST_WAIT = 5.0  # seconds for the scheduler to answer
_RECENT = 60.0  # seconds: Dask's workers end up to 30 s after their scheduler, and are missed some seconds later


@dataclass(frozen=True, kw_only=True, slots=True)
class DaskWorker:
    """A Dask worker: its address, how many shards at once it is for, and whether it accepts tasks."""

    address: str
    places: int
    declared: bool  # it has the resource
    running: bool


class _Call:
    """Is pickled as a call of `relay`: neither the scheduler nor the client's copy of the task contains our types."""

    def __init__(self, order: bytes) -> None:
        self._order = order

    def __reduce__(self) -> tuple[Callable[[bytes], str], tuple[bytes]]:
        return relay, (self._order,)


class ClusterClient:
    """A client of the scheduler, which rejoins one that was away for no longer than the options say.

    `on_change` takes the workers by address, again and again, `on_lost` the error once the scheduler has been away for
    too long.
    """

    def __init__(
        self,
        options: ClusterOptions,
        on_change: Callable[[dict[str, DaskWorker]], None],
        on_lost: Callable[[ClusterError], None],
    ) -> None:
        self._options = options
        self.address = options.scheduler
        self._wait = options.wait
        self._on_change = on_change
        self._on_lost = on_lost
        self._client: Client | None = None
        self._lost_at = -_RECENT  # when the scheduler was last found to be away
        self._watch: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Connect. Raises `ClusterError` where the scheduler cannot be reached."""
        from distributed import Client  # noqa: PLC0415 - an extra, and slow to import

        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what it reports is reported here
        client = Client(
            self.address,
            asynchronous=True,
            security=self._options.security(),
            timeout=min(_START_WAIT, self._wait),
            set_as_default=False,
            name="plan-runner",
        )
        try:
            await client
        except (OSError, ValueError, RuntimeError, TypeError) as error:
            with contextlib.suppress(Exception):
                await client.close()
            raise ClusterError(
                f"the scheduler at {self.address} cannot be reached: {error or type(error).__name__}. Is it running, "
                "and is the address right? `runner cluster --local 2` starts one to try"
            ) from error
        client._timeout = self._wait  # noqa: SLF001 - from here on it is how long it tries to rejoin
        self._client = client
        await self._list()
        self._watch = asyncio.get_running_loop().create_task(self._watch_scheduler())

    @property
    def dashboard(self) -> str:
        """The address of Dask's dashboard, empty without one."""
        return "" if self._client is None else str(self._client.dashboard_link or "")

    @property
    def tls(self) -> dict[str, Any] | None:
        """The certificates of this side, where the scheduler is reached by TLS."""
        if self._client is None or not self.address.startswith("tls"):
            return None
        files: dict[str, Any] = self._client.security.get_tls_config_for_role("client")
        return files

    async def close(self) -> None:
        """Close the connection. What was submitted is forgotten."""
        if self._watch is not None:
            self._watch.cancel()
        if self._client is not None:
            with contextlib.suppress(OSError, TimeoutError, RuntimeError):
                async with asyncio.timeout(_LIST_WAIT):
                    await self._client.close()

    async def submit(self, order: bytes, worker: DaskWorker, key: str, priority: int) -> str:
        """Call `relay` in a Dask worker and return what it returns.

        Raises what the call raised, or whatever Dask raises for a task that it lost; then nothing is known of it.
        """
        if self._client is None or self._client.status != "running":
            raise ConnectionError("the scheduler is away")
        future: Future[Any] = self._client.submit(
            pickle.loads,
            pickle.dumps(_Call(order)),
            key=key,
            workers=[worker.address],
            allow_other_workers=False,
            priority=priority,
            resources={RESOURCE: 1} if worker.declared else None,
            retries=0,
            pure=False,
        )
        try:
            return str(await future)
        finally:
            with contextlib.suppress(Exception):
                future.release()

    async def was_away(self) -> bool:
        """Return whether the scheduler is away, or was a short time ago: workers then end for that reason."""
        if self._client is None or self._client.status != "running":
            return True
        try:
            await self._list()
        except (OSError, TimeoutError):
            return True
        return time.monotonic() < self._lost_at + _RECENT

    async def _watch_scheduler(self) -> None:
        """Keep the list of workers up to date, and report a scheduler that does not come back."""
        listed = 0.0
        while True:
            client, now = self._client, time.monotonic()
            status = "closed" if client is None else client.status
            if status == "closed":
                self._on_lost(
                    ClusterError(
                        f"the scheduler at {self.address} has been away for {self._wait:g} s. "
                        "Run the plan again to continue, once it runs"
                    )
                )
                return
            if status != "running":
                self._lost_at = now
            elif now >= listed + _LIST_EVERY:
                listed = now
                with contextlib.suppress(OSError, TimeoutError):  # the client notices by itself
                    await self._list()
            await asyncio.sleep(_POLL)

    async def _list(self) -> None:
        if self._client is None or self._client.scheduler is None:
            return
        async with asyncio.timeout(_LIST_WAIT):
            identity = await self._client.scheduler.identity()
        found = {}
        for address, about in identity["workers"].items():
            places = int(about.get("resources", {}).get(RESOURCE, 0))
            found[address] = DaskWorker(
                address=address,
                places=max(1, places),
                declared=places > 0,
                running=about.get("status") == "running",
            )
        self._on_change(found)
