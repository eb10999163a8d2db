"""Messages between two processes: records that are pickled quickly, and the pipe that they are sent over.

A pipe has one writing and one reading process. When either dies, at any moment, the other sees the end of the pipe, and
no other process is affected. A message that was written only in part is never delivered.
"""

from __future__ import annotations

import dataclasses
import os
import pickle
import struct
import threading
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from runner.records.json_values import field_names, values_of

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD = struct.Struct("!I")  # before each frame: its length in bytes
_READ_SIZE = 65536  # bytes that a pipe holds on Linux
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class CompactPickle:
    """Base of frozen records with slots that are sent often: pickled as their values, in a fraction of the usual time.

    Times, which must be aware, are sent as microseconds and come back in UTC: pickling a `datetime` with its time zone
    takes four times as long as the rest of a record.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Return how to restore the record: a function, and the record's type and values in order."""
        kind: Any = type(self)
        values = values_of(self)
        if times := _times(kind):
            sent = list(values)
            for position in times:
                sent[position] = (sent[position] - _EPOCH) // _MICROSECOND
            return restored, (kind, *sent)
        return restored, (kind, *values)


def restored(cls: type, *values: Any) -> Any:
    """Return a record of a type with these values of its fields, without calling its constructor."""
    record: Any = object.__new__(cls)
    for set_slot, value in zip(_setters(cls), values, strict=True):
        set_slot(record, value)
    return record


@cache
def _setters(cls: type) -> tuple[Callable[[Any, Any], None], ...]:
    """Return the setters of a record's slots, which work although it is frozen."""
    setters = [getattr(cls, name).__set__ for name in field_names(cls)]
    for position in _times(cls):
        setters[position] = partial(_set_time, setters[position])
    return tuple(setters)


def _set_time(set_slot: Callable[[Any, Any], None], record: Any, microseconds: int) -> None:
    set_slot(record, _EPOCH + microseconds * _MICROSECOND)


@cache
def _times(cls: Any) -> tuple[int, ...]:
    """Return the positions of a record's fields that are times."""
    return tuple(position for position, field in enumerate(dataclasses.fields(cls)) if field.type == "datetime")


class Sender:
    """The writing end of a pipe, a blocking descriptor that the caller closes. Thread-safe."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._guard = threading.Lock()
        self._queued: list[Any] = []

    def queue(self, message: Any) -> None:
        """Queue `message`: it is sent together with, and before, the next message, whichever thread sends that."""
        with self._guard:
            self._queued.append(message)

    def send(self, message: Any) -> None:
        """Write the queued messages and `message` as one frame. Raises BrokenPipeError when the reader is gone."""
        with self._guard:
            data = pickle.dumps((*self._queued, message), pickle.HIGHEST_PROTOCOL)
            self._queued.clear()
            rest = memoryview(_HEAD.pack(len(data)) + data)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


class Receiver:
    """The reading end of a pipe, a descriptor that the caller closes. Used by one thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._data = b""

    def receive(self) -> list[Any]:
        """Read once, which blocks while the pipe is empty, and return the messages that are complete after it.

        Raises EOFError at the end of the pipe, and OSError or UnpicklingError for data that is no message.
        """
        read = os.read(self._descriptor, _READ_SIZE)
        if not read:
            raise EOFError
        data, start, found = self._data + read, 0, []
        while len(data) >= start + _HEAD.size:
            end = start + _HEAD.size + _HEAD.unpack_from(data, start)[0]
            if len(data) < end:
                break
            found += pickle.loads(memoryview(data)[start + _HEAD.size : end])  # noqa: S301 - written by our own process
            start = end
        self._data = data[start:]
        return found
