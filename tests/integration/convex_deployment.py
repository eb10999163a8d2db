"""A Convex deployment for tests: the project's real functions on the loopback, or the one that CONVEX_TEST_URL names.

The latter must have the RUNNER_CONVEX_TOKEN and RUNNER_CONVEX_READ_TOKEN of this environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import urllib.request
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

from convex.http_client import ConvexHttpClient

from runner.progress.convex.target import ConvexTarget
from tests.node import NoNodeError, node_environment
from tests.programs import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = 'write-"secret"-7f3a'  # with characters that JSON escapes, so that escaped forms are found, too
READ_TOKEN = "read-secret-91cc"
START_LIMIT = 60.0  # seconds
CALL_LIMIT = 30.0


class Deployment:
    """A deployment, with the view of its data that a client with the read secret has."""

    def __init__(self, url: str, token: str, read_token: str) -> None:
        self.url = url
        self.token = token
        self.read_token = read_token

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables for the runner."""
        return {"CONVEX_URL": self.url, "RUNNER_CONVEX_TOKEN": self.token, "NO_PROXY": "127.0.0.1"}

    def target(self, **values: Any) -> ConvexTarget:
        return ConvexTarget(**{"url": self.url, "token": self.token, **values})

    def query(self, name: str, **args: Any) -> Any:
        """Run a query with the unmodified official client."""
        return ConvexHttpClient(self.url).query(name, {"token": self.read_token, **args})

    def pages(self, name: str, **args: Any) -> list[dict[str, Any]]:
        """Return all pages of a paginated query."""
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            options = {"numItems": 500, "cursor": cursor}
            page = self.query(name, paginationOpts=options, **args)
            found += page["page"]
            cursor = page["continueCursor"]
            if page["isDone"]:
                return found


class Server(Deployment):
    """The test server in a separate process, which ends with this one. `root` is the project with the functions."""

    def __init__(self, *, journal: Path | None = None, port: int = 0, token: str = TOKEN, root: Path = ROOT) -> None:
        self._root = root
        self._arguments = ["--port", str(port), *(["--journal", str(journal)] if journal else [])]
        self._environ = {
            **_node_environment(),
            "RUNNER_CONVEX_TOKEN": token,
            "RUNNER_CONVEX_READ_TOKEN": READ_TOKEN,
        }
        self._process: subprocess.Popen[str] | None = None
        super().__init__("", token, READ_TOKEN)
        self.start()

    def start(self) -> None:
        """Start it; again on the same port after `kill`."""
        process = subprocess.Popen(
            ["node", "--import", "tsx", "tests/convex_server/main.ts", *self._arguments],
            cwd=self._root,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._process = process
        port = _first_line(process).removeprefix("LISTENING ").strip()
        assert port.isdigit(), f"the test server did not start: {port!r}"
        self.url = f"http://127.0.0.1:{port}"
        self._arguments[1] = port

    def wish(self, **wish: Any) -> dict[str, Any]:
        """Send a request for a fault, a dump or a clearing of a table; see `tests/convex_server/http.ts`."""
        request = urllib.request.Request(f"{self.url}/__test", data=json.dumps(wish).encode())
        with urllib.request.urlopen(request, timeout=CALL_LIMIT) as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def faults(self, **faults: int) -> None:
        self.wish(set=faults)

    def calm(self) -> None:
        """Remove the faults that have affected no call: the next call may be one of the test's own."""
        self.wish(calm=True)

    def kill(self) -> None:
        """Kill it in any state."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(CALL_LIMIT)
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


def open_server(**options: Any) -> Server:
    """Start a test server; skip the test where its parts are not installed, unless this is CI."""
    if not (ROOT / "node_modules" / "convex-test").exists():
        missing("the npm packages are not installed; run `make test`, or `npm ci`")
    return Server(**options)


@contextlib.contextmanager
def any_deployment() -> Iterator[Deployment]:
    """The deployment to test against."""
    url = os.environ.get("CONVEX_TEST_URL")
    if url:
        yield Deployment(url, os.environ["RUNNER_CONVEX_TOKEN"], os.environ["RUNNER_CONVEX_READ_TOKEN"])
    else:
        with open_server() as server:
            yield server


def _node_environment() -> dict[str, str]:
    try:
        return node_environment()
    except NoNodeError as error:
        missing(str(error))
        raise


def _first_line(process: subprocess.Popen[str]) -> str:
    """Return the first line that a process prints; what it prints later is read and dropped."""
    lines: SimpleQueue[str] = SimpleQueue()

    def read() -> None:
        with contextlib.suppress(ValueError):  # closed during the read
            for line in process.stdout or ():
                lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    try:
        return lines.get(timeout=START_LIMIT)
    except Empty:
        process.kill()
        process.wait(CALL_LIMIT)
        raise AssertionError(f"the test server did not start within {START_LIMIT:g} s") from None
