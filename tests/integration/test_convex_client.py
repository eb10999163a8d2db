"""The client of a deployment against the test server: values, errors, timeouts, and no secret in any of them."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from runner.progress.convex.client import DeploymentClient, FunctionFailedError, RefusedError, UnavailableError
from runner.progress.convex.outbox import cut_batch
from runner.progress.convex.target import ConvexTarget
from tests.integration.convex_deployment import TOKEN, Server, open_server
from tests.made_up_runs import recorded_run

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with open_server() as server:
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.wish(reset=True)
    return shared


def client(server: Server, **values: Any) -> DeploymentClient:
    return DeploymentClient(server.target(**values), connect_timeout=1.0, read_timeout=0.3)


def start_of_a_run() -> dict[str, Any]:
    batch = cut_batch(recorded_run()[:1])
    assert batch is not None
    return {"producer": "p", "firstSeq": 1, "lastSeq": 1, "events": batch.events}


def test_a_call_returns_what_the_function_returned(server: Server) -> None:
    with closing(client(server)) as deployment:
        assert deployment.call("progress:ingest", start_of_a_run()) == {"cursor": 1, "applied": 1}
        assert deployment.call("progress:ingest", start_of_a_run()) == {"cursor": 1, "applied": 0}


def test_calls_share_one_connection(server: Server) -> None:
    connections = []
    with closing(client(server)) as deployment:
        for _ in range(5):
            deployment.call("progress:ingest", start_of_a_run())
            pool = deployment._session.get_adapter(server.url).poolmanager  # type: ignore[attr-defined]
            connections.append([each.num_connections for each in pool.pools._container.values()])
    assert connections == [[1]] * 5


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_temporary_errors_are_distinguished_from_others(server: Server, status: int) -> None:
    server.faults(refuse=1, refuseWith=status)
    with closing(client(server)) as deployment, pytest.raises(UnavailableError, match=f"answered {status}"):
        deployment.call("progress:ingest", start_of_a_run())


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 413])
def test_a_refusal_is_final(server: Server, status: int) -> None:
    server.faults(refuse=1, refuseWith=status)
    with closing(client(server)) as deployment, pytest.raises(RefusedError, match=str(status)):
        deployment.call("progress:ingest", start_of_a_run())


def test_an_answer_of_another_server_is_refused(server: Server) -> None:
    server.faults(garbage=1)
    with closing(client(server)) as deployment, pytest.raises(RefusedError, match="is it the address"):
        deployment.call("progress:ingest", start_of_a_run())


@pytest.mark.parametrize("fault", ["dropBefore", "dropAfterCommit"])
def test_a_dropped_connection_is_a_temporary_error(server: Server, fault: str) -> None:
    server.faults(**{fault: 1})
    with closing(client(server)) as deployment:
        with pytest.raises(UnavailableError, match="dropped the connection"):
            deployment.call("progress:ingest", start_of_a_run())
        assert deployment.call("progress:ingest", start_of_a_run())["cursor"] == 1


def test_a_missing_answer_is_a_timeout(server: Server) -> None:
    server.faults(hang=1)
    began = time.monotonic()
    with closing(client(server)) as deployment, pytest.raises(UnavailableError, match="did not answer"):
        deployment.call("progress:ingest", start_of_a_run())
    assert time.monotonic() - began < 3


def test_an_unreachable_server_is_a_temporary_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # no server listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            closing(DeploymentClient(ConvexTarget(url=url, token="t"))) as deployment,
            pytest.raises(UnavailableError, match="cannot be reached"),
        ):
            deployment.call("progress:ingest", start_of_a_run())


def test_the_error_of_a_function_has_its_code(server: Server) -> None:
    with closing(client(server)) as deployment:
        with pytest.raises(FunctionFailedError, match="are missing") as caught:
            deployment.call("progress:ingest", {**start_of_a_run(), "producer": "q", "firstSeq": 5, "lastSeq": 5,
                                                "events": [{**start_of_a_run()["events"][0], "seq": 5}]})  # fmt: skip
        assert caught.value.code == "gap"
        assert caught.value.data["cursor"] == 0


def test_the_error_of_a_wrong_secret_names_its_variable(server: Server) -> None:
    with (
        closing(client(server, token="not-it-4711")) as deployment,
        pytest.raises(FunctionFailedError, match="RUNNER_CONVEX_TOKEN") as caught,
    ):
        deployment.call("progress:ingest", start_of_a_run())
    assert caught.value.code == "unauthorized"
    assert "not-it-4711" not in str(caught.value)


def test_no_error_contains_the_secret(server: Server) -> None:
    """Errors of a deployment repeat the arguments, and the secret is one of them."""
    with closing(client(server)) as deployment:
        with pytest.raises(FunctionFailedError, match=r"\*\*\*") as caught:
            deployment.call("progress:ingest", {**start_of_a_run(), "events": [{"type": "Unknown", "seq": TOKEN}]})
        for text in (str(caught.value), repr(caught.value)):
            for form in (TOKEN, TOKEN.replace('"', '\\"'), TOKEN[:14]):
                assert form not in text


SLOW_HEAD = b"HTTP/1.1 200 OK\r\nX-Slow: "
SLOW_BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
SLOW_LAST = b"HTTP/1.0 200 OK\r\nContent-Length: 100000\r\n\r\n"  # the connection is not reused


@contextmanager
def answering(*parts: bytes, trickle: bytes = b"") -> Iterator[str]:
    """Yield the address of a server that answers one request with `parts`, and then with `trickle` again and again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                for part in parts:
                    connection.sendall(part)
                while trickle and not stop.wait(0.02):
                    connection.sendall(trickle)
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(10)
                while connection.recv(65536):  # closing with unread data would reset the connection
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize("head", [SLOW_HEAD, SLOW_BODY, SLOW_LAST], ids=["head", "body", "last"])
def test_a_server_that_sends_single_bytes_is_given_up(head: bytes) -> None:
    """Each byte arrives before the read timeout; the time limit of the whole call ends it."""
    with (
        answering(head, trickle=b" ") as url,
        closing(DeploymentClient(ConvexTarget(url=url, token="t"), call_limit=0.5)) as deployment,
        pytest.raises(UnavailableError, match="did not answer"),
    ):
        deployment.call("a:b", {})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b" " * 1_100_000, "more than 1,000,000 bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000, "cannot be read"),
        (b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe\x00", "cannot be read"),
        (b'HTTP/1.1 200 OK\r\n\r\n{"status": "success"}', "cannot be read"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", "answered 302"),
    ],
    ids=["long", "deep", "no text", "half", "redirect"],
)
def test_an_invalid_answer_is_refused(answer: bytes, said: str) -> None:
    with (
        answering(answer) as url,
        closing(DeploymentClient(ConvexTarget(url=url, token="t"))) as deployment,
        pytest.raises(RefusedError, match=said),
    ):
        deployment.call("a:b", {})


@pytest.mark.parametrize("wish", [b"\xb2", b"-5", b"soon"])
def test_an_invalid_retry_after_is_ignored(wish: bytes) -> None:
    answer = b"HTTP/1.1 503 Busy\r\nConnection: close\r\nRetry-After: " + wish + b"\r\nContent-Length: 0\r\n\r\n"
    with (
        answering(answer) as url,
        closing(DeploymentClient(ConvexTarget(url=url, token="t"))) as deployment,
        pytest.raises(UnavailableError) as caught,
    ):
        deployment.call("a:b", {})
    assert caught.value.retry_after is None
