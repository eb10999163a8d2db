"""Signals that end a command: SIGINT, SIGTERM and SIGHUP."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Cancellable(Protocol):
    """What signals end: a run, or a process that waits for runs. Both methods return at once."""

    def cancel(self, *, reason: str) -> None:
        """End it in order."""

    def kill(self, reason: str) -> None:
        """End it at once."""


class Interruption:
    """Handles signals that end the run: the first one cancels it, the next one kills it. `signal` is the first one."""

    def __init__(self, target: Cancellable) -> None:
        self._target = target
        self.signal: int | None = None

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Handle the signals inside the block, in the main thread."""
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        if before[signal.SIGHUP] is signal.SIG_IGN:  # ignored, as by nohup: the run is to outlive its terminal
            del before[signal.SIGHUP]
        for number in before:
            signal.signal(number, self._handle)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        name = signal.Signals(number).name
        if self.signal is None:
            self.signal = number
            self._target.cancel(reason=f"interrupted by {name}")
        else:
            self._target.kill(f"interrupted by {name} again")
