"""Follows a run's board on Convex, through the library's WebSocket client in a process of its own.

That client holds the interpreter lock while it waits, so nothing else would run in its process: no signal handler, no
timeout. This module has both sides: `watch_boards` for the process that shows the board, and `main` for the one that
waits (`python -m runner.progress.convex.subscription`), which prints one board a line and is killed at the end.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, Any

from runner.execution.parent_death import die_with_parent
from runner.progress.convex.target import READ_TOKEN, URL, ConvexTarget, reading_target, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from convex.values import CoercibleToConvexValue

FIRST_BOARD = 15.0  # seconds for the first answer; the client itself never times out
END_WAIT = 5.0  # seconds for the waiting process to end after it was killed
_RUN = "RUNNER_WATCH_RUN"


class WatchError(Exception):
    """The board cannot be read from Convex; the message says why."""


def watch_boards(
    target: ConvexTarget, run: str | None, *, first: float = FIRST_BOARD, interval: float = 1.0
) -> Iterator[dict[str, Any] | None]:
    """Yield the board of a run, or of the newest one, each time it changes.

    Yields None where there is no such run yet, and after `interval` seconds without a change. Raises WatchError where
    there is no first board after `first` seconds, or where the connection has ended.
    """
    process = _start(target, run)
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), name="runner-watch", daemon=True)
    reader.start()
    try:
        yield _board(_next(lines, first, target), target)
        while True:
            try:
                line = lines.get(timeout=interval)
            except queue.Empty:
                yield None
            else:
                yield _board(line, target)
    finally:
        process.kill()
        process.wait(END_WAIT)
        reader.join(END_WAIT)


def main() -> None:
    """Wait for boards and print them, until this process is killed."""
    die_with_parent()
    target = reading_target(os.environ)
    if target is None:
        raise SystemExit("nothing to watch: no deployment and secret in the environment")
    from convex import ConvexClient, ConvexError  # noqa: PLC0415 - slow to import

    args: dict[str, CoercibleToConvexValue] = {"token": target.token}
    if run := os.environ.get(_RUN):
        args["run"] = run
    with contextlib.redirect_stdout(sys.stderr):  # what the library prints must not mix with the boards
        boards = ConvexClient(target.url).subscribe("runs:board", args)
    try:
        for board in boards:
            _print({"board": board})
    except ConvexError as error:
        data = error.data if isinstance(error.data, dict) else {}
        _print({"error": str(data.get("message") or error)})
    except Exception as error:  # noqa: BLE001 - whatever the library raises, its text is reported
        _print({"error": str(error).replace(target.token, "***")})


def _print(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _start(target: ConvexTarget, run: str | None) -> subprocess.Popen[str]:
    environ = {**os.environ, URL: target.url, READ_TOKEN: target.token, _RUN: run or ""}
    return subprocess.Popen(
        [sys.executable, "-m", "runner.progress.convex.subscription"],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    stream: IO[str] | None = process.stdout
    assert stream is not None  # noqa: S101 - it was asked for
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)


def _next(lines: queue.SimpleQueue[str | None], seconds: float, target: ConvexTarget) -> str | None:
    try:
        return lines.get(timeout=seconds)
    except queue.Empty:
        raise WatchError(f"Convex at {shown(target.url)} did not answer within {seconds:.0f} s") from None


def _board(line: str | None, target: ConvexTarget) -> dict[str, Any] | None:
    if line is None:
        raise WatchError(f"the connection to Convex at {shown(target.url)} has ended")
    message = json.loads(line)
    if "error" in message:
        raise WatchError(f"Convex at {shown(target.url)}: {message['error']}")
    board: dict[str, Any] | None = message["board"]
    return board


if __name__ == "__main__":
    main()
