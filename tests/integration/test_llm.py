"""The language model, with the real SDK against a local HTTP server."""

from __future__ import annotations

import gzip
import itertools
import json
import socketserver
import subprocess
import sys
import threading
import time
import tracemalloc
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from runner.plan.dispatcher import AgentDispatcher
from runner.plan.dispatcher import llm as language_model
from runner.records.errors import ClassificationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEY = "sk-secret-0123456789"
UNCLEAR = "Generate the school"
# Three kinds match, so that the best has less than half of the words: an answer, but with low confidence.
WEAK = "UI CRUD pages. Frontend services. Backend APIs."


def tool_use(name: str = "choose_agent_kind", **answer: object) -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_1", "name": name, "input": answer}


def message(*content: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": list(content),
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


GOOD = message(tool_use(kind="be-crud", confidence=0.8, reasoning="It is about\nthe API."))


@dataclass
class FakeAPI:
    """Answers each request with the next of `replies` (status and body), or hangs if that is None."""

    replies: list[tuple[int, object] | None]
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    url: str = ""


@contextmanager
def serve(*replies: tuple[int, object] | None, **headers: str) -> Iterator[FakeAPI]:
    api = FakeAPI(list(replies), headers={name.replace("_", "-"): value for name, value in headers.items()})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            api.requests.append({"path": self.path} | json.loads(body))
            bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
            api.keys.append(self.headers.get("x-api-key", bearer))  # by version of the SDK
            reply = api.replies.pop(0)
            if reply is None:
                api.over.wait(60)
                return
            status, content = reply
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **api.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # so that closing the server waits for them
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        api.over.set()
        server.shutdown()
        server.server_close()
        thread.join(60)


def dispatcher(api: FakeAPI, key: str = KEY, timeout: float = 10.0) -> AgentDispatcher:
    return AgentDispatcher(key, model="some-model", base_url=api.url, timeout=timeout)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model, "RETRY_PAUSE", 0.0)
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def failure(api: FakeAPI, **options: Any) -> str:
    """Return the message of the error that is raised when keywords do not decide and the model fails."""
    with pytest.raises(ClassificationError) as caught:
        dispatcher(api, **options).classify(UNCLEAR)
    text = f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"
    assert KEY not in text
    assert "names no agent kind. A language model was asked: " in text
    assert "Name the kind with `agent:`" in text
    return text


def test_an_answer_becomes_the_classification() -> None:
    with serve((200, GOOD)) as api:
        answer = dispatcher(api).classify(UNCLEAR)
    assert (answer.kind, answer.method, answer.confidence) == ("be-crud", "llm", 0.8)
    assert answer.reasoning == "It is about the API."
    (request,) = api.requests
    assert api.keys == [KEY]
    assert request["path"] == "/v1/messages"
    assert request["model"] == "some-model"
    assert request["tool_choice"] == {"type": "tool", "name": "choose_agent_kind"}
    assert request["messages"] == [{"role": "user", "content": UNCLEAR}]
    kinds = request["tools"][0]["input_schema"]["properties"]["kind"]["enum"]
    assert kinds == ["be-boilerplate", "fe-boilerplate", "be-crud", "fe-crud", "ui-crud", "schema-docs", "none"]


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", f"{KEY}\n")
    with serve((200, GOOD)) as api:
        assert AgentDispatcher(base_url=api.url).classify(UNCLEAR).method == "llm"
    assert api.keys == [KEY]


def test_the_model_is_not_asked_where_keywords_decide() -> None:
    with serve() as api:
        assert dispatcher(api).classify("BE setup").method == "keywords"
    assert api.requests == []


def test_the_model_is_asked_about_a_tie() -> None:
    with serve((200, GOOD)) as api:
        assert dispatcher(api).classify("Create backend and frontend").method == "llm"


def test_the_model_is_asked_about_a_weak_answer_which_stands_if_it_fails() -> None:
    with serve((200, GOOD), (400, {})) as api:
        assert dispatcher(api).classify(WEAK).kind == "be-crud"
        answer = dispatcher(api).classify(WEAK)
    assert (answer.kind, answer.method) == ("ui-crud", "keywords")
    assert answer.reasoning.endswith("; a language model was asked too: it answered HTTP 400")


@pytest.mark.parametrize("status", [500, 529, 429, 408])
def test_a_temporary_failure_is_retried_once(status: int) -> None:
    with serve((status, {}), (200, GOOD), retry_after="3600") as api:
        assert dispatcher(api).classify(UNCLEAR).kind == "be-crud"
    assert len(api.requests) == 2


def test_a_repeated_error_is_reported() -> None:
    with serve((500, {}), (500, {}), (200, GOOD)) as api:
        assert "A language model was asked: it answered HTTP 500." in failure(api)
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    ("status", "words"), [(401, "the key was refused (HTTP 401)"), (403, "refused"), (400, "HTTP 400"), (404, "404")]
)
def test_a_permanent_error_is_reported_at_once(status: int, words: str) -> None:
    with serve((status, {"error": {"type": "x", "message": f"invalid x-api-key {KEY}"}})) as api:
        assert words in failure(api)
    assert len(api.requests) == 1


def test_a_server_that_hangs_is_given_up_after_two_timeouts() -> None:
    with serve(None, None) as api:
        assert "asked: no answer within 0.2 s." in failure(api, timeout=0.2)
        api.over.set()
    assert len(api.requests) == 2


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"


@contextmanager
def serve_parts(parts: Iterable[bytes], pause: float = 0.0) -> Iterator[FakeAPI]:
    """Send these bytes in answer to each request, with pauses of seconds, until they end or the client leaves."""
    api = FakeAPI([])

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            api.requests.append({})
            with suppress(OSError):
                for part in parts:
                    self.wfile.write(part)
                    if api.over.wait(pause):
                        return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield api
        finally:
            api.over.set()
            server.shutdown()
            thread.join(60)


class Endless:
    """A beginning, and then the same bytes without end."""

    def __init__(self, head: bytes, part: bytes) -> None:
        self.parts = head, part

    def __iter__(self) -> Iterator[bytes]:
        head, part = self.parts
        return itertools.chain([head], itertools.repeat(part))


@pytest.mark.parametrize(
    ("head", "part"),
    [(b"HTTP/1.1 200 OK\r\nx-slow: ", b"a"), (HEAD + b"content-length: 9999\r\n\r\n", b" "), (CHUNKED, b"1\r\n \r\n")],
    ids=["head", "body", "chunks"],
)
def test_a_server_that_answers_by_the_byte_is_given_up_after_two_timeouts(head: bytes, part: bytes) -> None:
    """No pause is as long as the limit between two reads."""
    with serve_parts(Endless(head, part), pause=0.02) as api:
        began = time.monotonic()
        assert "asked: no answer within 0.4 s." in failure(api, timeout=0.4)
        assert time.monotonic() - began < 60  # the import of the SDK included
    assert len(api.requests) == 2


@pytest.mark.parametrize("zipped", [False, True])
def test_an_endless_answer_is_not_read_to_its_end(zipped: bool) -> None:
    body = gzip.compress(bytes(100_000_000)) if zipped else bytes(100_000)
    chunk = b"%x\r\n%b\r\n" % (len(body), body)
    head = CHUNKED.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n") if zipped else CHUNKED
    with serve_parts(Endless(head, chunk)) as api:
        tracemalloc.start()
        try:
            assert "asked: its answer was longer than 1,000,000 bytes." in failure(api, timeout=60.0)
            assert tracemalloc.get_traced_memory()[1] < 60_000_000
        finally:
            tracemalloc.stop()
    assert len(api.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_key_follows_no_redirect(status: int) -> None:
    with serve((200, GOOD)) as other, serve((status, {}), location=f"{other.url}/v1/messages") as api:
        assert f"it answered HTTP {status}" in failure(api)
    assert (len(api.requests), other.requests) == (1, [])


def test_an_unreachable_server_is_reported() -> None:
    with serve() as api:
        pass
    assert "asked: it could not be reached." in failure(api)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (message({"type": "text", "text": "be-crud"}), "not answer in the required form"),
        (message(), "not answer in the required form"),
        (message(tool_use("other_tool", kind="be-crud", confidence=1)), "not answer in the required form"),
        (
            message(tool_use(kind="be-crud", confidence=1), tool_use(kind="fe-crud")),
            "not answer in the required form",
        ),
        (
            message({"type": "tool_use", "id": "1", "name": "choose_agent_kind", "input": "be-crud"}),
            "in the required form",
        ),
        (message(tool_use(kind="mainframe", confidence=1)), "named a kind that does not exist"),
        (message(tool_use(kind=["be-crud"], confidence=1)), "named a kind that does not exist"),
        (message(tool_use(confidence=1)), "named a kind that does not exist"),
        (message(tool_use(kind="none", confidence=1)), "found that no single kind fits"),
        (message(tool_use(kind="be-crud", confidence="very")), "no number for its confidence"),
        (message(tool_use(kind="be-crud", confidence=True)), "no number for its confidence"),
        (message(tool_use(kind="be-crud", confidence=float("nan"))), "no number for its confidence"),
        ([1, 2], "asked: it"),
        ({}, "asked: it"),
        (b"<html>proxy login</html>", "asked: it"),
        (b"{half", "asked: it"),
        (b"", "asked: it"),
    ],
)
def test_an_answer_in_another_form_is_reported_and_not_used(reply: object, words: str) -> None:
    with serve((200, reply), (200, reply)) as api:
        assert words in failure(api)


@pytest.mark.parametrize(("given", "kept"), [(7, 1.0), (-1, 0.0), (0.25, 0.25), (1, 1.0)])
def test_a_confidence_is_limited_to_0_to_1(given: float, kept: float) -> None:
    with serve((200, message(tool_use(kind="be-crud", confidence=given)))) as api:
        answer = dispatcher(api).classify(UNCLEAR)
    assert answer.confidence == kept
    assert answer.reasoning == ""


def test_a_kind_of_the_users_own_can_be_answered() -> None:
    with serve((200, message(tool_use(kind="my_agents:Docs", confidence=1, reasoning="r")))) as api:
        own = AgentDispatcher(KEY, keywords={"my_agents:Docs": ["docs"]}, base_url=api.url)
        assert own.classify(UNCLEAR).kind == "my_agents:Docs"


@pytest.mark.parametrize("key", ["sk-\u00fc", "sk-a\nb"])
def test_a_key_that_cannot_be_sent_is_reported_without_being_shown(key: str) -> None:
    with serve() as api:
        text = failure(api, key=key)
    assert "the key contains characters that cannot be sent" in text
    assert key not in text
    assert api.requests == []


def test_a_missing_sdk_is_reported() -> None:
    code = (
        "import sys; sys.modules['anthropic'] = None\n"
        "from runner.plan.dispatcher import AgentDispatcher\n"
        "try: AgentDispatcher('key').classify('nothing')\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("ClassificationError 'nothing' names no agent kind. A language model was asked: ")
    assert "the anthropic package is missing; pip install 'plan-runner[llm]'." in done.stdout
