"""What a command leaves on a terminal of a given width, by a terminal emulator, and what it writes to a pipe."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pyte

from tests.integration.command import LIMIT, environment

if TYPE_CHECKING:
    from tests.integration.command import Folder

_ROWS = 120  # more than any command prints here, so that nothing scrolls off
_VARYING = (  # what differs from run to run; what takes its place is as wide, because columns are aligned
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "00:00:00"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "2026-01-01"),
    (
        re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
        "0" * 8 + "-0000-0000-0000-" + "0" * 12,
    ),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b"), "0" * 8),
    (re.compile(r"\b\d\.\d\d s\b"), "0.00 s"),
    (re.compile(r"\b\d\d\.\d s\b"), "0.00 s"),
    (re.compile(r"\nplan\b.*?\n\n", re.DOTALL), "\n\n"),  # its path, in `status`
)


def on_terminal(folder: Folder, arguments: str, columns: int) -> list[str]:
    """Run a command on a terminal of so many columns, and return the lines of its screen."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", *arguments.split()],
        cwd=folder.path,
        env=environment(TERM="xterm"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    screen = pyte.Screen(columns, _ROWS)
    stream = pyte.ByteStream(screen)
    with contextlib.suppress(OSError):  # the last process has closed its side
        while data := os.read(master, 65536):
            stream.feed(data)
    os.close(master)
    process.wait(LIMIT)
    return steady(screen.display)


def on_pipe(folder: Folder, arguments: str) -> list[str]:
    """Run a command with its output in pipes, and return the lines of both."""
    run = folder.run(*arguments.split())
    return steady((run.stdout + run.stderr).splitlines())


def steady(lines: list[str]) -> list[str]:
    """Return lines without trailing blanks, times and ids."""
    text = "\n".join(line.rstrip() for line in lines).rstrip()
    for pattern, same in _VARYING:
        text = pattern.sub(same, text)
    return text.split("\n")
