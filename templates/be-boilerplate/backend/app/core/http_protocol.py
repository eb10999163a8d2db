"""The HTTP protocol of the server, which disconnects clients that stop sending a request or reading a response."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.core.settings import get_settings


class Protocol(H11Protocol):
    """Uvicorn's HTTP/1.1 with timeouts, so that stalled clients do not occupy connections indefinitely.

    The time to send the headers of a request, and the time without reading while data is waiting to be sent, are
    limited to the setting `request_timeout`. `RequestLimits` limits the time to send a body.
    """

    _send_timer: asyncio.TimerHandle | None = None
    _read_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, and limit the time until its first request."""
        super().connection_made(transport)
        self._send_timer = self._abort_later()

    def data_received(self, data: bytes) -> None:
        """Parse data. The timer runs while a request is incomplete that no part of the application is reading."""
        super().data_received(data)
        is_idle = self.cycle is None or self.cycle.response_complete
        if not (is_idle and self.conn.their_state in (h11.IDLE, h11.SEND_BODY)):
            self._stop_send_timer()
        elif self._send_timer is None:
            self._send_timer = self._abort_later()

    def pause_writing(self) -> None:
        """Limit the time until the client reads, since the write buffer is full."""
        super().pause_writing()
        self._read_timer = self._abort_later()

    def resume_writing(self) -> None:
        """Continue after the client has read."""
        self._stop_read_timer()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers of a closed connection."""
        self._stop_send_timer()
        self._stop_read_timer()
        super().connection_lost(exc)

    def _abort_later(self) -> asyncio.TimerHandle:
        return self.loop.call_later(get_settings().request_timeout, self.transport.abort)

    def _stop_send_timer(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def _stop_read_timer(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None
