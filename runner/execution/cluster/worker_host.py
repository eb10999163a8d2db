"""The process on a machine of the cluster that has a worker: `python -m runner.execution.cluster.worker_host`.

    Dask worker              worker host                                                     supervisor
    ───────────              ───────────                                                     ──────────
    relay(token) ── stdin ─► thread "orders" ─► thread "link" ── ShardWanted ──────────────►
                             main: LocalExecutor ◄── shards ──── thread "link" ◄───────────  ShardSent
                             main ── what the worker sends ────► thread "link" ────────────► events, requests
                             thread "control" ─► worker ◄──────────────────────────────────  cancel, answers

The worker is one of `LocalExecutor`, with its limits, its process group and its words at a death. The host ends, and
the worker with all that its agents started, when the connection ends, when the Dask worker ends (its pipe closes), or
when the supervisor asks for that. Only the main thread uses the executor, except for the worker's control pipe.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import signal
import socket
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.execution.cluster.encryption import worker_tls
from runner.execution.cluster.fingerprint import fingerprint
from runner.execution.cluster.host_protocol import (
    CodeDiffers,
    CodeSent,
    EndWorker,
    HostClosed,
    HostSetup,
    ShardSent,
    ShardWanted,
)
from runner.execution.cluster.installed_code import missing
from runner.execution.cluster.link import Link, LinkLostError, Pulse
from runner.execution.cluster.relay import FAILED
from runner.execution.cluster.shipped_code import unpack
from runner.execution.executor import WorkerDied
from runner.execution.forkserver import ensure_forkserver
from runner.execution.local_executor import LocalExecutor
from runner.execution.worker_protocol import Answered, Cancel, ShardEnded, WorkerReady

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

_IDLE_WAIT = 1.0  # seconds; whatever happens wakes the loop


class WorkerHost:
    """A worker, its connection to the supervisor, and the pipes of the Dask worker."""

    def __init__(self, order: dict[str, Any], orders: TextIO, report: Callable[[str], None], folder: Path) -> None:
        self._order = order
        self._orders = orders
        self._report = report
        self._folder = folder
        self._codes: dict[str, Path] = {}
        self._executor: LocalExecutor | None = None
        self._worker = 0
        self._token = ""  # of the shard that the worker has; "" for none, and at first for the start
        self._mail: queue.SimpleQueue[Any] = queue.SimpleQueue()  # for the main thread
        self._control: queue.SimpleQueue[Cancel | Answered] = queue.SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._link: Link | None = None

    def run(self) -> None:
        """Serve until the end."""
        for target, name in ((self._run_loop, "link"), (self._read_orders, "orders")):
            threading.Thread(target=target, name=name, daemon=True).start()
        setup = self._mail.get()  # the greeting has a time limit
        if not isinstance(setup, HostSetup):
            return
        os.environ.update(setup.environment)
        ensure_forkserver()
        executor = self._executor = LocalExecutor(1, setup.limits)
        try:
            self._worker = executor.start_worker()
            threading.Thread(target=self._pass_control, name="control", daemon=True).start()
            while self._handle_mail(executor) and self._pass_on(executor.receive(_IDLE_WAIT)):
                pass
        finally:
            executor.close()
            self._close_link()

    # ----------------------------------------------------------------------------- main thread

    def _handle_mail(self, executor: LocalExecutor) -> bool:
        """Do what the supervisor has sent; return False at the end."""
        while not self._mail.empty():
            match self._mail.get():
                case ShardSent(shard=None, token=token):
                    self._report(f"{token} refused")
                case ShardSent() as sent:
                    self._assign(executor, sent)
                case CodeSent(digest=digest, data=data):
                    self._codes[digest] = unpack(data, self._folder / digest)
                case EndWorker(force=force):
                    executor.end(self._worker, force=force)
                case HostClosed():
                    return False
        return True

    def _assign(self, executor: LocalExecutor, sent: ShardSent) -> None:
        shard, self._token = sent.shard, sent.token
        if shard is None:
            raise ValueError("there is no shard")
        if (reason := missing(sent.installed)) is not None:
            self._in_loop(self._send, CodeDiffers(reason=reason))
            self._report(f"{sent.token} refused")
            return
        if sent.code is not None:
            code = self._codes[sent.code]
            task = shard.task
            templates = code / "templates" if task.templates is not None else None
            task = replace(task, import_path=code / "plan", input=replace(task.input, templates=templates))
            shard = replace(shard, task=task)
        executor.assign(self._worker, shard, sent.schema)

    def _pass_on(self, received: list[tuple[int, Any]]) -> bool:
        """Send the worker's messages; return False after its last one."""
        messages = [message for _, message in received]
        if messages:
            self._in_loop(self._send, *messages)
        for message in messages:
            if isinstance(message, WorkerReady | ShardEnded):
                self._report(f"{self._token} done")
        return not any(isinstance(message, WorkerDied) for message in messages)

    async def _send(self, *messages: object) -> None:
        if self._link is not None:
            self._link.send(*messages)
            await self._link.drain()

    def _in_loop(self, coroutine: Callable[..., Any], *arguments: object) -> None:
        """Run a coroutine in the loop's thread and wait for its end, which has a time limit."""
        with contextlib.suppress(LinkLostError):  # the thread that reads reports it
            asyncio.run_coroutine_threadsafe(coroutine(*arguments), self._loop).result()

    def _close_link(self) -> None:
        if self._link is not None:
            self._in_loop(self._link.close)

    # ----------------------------------------------------------------------------- other threads

    def _wake(self, message: object) -> None:
        self._mail.put(message)
        if self._executor is not None:
            self._executor.wake()

    def _pass_control(self) -> None:
        """Write to the worker's control pipe, which blocks where the worker does not read it."""
        while self._executor is not None:
            self._executor.send(self._worker, self._control.get())

    def _read_orders(self) -> None:
        """Read tokens from the Dask worker. Its end is the end of this host."""
        for line in self._orders:
            token = line.strip()
            self._loop.call_soon_threadsafe(self._want, token)
        self._wake(HostClosed())

    def _want(self, token: str) -> None:
        if self._link is not None:
            self._link.send(ShardWanted(token=token))

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.create_task(self._serve())
        self._loop.run_forever()

    async def _serve(self) -> None:
        """Connect, and receive until the connection ends."""
        try:
            link = await self._connect(Pulse(**self._order["pulse"]))
            link.start_beats()
            self._link = link
            while True:
                for message in await link.receive():
                    if isinstance(message, Cancel | Answered):
                        self._control.put(message)
                    else:
                        self._wake(message)
        except LinkLostError:
            return
        except (OSError, ValueError) as error:
            self._report(f" {FAILED}{error or type(error).__name__}")
        finally:
            self._wake(HostClosed())

    async def _connect(self, pulse: Pulse) -> Link:
        order = self._order
        tls = worker_tls(order["tls_files"], self._folder) if order["tls"] else None
        host, port = order["connect"]
        try:
            link = await Link.connect(host, port, tls, pulse)
        except OSError as error:
            where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            raise ConnectionError(
                f"it cannot reach the supervisor at {where} ({error or type(error).__name__}); "
                "set executor.listen in the plan to an address of the supervisor's machine that workers can reach"
            ) from error
        link.greet(
            {
                "secret": order["secret"],
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "fingerprint": fingerprint(),
            }
        )
        answer = await link.greeting()
        if not answer.get("accepted"):
            raise ConnectionError(str(answer.get("reason", "refused")))
        return link


def main() -> None:
    """Run a host: the first line of standard input is its order, each other one the token of a shard."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = os.fdopen(os.dup(0), encoding="utf-8")
    reports = os.dup(1)  # copies that no other process inherits: its end is then the host's
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    guard = threading.Lock()

    def report(line: str) -> None:
        with guard, contextlib.suppress(BrokenPipeError):
            os.write(reports, f"{line}\n".encode())

    order = json.loads(orders.readline() or "{}")
    if not order:
        return
    with tempfile.TemporaryDirectory(prefix="plan-runner-", dir=order["folder"]) as folder:
        os.chdir(folder)
        WorkerHost(order, orders, report, Path(folder)).run()


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    os._exit(0)  # its threads may wait for what never comes
