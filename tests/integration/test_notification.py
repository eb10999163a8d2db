"""Notifications of real runs, to a server of the test: what is sent, when, and what a dead address costs."""

from __future__ import annotations

import http.server
import json
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from runner.progress.notification import LIMIT
from tests.integration.command import Folder, acting, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "Authorization: Bearer not-for-logs"


@dataclass
class Receiver:
    """A server that answers with `statuses`, in order and then with 200, and keeps what it was sent."""

    url: str = ""
    statuses: deque[int] = field(default_factory=deque)
    received: list[tuple[dict[str, str], Any]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.received.append((dict(self.headers), json.loads(body)))
            self.send_response(found.statuses.popleft() if found.statuses else 200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
            """Print nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/hook?key=not-for-logs"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path / "project")


def failing(folder: Folder) -> None:
    folder.write_plan(acting(options={"acts": {"students": "raise final"}}))


def test_a_failed_run_is_told_with_its_report(folder: Folder, receiver: Receiver) -> None:
    failing(folder)
    run = folder.run("plan.yaml", "--notify", receiver.url, RUNNER_NOTIFY_HEADER=SECRET)
    assert run.returncode == 1
    ((headers, report),) = receiver.received
    assert headers["Authorization"] == "Bearer not-for-logs"
    assert headers["Content-Type"] == "application/json"
    assert (report["run"]["status"], report["run"]["exit_code"]) == ("failed", 1)
    assert report["tasks"][0]["subtasks"][0]["error"] == "as asked"
    assert "not-for-logs" not in run.stdout + run.stderr


def test_a_run_that_is_done_is_told_only_if_asked(folder: Folder, receiver: Receiver) -> None:
    folder.write_plan(acting())
    assert folder.run("plan.yaml", "--notify", receiver.url).returncode == 0
    assert receiver.received == []
    assert folder.run("plan.yaml", "--notify", receiver.url, "--notify-on", "always").returncode == 0
    assert [report["run"]["status"] for _, report in receiver.received] == ["done"]


def test_drift_is_told_and_a_plan_that_is_not_valid_is_not(folder: Folder, receiver: Receiver) -> None:
    folder.write_plan(acting())
    assert folder.run("plan.yaml", "--check", "--notify", receiver.url).returncode == 3
    assert [report["run"]["exit_code"] for _, report in receiver.received] == [3]
    folder.write_plan(acting(needs=["nothing"]))
    assert folder.run("plan.yaml", "--notify", receiver.url).returncode == 2
    assert len(receiver.received) == 1


def test_an_answer_that_may_pass_is_tried_again(folder: Folder, receiver: Receiver) -> None:
    failing(folder)
    receiver.statuses.extend([503, 429])
    run = folder.run("plan.yaml", "--notify", receiver.url)
    assert (run.returncode, len(receiver.received)) == (1, 3)
    assert "warning" not in run.stderr


def test_an_answer_that_will_not_pass_is_a_warning_without_the_address_s_secrets(
    folder: Folder, receiver: Receiver
) -> None:
    failing(folder)
    receiver.statuses.extend([404, 404])
    run = folder.run("plan.yaml", "--notify", receiver.url)
    assert (run.returncode, len(receiver.received)) == (1, 1)
    assert "was not told how the run ended: status 404" in run.stdout + run.stderr
    assert "not-for-logs" not in run.stdout + run.stderr


def test_a_redirect_is_no_delivery(folder: Folder, receiver: Receiver) -> None:
    folder.write_plan(acting())
    receiver.statuses.append(302)
    run = folder.run("plan.yaml", "--notify", receiver.url, "--notify-on", "always")
    assert (run.returncode, len(receiver.received)) == (0, 1)
    assert "was not told how the run ended: status 302 leads to another address" in run.stdout + run.stderr


def test_a_host_that_does_not_answer_delays_the_end_by_a_bound_and_changes_no_exit_code(folder: Folder) -> None:
    """Measured against the same run without a notification, with room for a busy machine."""
    folder.write_plan(acting())
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        began = time.monotonic()
        run = folder.run("plan.yaml", "--notify", url, "--notify-on", "always")
        took = time.monotonic() - began
    assert run.returncode == 0
    assert f"no answer within {LIMIT:g} s" in run.stdout + run.stderr
    assert took < LIMIT + 60


@pytest.mark.parametrize(
    ("url", "header", "message"),
    [
        ("ftp://user:secret@host/x", "", "--notify 'ftp://host': expected an address such as https://"),
        ("host/x", "", "expected an address such as https://"),
        ("http://127.0.0.1:999999/", "", "expected an address such as https://"),
        ("http://[::1/x", "", "expected an address such as https://"),
        ("http://no such host/", "", "expected an address such as https://"),
        ("http://127.0.0.1:1/", "no colon", "must be one header"),
    ],
)
def test_a_wrong_address_or_header_is_refused_before_the_run(
    folder: Folder, url: str, header: str, message: str
) -> None:
    folder.write_plan(acting())
    run = folder.run("plan.yaml", "--notify", url, RUNNER_NOTIFY_HEADER=header)
    assert run.returncode == 2
    assert message in run.stderr
    assert "secret" not in run.stderr
    assert not folder.workspace.exists()
