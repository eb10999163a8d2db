"""Serves the board on this machine until it is interrupted."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import socket
from typing import TYPE_CHECKING

from runner.progress.stores.state_file import make_state_folder
from runner.progress.web_board.run_feed import StateSource
from runner.records.errors import MissingExtraError, RunnerError
from runner.records.port_owner import port_owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.progress.convex.target import ConvexTarget
    from runner.progress.web_board.board_source import BoardSource

HOST = "127.0.0.1"
_ADDRESS_FILE = "board-address"  # in the state folder
_TOKEN_BYTES = 18
_GRACE = 1  # seconds for open streams when the server ends


class BoardError(RunnerError):
    """The board cannot be served."""

    exit_code = 2


def serve_board(
    state: Path,
    port: int,
    announce: Callable[[str], object],
    *,
    allow_control: bool = False,
    target: ConvexTarget | None = None,
) -> None:
    """Serve the board on `port`, 0 for any free one, until SIGINT or SIGTERM.

    It shows the runs of a state folder, or with `target` those of a deployment, and keeps its token in the state
    folder. `announce` is called with the address once it can be opened. Raises BoardError where the port is taken,
    `MissingExtraError` where the packages that it needs are not installed, AwayError or StoreError where the deployment
    cannot be read.
    """
    try:
        import uvicorn  # noqa: PLC0415 - an extra

        from runner.progress.web_board.board_application import board_application  # noqa: PLC0415 - likewise
    except ModuleNotFoundError as error:
        raise MissingExtraError("the board", "board") from error
    source: BoardSource = StateSource(state)
    if target is not None:
        from runner.progress.web_board.convex_source import ConvexSource  # noqa: PLC0415 - slow to import

        source = ConvexSource(target)
        source.runs()  # a wrong address or secret is an error of the command, not of the page
    listener = _listen(port)
    port = listener.getsockname()[1]
    token = _token(state)
    application = board_application(source, token, port, controlled=state if allow_control else None)
    config = uvicorn.Config(
        application, log_level="warning", access_log=False, timeout_graceful_shutdown=_GRACE, server_header=False
    )
    announce(f"http://{HOST}:{port}/{token}/")  # the kernel queues connections from here on
    with contextlib.closing(listener):
        uvicorn.Server(config).run(sockets=[listener])


def _token(state: Path) -> str:
    """Return the token of a state folder's board, made once: an open page finds the board again after a restart."""
    path = state / _ADDRESS_FILE
    with contextlib.suppress(OSError, UnicodeDecodeError):
        kept = path.read_text(encoding="ascii").strip()
        if len(kept) >= _TOKEN_BYTES and path.stat().st_mode & 0o077 == 0:
            return kept
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with contextlib.suppress(OSError):  # a state folder of somebody else: the token is of this start only
        make_state_folder(state)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(token)
    return token


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise BoardError(f"port {port} cannot be used: {error.strerror}; choose another with --port") from error
        owner = port_owner(port)
        raise BoardError(
            f"port {port} is taken{f' by {owner}' if owner else ''}; choose another with --port, or 0 for a free one"
        ) from error
    return listener
