"""What Dask calls in its worker process. It starts a worker host, and tells it which Dask task runs.

Nothing of a run happens in the Dask process itself: the host is a process of its own, so the memory, the threads and
the signal handlers of Dask are untouched, and ending the host ends all that the run started. The host reads from a
pipe that this process holds: its end, also by SIGKILL, ends the host.

The argument is JSON, and the caller sends it as a pickle that calls `relay`. So what goes through the scheduler is
bytes, and a scheduler needs nothing but Dask.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import Future
from typing import Any

_HOST = "runner.execution.cluster.worker_host"
FAILED = "failed: "  # before the reason, as an outcome
ENDED = "ended"  # instead of an outcome of the host, which has ended

_sessions: dict[str, _Session] = {}  # by id; a host serves all shards that its Dask worker gets in a run
_guard = threading.Lock()


def relay(order: bytes) -> str:
    """Return once the host has done what `order` asks for: it is ready, or the shard of the token has ended.

    The keys of `order`: `session`; `token`, missing for the first call of a session; what the host needs.
    """
    values: dict[str, Any] = json.loads(order)
    with _guard:
        session = _sessions.get(values["session"])
        if session is None:
            if "token" in values:
                return ENDED  # its host has ended, or this is another process than the one that the shard was meant for
            session = _sessions[values["session"]] = _Session(values)
    return session.outcome(values.get("token", ""))


class _Session:
    """A worker host, as the Dask worker sees it."""

    def __init__(self, values: dict[str, Any]) -> None:
        from distributed import get_worker  # noqa: PLC0415 - it is loaded: this is a Dask worker

        worker = get_worker()
        tls = worker.security.get_tls_config_for_role("worker")
        values |= {"address": worker.address, "folder": worker.local_directory, "tls_files": tls}
        self._id = values["session"]
        self._waiting: dict[str, Future[str]] = {"": Future()}
        self._ended = False
        self._process = subprocess.Popen(  # noqa: S603 - this Python, with fixed arguments
            [sys.executable, "-P", "-m", _HOST],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=worker.local_directory,
            start_new_session=True,
            text=True,
        )
        self._write(json.dumps(values))
        threading.Thread(target=self._read, name="plan-runner", daemon=True).start()

    def outcome(self, token: str) -> str:
        """Ask for the shard of a token and wait for the host to end it; the empty token waits until it is ready."""
        with _guard:
            if self._ended:
                return ENDED
            future = self._waiting.setdefault(token, Future())
        if token:
            self._write(token)
        return future.result()  # the host's end ends it

    def _write(self, line: str) -> None:
        try:
            assert self._process.stdin is not None  # noqa: S101 - for the type checker
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except OSError:
            return  # it has ended, which is read from its other pipe

    def _read(self) -> None:
        """Read the host's lines until its end: a token, a space and an outcome."""
        assert self._process.stdout is not None  # noqa: S101
        for line in self._process.stdout:
            token, _, outcome = line.rstrip("\n").partition(" ")
            with _guard:
                future = self._waiting.pop(token, None)
            if future is not None:
                future.set_result(outcome)
        with _guard:
            self._ended = True
            _sessions.pop(self._id, None)
            left = list(self._waiting.values())
        for future in left:
            future.set_result(ENDED)
        self._process.stdout.close()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
