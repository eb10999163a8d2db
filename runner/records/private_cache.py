"""Results of slow reading that only follow from their key, in the user's own cache folder.

A cache that is missing, damaged, writable for others or not writable for us is no error: the result is made again.

The format is pickle, read as `record_pickle` does, so that no file can run code. That takes as long as plain pickle:
3.7 ms for a schema of 24 tables, where JSON takes 50 ms.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import stat
import sys
from typing import TYPE_CHECKING, Any

from runner.records.atomic_files import replace_file
from runner.records.record_pickle import load_records

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

KEPT = 32  # results of a kind; the ones used longest ago go first
_DIGEST_SIZE = hashlib.sha256().digest_size  # of the digest before each pickle, by which a damaged one is recognised
_PROGRAM = "plan-runner"


class PrivateCache:
    """The results of one kind, which are objects of types that `modules` define, paths and plain values."""

    def __init__(self, kind: str, modules: Collection[str]) -> None:
        self._kind = kind
        self._modules = frozenset(modules)

    def load(self, *key: bytes) -> Any:
        """Return what was saved under this key, or None."""
        data = self.read(*key)
        try:
            return None if data is None else self.restore(data)
        except Exception:  # noqa: BLE001 - a hostile pickle may raise anything, and the result can be made again
            return None

    def read(self, *key: bytes) -> bytes | None:
        """Return what was saved under this key as bytes for `restore`, in this process or another; None as `load`."""
        path = self._path(key)
        try:
            _require_private(path.parent.lstat())
            with open(path, "rb", opener=_open) as file:
                _require_private(os.fstat(file.fileno()))
                digest, data = file.read(_DIGEST_SIZE), file.read()
            os.utime(path)
        except OSError:
            return None
        return data if digest == hashlib.sha256(data).digest() else None

    def restore(self, data: bytes) -> Any:
        """Return the result that `read` has returned as bytes, or that was pickled elsewhere.

        Raises whatever unpickling raises for other bytes; no code in them is run.
        """
        return load_records(data, self._modules)

    def holds(self, *key: bytes) -> bool:
        """Whether something was saved under this key."""
        return self._path(key).is_file()

    def save(self, result: object, *key: bytes) -> None:
        """Keep a result for the next run. Atomic; does nothing where the folder is not ours alone or not writable."""
        path = self._path(key)
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _require_private(path.parent.lstat())
            data = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
            replace_file(path, hashlib.sha256(data).digest() + data, mode=0o600)
            for old in sorted(path.parent.iterdir(), key=lambda file: -file.stat().st_mtime)[KEPT:]:
                old.unlink()

    def _path(self, key: tuple[bytes, ...]) -> Path:
        digest = hashlib.sha256(sys.version.encode())
        for part in key:
            digest.update(b"%d:" % len(part))
            digest.update(part)
        return _user_folder() / self._kind / f"{digest.hexdigest()}.pickle"


def _user_folder() -> Path:
    from platformdirs import user_cache_path  # noqa: PLC0415 - slow to import, and needed only here

    return user_cache_path(_PROGRAM)


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _require_private(status: os.stat_result) -> None:
    """Refuse a file or folder that others may have written: what is read decides what is generated."""
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError("it is not this user's alone")
