"""Which process listens on a port of this machine: Linux lists the sockets, and the open files of each process."""

from __future__ import annotations

import contextlib
from pathlib import Path

_LISTENING = "0A"  # state of a socket in /proc/net/tcp, see proc_net_tcp.rst of the kernel's documentation
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


def port_owner(port: int) -> str | None:
    """Return name and id of the process that listens on a TCP port, where the system shows it to this user."""
    sockets = _sockets(port)
    for process in Path("/proc").glob("[0-9]*") if sockets else ():
        with contextlib.suppress(OSError):
            if any(str(descriptor.readlink()) in sockets for descriptor in (process / "fd").iterdir()):
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                return f"{name} (process {process.name})"
    return None


def _sockets(port: int) -> set[str]:
    """Return the sockets that listen on a port, as the links of open files name them."""
    found = set()
    for table in _TABLES:
        with contextlib.suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(f"socket:[{fields[9]}]")
    return found
