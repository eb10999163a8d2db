"""Faults between a run and its deployment, at seeded moments: at the end every event is stored exactly once.

Three repetitions of each; 20, and with the client's real timeout, if RUNNER_FAULTS is `long` (`make faults`).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from runner.progress.convex import outbox_sender
from runner.progress.convex import sink as convex_sink
from runner.progress.convex.client import CONNECT_TIMEOUT, READ_TIMEOUT, DeploymentClient
from runner.progress.convex.sync import sync
from runner.progress.convex.target import SINK
from runner.progress.stores.state_reader import StateReader
from runner.records.events import RunEnded
from runner.records.status import RunStatus
from tests.integration.command import environment
from tests.integration.convex_deployment import Server, open_server
from tests.integration.convex_runs import assert_same
from tests.made_up_runs import Played, made_up_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.progress.convex.target import ConvexTarget

LONG = os.environ.get("RUNNER_FAULTS") == "long"
REPETITIONS = 20 if LONG else 3
RUN_SECONDS = 0.8  # duration of a made-up run
DRAIN = 60.0 if LONG else 20.0  # long enough for everything to arrive, which these tests check
HANG = 30.0 if LONG else 1.5  # seconds; three times the client's timeout
PATIENCE = READ_TIMEOUT if LONG else 0.5  # the client's read timeout

seeds = pytest.mark.parametrize("seed", range(REPETITIONS))


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    if os.environ.get("CONVEX_TEST_URL"):
        pytest.skip("a real deployment has no faults on demand")
    with open_server() as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.wish(reset=True)
    return shared


@pytest.fixture(autouse=True)
def _many_small_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """More calls in less time: more moments at which something can go wrong."""
    monkeypatch.setattr(convex_sink, "FLUSH_INTERVAL", 0.04)
    monkeypatch.setattr(outbox_sender, "FIRST_BACKOFF", 0.05)


def impatient(target: ConvexTarget) -> DeploymentClient:
    return DeploymentClient(target, connect_timeout=CONNECT_TIMEOUT, read_timeout=PATIENCE)


def play(server: Server, state: Path, seed: int, spoil: Callable[[random.Random], None]) -> Played:
    """Play a run while `spoil` runs in its own thread, and wait until everything has arrived."""
    rng = random.Random(seed)
    run = Played(state, server.target(drain=DRAIN), impatient)
    spoiler = threading.Thread(target=spoil, args=(rng,))
    spoiler.start()
    run.post(made_up_events(random.Random(seed + 1000)), RUN_SECONDS)
    spoiler.join(HANG + 60)
    assert run.finish() is None
    assert run.warnings == []
    return run


def assert_delivered(server: Server, run: Played) -> None:
    server.calm()
    assert_same(server, run.state, run.run_id)
    with StateReader.open(run.state) as reader:
        assert reader.owed(SINK) == {}


def now_and_then(rng: random.Random, server: Server, fault: str, most: int) -> None:
    """Set a fault a few times while a run is played."""
    for _ in range(4):
        time.sleep(rng.uniform(0, RUN_SECONDS / 3))
        server.faults(**{fault: rng.randint(1, most)})


@seeds
@pytest.mark.parametrize(("fault", "most"), [("dropAfterCommit", 2), ("dropBefore", 2), ("unavailable", 6)])
def test_broken_calls(server: Server, tmp_path: Path, fault: str, most: int, seed: int) -> None:
    run = play(server, tmp_path, seed, lambda rng: now_and_then(rng, server, fault, most))
    assert_delivered(server, run)


@seeds
def test_a_server_that_hangs(server: Server, tmp_path: Path, seed: int) -> None:
    def hang(rng: random.Random) -> None:
        time.sleep(rng.uniform(0, RUN_SECONDS))
        server.faults(hang=-1)
        time.sleep(HANG)
        server.faults(hang=0)

    assert_delivered(server, play(server, tmp_path, seed, hang))


@seeds
def test_a_server_that_starts_late(tmp_path: Path, seed: int) -> None:
    with open_server() as server:
        server.kill()

        def start(rng: random.Random) -> None:
            time.sleep(rng.uniform(0, 2 * RUN_SECONDS))
            server.start()

        assert_delivered(server, play(server, tmp_path, seed, start))


@seeds
@pytest.mark.parametrize("memory", ["kept", "lost"])
def test_a_server_that_is_killed_and_started_again(tmp_path: Path, memory: str, seed: int) -> None:
    """With its data, like a restarted deployment; and without it, like another deployment at the same address."""
    journal = tmp_path / "journal" if memory == "kept" else None
    with open_server(journal=journal) as server:

        def restart(rng: random.Random) -> None:
            time.sleep(rng.uniform(0.1, RUN_SECONDS))
            server.kill()
            server.start()

        assert_delivered(server, play(server, tmp_path / "state", seed, restart))


@seeds
def test_a_deployment_that_loses_its_producer(server: Server, tmp_path: Path, seed: int) -> None:
    def clear(rng: random.Random) -> None:
        for _ in range(3):
            time.sleep(rng.uniform(0, RUN_SECONDS / 2))
            server.wish(clear="producers")

    assert_delivered(server, play(server, tmp_path, seed, clear))


@seeds
def test_a_wrong_token_stops_the_sink_and_loses_nothing(server: Server, tmp_path: Path, seed: int) -> None:
    events = made_up_events(random.Random(seed))
    run = Played(tmp_path, server.target(token="wrong-secret", drain=DRAIN))
    run.post(events, RUN_SECONDS / 4)
    began = time.monotonic()
    word = run.finish()
    assert time.monotonic() - began < 2, "a sink that was stopped must not be drained"
    assert len(run.warnings) == 1
    assert "RUNNER_CONVEX_TOKEN" in run.warnings[0]
    assert "wrong-secret" not in run.warnings[0] + str(word)
    assert word is not None
    assert f"{len(events):,} events wait" in word
    assert "runner sync" in word
    assert server.wish(dump="logs")["documents"] == []
    assert sync(tmp_path, server.target()).waiting == 0
    assert_delivered(server, run)


@seeds
@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_a_refusal_stops_the_sink_and_is_not_repeated(server: Server, tmp_path: Path, status: int, seed: int) -> None:
    server.faults(refuse=-1, refuseWith=status)
    run = Played(tmp_path, server.target(drain=DRAIN))
    run.post(made_up_events(random.Random(seed), tasks=1, tables=3), RUN_SECONDS / 4)
    assert run.finish() is not None
    assert len(run.warnings) == 1
    assert server.wish()["calls"]["total"] == 1
    server.faults(refuse=0)
    assert sync(tmp_path, server.target()).waiting == 0
    assert_delivered(server, run)


@seeds
def test_unsent_events_are_sent_by_the_next_run(server: Server, tmp_path: Path, seed: int) -> None:
    server.faults(unavailable=-1)
    first = Played(tmp_path, server.target(drain=0.2))
    first.post(made_up_events(random.Random(seed)))
    assert first.finish() is not None
    server.faults(unavailable=0)
    second = Played(tmp_path, server.target(drain=DRAIN))
    second.post(made_up_events(random.Random(seed + 1)))
    assert second.finish() is None
    assert_delivered(server, first)
    assert_delivered(server, second)


@seeds
def test_two_runs_at_once(server: Server, tmp_path: Path, seed: int) -> None:
    """In one state folder, through one deployment, which breaks calls of both."""
    rng = random.Random(seed)
    runs = [Played(tmp_path, server.target(drain=DRAIN), impatient) for _ in range(2)]
    words: list[str | None] = []

    def play_one(run: Played, number: int) -> None:
        run.post(made_up_events(random.Random(2 * seed + number)), RUN_SECONDS)
        words.append(run.finish())

    threads = [threading.Thread(target=play_one, args=(run, number)) for number, run in enumerate(runs)]
    for thread in threads:
        thread.start()
    now_and_then(rng, server, "dropAfterCommit", 2)
    for thread in threads:
        thread.join(DRAIN + 30)
    assert words == [None, None]
    for run in runs:
        assert_delivered(server, run)


@seeds
def test_two_senders_of_one_run(server: Server, tmp_path: Path, seed: int) -> None:
    """`runner sync` during the run: events sent by both are stored once."""
    run = Played(tmp_path, server.target(drain=DRAIN), impatient)
    other = threading.Thread(target=lambda: [sync(tmp_path, server.target()) for _ in range(5)])
    events = made_up_events(random.Random(seed))
    run.post(events[:20])
    run.flush()
    other.start()
    run.post(events[20:], RUN_SECONDS)
    other.join(60)
    assert run.finish() is None
    assert_delivered(server, run)


_VICTIM = """
import random, sys
from pathlib import Path
from runner.progress.convex import sink as convex_sink
from runner.progress.convex.target import required_target
from tests.made_up_runs import Played, made_up_events
import os
convex_sink.FLUSH_INTERVAL = 0.04
run = Played(Path(sys.argv[1]), required_target(None, os.environ))
print(run.run_id, flush=True)
run.post(made_up_events(random.Random(int(sys.argv[2]))), float(sys.argv[3]))
run.finish()
"""


@seeds
def test_a_runner_that_is_killed_and_then_sync(server: Server, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    with subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(tmp_path), str(seed), str(RUN_SECONDS)],
        env=environment(**server.environ),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        run_id = process.stdout.readline().strip()
        time.sleep(rng.uniform(0.05, RUN_SECONDS))
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    synced = subprocess.run(
        [sys.executable, "-m", "runner", "sync", "--state", str(tmp_path)],
        env=environment(**server.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert synced.returncode == 0, synced.stderr
    assert "sent" in synced.stdout
    server.calm()
    assert_same(server, tmp_path, run_id)
    with closing(StateReader.open(tmp_path)) as reader:
        assert reader.run(run_id).status is RunStatus.INTERRUPTED
        assert isinstance(list(reader.events(run_id))[-1].event, RunEnded)
        assert reader.owed(SINK) == {}
