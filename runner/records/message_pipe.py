"""What crosses the border between two processes often: records that are pickled quickly, and the pipe they go over.

A pipe has one process that writes to it and one that reads, so that the death of either, at any moment, is an end for
the other and jams nobody else. What a writer had only begun is never taken for a message.
"""

from __future__ import annotations

import dataclasses
import os
import pickle
import struct
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD = struct.Struct("!I")  # in front of each frame: its length in bytes
_READ_SIZE = 65536  # bytes that a pipe holds on Linux


class Told:
    """Base of frozen records with slots that are told often: pickled as their values, in a third of the usual time."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Return what makes the record again: its type and its values in order."""
        cls: Any = type(self)
        return _make, (cls, *(getattr(self, name) for name in _names(cls)))


def _make(cls: type, *values: Any) -> Any:
    made: Any = object.__new__(cls)
    for put, value in zip(_setters(cls), values, strict=True):
        put(made, value)
    return made


@cache
def _names(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


@cache
def _setters(cls: type) -> tuple[Callable[[Any, Any], None], ...]:
    """Return what puts a value into each slot, past the guard that keeps the record frozen."""
    return tuple(getattr(cls, name).__set__ for name in _names(cls))


class Sender:
    """The writing end, a blocking descriptor that somebody else closes. Thread-safe."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._guard = threading.Lock()
        self._kept: list[Any] = []

    def keep(self, message: Any) -> None:
        """Have `message` go out right before the next one that is sent, whoever sends it."""
        with self._guard:
            self._kept.append(message)

    def send(self, message: Any) -> None:
        """Write `message`, and what was kept, as one. Raises BrokenPipeError where nobody reads any more."""
        with self._guard:
            data = pickle.dumps((*self._kept, message), pickle.HIGHEST_PROTOCOL)
            self._kept.clear()
            rest = memoryview(_HEAD.pack(len(data)) + data)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


class Receiver:
    """The reading end, a descriptor that somebody else closes. Used by one thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._data = b""

    def receive(self) -> list[Any]:
        """Return the messages that are there whole after one read, which blocks where nothing is there.

        Raises EOFError at the end, OSError and UnpicklingError where the writer has gone mad.
        """
        read = os.read(self._descriptor, _READ_SIZE)
        if not read:
            raise EOFError
        data, start, found = self._data + read, 0, []
        while len(data) >= start + _HEAD.size:
            end = start + _HEAD.size + _HEAD.unpack_from(data, start)[0]
            if len(data) < end:
                break
            found += pickle.loads(memoryview(data)[start + _HEAD.size : end])  # noqa: S301 - our own process's
            start = end
        self._data = data[start:]
        return found
