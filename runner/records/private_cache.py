"""Results of slow reading that only follow from their key, in the user's own cache folder.

A cache that is missing, damaged, writable for others or not writable for us is no error: the result is made again.

The format is pickle, read by an unpickler that makes objects of a few modules and of nothing else, so that no file can
run code. That takes as long as plain pickle: 3.7 ms for a schema of 24 tables, where JSON takes 50 ms.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import pickle
import stat
import sys
from pathlib import Path, PosixPath
from typing import TYPE_CHECKING, Any

from runner.records import message_pipe
from runner.records.atomic_files import replace_file

if TYPE_CHECKING:
    from collections.abc import Collection

KEPT = 32  # results of a kind; the ones used longest ago go first
_PROGRAM = "plan-runner"
_ALLOWED: dict[tuple[str, str], object] = {
    ("pathlib", "PosixPath"): PosixPath,
    (message_pipe.__name__, message_pipe.restored.__name__): message_pipe.restored,  # makes a record of such a type
}


class PrivateCache:
    """The results of one kind, which are objects of types that `modules` define, paths and plain values."""

    def __init__(self, kind: str, modules: Collection[str]) -> None:
        self._kind = kind
        self._modules = frozenset(modules)

    def load(self, *key: bytes) -> Any:
        """Return what was saved under this key, or None."""
        path = self._path(key)
        try:
            _require_private(path.parent.lstat())
            with open(path, "rb", opener=_open) as file:
                _require_private(os.fstat(file.fileno()))
                result = _Unpickler(file, self._modules).load()
            os.utime(path)
        except Exception:  # noqa: BLE001 - a damaged pickle may raise anything, and the result can be made again
            return None
        return result

    def holds(self, *key: bytes) -> bool:
        """Whether something was saved under this key."""
        return self._path(key).is_file()

    def save(self, result: object, *key: bytes) -> None:
        """Keep a result for the next run. Atomic; does nothing where the folder is not ours alone or not writable."""
        path = self._path(key)
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _require_private(path.parent.lstat())
            replace_file(path, pickle.dumps(result, pickle.HIGHEST_PROTOCOL), mode=0o600)
            for old in sorted(path.parent.iterdir(), key=lambda file: -file.stat().st_mtime)[KEPT:]:
                old.unlink()

    def _path(self, key: tuple[bytes, ...]) -> Path:
        digest = hashlib.sha256(sys.version.encode())
        for part in key:
            digest.update(b"%d:" % len(part))
            digest.update(part)
        return _user_folder() / self._kind / f"{digest.hexdigest()}.pickle"


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, modules: frozenset[str]) -> None:
        super().__init__(file)
        self._modules = modules

    def find_class(self, module: str, name: str) -> Any:
        found: Any = _ALLOWED.get((module, name))
        if module in self._modules:
            found = vars(importlib.import_module(module)).get(name)
            if not isinstance(found, type) or found.__module__ != module:
                found = None
        if found is None:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a result")
        return found


def _user_folder() -> Path:
    from platformdirs import user_cache_path  # noqa: PLC0415 - slow to import, and needed only here

    return user_cache_path(_PROGRAM)


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _require_private(status: os.stat_result) -> None:
    """Refuse a file or folder that others may have written: what is read decides what is generated."""
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError("it is not this user's alone")
