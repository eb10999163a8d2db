"""A disk that is full after a given number of bytes, as a replacement for `os.write`."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

_real_write = os.write


@dataclass
class FullDisk:
    """Accepts `left` more bytes, then reports that there is no space."""

    left: int

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if not self.left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        part = bytes(data)[: self.left]
        self.left -= len(part)
        return _real_write(descriptor, part)
