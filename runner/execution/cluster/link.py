"""The connection between the supervisor and a worker host: framed records over TCP or TLS, and the watch over its end.

Both ends send a beat every few seconds and take silence for the end of the connection, so that a cut cable is noticed
by both. Used by one thread at each end, which runs an asyncio event loop.

The first frame in each direction is JSON: it is read before the two sides know that they run the same code. All
others are pickles of a tuple of records, read as `records.record_pickle` does. An empty frame is a beat.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import pickle
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.records.record_pickle import load_records

if TYPE_CHECKING:
    import ssl

MAX_FRAME = 1 << 28  # bytes: a schema of tens of thousands of tables has a tenth of that
_MAX_GREETING = 1 << 16  # bytes of the first frame, which anyone may have sent
_GREETING_WAIT = 15.0  # seconds for the first frame and for a connection
_PART = 1 << 16  # bytes that are read at once
_HEAD = struct.Struct("!I")  # before each frame: its length in bytes
_BEAT = _HEAD.pack(0)
_MODULES = frozenset(
    {
        "runner.execution.cluster.host_protocol",
        "runner.execution.executor",
        "runner.execution.worker_protocol",
        "runner.records.events",
        "runner.records.status",
        "runner.records.task",
    }
)


class LinkLostError(Exception):
    """The connection has ended; the text says how."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulse:
    """Seconds between two beats, and of silence after which the other end is taken for dead."""

    beat: float = 5.0
    silence: float = 30.0


class Link:
    """One end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pulse: Pulse) -> None:
        self._reader = reader
        self._writer = writer
        self._pulse = pulse
        self._data = bytearray()  # that has arrived and is not a whole frame yet
        self._beats: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, host: str, port: int, tls: ssl.SSLContext | None, pulse: Pulse) -> Link:
        """Return a new connection. Raises OSError where there is none within some seconds."""
        async with asyncio.timeout(_GREETING_WAIT):
            name = host if tls is not None else None
            return cls(*await asyncio.open_connection(host, port, ssl=tls, server_hostname=name), pulse)

    # ----------------------------------------------------------------------------- greetings

    def greet(self, values: dict[str, Any]) -> None:
        """Send the first frame."""
        data = json.dumps(values).encode()
        self._writer.write(_HEAD.pack(len(data)) + data)

    async def greeting(self) -> dict[str, Any]:
        """Return the other end's first frame. Raises `LinkLostError` where none comes, ValueError for other data."""
        try:
            async with asyncio.timeout(_GREETING_WAIT):
                (length,) = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
                if length > _MAX_GREETING:
                    raise ValueError("the first frame is too long")
                values = json.loads(await self._reader.readexactly(length))
        except (OSError, EOFError) as error:
            raise LinkLostError(f"no greeting: {error or type(error).__name__}") from error
        if not isinstance(values, dict):
            raise ValueError("the first frame is no mapping")  # noqa: TRY004 - of data, not of a call
        return values

    # ----------------------------------------------------------------------------- records

    def send(self, *messages: object) -> None:
        """Send records; does nothing once the connection has ended."""
        data = pickle.dumps(messages, pickle.HIGHEST_PROTOCOL)
        if len(data) > MAX_FRAME:
            raise ValueError(f"a message of {len(data):,} bytes: at most {MAX_FRAME:,} can be sent")
        if not self._writer.is_closing():
            self._writer.write(_HEAD.pack(len(data)))
            self._writer.write(data)

    async def drain(self) -> None:
        """Wait until most of what was sent has left. Raises `LinkLostError` where the connection has ended."""
        try:
            async with asyncio.timeout(self._pulse.silence):
                await self._writer.drain()
        except OSError as error:
            raise LinkLostError(str(error)) from error

    async def receive(self) -> tuple[Any, ...]:
        """Return the records of all frames that have arrived, in order, and wait where there are none.

        Raises `LinkLostError` at the end of the connection.
        """
        while not (records := self._arrived()):
            self._data += await self._part()
        return records

    def _arrived(self) -> tuple[Any, ...]:
        """Return the records of the frames that are complete. Raises `LinkLostError` where the first is none."""
        start = 0
        found: list[Any] = []
        try:
            while (end := _frame_end(self._data, start)) is not None:
                found += _records(self._data[start + _HEAD.size : end])
                start = end
        except LinkLostError:
            if not found:
                raise
        del self._data[:start]
        return tuple(found)

    async def _part(self) -> bytes:
        """Return what comes next: of a long frame, too, each part proves that the other end lives."""
        try:
            async with asyncio.timeout(self._pulse.silence) as limit:
                part = await self._reader.read(_PART)
        except TimeoutError as error:
            silent = f"no word for {self._pulse.silence:g} s" if limit.expired() else "its connection timed out"
            raise LinkLostError(silent) from error
        except OSError as error:
            raise LinkLostError("its connection was closed") from error
        if not part:
            raise LinkLostError("its connection was closed")
        return part

    def start_beats(self) -> None:
        """Send beats from now on."""
        self._beats = asyncio.get_running_loop().create_task(self._beat())

    async def close(self) -> None:
        """Close the connection once what was sent has left, or some seconds later in any case."""
        if self._beats is not None:
            self._beats.cancel()
        self._writer.close()
        with contextlib.suppress(OSError):
            async with asyncio.timeout(self._pulse.beat):
                await self._writer.wait_closed()
        self._writer.transport.abort()

    def abort(self) -> None:
        """Close the connection at once."""
        if self._beats is not None:
            self._beats.cancel()
        self._writer.transport.abort()

    async def _beat(self) -> None:
        while not self._writer.is_closing():
            self._writer.write(_BEAT)
            await asyncio.sleep(self._pulse.beat)


def _frame_end(data: bytearray, start: int) -> int | None:
    """Return where the frame that begins at `start` ends; None where it is not complete."""
    if len(data) < start + _HEAD.size:
        return None
    (length,) = _HEAD.unpack_from(data, start)
    if length > MAX_FRAME:
        raise LinkLostError(f"a frame of {length:,} bytes was announced")
    end: int = start + _HEAD.size + length
    return end if end <= len(data) else None


def _records(data: bytearray) -> tuple[Any, ...]:
    """Return the records of a frame, none for a beat."""
    if not data:
        return ()
    try:
        records: tuple[Any, ...] = load_records(data, _MODULES)
    except Exception as error:  # a hostile pickle may raise anything
        raise LinkLostError(f"what was sent is no message: {error}") from error
    return records
