"""A disk that is full after so many bytes, put in place of `os.write`."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

_real_write = os.write


@dataclass
class FullDisk:
    """Lets `left` more bytes be written, then says that there is no space."""

    left: int

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if not self.left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        part = bytes(data)[: self.left]
        self.left -= len(part)
        return _real_write(descriptor, part)
