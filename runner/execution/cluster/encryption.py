"""TLS between the supervisor and worker hosts, with the certificates that Dask uses.

Both sides show a certificate of the cluster's own authority, as in Dask; names of machines are not compared, since a
cluster's certificate belongs to all of its machines.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def supervisor_tls(files: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    """Return what the supervisor's socket listens with; see `worker_tls`."""
    return _context(ssl.Purpose.CLIENT_AUTH, files, folder)


def worker_tls(files: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    """Return what a worker host connects with.

    `files` are those of `distributed.security.Security.get_tls_config_for_role`: paths, or the content itself, which
    is then written to `folder` for the time of reading it. Raises ValueError where one is missing, OSError where it
    cannot be read.
    """
    return _context(ssl.Purpose.SERVER_AUTH, files, folder)


def _context(purpose: ssl.Purpose, files: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    authority, certificate, key = files.get("ca_file"), files.get("cert"), files.get("key")
    if not authority or not certificate:
        raise ValueError("the connection is to be encrypted, but no certificate is configured for Dask")
    in_memory = {"cadata": authority} if "\n" in authority else {"cafile": authority}
    context = ssl.create_default_context(purpose, **in_memory)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as Dask: authorities of a cluster often lack extensions
    written: list[Path] = []
    try:
        paths = [_as_file(text, folder / name, written) for text, name in ((certificate, "cert"), (key, "key"))]
        context.load_cert_chain(paths[0] or "", paths[1])
    finally:
        for path in written:
            path.unlink()
    return context


def _as_file(text: str | None, path: Path, written: list[Path]) -> str | None:
    if text is None or "\n" not in text:
        return text
    path.touch(mode=0o600)
    written.append(path)
    path.write_text(text, encoding="ascii")
    return str(path)
