"""The cost of live progress: a run with a deployment that hangs, and events a second for batches of three sizes."""

from __future__ import annotations

import random
import socket
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runner.progress.convex.client import DeploymentClient
from runner.progress.convex.outbox import as_sent
from runner.progress.reporter import Recorded
from tests.bench.__main__ import Cost, Row, in_turn, school_tasks, timed
from tests.integration.convex_deployment import open_server
from tests.made_up_runs import made_up_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.records.events import Event
    from tests.bench.__main__ import Scratch

ROOT = Path(__file__).resolve().parent.parent.parent
BATCHES = (1, 100, 500)
EVENTS = {1: 200, 100: 2000, 500: 4000}  # of each batch size: enough for a measurement, and no more


def bench_convex(scratch: Scratch) -> Iterator[Row]:
    """All rows."""
    yield from bench_hung(scratch)
    yield from bench_batches()


def bench_hung(scratch: Scratch) -> Iterator[Row]:
    """The school plan with a deployment that accepts connections and never answers; the drain is switched off."""
    ddl, tasks = ROOT / "plans" / "school.sql", school_tasks()

    def run(**env: str) -> Cost:
        plan = scratch.plan(scratch.fresh(), ddl, tasks)
        plan.write_text(plan.read_text().replace("convex: {enabled: false}\n", ""))
        command = [sys.executable, "-m", "runner", str(plan), "-q", "--state", str(scratch.fresh())]
        return timed(command, **{"CONVEX_URL": "", "RUNNER_CONVEX_TOKEN": "", **env})

    with _hung_server() as url:
        settings = {"CONVEX_URL": url, "RUNNER_CONVEX_TOKEN": "bench", "RUNNER_CONVEX_DRAIN": "0"}
        hung, without = in_turn(lambda: run(**settings), run)
    yield hung.against(without, "school plan, Convex hung (drain aside)", "≤ 1.05", " (no Convex)")


def bench_batches() -> Iterator[Row]:
    """Events a second into the project's functions on the test server, one call after the other."""
    events = made_up_events(random.Random(1), tasks=10, tables=60)
    with open_server() as server, closing(DeploymentClient(server.target())) as client:
        _send(client, "warm-up", events[:200], 100)
        for size in BATCHES:
            server.wish(reset=True)
            count = min(EVENTS[size], len(events))
            seconds = _send(client, f"bench-{size}", events[:count], size)
            yield Row(what=f"events a second to Convex, batches of {size}", measured=f"{count / seconds:,.0f}")


def _send(client: DeploymentClient, run_id: str, events: Sequence[Event], size: int) -> float:
    sent = [as_sent(Recorded(run_id=run_id, seq=seq, event=event))[0] for seq, event in enumerate(events, 1)]
    began = time.perf_counter()
    for start in range(0, len(sent), size):
        batch = sent[start : start + size]
        args = {"producer": run_id, "firstSeq": batch[0]["seq"], "lastSeq": batch[-1]["seq"], "events": batch}
        client.call("progress:ingest", args)
    return time.perf_counter() - began


@contextmanager
def _hung_server() -> Iterator[str]:
    """A server that accepts every connection, reads its input and never answers."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    connections: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for connection in connections:
            connection.close()
