"""A pseudo-terminal for tests, with the screen that a user would see."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import struct
import termios
import threading
from typing import TextIO

_PIECES = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]+|\x1b")


class Terminal:
    """A pseudo-terminal of a given size. `stream` is the program's end; `screen` is its content."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.columns, self.rows = columns, rows
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.stream: TextIO = os.fdopen(slave, "w", encoding="utf-8")
        self._data = b""
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close both sides."""
        self.stream.close()
        self._thread.join(30)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the terminal, as when its window is closed."""
        if self._master < 0:
            return
        os.close(self._master)
        self._master = -1
        if not self.stream.closed:
            with contextlib.suppress(OSError):  # the reader keeps its side open until it has read once more
                os.write(self.stream.fileno(), b".")
        self._thread.join(30)

    def output(self) -> str:
        """Return everything that was written so far."""
        mark = "\x1b[0;0m"  # an unused colour code, which no program writes
        self.stream.write(mark)
        self.stream.flush()
        with self._more:
            assert self._more.wait_for(lambda: self._data.endswith(mark.encode()), 30)
            self._data = self._data.removesuffix(mark.encode())
            return self._data.decode()

    def screen(self) -> list[str]:
        """Return the lines on the screen, scrolled-off ones first, without trailing blanks."""
        lines, row, column = [""], 0, 0
        for piece in _PIECES.finditer(self.output()):
            text = piece.group()
            if text == "\r":
                column = 0
            elif text == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            elif piece.group(2) == "A":
                row -= int(piece.group(1) or 1)
            elif piece.group(2) == "m":
                pass
            else:
                assert not text.startswith("\x1b"), f"a sequence that this terminal does not know: {text!r}"
                lines[row] = lines[row].ljust(column)[:column] + text + lines[row][column + len(text) :]
                column += len(text)
                assert column <= self.columns, f"wider than the terminal: {lines[row]!r}"
        return [line.rstrip() for line in lines]

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # the other side is closed
                return
            with self._more:
                self._data += data
                self._more.notify_all()
