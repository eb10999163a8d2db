"""The sink: when it sends, how it handles errors, and that nothing waits for it. With a hand-written client."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from runner.progress.convex import outbox_sender
from runner.progress.convex import sink as convex_sink
from runner.progress.convex.client import FunctionFailedError, RefusedError, UnavailableError
from runner.progress.convex.outbox import MAX_EVENTS
from runner.progress.convex.sync import sync
from runner.progress.convex.target import SINK, ConvexTarget
from runner.progress.stores.state_reader import StateReader
from runner.records.backoff import JITTER
from runner.records.events import Logged
from tests.made_up_runs import Played, made_up_events
from tests.sample_runs import run_started

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


TARGET = ConvexTarget(url="http://nowhere.invalid", token="t", drain=5.0)


class FakeDeployment:
    """Accepts events as the deployment does; `before` is called for each call and may raise."""

    def __init__(self, before: Callable[[int], None] = lambda call: None) -> None:
        self.before = before
        self.calls: list[tuple[float, int, int]] = []  # time, first and last number
        self.cursor: Counter[str] = Counter()
        self.open = 0

    def connect(self, target: ConvexTarget) -> FakeDeployment:
        self.open += 1
        return self

    def call(self, name: str, args: dict[str, Any]) -> Any:
        assert name == "progress:ingest"
        self.calls.append((time.monotonic(), args["firstSeq"], args["lastSeq"]))
        self.before(len(self.calls))
        producer = args["producer"]
        if args["firstSeq"] > self.cursor[producer] + 1:
            raise FunctionFailedError("a gap", {"code": "gap", "cursor": float(self.cursor[producer])})
        self.cursor[producer] = max(self.cursor[producer], args["lastSeq"])

    def close(self) -> None:
        self.open -= 1


def logs(count: int) -> list[Logged]:
    return [Logged(level="info", message=str(number)) for number in range(count)]


def test_events_wait_briefly_for_others(tmp_path: Path) -> None:
    deployment = FakeDeployment()
    run = Played(tmp_path, TARGET, deployment.connect)
    began = time.monotonic()
    run.post([run_started(), *logs(20)], 0.2)
    while not deployment.calls:
        assert time.monotonic() - began < 10
        time.sleep(0.01)
    assert deployment.calls[0][0] - began >= 0.4
    time.sleep(0.7)
    assert len(deployment.calls) <= 2, "nothing is sent while there is nothing to send"
    assert run.finish() is None
    assert deployment.cursor[run.run_id] == 21
    assert deployment.open == 0


def test_a_full_batch_is_sent_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convex_sink, "FLUSH_INTERVAL", 60.0)
    deployment = FakeDeployment()
    run = Played(tmp_path, TARGET, deployment.connect)
    run.post([run_started(), *logs(MAX_EVENTS)])
    run.flush()
    _until(lambda: deployment.cursor[run.run_id] == MAX_EVENTS)
    assert run.finish() is None
    assert [call[1:] for call in deployment.calls] == [(1, MAX_EVENTS), (MAX_EVENTS + 1, MAX_EVENTS + 1)]


def test_large_events_are_sent_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convex_sink, "FLUSH_INTERVAL", 60.0)
    deployment = FakeDeployment()
    run = Played(tmp_path, TARGET, deployment.connect)
    run.post([run_started(), *[Logged(level="info", message="m" * 100_000)] * 6])
    _until(lambda: bool(deployment.calls))
    assert run.finish() is None


def test_delivered_events_are_acknowledged_while_the_run_lasts(tmp_path: Path) -> None:
    deployment = FakeDeployment()
    run = Played(tmp_path, TARGET, deployment.connect)
    run.post([run_started(), *logs(4)])
    _until(lambda: deployment.cursor[run.run_id] == 5)
    with StateReader.open(tmp_path) as reader:
        _until(lambda: reader.acknowledged(SINK, run.run_id) == 5)
    run.finish()


def test_temporary_errors_are_retried_with_growing_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(call: int) -> None:
        if call <= 4:
            raise UnavailableError("gone")

    monkeypatch.setattr(outbox_sender, "FIRST_BACKOFF", 0.05)
    deployment = FakeDeployment(fail)
    run = Played(tmp_path, TARGET, deployment.connect)
    run.post([run_started(), *logs(4)])
    _until(lambda: deployment.cursor[run.run_id] == 5)
    assert run.finish() is None
    assert run.warnings == []
    times = [call[0] for call in deployment.calls]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert all(wait >= 0.05 * 2**number * (1 - JITTER) for number, wait in enumerate(waits[:4]))  # load only adds time


def test_a_refusal_is_reported_once_and_not_retried(tmp_path: Path) -> None:
    def fail(call: int) -> None:
        raise RefusedError("no")

    deployment = FakeDeployment(fail)
    run = Played(tmp_path, TARGET, deployment.connect)
    run.post([run_started(), *logs(600)])
    _until(lambda: bool(run.warnings))
    run.post(logs(600))
    run.flush()
    word = run.finish()
    assert len(deployment.calls) == 1
    assert run.warnings == ["nothing more is sent to Convex: no"]
    assert word == "1,201 events wait to be sent to Convex (no); `runner sync` sends them"


def test_a_deployment_that_keeps_losing_events_is_given_up(tmp_path: Path) -> None:
    deployment = FakeDeployment()
    run = Played(tmp_path, TARGET, deployment.connect)
    run.post([run_started(), *logs(4)])
    _until(lambda: deployment.cursor[run.run_id] == 5)

    def forget(call: int) -> None:
        raise FunctionFailedError("a gap", {"code": "gap", "cursor": 0.0})

    deployment.before = forget
    run.post(logs(1))
    _until(lambda: bool(run.warnings))
    assert run.finish() is not None
    assert len(deployment.calls) < 10


@pytest.mark.parametrize("cursor", ["abc", {}, None, -1.0, 1e308, 7.0, float("nan"), 1.5])
def test_a_deployment_with_an_impossible_position_is_given_up(tmp_path: Path, cursor: object) -> None:
    """If it were trusted, events that the deployment lacks would count as sent."""

    def claim(call: int) -> None:
        raise FunctionFailedError("a gap", {"code": "gap", "cursor": cursor})

    run = Played(tmp_path, TARGET, FakeDeployment(claim).connect)
    run.post([run_started(), *logs(4)])
    _until(lambda: bool(run.warnings))
    word = run.finish()
    assert word is not None
    assert word.startswith("5 events wait")


def test_a_run_never_waits_for_a_client_that_hangs(tmp_path: Path) -> None:
    release = threading.Event()
    deployment = FakeDeployment(lambda call: (release.wait(30), None)[1])
    run = Played(tmp_path, ConvexTarget(url="http://nowhere.invalid", token="t", drain=0.3), deployment.connect)
    began = time.monotonic()
    run.post(made_up_events(random.Random(1)))
    run.flush()
    assert time.monotonic() - began < 3
    began = time.monotonic()
    word = run.finish()
    assert 0.3 <= time.monotonic() - began < 3
    assert word is not None
    release.set()


def test_an_unexpected_error_stops_the_sink_only(tmp_path: Path) -> None:
    def fail(call: int) -> None:
        raise ZeroDivisionError("odd")

    run = Played(tmp_path, TARGET, FakeDeployment(fail).connect)
    run.post([run_started(), *logs(4)])
    word = run.finish()
    assert word is not None
    assert "odd" in word


def test_sync_gives_up_after_its_patience_and_keeps_the_outbox(tmp_path: Path) -> None:
    broken = FakeDeployment(lambda call: (_ for _ in ()).throw(UnavailableError("gone")))
    run = Played(tmp_path, ConvexTarget(url="http://nowhere.invalid", token="t", drain=0.0), broken.connect)
    run.post([run_started(), *logs(9)])
    assert run.finish() is not None
    synced = sync(tmp_path, TARGET, patience=0.5, connect=broken.connect)
    assert (synced.sent, synced.waiting, synced.problem) == (0, 10, "gone")
    whole = FakeDeployment()
    synced = sync(tmp_path, TARGET, connect=whole.connect)
    assert (synced.sent, synced.runs, synced.waiting) == (10, 1, 0)
    assert str(synced) == "sent 10 events of 1 run to Convex"
    assert whole.cursor[run.run_id] == 10
    assert str(sync(tmp_path, TARGET, connect=whole.connect)) == "nothing waits to be sent to Convex"


def _until(predicate: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not predicate():
        assert time.monotonic() < deadline
        time.sleep(0.005)
