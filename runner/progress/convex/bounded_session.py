"""A `requests` session whose calls end in bounded time and memory, whatever the server does.

The library's own timeouts are between two reads: a server that sends a byte now and then is waited for without end, and
an answer is read whole however long it is. Slow to import.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR, socket
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 65536  # bytes


class AnswerTooLongError(requests.RequestException):
    """The body of an answer is longer than it may be."""


class BoundedSession(requests.Session):
    """Sends one request at a time; `limit` bounds each from its first byte to its last, in seconds."""

    def __init__(self, *, connect_timeout: float, read_timeout: float, limit: float, max_bytes: int) -> None:
        super().__init__()
        self._timeouts = connect_timeout, read_timeout
        self._limit = limit
        self._max_bytes = max_bytes
        self._sockets: list[socket] = []  # of the current request
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(self._sockets))

    def exchange(self, url: str, body: bytes) -> tuple[requests.Response, bytes]:
        """Post a body and return the answer and its body. Follows no redirect.

        Raises `requests.Timeout` where the exchange is not over within the limit, `AnswerTooLongError` where the answer
        is longer than `max_bytes`, and what `requests` raises.
        """
        with self._deadline():
            response = self.post(url, data=body, timeout=self._timeouts, allow_redirects=False, stream=True)
            with response:
                parts, length = [], 0
                for part in response.iter_content(_CHUNK):
                    length += len(part)
                    if length > self._max_bytes:
                        raise AnswerTooLongError
                    parts.append(part)
        return response, b"".join(parts)

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        """Shut the connections down once the limit has passed, so that reading from them fails."""
        passed = threading.Event()

        def end() -> None:
            passed.set()
            for one in self._sockets:
                with suppress(OSError):  # closed in the meantime
                    one.shutdown(SHUT_RDWR)

        timer = threading.Timer(self._limit, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (requests.RequestException, OSError):
            if not passed.is_set():
                raise
        finally:
            timer.cancel()
        if passed.is_set():  # without an error, too: the end of a connection can look like the end of an answer
            raise requests.ReadTimeout


class _Adapter(HTTPAdapter):
    """Keeps the socket of the latest connection that its pools made.

    The socket and not the connection, which lets go of it as soon as an answer says that it is the last.
    """

    def __init__(self, sockets: list[socket]) -> None:
        self._sockets = sockets
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        made = self._sockets
        base = HTTPSConnection if pool.scheme == "https" else HTTPConnection

        class Listed(base):  # type: ignore[misc, valid-type] # one of two classes
            def connect(self) -> None:
                super().connect()
                made[:] = [self.sock]

        if pool.ConnectionCls is base:
            pool.ConnectionCls = Listed
        return pool
