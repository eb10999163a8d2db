"""Set-up of all tests with real processes."""

from __future__ import annotations

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def _hang_up_as_usual() -> None:
    """Commands that tests start handle SIGHUP, though the tests themselves may run under nohup."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
