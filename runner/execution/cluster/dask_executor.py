"""The executor of a Dask cluster: one worker for each place of a Dask worker.

    supervisor's loop        event loop, a thread                         Dask worker           worker host
    ─────────────────        ────────────────────                         ───────────           ───────────
    start_worker, assign ──► ClusterClient.submit ── through Dask ──────► relay ──── pipe ────► LocalExecutor(1)
    receive ◄── queue ────── Link ◄──────────────── a connection of its own, TCP or TLS ──────► events, requests
                             DirectAccess, in writer threads: files of workers without a shared disk

A shard is one Dask task, so that Dask's priorities and resources hold between users of a cluster. The task carries a
token; the shard itself, and all that comes back, goes over the connection, whose loss is noticed. A token is good
once: where Dask runs a task again, the host is refused.
"""

from __future__ import annotations

import contextlib
import hmac
import itertools
import json
import queue
import secrets
import threading
import time
from asyncio import Event
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from runner.execution.cluster.cluster_client import ClusterClient, DaskWorker
from runner.execution.cluster.fingerprint import not_installed
from runner.execution.cluster.host_protocol import (
    CodeDiffers,
    CodeSent,
    EndWorker,
    HostClosed,
    HostSetup,
    ShardSent,
    ShardWanted,
)
from runner.execution.cluster.host_server import HostServer
from runner.execution.cluster.link import Link, LinkLostError
from runner.execution.cluster.loop_thread import LoopThread
from runner.execution.cluster.place import Handover, Place
from runner.execution.cluster.relay import FAILED
from runner.execution.cluster.workspace_service import WorkspaceService
from runner.execution.executor import WorkerDied
from runner.execution.worker_protocol import Answered, Asked, Cancel, Shard, ShardEnded
from runner.records.errors import ClusterError, RunnerError, WorkspaceError
from runner.records.events import SubTaskStarted

if TYPE_CHECKING:
    from runner.execution.cluster.cluster_options import ClusterOptions
    from runner.execution.worker_protocol import Limits

_CLOSE_WAIT = 5.0  # seconds for the hosts to end
_UNREAD = 2000  # messages that wait for the supervisor's loop before the connections are not read any more


class DaskExecutor:
    """The workers of a cluster, with these limits on each. See `Executor`."""

    def __init__(self, options: ClusterOptions, limits: Limits) -> None:
        self._options = options
        self._limits = limits
        self._numbers = itertools.count()
        self._tasks = itertools.count()  # of Dask, for their keys
        self._received: queue.SimpleQueue[tuple[int, Any] | ClusterError | None] = queue.SimpleQueue()
        self._guard = threading.Lock()  # of the next three, which both threads use
        self._workers: dict[str, DaskWorker] = {}
        self._places: dict[int, Place] = {}
        self._refused: dict[str, str] = {}  # reasons by address
        self._loop: LoopThread | None = None
        self._client = ClusterClient(options, self._changed, self._fail)
        self._service = WorkspaceService()
        self._server: HostServer | None = None
        self._room = Event()  # the supervisor's loop keeps up with the messages
        self._room.set()
        self._workerless = 0.0  # since when there has been no worker, in monotonic seconds; 0 while there is one

    @property
    def places(self) -> int:
        """The places of the workers that the scheduler has now."""
        with self._guard:
            return sum(worker.places for worker in self._usable())

    @property
    def parallel(self) -> int:
        """The same: each place is a machine, or a share of one that its owner has decided on."""
        return self.places

    @property
    def machines(self) -> int:
        """The same."""
        return self.places

    def prepare(self) -> str:
        """Connect to the scheduler, and listen for hosts. Raises `ClusterError` where that fails."""
        if self._loop is not None:
            return ""
        self._loop = LoopThread("cluster", self._broken)
        self._server = HostServer(
            self._options, self._loop, place_of=self._place_of, refuse=self._refuse, serve=self._serve
        )
        self._loop.run(self._start(self._server))
        dashboard = f", dashboard {self._client.dashboard}" if self._client.dashboard else ""
        return f"cluster {self._options.scheduler}: {self.places} workers{dashboard}"

    def start_worker(self) -> int | None:
        """Have Dask start a worker host on a place that is free."""
        with self._guard:
            taken = {(place.worker.address, place.index) for place in self._places.values()}
            free = (
                (worker, index)
                for worker in self._usable()
                for index in range(worker.places)
                if (worker.address, index) not in taken
            )
            found = next(free, None)
            if found is None or self._loop is None:
                return None
            place = Place(number=next(self._numbers), worker=found[0], index=found[1])
            self._places[place.number] = place
        self._loop.spawn(self._open(place))
        return place.number

    def assign(self, worker: int, shard: Shard, schema: bytes | None) -> None:
        """Submit a Dask task for a shard."""
        place = self._places.get(worker)
        if place is not None and self._loop is not None:
            shard = replace(shard, remote=not self._options.shared)
            place.handover = Handover(token=secrets.token_hex(16), shard=shard, schema=schema)
            self._loop.spawn(self._hand_over(place, place.handover))

    def cancel(self, worker: int, subtask_id: str, attempt: int) -> None:
        """Ask an attempt to stop, over the connection."""
        self._send(worker, Cancel(subtask_id=subtask_id, attempt=attempt))

    def end(self, worker: int, *, force: bool) -> None:
        """Have the host signal its worker's process group."""
        self._send(worker, EndWorker(force=force))

    def retire(self, worker: int) -> None:
        """Have the host end."""
        self._send(worker, HostClosed())
        with self._guard:
            self._places.pop(worker).ended = True

    # ----------------------------------------------------------------------------- messages

    def receive(self, timeout: float) -> list[tuple[int, Any]]:
        """Wait for what the event loop has received. Raises `ClusterError` once the cluster cannot be used."""
        received: list[tuple[int, Any]] = []
        with contextlib.suppress(queue.Empty):
            first = self._received.get(timeout=timeout)
            for one in (first, *(self._received.get_nowait() for _ in range(self._received.qsize()))):
                if isinstance(one, ClusterError):
                    raise one
                if one is not None:
                    received.append(one)
        if not self._room.is_set() and self._loop is not None:
            self._loop.call(self._room.set)
        return received

    def wake(self) -> None:
        """Put something into the queue that `receive` waits for."""
        self._received.put(None)

    def close(self) -> None:
        """End all hosts, and disconnect."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.run(self._stop(loop))
        self._service.close()
        if loop is not None:
            loop.close()

    def _send(self, worker: int, message: object) -> None:
        place = self._places.get(worker)
        if place is not None and self._loop is not None:
            self._loop.spawn(self._pass(place, message))

    # ----------------------------------------------------------------------------- event loop: start and end

    async def _start(self, server: HostServer) -> None:
        await self._client.connect()
        await server.start(self._client.tls)

    async def _stop(self, loop: LoopThread) -> None:
        if self._server is not None:
            self._server.stop()
        with self._guard:
            places = list(self._places.values())
        for place in places:
            if place.link is not None:
                place.link.send(HostClosed())
            place.ended = True
        await loop.finish(_CLOSE_WAIT)
        for place in places:
            if place.link is not None:
                place.link.abort()
        await self._client.close()

    def _fail(self, error: ClusterError) -> None:
        self._received.put(error)

    def _broken(self, error: BaseException) -> None:
        """Fail the run for an error that nothing else takes."""
        self._fail(ClusterError(f"the connection to the cluster has failed: {type(error).__name__}: {error}"))

    # ----------------------------------------------------------------------------- event loop: workers

    def _usable(self) -> list[DaskWorker]:
        return [worker for worker in self._workers.values() if worker.running and worker.address not in self._refused]

    def _changed(self, workers: dict[str, DaskWorker]) -> None:
        """Take the scheduler's list of workers."""
        with self._guard:
            joined = any(worker != self._workers.get(address) for address, worker in workers.items())
            self._workers = workers
            places = list(self._places.values())
            usable = bool(places or self._usable())
        for place in places:
            known = workers.get(place.worker.address)
            if known is None or not known.running:
                place.leaving = place.leaving or known is not None
                if place.handover is None or not place.handover.begun:
                    self._died(place, f"worker was lost: {place.name} has left the cluster", lost=True)
        if joined:
            self.wake()
        now = time.monotonic()
        if usable:
            self._workerless = 0.0
        elif self._workerless == 0.0:
            self._workerless = now
        elif now > self._workerless + self._options.wait:
            self._fail(
                ClusterError(
                    f"the scheduler at {self._options.scheduler} has had no worker for {self._options.wait:g} s. "
                    "Start workers, then run the plan again to continue"
                )
            )

    async def _open(self, place: Place) -> None:
        """Have Dask start the host of a place, which then connects by itself."""
        order = {
            "session": place.session,
            "secret": place.secret,
            "connect": self._server.address if self._server is not None else None,
            "tls": self._client.tls is not None,
            "pulse": {"beat": self._options.pulse.beat, "silence": self._options.pulse.silence},
        }
        try:
            outcome = await self._submit(place, order, priority=0)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != __name__.partition(".")[0]:
                raise
            self._refuse(place, not_installed())
        except Exception as error:  # noqa: BLE001 - a failed task raises whatever it raised there
            await self._lose(place, f"its Dask task has failed: {type(error).__name__}: {error}")
        else:
            if outcome.startswith(FAILED):
                self._refuse(place, outcome.removeprefix(FAILED))
            elif place.link is None:
                await self._lose(place, f"{place.name}, its host has ended before it was connected")

    async def _hand_over(self, place: Place, handover: Handover) -> None:
        """Submit the Dask task of a shard. Once the host has asked for the shard, only the connection counts."""
        order = {"session": place.session, "token": handover.token}
        try:
            await self._submit(place, order, handover.shard.task.input.priority)
        except Exception as error:  # noqa: BLE001 - a failed task raises whatever it raised there
            reason = f"{type(error).__name__}: {error}"
        else:
            reason = "its host has ended"
        if not handover.begun:
            await self._lose(place, f"its Dask task was lost before it began: {reason}")

    async def _submit(self, place: Place, order: dict[str, Any], priority: int) -> str:
        key = f"plan-runner-{place.session}-{next(self._tasks)}"
        return await self._client.submit(json.dumps(order).encode(), place.worker, key, priority)

    def _refuse(self, place: Place, reason: str) -> None:
        """Use a Dask worker no more in this run."""
        with self._guard:
            self._refused.setdefault(place.worker.address, reason)
            used = (one for one in self._places.values() if one.worker.address not in self._refused)
            none_left = not self._usable() and not any(one.link for one in used)
        if none_left:
            self._fail(ClusterError(f"no worker of the cluster can be used. {place.name}: {reason}", input_error=True))
        self._died(place, f"worker is not used: {reason}", lost=True)

    async def _lose(self, place: Place, how: str) -> None:
        """Report the end of a worker; nobody is charged where the cluster is the reason."""
        if not place.ended:
            lost = place.leaving or await self._client.was_away()
            self._died(place, f"worker was lost: {how}", lost=lost)

    def _died(self, place: Place, how: str, *, lost: bool) -> None:
        with self._guard:
            if place.ended:
                return
            place.ended = True
            self._places.pop(place.number, None)
        if place.link is not None:
            place.link.abort()
        self._received.put((place.number, WorkerDied(name=place.name, how=how, lost=lost)))

    # ----------------------------------------------------------------------------- event loop: connections

    def _place_of(self, secret: str) -> Place | None:
        """Return the place whose host shows this secret, once."""
        with self._guard:
            for place in self._places.values():
                if place.link is None and hmac.compare_digest(place.secret.encode(), secret.encode()):
                    return place
        return None

    async def _serve(self, place: Place, link: Link) -> None:
        place.link = link
        link.send(HostSetup(limits=self._limits, environment=dict(self._options.environment)))
        link.start_beats()
        try:
            while True:
                for message in await link.receive():
                    self._take(place, link, message)
                if self._received.qsize() > _UNREAD:
                    self._room.clear()
                    await self._room.wait()
        except LinkLostError as error:
            await self._lose(place, f"{place.name}, {error}")

    def _take(self, place: Place, link: Link, message: Any) -> None:
        """Take a message of a host."""
        match message:
            case _ if place.ended:
                return
            case ShardWanted(token=token):
                self._send_shard(place, link, token)
            case Asked():
                shard = None if place.handover is None else place.handover.shard
                self._service.answer(shard, message, partial(self._reply, link))
            case CodeDiffers(reason=reason):
                self._refuse(place, reason)
            case WorkerDied():
                self._died(place, f"{message.how} ({message.name} on {place.name})", lost=False)
            case SubTaskStarted():
                self._received.put((place.number, replace(message, host=place.name)))
            case ShardEnded():
                place.handover = None
                self._received.put((place.number, message))
            case _:
                self._received.put((place.number, message))

    def _send_shard(self, place: Place, link: Link, token: str) -> None:
        handover = place.handover
        if handover is None or handover.begun or handover.token != token:
            link.send(ShardSent(token=token))
            return
        handover.begun = True
        try:
            code = self._service.code(handover.shard.task)
        except (RunnerError, OSError) as error:
            place.handover = None
            link.send(ShardSent(token=token))
            self._received.put((place.number, ShardEnded(error=f"cannot be sent to a worker: {error}")))
            return
        digest = None
        if code.shipped is not None:
            digest, data = code.shipped
            if digest not in place.codes:
                place.codes.add(digest)
                link.send(CodeSent(digest=digest, data=data))
        shard, schema = handover.shard, handover.schema
        link.send(ShardSent(token=token, shard=shard, schema=schema, code=digest, installed=code.installed))

    def _reply(self, link: Link, answer: Answered) -> None:
        """Have the event loop send an answer. Called from any thread."""
        loop = self._loop
        if loop is not None:  # the run goes on
            loop.call(partial(_send_answer, link, answer))

    async def _pass(self, place: Place, message: object) -> None:
        if place.link is not None:
            place.link.send(message)
        elif isinstance(message, EndWorker):
            self._died(place, f"worker on {place.name} was ended before it started", lost=True)


def _send_answer(link: Link, answer: Answered) -> None:
    try:
        link.send(answer)
    except ValueError as error:
        link.send(Answered(number=answer.number, error=(WorkspaceError.__name__, str(error), False)))
