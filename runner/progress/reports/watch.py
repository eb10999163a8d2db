"""The output of `runner watch`: a run while it lasts, from Convex where it is set up, else from the state file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from runner.progress.convex.target import reading_target, shown
from runner.progress.reports.board import Board, board_from_convex, board_lines, changed_lines, read_board
from runner.progress.stores.state_reader import LATEST, StateReader
from runner.records.errors import RunnerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from runner.progress.convex.target import ConvexTarget

POLL_INTERVAL = 0.3  # seconds between two reads of the state file
_UP = "\x1b[{}A"  # to the first line of what was shown last
_CLEAR = "\x1b[J"


class WatchFailedError(RunnerError):
    """There is no run to watch, or it cannot be read any more."""


def watch(state: Path, run: str | None, environ: Mapping[str, str], *, terminal: bool) -> Iterator[str]:
    """Yield text to print, until the run has ended.

    On a terminal each text replaces the one before; elsewhere it has the lines that have changed. Raises
    WatchFailedError, and StoreError for an unknown run.
    """
    target = reading_target(environ)
    boards = _from_state(state, run) if target is None else _from_convex(target, run)
    shown: list[str] = []
    for board in boards:
        lines = board_lines(board)
        if lines != shown:
            yield _replacing(shown, lines) if terminal else _appending(shown, lines)
        shown = lines
        if board.ended:
            return


def _replacing(before: list[str], now: list[str]) -> str:
    return (_UP.format(len(before)) + "\r" + _CLEAR if before else "") + "".join(f"{line}\n" for line in now)


def _appending(before: list[str], now: list[str]) -> str:
    return "".join(f"{line}\n" for line in changed_lines(before, now))


def _from_state(state: Path, run: str | None) -> Iterator[Board]:
    with StateReader.open(state) as reader:
        run_id = reader.run(run or LATEST).id
        while True:
            yield read_board(reader, run_id)
            time.sleep(POLL_INTERVAL)


def _from_convex(target: ConvexTarget, run: str | None) -> Iterator[Board]:
    from runner.progress.convex.subscription import WatchError, watch_boards  # noqa: PLC0415 - only where it is set up

    seen = False
    try:
        for value in watch_boards(target, run):
            if value is not None:
                yield board_from_convex(value)
            elif run is not None and not seen:
                break
            seen = True
        else:
            return
    except WatchError as error:
        raise WatchFailedError(f"{error}; `runner status` shows what this machine knows") from error
    raise WatchFailedError(f"Convex at {shown(target.url)} has no run {run!r}")
