"""The test server implements the protocols of the real backend: both official clients, limits, and its journal."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from convex.http_client import ConvexHttpClient

from runner.progress.convex.client import DeploymentClient
from runner.progress.convex.outbox import cut_batch
from tests.integration.command import environment
from tests.integration.convex_deployment import READ_TOKEN, TOKEN, Server, open_server
from tests.made_up_runs import recorded_run
from tests.node import node_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with open_server() as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.wish(reset=True)
    return shared


def ingest(server: Server, first: int, last: int) -> Any:
    batch = cut_batch(recorded_run()[first - 1 : last])
    assert batch is not None
    args = {"producer": "p", "firstSeq": batch.first_seq, "lastSeq": batch.last_seq, "events": batch.events}
    with closing(DeploymentClient(server.target())) as client:
        return client.call("progress:ingest", args)


def post(server: Server, path: str, body: Any) -> str:
    request = urllib.request.Request(f"{server.url}{path}", data=json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(response.read().decode())


def test_numbers_of_values_have_a_point(server: Server) -> None:
    ingest(server, 1, 5)
    text = post(server, "/api/query", {"path": "runs:board", "format": "json", "args": {"token": READ_TOKEN}})
    assert '"status":"success"' in text
    assert '"concurrency":5.0' in text


@pytest.mark.parametrize(
    ("kind", "path", "said"),
    [
        ("mutation", "cleanup:sweep", "Could not find public function"),  # internal
        ("mutation", "progress:nothing", "Could not find public function"),
        ("mutation", "nothing:ingest", "Could not find public function"),
        ("query", "progress:ingest", "defined differently"),
        ("mutation", "tasks:create", "Array length is too long"),
    ],
)
def test_errors_of_functions_are_answers(server: Server, kind: str, path: str, said: str) -> None:
    args = {"needs": ["a"] * 8193} if path == "tasks:create" else {}
    answer = json.loads(post(server, f"/api/{kind}", {"path": path, "format": "json", "args": args}))
    assert answer["status"] == "error"
    assert said in answer["errorMessage"]


def test_a_document_beyond_the_limit_is_refused(server: Server) -> None:
    args = {"token": TOKEN, "externalId": "a", "workspacePath": "/", "description": "m" * (1 << 20)}
    answer = json.loads(post(server, "/api/mutation", {"path": "tasks:create", "format": "json", "args": args}))
    assert "too large" in answer["errorMessage"]


_WATCHER = """
import os, sys
from convex import ConvexClient, ConvexError
client = ConvexClient(os.environ["URL"])
token = os.environ["TOKEN"]
board = client.subscribe("runs:board", {"token": token})
for value in board:
    print("none" if value is None else int(value["run"]["lastSeq"]), flush=True)
    if value is not None and value["run"]["lastSeq"] >= 20:
        break
task = {"token": token, "externalId": "ws", "description": "ws", "workspacePath": "/w"}
print("mutation", client.mutation("tasks:create", task) == client.mutation("tasks:create", task), flush=True)
print("query", client.query("runs:get", {"token": token, "run": "p"})["plan"], flush=True)
try:
    client.mutation("tasks:create", {**task, "token": "wrong"})
except ConvexError as error:
    print("error", error.data["code"], flush=True)
"""


def test_the_websocket_client_subscribes_reconnects_and_calls(server: Server) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WATCHER],
        env=environment(URL=server.url, TOKEN=TOKEN),
        stdout=subprocess.PIPE,
        text=True,
    ) as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "none\n"
        ingest(server, 1, 5)
        assert watcher.stdout.readline() == "5\n"
        server.wish(dropConnections=True)
        ingest(server, 6, 20)
        rest = watcher.stdout.read().splitlines()
        assert watcher.wait(60) == 0
    if rest[0] == "5":  # the client was connected again before the server had the rest
        del rest[0]
    assert rest == ["20", "mutation True", "query school", "error unauthorized"]


def test_a_restarted_server_has_what_it_had_committed(tmp_path: Path) -> None:
    with open_server(journal=tmp_path / "journal") as server:
        ingest(server, 1, 10)
        server.faults(dropAfterCommit=1)
        with pytest.raises(Exception, match="dropped the connection"):
            ingest(server, 11, 20)
        server.kill()
        with (tmp_path / "journal").open("a") as journal:
            journal.write('{"type":"mutation","name":"progress:in')  # killed in the middle of a line
        server.start()
        assert ingest(server, 11, 20) == {"cursor": 20, "applied": 0}
        run = ConvexHttpClient(server.url).query("runs:get", {"token": READ_TOKEN, "run": "p"})
        assert run["lastSeq"] == 20


def test_a_fault_affects_the_next_calls_until_it_is_removed(server: Server) -> None:
    ingest(server, 1, 5)
    server.faults(dropAfterCommit=2)
    with pytest.raises(Exception, match="Remote end closed connection without response"):
        server.query("runs:get", run="p")
    server.calm()
    assert server.query("runs:get", run="p")["lastSeq"] == 5


def test_a_server_ends_with_the_process_that_started_it() -> None:
    with open_server() as server:
        process = server._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


def test_node_is_found() -> None:
    assert (node_folder() / "node").exists()
